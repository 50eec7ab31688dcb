package interop

import (
	"net/netip"

	"dun/cmd/dunlab/internal/guest"
)

// The addresses of the laboratory. Everybody is on one Ethernet, the wide
// area; who lies behind a forwarder is on the far one.
const (
	wan = "wan" // bridge, 10.64.0.0/24
	far = "far" // bridge, 10.66.0.0/24
)

var (
	hubWAN       = netip.MustParsePrefix("10.64.0.1/24")
	deviceWAN    = netip.MustParsePrefix("10.64.0.2/24")
	pptpdWAN     = netip.MustParsePrefix("10.64.0.10/24")
	clientWAN    = netip.MustParsePrefix("10.64.0.11/24")
	ispWAN       = netip.MustParsePrefix("10.64.0.20/24")
	forwarderWAN = netip.MustParsePrefix("10.64.0.30/24")
	forwarderFar = netip.MustParsePrefix("10.66.0.30/24")
	deviceFar    = netip.MustParsePrefix("10.66.0.2/24")
	farNet       = netip.MustParsePrefix("10.66.0.0/24")
	wanNet       = netip.MustParsePrefix("10.64.0.0/24")

	// The office: the PPTP server's end, its callers, a host behind it.
	officeLocal  = netip.MustParseAddr("10.99.0.1")
	officePool   = "10.99.0.10-60"
	officeBehind = netip.MustParsePrefix("10.88.0.1/24")
	officeDNS    = netip.MustParseAddr("10.88.0.53")

	// The ISP: its end, the caller's, a host behind it.
	ispLocal  = netip.MustParseAddr("10.60.0.1")
	ispRemote = netip.MustParseAddr("10.60.0.10")
	ispBehind = netip.MustParsePrefix("10.77.0.1/24")
	ispDNS    = netip.MustParseAddr("10.77.0.53")
)

// Users of every peer.
const (
	alice         = "alice"
	alicePassword = "open sesame"
	bob           = `CORP\bob`
	bobPassword   = "b0b#1"
)

var users = guest.Secrets{alice: alicePassword, bob: bobPassword}

func pptpd(e guest.Encryption) guest.Spec {
	return guest.Pptpd(guest.PptpdOptions{
		NIC:        guest.NIC{Name: "wan0", Bridge: wan, Addr: pptpdWAN},
		Local:      officeLocal,
		Pool:       officePool,
		Behind:     officeBehind,
		Encryption: e,
		Users:      users,
		DNS:        officeDNS,
		Routes: []guest.Route{
			{To: netip.PrefixFrom(ispRemote, 24), Via: ispWAN.Addr()},
			{To: farNet, Via: forwarderWAN.Addr()},
		},
	})
}

func ispOptions(options []string) guest.ISPOptions {
	return guest.ISPOptions{
		NIC:    guest.NIC{Name: "wan0", Bridge: wan, Addr: ispWAN},
		Local:  ispLocal,
		Remote: ispRemote,
		Behind: ispBehind,
		PPP:    options,
		Users:  users,
		DNS:    ispDNS,
	}
}

func isp(options []string) guest.Spec { return guest.ISP(ispOptions(options)) }

func ispWithIPv6() guest.Spec {
	o := ispOptions(guest.AuthCHAP)
	o.IPv6 = true
	return guest.ISP(o)
}

func forwarder() guest.Spec {
	return guest.Forwarder(guest.NIC{Name: "wan0", Bridge: wan, Addr: forwarderWAN}, guest.NIC{Name: "far0", Bridge: far, Addr: forwarderFar})
}

func clientNIC() guest.NIC { return guest.NIC{Name: "wan0", Bridge: wan, Addr: clientWAN} }
