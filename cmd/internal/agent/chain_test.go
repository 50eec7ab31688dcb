package agent

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
	"dun/dialup/ppp"
	"dun/modem"
)

const ispPassword = "dial tone, please"

const chainBook = `[entry.isp]
device = "modem"
modem = "line1"
phone = ["5550109", "5550100"]
user = "field7"
auth = ["pap"]

[entry.office]
device = "vpn"
host = "vpn.example.com"
via = ["isp"]
user = "alice"
routes = ["10.0.0.0/8"]
`

const chainSecrets = `[entry.isp]
password = '` + ispPassword + `'
[entry.office]
password = '` + password + `'
`

// chain is the whole job on one machine: device, telephone line, ISP, office.
type chain struct {
	*device
	line *agenttest.Line
	isp  *netnstest.NS
}

func newChain(t *testing.T) *chain { return newChainOf(t, chainBook) }

func newChainOf(t *testing.T, book string) *chain {
	t.Helper()
	c := &chain{line: agenttest.NewLine(t), isp: netnstest.NewNS(t)}
	ns := office(t, netnstest.End{NS: c.isp, Name: "eth0", Addr: "203.0.113.1/24"})
	agenttest.Route(t, ns, "198.51.100.0/24", "203.0.113.1")
	agenttest.Forward(t, c.isp)
	agenttest.DNS(t, c.isp, map[string][]netip.Addr{"vpn.example.com.": {addr("203.0.113.1"), officeOuter}})
	agenttest.StartISP(t, c.line, agenttest.ISPConfig{
		NS: c.isp, Require: []ppp.Auth{ppp.AuthPAP}, Users: agenttest.Users{"field7": ispPassword},
	})
	startServer(t, ns, serverTOML, serverSecrets)
	c.device = newDevice(t, book, chainSecrets, map[string]modem.Config{"line1": agenttest.Modem(t, c.line.Near)})
	return c
}

// TestChain is dun's reason to exist: an ISP is dialed over a modem, a tunnel
// laid over that, traffic passes to a host behind the office, and afterwards
// the machine is as it was.
func TestChain(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		c := newChain(t)
		call := c.dial("office")
		office := c.up(call)
		isp := c.status("isp")
		if isp.Phase != "up" || isp.Local != "198.51.100.7" || isp.Auth != "pap" || isp.Encryption != "none" || isp.Target != agenttest.Number {
			t.Errorf("isp is %+v", isp)
		}
		if office.Phase != "up" || office.Via != "isp" || office.Remote != "10.0.0.1" || office.Auth != "ms-chap-v2" ||
			office.Encryption != "mppe-128-stateless" || office.Target != officeOuter.String() {
			t.Errorf("office is %+v", office)
		}
		// The default route goes to the ISP, the office's nets into the
		// tunnel, the tunnel itself to the ISP.
		wantRoute(t, "0.0.0.0/1", isp.Interface)
		wantRoute(t, "128.0.0.0/1", isp.Interface)
		wantRoute(t, "10.0.0.0/8", office.Interface)
		wantRoute(t, officeOuter.String()+"/32", isp.Interface)
		if isp.MTU != 1500 || mtuOf(t, isp.Interface) != 1500 || office.MTU != 1456 || mtuOf(t, office.Interface) != 1456 {
			t.Errorf("MTU %d and %d, want 1500 and 1500 - 20 - 16 - 4 - 4", isp.MTU, office.MTU)
		}
		if !c.resolvHas("10.0.0.53") || !c.resolvHas("198.51.100.1") {
			t.Errorf("the resolver file does not have the name servers")
		}
		if err := agenttest.RoundTrips(nil, t, lanHost, 100, 1400); err != nil {
			t.Fatal(err)
		}
		if n := c.status("office").Counters; n.PacketsIn < 100 || n.PacketsOut < 100 || n.BytesIn < 100*1400 {
			t.Errorf("counted %+v", n)
		}
		if err := c.HangUp("office", cause.UserRequest); err != nil {
			t.Fatal(err)
		}
		c.ends(call, cause.UserRequest)
		agenttest.NothingLeft(t, nil, c.before, c.resolv)
		if n := c.line.Exchange.Calls(); n != 0 {
			t.Errorf("%d calls are up in the exchange", n)
		}
		if left := c.Status().Connections; len(left) != 0 {
			t.Errorf("status shows %+v", left)
		}
		all := []string{"dial", "link", "authenticate", "network", "up", "hang-up", "down"}
		c.wantPhases("isp", all...)
		c.wantPhases("office", all...)

		// What was told, packets included, has neither password.
		text := c.story.text()
		for _, secret := range []string{ispPassword, password} {
			if strings.Contains(text, secret) {
				t.Errorf("%q was told", secret)
			}
		}
		for _, part := range []string{`[PAP AuthReq id=0x1 user=\"field7\" password=<hidden>]`, "ATDT5550100", "5550109: "} {
			if !strings.Contains(text, part) {
				t.Errorf("nothing was told of %s:\n%s", part, text)
			}
		}
	})
}

// TestLowerLinkDown: the telephone call is cut; the tunnel ends with it, at
// once, and says why.
func TestLowerLinkDown(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		c := newChain(t)
		call := c.dial("office")
		c.up(call)
		c.line.Exchange.Drop(agenttest.Number)
		if err := c.ends(call, cause.LowerLinkDown); !strings.Contains(err.Error(), "isp") {
			t.Errorf("%v does not name the lower link", err)
		}
		end := c.story.wait(t, "the end of isp", func(ev Event) bool { return ev.Entry == "isp" && ev.End != nil })
		if end.End.Cause != "carrier-lost" {
			t.Errorf("isp ended with %+v", end.End)
		}
		agenttest.NothingLeft(t, nil, c.before, c.resolv)
	})
}

// TestHangUpLower: who hangs up the ISP ends the tunnel over it first, in
// order, so that its server knows.
func TestHangUpLower(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		c := newChain(t)
		call := c.dial("office")
		c.up(call)
		if err := c.HangUp("isp", cause.UserRequest); err != nil {
			t.Fatal(err)
		}
		if err := c.ends(call, cause.UserRequest); !strings.Contains(err.Error(), `"isp" below it was hung up`) {
			t.Errorf("%v does not say why", err)
		}
		text := c.story.text()
		if !strings.Contains(text, "Call-Clear-Request") || !strings.Contains(text, "LCP TermAck") {
			t.Errorf("the tunnel did not end in order:\n%s", text)
		}
	})
}

// TestSharedLower: an ISP that was dialed for a tunnel goes with it, one that
// was wanted for itself stays.
func TestSharedLower(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		c := newChain(t)
		isp := c.dial("isp")
		c.up(isp)
		office := c.dial("office")
		c.up(office)
		if _, err := c.Dial("office"); cause.Of(err) != cause.AlreadyUp {
			t.Errorf("dialing it again: %v", err)
		}
		c.HangUp("office", cause.UserRequest)
		c.ends(office, cause.UserRequest)
		if s := c.status("isp"); s.Phase != "up" {
			t.Errorf("isp is %+v", s)
		}
		if got, _ := routeOf(t, officeOuter.String()+"/32"); got != "" {
			t.Errorf("the server is still pinned to %s", got)
		}
		c.HangUpAll(cause.UserRequest)
		c.ends(isp, cause.UserRequest)
	})
}

// TestNameServersInTurn: a server's name is asked of the lower link's name
// servers, the entry's own before the peer's, until one knows.
func TestNameServersInTurn(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		// There is no name server at the first; the second does not know all.
		book := strings.Replace(chainBook, "auth =", "dns = [\"203.0.113.10\", \"198.51.100.1\"]\nauth =", 1)
		c := newChainOf(t, book+"[entry.wrong]\ndevice = 'vpn'\nhost = 'nobody.example.com'\nvia = ['isp']\nuser = 'x'\n")
		c.cfg.AskPassword = func(context.Context, string, string) (string, error) { return "x", nil }
		office := c.dial("office")
		if s := c.up(office); s.Target != officeOuter.String() {
			t.Errorf("the tunnel goes to %s", s.Target)
		}
		err := c.ends(c.dial("wrong"), cause.NameNotFound)
		if !strings.Contains(err.Error(), "nobody.example.com") {
			t.Errorf("%v does not say which", err)
		}
		if s := c.status("isp"); s.Phase != "up" {
			t.Errorf("isp, which office runs over, is %+v", s)
		}
	})
}
