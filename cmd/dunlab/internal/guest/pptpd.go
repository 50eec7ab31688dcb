package guest

import (
	"fmt"
	"net/netip"
	"slices"
)

// PptpdOptions describe a PPTP server: pptpd with pppd and the kernel's MPPE.
type PptpdOptions struct {
	NIC        NIC
	Local      netip.Addr // the server's end of every call
	Pool       string     // the callers' ends: 10.99.0.10-60
	Behind     netip.Prefix
	Encryption Encryption
	Users      Secrets
	DNS        netip.Addr
	Routes     []Route
}

// Pptpd is a PPTP server with a host behind it.
func Pptpd(o PptpdOptions) Spec {
	options := lines(
		"name pptpd", "auth", "require-mschap-v2", "refuse-pap", "refuse-chap", "refuse-mschap", "refuse-eap",
		string(o.Encryption), "nobsdcomp", "nodeflate", "novj", "noipv6", "nodefaultroute", "nologfd",
		"mtu 1400", "mru 1400", "lcp-echo-interval 20", "lcp-echo-failure 3",
		dnsOption(o.DNS), "debug", "logfile /dev/console")
	config := lines("ppp "+pppdProgram, "option /etc/ppp/pptpd-options", "stimeout 10", "debug",
		fmt.Sprintf("localip %v", o.Local), "remoteip "+o.Pool)
	dummy, traffic := behind(o.Behind)
	return Spec{
		Name:    "pptpd",
		Modules: slices.Concat(pppModules, controlModules),
		NICs:    []NIC{o.NIC},
		Dummies: []netip.Prefix{dummy},
		Routes:  o.Routes,
		Sysctls: forwarding,
		Files: map[string]string{
			"ppp/pptpd-options": options,
			"ppp/chap-secrets":  o.Users.file("pptpd"),
			"pptpd.conf":        config,
		},
		Services: []Service{
			{"pptpd", []string{pptpdProgram, "-f", "-c", "/etc/pptpd.conf"}, 1723},
			traffic,
		},
	}
}

func dnsOption(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return fmt.Sprintf("ms-dns %v", a)
}

// PptpClient is a guest for pptp-linux with pppd; PptpCall is what it runs.
func PptpClient(nic NIC, users Secrets, routes ...Route) Spec {
	return Spec{
		Name:    "pptp-client",
		Modules: pppModules,
		NICs:    []NIC{nic},
		Routes:  routes,
		Files: map[string]string{
			"ppp/chap-secrets": users.clientFile(),
			"ppp/options":      "",
		},
	}
}

// PptpCall is the command of a call by pptp-linux and pppd to a server; the
// interface is ppp0 when there is no other.
func PptpCall(server netip.Addr, user string, e Encryption) []string {
	argv := []string{pppdProgram, "pty", fmt.Sprintf("%s %v --nolaunchpppd", pptpProgram, server),
		"name", user, "remotename", "server", "noauth", "refuse-eap", "nodetach", "debug",
		"nobsdcomp", "nodeflate", "novj", "noipv6", "nodefaultroute", "mtu", "1400", "mru", "1400", "maxfail", "1"}
	return append(argv, e.words()...)
}
