package guest

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// pppModules are what pppd needs of the kernel for an asynchronous line with
// encryption.
var pppModules = []string{"ppp_generic", "ppp_async", "ppp_mppe", "dummy"}

// controlModules are what traffic control needs: netem, and DropGRE.
var controlModules = []string{"sch_netem", "sch_ingress", "cls_u32", "act_gact"}

// Programs that guests run.
const (
	pppdProgram  = "/usr/sbin/pppd"
	pptpdProgram = "/usr/sbin/pptpd"
	pptpProgram  = "/usr/sbin/pptp"
	socatProgram = "/usr/bin/socat"
	tcProgram    = "/usr/sbin/tc"
)

// Encryption is what a pppd asks of its peer.
type Encryption string

// Encryptions, in pppd's words of version 2.4.9.
const (
	NoMPPE       Encryption = "nomppe"
	MPPE128      Encryption = "require-mppe-128"
	MPPE40       Encryption = "require-mppe-40"
	MPPEStateful Encryption = "require-mppe-128\nmppe-stateful" // or stateless, as the peer wishes
)

// Secrets are pppd's user names and passwords. The names are as they come
// over the line: CORP\bob.
type Secrets map[string]string

// chapSecrets writes a chap-secrets or pap-secrets file. server is the name
// of our end; "*" lets a caller have any address.
func (s Secrets) file(server string) string {
	var b strings.Builder
	for _, user := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&b, "%s %s %s *\n", quote(user), quote(server), quote(s[user]))
	}
	return b.String()
}

// clientFile is the file of the calling end.
func (s Secrets) clientFile() string {
	var b strings.Builder
	for _, user := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&b, "%s * %s\n", quote(user), quote(s[user]))
	}
	return b.String()
}

// quote writes a word of a secrets file (pppd(8), AUTHENTICATION).
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// TrafficPort is where the traffic server of a guest listens.
const TrafficPort = 7000

// behind is a host behind a guest, with a traffic server.
func behind(addr netip.Prefix) (netip.Prefix, Service) {
	return addr, Service{"traffic", []string{Self, "traffic", "serve", netip.AddrPortFrom(addr.Addr(), TrafficPort).String()}, TrafficPort}
}

// forwarding lets a guest forward between its interfaces.
var forwarding = map[string]string{"net/ipv4/ip_forward": "1"}

// lines joins options, one a line as pppd's files have them.
func lines(options ...string) string {
	var kept []string
	for _, o := range options {
		if o != "" {
			kept = append(kept, o)
		}
	}
	return strings.Join(kept, "\n") + "\n"
}
