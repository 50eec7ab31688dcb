package agent

import (
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp"
	"dun/vpn"
	"dun/vpn/pptp"
)

func TestParseProtocols(t *testing.T) {
	all, err := ParseProtocols(nil)
	if err != nil || all != everyProtocol {
		t.Errorf("none means %b, %v", all, err)
	}
	together := Protocols(0)
	for _, name := range ProtocolNames() {
		one, err := ParseProtocols([]string{strings.ToUpper(name)})
		if err != nil || one == 0 || one&(one-1) != 0 || together&one != 0 {
			t.Errorf("%s is %b, %v", name, one, err)
		}
		together |= one
	}
	if together != everyProtocol {
		t.Errorf("all names are %b, want %b", together, everyProtocol)
	}
	if _, err := ParseProtocols([]string{"lcp", "x25"}); cause.Of(err) != cause.Usage || !strings.Contains(err.Error(), `"x25"`) || !strings.Contains(err.Error(), "pptp") {
		t.Errorf("x25: %v", err)
	}
}

// TestSelection: readers get what they asked for, each his own, and nothing is
// put into words that nobody wants.
func TestSelection(t *testing.T) {
	a := &Agent{events: newBroadcast()}
	say := func() {
		a.tracePPP("office")(time.Time{}, true, []byte{0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 1})
		a.tracePPP("call 3")(time.Time{}, false, []byte{0xff, 0x03, 0x80, 0xfd, 14, 1, 0, 4})
		a.traceModem("isp")(true, "AT+CPIN=1234")
		echo, _ := pptp.EchoRequest{Identifier: 9}.AppendBinary(nil)
		a.tracePPTP(serverEntry)(vpn.ControlMessage{Bytes: echo})
	}
	if say(); testing.AllocsPerRun(10, say) > 6 {
		t.Error("work is done for nobody")
	}
	wants := map[*subscription]string{}
	for want, s := range map[string]Selection{
		"":                                 {},
		"[LCP EchoReq":                     {"office", everyProtocol},
		"[LCP EchoReq [CCP ResetReq":       {"", protocolLCP | protocolCCP},
		"[CCP ResetReq [PPTP Echo-Request": {serverEntry, everyProtocol},
		"[PPTP Echo-Request":               {serverEntry, protocolPPTP | protocolAT},
		"[CCP ResetReq":                    {"call 3", everyProtocol},
		`[AT "AT+CPIN=<hidden>"]`:          {"isp", protocolAT},
		"[AT [PPTP":                        {"", protocolAT | protocolPPTP},
		"[LCP [CCP [AT [PPTP":              {"", everyProtocol},
		" ":/* nothing, the second time */ {"office", protocolIPCP},
	} {
		sub := a.events.subscribe(backlog)
		a.events.change(sub, false, &s)
		wants[sub] = want
	}
	say()
	a.emitText("office", "no packet")
	for sub, want := range wants {
		a.events.end(sub)
		var got []string
		for ev := range sub.events {
			got = append(got, ev.Packet)
		}
		parts := strings.Fields(strings.ReplaceAll(want, " [", "\x00["))
		parts = strings.Split(strings.Join(parts, " "), "\x00")
		if strings.TrimSpace(want) == "" {
			parts = nil
		}
		if len(got) != len(parts) {
			t.Errorf("%q: %q", want, got)
			continue
		}
		for i, p := range parts {
			if !strings.Contains(got[i], p) {
				t.Errorf("%q: %q", want, got)
			}
		}
	}
	if a.events.wants(everyProtocol) {
		t.Error("all readers have gone, and packets are still wanted")
	}
	for _, p := range []ppp.Protocol{0, ppp.ProtoIPv4, 0x8031} {
		if bitOf(p) != protocolOther {
			t.Errorf("%x is %b", p, bitOf(p))
		}
	}
}

// TestClientTrace: several readers of one agent, each with a selection of his
// own that he may change.
func TestClientTrace(t *testing.T) {
	c, dir := open(t)
	connect := func() *Client {
		client, err := Connect(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		return client
	}
	at, lcp := connect(), connect()
	for _, err := range []error{
		at.Trace("isp", []string{"lcp"}), at.Trace("isp", []string{"AT"}), // the last one counts
		lcp.Trace("", []string{"lcp", "ipcp"}), lcp.Subscribe(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := at.Trace("isp", []string{"slip"}); cause.Of(err) != cause.Usage {
		t.Errorf("slip: %v", err)
	}
	if err := at.Trace("nobody", nil); cause.Of(err) != cause.NoEntry {
		t.Errorf("nobody: %v", err)
	}
	if _, err := c.agent.Dial("isp"); err != nil {
		t.Fatal(err)
	}
	for seen := ""; !strings.Contains(seen, `sent [AT "ATDT5550100"]`); {
		ev, err := at.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ev.Packet == "" || ev.Entry != "isp" {
			t.Fatalf("not asked for: %+v", ev)
		}
		seen += ev.Packet
	}
	if err := at.EndTrace(); err != nil || c.agent.events.wants(protocolAT) {
		t.Errorf("packets after the end of all that want them: %v", err)
	}
	if err := c.agent.HangUp("isp", cause.UserRequest); err != nil {
		t.Fatal(err)
	}
	for {
		ev, err := lcp.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ev.Packet != "" {
			t.Errorf("not asked for: %+v", ev)
		}
		if ev.End != nil {
			break
		}
	}
}
