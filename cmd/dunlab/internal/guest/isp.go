package guest

import (
	"fmt"
	"net/netip"
	"strings"
)

// ISPPort is where an ISP's access server takes calls: a byte stream to this
// TCP port is the line after CONNECT.
const ISPPort = 6400

// ISPOptions describe an ISP's access server: pppd behind socat.
type ISPOptions struct {
	NIC    NIC
	Local  netip.Addr // our end of a call
	Remote netip.Addr // the caller's end
	Behind netip.Prefix
	PPP    []string // pppd's options for this case: "require-pap"
	Users  Secrets
	DNS    netip.Addr
	IPv6   bool
}

// Options of pppd for ISPOptions.PPP.
var (
	AuthPAP        = []string{"require-pap"}
	AuthCHAP       = []string{"require-chap"}
	AuthMSCHAPv2   = []string{"require-mschap-v2"}
	AuthMSCHAPMPPE = []string{"require-mschap-v2", "require-mppe-128"}
	ACCMNone       = []string{"require-pap", "asyncmap 0"}
	ACCMAll        = []string{"require-pap", "asyncmap ffffffff"}
	NoCompression  = []string{"require-pap", "noaccomp", "nopcomp"}
)

// ispInterfaceID is the ISP's end on IPv6, ISPLinkLocal the address with it.
const ispInterfaceID = "::42"

// ISPLinkLocal is the ISP's IPv6 address on each call.
var ISPLinkLocal = netip.MustParseAddr("fe80::42")

// ISP is an access server with a host behind it.
func ISP(o ISPOptions) Spec {
	ipv6 := "noipv6"
	modules := pppModules
	if o.IPv6 {
		ipv6 = "ipv6 " + ispInterfaceID + ","
		modules = append([]string{"ipv6"}, modules...)
	}
	options := append([]string{
		"name isp", "auth", "115200", "local", "nodetach", "noproxyarp", "nobsdcomp", "nodeflate", "nodefaultroute", "nologfd",
		"lcp-echo-interval 20", "lcp-echo-failure 3", "mtu 1500", "mru 1500",
		fmt.Sprintf("%v:%v", o.Local, o.Remote), ipv6, dnsOption(o.DNS), "debug", "logfile /dev/console"}, o.PPP...)
	dummy, traffic := behind(o.Behind)
	return Spec{
		Name:    "isp",
		Modules: modules,
		NICs:    []NIC{o.NIC},
		Dummies: []netip.Prefix{dummy},
		Sysctls: forwarding,
		Files: map[string]string{
			"ppp/isp-options":  lines(options...),
			"ppp/options":      "",
			"ppp/chap-secrets": o.Users.file("isp"),
			"ppp/pap-secrets":  o.Users.file("isp"),
		},
		Services: []Service{
			{"access", []string{socatProgram, fmt.Sprintf("TCP-LISTEN:%d,reuseaddr,fork,nodelay", ISPPort),
				"EXEC:" + pppdProgram + " file /etc/ppp/isp-options,pty,setsid,ctty,rawer"}, ISPPort},
			traffic,
		},
	}
}

// ISPClient is a guest that calls an ISP's access server without a modem;
// ISPCall is what it runs.
func ISPClient(nic NIC, users Secrets) Spec {
	s := PptpClient(nic, users)
	s.Name = "isp-client"
	s.Files["ppp/pap-secrets"] = users.clientFile()
	return s
}

// ISPCall is the command of a pppd that calls an access server.
func ISPCall(server netip.Addr, user string, options ...string) []string {
	argv := []string{pppdProgram, "pty", fmt.Sprintf("%s STDIO,rawer TCP:%v:%d,nodelay", socatProgram, server, ISPPort),
		"name", user, "remotename", "isp", "noauth", "nodetach", "debug", "local",
		"nobsdcomp", "nodeflate", "nodefaultroute", "maxfail", "1"}
	for _, o := range options {
		argv = append(argv, strings.Fields(o)...)
	}
	return argv
}

// words are the options of e for a command line.
func (e Encryption) words() []string { return strings.Fields(string(e)) }
