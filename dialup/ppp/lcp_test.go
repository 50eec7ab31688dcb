package ppp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

// TestLCPVerdicts is the table of what becomes of the peer's options.
func TestLCPVerdicts(t *testing.T) {
	for _, c := range []struct {
		name, options, answer string
		change                func(*Config)
	}{
		{"nothing", "", "[LCP ConfAck id=0x1]", nil},
		{"all usual", "0104 05dc 0206 000a0000 " + magicOne + " 0702 0802", "[LCP ConfAck id=0x1 <mru 1500> <asyncmap 0xa0000> <magic 0x1> <pcomp> <accomp>]", nil},
		{"small MRU", "0104 0040", "[LCP ConfNak id=0x1 <mru 128>]", nil},
		{"huge MRU", "0104 4000", "[LCP ConfAck id=0x1 <mru 16384>]", nil},
		{"MRU of wrong length", "0103 05", "[LCP ConfRej id=0x1 < 01 03 05>]", nil},
		{"ACCM of wrong length", "0204 0000", "[LCP ConfRej id=0x1 < 02 04 00 00>]", nil},
		{"magic zero", "0506 00000000", "[LCP ConfNak id=0x1 <magic 0x*>]", nil},
		{"PFC refused", "0702 0802", "[LCP ConfRej id=0x1 <pcomp> <accomp>]", func(c *Config) { c.NoPFC, c.NoACFC = true, true }},
		{"multilink and callback", "1104 05dc 1303 00 0d03 06 " + magicOne, "[LCP ConfRej id=0x1 <mrru 1500> < 13 03 00> <callback CBCP>]", nil},
		{"quality", "0408 c025 00000100", "[LCP ConfRej id=0x1 < 04 08 c0 25 00 00 01 00>]", nil},
		{"v2", askV2, "[LCP ConfAck id=0x1 <auth chap MS-v2>]", nil},
		{"PAP", askPAP, "[LCP ConfAck id=0x1 <auth pap>]", nil},
		{"EAP", "0304c227", "[LCP ConfNak id=0x1 <auth chap MS-v2>]", nil},
		{"v1 is off by default", askV1, "[LCP ConfNak id=0x1 <auth chap MS-v2>]", nil},
		{"v1 when listed", askV1, "[LCP ConfAck id=0x1 <auth chap MS>]", func(c *Config) { c.Accept = []Auth{AuthMSCHAP} }},
		{"no way of logging in", askPAP, "[LCP ConfRej id=0x1 <auth pap>]", func(c *Config) { c.Accept = nil }},
		{"auth of wrong length", "0303c0", "[LCP ConfNak id=0x1 <auth chap MS-v2>]", nil},
		{"Reject before Nak", askV1 + "1104 05dc", "[LCP ConfRej id=0x1 <mrru 1500>]", nil},
		{"Nak keeps the order", "0104 0001" + askV1, "[LCP ConfNak id=0x1 <mru 128> <auth chap MS-v2>]", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := plainCaller()
			if c.change != nil {
				c.change(&cfg)
			}
			p := play(t, cfg)
			p.want("[LCP ConfReq *")
			p.packet(ProtoLCP, codeConfReq, 1, c.options)
			p.want(c.answer)
		})
	}
}

func TestLCPRequest(t *testing.T) {
	c := plainCaller()
	c.MRU, c.Async, c.ACCM = 1400, true, 0
	p := play(t, c)
	p.want("[LCP ConfReq id=0x1 <mru 1400> <asyncmap 0x0> <magic 0x*> <pcomp> <accomp>]")
	// An ACCM of our own means nothing without HDLC.
	c.Async, c.NoACFC = false, true
	p = play(t, c)
	p.want("[LCP ConfReq id=0x1 <mru 1400> <magic 0x*> <pcomp>]")
}

// TestMRUNakOfSameValue: Windows 2000 means a Reject by it.
func TestMRUNakOfSameValue(t *testing.T) {
	c := plainCaller()
	c.MRU = 1400
	p := play(t, c)
	p.want("[LCP ConfReq id=0x1 <mru 1400> *")
	p.packet(ProtoLCP, codeConfNak, 1, "01040578")
	p.want("[LCP ConfReq id=0x2 <magic 0x*> <pcomp> <accomp>]")
}

func TestRefusalsOfOurOptions(t *testing.T) {
	c := plainCaller()
	c.MRU, c.Async, c.ACCM = 1400, true, 0
	p := play(t, c)
	p.want("*")
	p.packet(ProtoLCP, codeConfNak, 1, "01040500 0206000a0000")
	f := p.want("[LCP ConfReq id=0x2 <mru 1280> <asyncmap 0xa0000> <magic 0x*> *")
	g := append([]byte(nil), f...)
	g[2] = codeConfRej
	p.give(g) // all of it
	f = p.want("[LCP ConfReq id=0x3]")
	p.ack(f)
	p.packet(ProtoLCP, codeConfReq, 1, "")
	p.want("[LCP ConfAck id=0x1]")
	if st := p.s.Status(); st.MRU != 1500 || st.Framing.MRU != 1500 || st.Framing.PFC {
		t.Errorf("%+v", st)
	}
}

// TestRejectOfWhatWasNotAsked drops such a Reject.
func TestRejectOfWhatWasNotAsked(t *testing.T) {
	p := play(t, plainCaller())
	p.want("*")
	p.packet(ProtoLCP, codeConfRej, 1, "01040578")
	p.quiet()
	if p.s.Status().Dropped.Malformed != 1 {
		t.Error("not counted")
	}
}

func TestFramingFollowsPeer(t *testing.T) {
	c := plainCaller()
	c.MaxMRU = 1436
	p := play(t, c)
	p.lcpUp("0104 05dc 0206 000a0000 " + magicOne + " 0702")
	open, _ := event1[LinkOpened](p)
	want := Framing{ACCM: 0xa0000, PFC: true, MRU: 1436}
	if open.Framing != want || p.s.Framing() != want {
		t.Errorf("framing %+v, want %+v", open.Framing, want)
	}
}

// TestAuthNegotiation offers what we can do, strongest first, then the next.
func TestAuthNegotiation(t *testing.T) {
	p := play(t, plainCaller())
	p.want("*")
	for i, want := range []string{"chap MS-v2", "chap MD5", "pap"} {
		p.packet(ProtoLCP, codeConfReq, uint8(i), askV1)
		p.want(fmt.Sprintf("[LCP ConfNak id=0x%x <auth %s>]", i, want))
	}
	p.packet(ProtoLCP, codeConfReq, 9, askPAP)
	p.want("[LCP ConfAck *")
}

// TestAuthRefused: a peer that insists, and ends LCP over it.
func TestAuthRefused(t *testing.T) {
	p := play(t, plainCaller())
	p.want("*")
	for i := range 5 {
		p.packet(ProtoLCP, codeConfReq, uint8(i), "0304c227")
		p.want("[LCP ConfNak *")
	}
	p.packet(ProtoLCP, codeConfReq, 9, "0304c227") // RFC 1661 section 4.6, Max-Failure
	p.want("[LCP ConfRej id=0x9 <auth eap>]")
	p.packet(ProtoLCP, codeTermReq, 10, "")
	p.want("[LCP TermAck id=0xa]")
	if c := p.ends(cause.AuthRefused); !strings.Contains(c.Detail, "EAP") {
		t.Errorf("detail %q", c.Detail)
	}
}

// TestAuthDropped: pppd asks for nothing after our Nak, and then hangs up.
func TestAuthDropped(t *testing.T) {
	p := play(t, plainCaller())
	p.ack(p.want("*"))
	p.packet(ProtoLCP, codeConfReq, 1, "0304c227")
	p.want("[LCP ConfNak *")
	p.packet(ProtoLCP, codeConfReq, 2, "")
	p.want("[LCP ConfAck *")
	p.want("[IPCP *")
	p.packet(ProtoLCP, codeTermReq, 10, "70656572")
	p.wait(time.Second)
	p.closed(cause.AuthRefused)
}

// TestRequireAuth: as answerer we go down our list, and never let in a peer
// that will not say who it is.
func TestRequireAuth(t *testing.T) {
	c := plainAnswerer()
	c.Require = []Auth{AuthMSCHAPv2, AuthCHAPMD5, AuthPAP}
	p := play(t, c)
	p.want("[LCP ConfReq id=0x1 <auth chap MS-v2> *")
	p.packet(ProtoLCP, codeConfNak, 1, askPAP)
	p.want("[LCP ConfReq id=0x2 <auth pap> *")
	p.packet(ProtoLCP, codeConfNak, 2, "0304c227")
	p.want("[LCP ConfReq id=0x3 <auth chap MD5> *")
	p.packet(ProtoLCP, codeConfNak, 3, "0304c227")
	p.ends(cause.AuthRefused)

	p = play(t, c)
	p.want("*")
	p.packet(ProtoLCP, codeConfRej, 1, askV2)
	p.ends(cause.AuthRefused)
}

// TestRequestBeforePeer: what was sent before the peer was there is sent again
// when it begins to speak, once, and before our answer.
func TestRequestBeforePeer(t *testing.T) {
	p := play(t, plainCaller())
	first := p.want("[LCP ConfReq id=0x1 *")
	p.now = p.now.Add(30 * time.Millisecond)
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	if again := p.want("[LCP ConfReq id=0x1 *"); string(again) != string(first) {
		t.Error("not the same")
	}
	p.want("[LCP ConfAck id=0x1 *")
	p.now = p.now.Add(30 * time.Millisecond)
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	p.want("[LCP ConfAck id=0x1 *")
	p.quiet()
}

// TestLoopback: a line that echoes what we send.
// TestLoopbackLater: the far modem falls into command mode in Opened.
// TestProtocolRejectCut cuts a Protocol-Reject to the peer's MRU (RFC 1661 section 5.7).
// TestEchoAdaptive: asked only in silence, and given up after four.
// TestLCPTimeouts tells silence from a peer that speaks but does not agree.
// TestLateAck: the Ack of the first copy of a request that was repeated is
// good, and the Ack of the second does no harm.
func TestLateAck(t *testing.T) {
	p := play(t, plainCaller())
	f := p.want("[LCP ConfReq id=0x1 *")
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	p.want("[LCP ConfAck *")
	p.wait(3 * time.Second)
	p.want("[LCP ConfReq id=0x1 *")
	p.ack(f)
	p.want("[IPCP ConfReq *")
	p.ack(f)
	p.packet(ProtoLCP, codeConfReq, 1, magicOne) // and a late copy of the peer's
	p.want("[LCP ConfAck id=0x1 *")
	p.quiet()
	if _, n := event1[LinkOpened](p); n != 1 || p.s.lcp.state != stOpened {
		t.Errorf("opened %d times", n)
	}
}

func TestForgedAck(t *testing.T) {
	p := play(t, plainCaller())
	f := p.want("*")
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	g := append([]byte(nil), f...)
	g[2], g[len(g)-1] = codeConfAck, g[len(g)-1]+1
	p.give(g)
	g = append([]byte(nil), f...)
	g[2], g[3] = codeConfAck, g[3]+1
	p.give(g)
	if _, n := event1[LinkOpened](p); n != 0 {
		t.Error("opened by an Ack of something else")
	}
}

// TestRenegotiation: the peer begins LCP anew in Opened, which is normal.
func TestRenegotiation(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(askPAP + magicOne)
	p.want("[PAP AuthReq *")
	p.packet(ProtoPAP, papAck, 1, "00")
	p.want("[IPCP ConfReq *")
	p.packet(ProtoLCP, codeConfReq, 2, askMD5+"050600000002")
	f := p.want("[LCP ConfReq id=0x2 *")
	p.want("[LCP ConfAck id=0x2 <auth chap MD5> *")
	if p.s.Framing() != DefaultFraming || p.s.Status().Phase != PhaseEstablish {
		t.Errorf("%+v", p.s.Status())
	}
	p.ack(f)
	p.packet(ProtoCHAP, chapChallenge, 1, "04aabbccdd")
	p.want(`[CHAP Response id=0x1 <*>, name = "alice"]`)
	p.packet(ProtoCHAP, chapSuccess, 1, "")
	p.want("[IPCP ConfReq *")
	var phases []Phase
	for _, e := range p.events {
		if c, ok := e.(PhaseChanged); ok {
			phases = append(phases, c.Phase)
		}
	}
	if fmt.Sprint(phases) != "[establish authenticate network establish authenticate network]" {
		t.Errorf("phases %v", phases)
	}
}

// TestPeerHangsUp: the reason is told, also Windows' way.
// TestLeftoverTerminate: a Terminate-Request from the session before this one
// does not end it.
// TestCopiesWithOtherIDs: a peer that has not seen our Ack repeats LCP's
// request under other identifiers. Once it has shown that it is open, the same
// request begins LCP anew.
func TestCopiesWithOtherIDs(t *testing.T) {
	c := plainAnswerer()
	c.Require = []Auth{AuthPAP}
	p := play(t, c)
	p.lcpUp(magicOne)
	p.packet(ProtoLCP, codeConfReq, 2, magicOne)
	p.want("[LCP ConfAck id=0x2 *")
	p.quiet()
	p.packet(ProtoPAP, papRequest, 1, papData("alice", "secret"))
	p.want("[PAP AuthAck *")
	p.want("[IPCP ConfReq *")
	p.packet(ProtoLCP, codeConfReq, 2, magicOne) // still a copy
	p.want("[LCP ConfAck id=0x2 *")
	p.quiet()
	p.packet(ProtoLCP, codeConfReq, 3, magicOne)
	p.want("[LCP ConfReq *")
	p.want("[LCP ConfAck id=0x3 *")

	// Without a magic number it may be a peer that was restarted.
	p = play(t, plainCaller())
	p.lcpUp("")
	p.want("[IPCP *")
	p.packet(ProtoIPCP, codeConfReq, 1, "")
	p.want("[IPCP *")
	p.packet(ProtoLCP, codeConfReq, 1, "")
	p.want("[LCP ConfReq *")
	p.want("[LCP ConfAck id=0x1]")
}

func TestMalformed(t *testing.T) {
	p := play(t, plainCaller())
	p.want("*")
	for i, f := range []string{
		"", "c0", "c021", "c021 01", "c021 01 01 0003", "c021 01 01 0005", "c021 01 01 ffff 01", "0000",
		"c021 01 01 0006 0101", "c021 01 01 0006 0100", "c021 01 01 0006 01ff", "c021 01 01 0005 01",
		"c021 04 01 0004", "c021 07 01 0006 0101",
	} {
		p.hear(f)
		if got := p.s.Status().Dropped.Malformed; got != uint64(i+1) {
			t.Errorf("%q: %d counted, want %d", f, got, i+1)
		}
	}
	p.quiet()
	p.hear("ff03 c021 01 01 0004 deadbeef") // padding behind the length is none of our business
	p.want("[LCP ConfAck id=0x1]")
}

// TestRefusedCopies: answers that were lost are given again and do not count
// for Max-Failure, and late copies do no harm.
func TestRefusedCopies(t *testing.T) {
	p := play(t, plainAnswerer())
	p.lcpUp(magicOne)
	f := p.want("[IPCP ConfReq *")
	for range 10 {
		p.packet(ProtoIPCP, codeConfReq, 1, "030600000000")
		p.want("[IPCP ConfNak id=0x1 <addr 10.0.0.2>]")
	}
	p.packet(ProtoIPCP, codeConfReq, 2, "03060a000002")
	p.want("[IPCP ConfAck *")
	p.packet(ProtoIPCP, codeConfReq, 1, "030600000000") // overtaken
	p.quiet()
	p.ack(f)
	if !p.s.Carries(ProtoIPv4) {
		t.Fatal("not up")
	}
	p.packet(ProtoIPCP, codeConfReq, 1, "030600000000") // and again
	p.quiet()
	if !p.s.Carries(ProtoIPv4) {
		t.Error("went down over a late copy")
	}
	p.packet(ProtoIPCP, codeConfReq, 3, "030600000000") // but this is a new one
	p.want("[IPCP ConfReq *")
	p.want("[IPCP ConfNak id=0x3 *")
}

// TestRefusedCopiesEnd: a peer that never changes its request meets an end too.
func TestRefusedCopiesEnd(t *testing.T) {
	p := play(t, plainCaller())
	n := 0
	for i := 0; i < 1000 && !p.s.ending; i++ {
		p.packet(ProtoLCP, codeConfReq, 1, "0304c227")
		n++
	}
	if n > 60 {
		t.Errorf("%d copies", n)
	}
}
