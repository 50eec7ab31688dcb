package ppp

import (
	"dun/dialup/cause"
	"testing"
	"time"
)

func TestLoopback(t *testing.T) {
	p := play(t, plainCaller())
	n := 0
	for p.now.Sub(epoch) < 25*time.Second && p.open() {
		n += p.echo()
		p.wait(time.Second)
	}
	p.closed(cause.Loopback)
	if n > 20 {
		t.Errorf("%d frames", n)
	}
}

// echo sends back what the engine has sent.
func (p *script) echo() (n int) {
	for ; len(p.sent) > 0 && n < 100; n++ {
		f := p.sent[0]
		p.sent = p.sent[1:]
		p.give(f)
	}
	return n
}

// TestLoopbackForAMoment: a terminal that echoes until PPP starts there.
func TestLoopbackForAMoment(t *testing.T) {
	p := play(t, plainCaller())
	p.echo()
	p.wait(2 * time.Second)
	p.echo()
	p.wait(2 * time.Second)
	if !p.open() || p.s.ending {
		p.fatalf("given up at once")
	}
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	f := p.sent[0]
	for len(p.sent) > 0 && p.sent[0][2] == codeConfReq {
		f = p.want("[LCP ConfReq *")
	}
	p.want("[LCP ConfAck *")
	p.ack(f)
	p.want("[IPCP *")
}

func TestLoopbackLater(t *testing.T) {
	p := play(t, plainCaller())
	p.ipUp()
	for range 60 {
		p.wait(time.Second)
		for len(p.sent) > 0 {
			f := p.sent[0]
			p.sent = p.sent[1:]
			if f[1] == 0x21 && f[0] == 0xc0 {
				p.give(f)
			}
		}
	}
	p.closed(cause.Loopback)
}

func TestCodeReject(t *testing.T) {
	p := play(t, plainCaller())
	p.want("*")
	p.packet(ProtoLCP, 99, 5, "aabb")
	p.want("[LCP CodeRej id=0x* 63 05 00 06 aa bb]")
	// RFC 1661 section 4.3: a Code-Reject of an extra code is harmless, of a
	// basic one it is not.
	p.packet(ProtoLCP, codeCodeRej, 5, "0c050004")
	if !p.open() {
		t.Fatal("closed")
	}
	p.packet(ProtoLCP, codeCodeRej, 5, "01010004")
	p.closed(cause.LCPFailed)
}

func TestProtocolReject(t *testing.T) {
	p := play(t, plainCaller())
	p.hear("802b 0101 0004") // before Opened nothing is rejected
	p.lcpUp(magicOne)
	p.want("[IPCP ConfReq *")
	p.quiet()
	p.hear("802b 0101 0004")
	p.want("[LCP ProtRej id=0x* 80 2b 01 01 00 04]")
	p.hear("8057 0101 0004") // IPV6CP is off
	p.want("[LCP ProtRej id=0x* 80 57 01 01 00 04]")
	p.hear("80fd 0101 0004") // policy Deny
	p.want("[LCP ProtRej id=0x* 80 fd 01 01 00 04]")
	// A peer that does not stop is answered at a bounded rate.
	for range 1000 {
		p.hear("802b 0101 0004")
	}
	if n := len(p.sent); n > 30 {
		t.Errorf("%d Protocol-Rejects", n)
	}
	p.sent = nil
	p.packet(ProtoLCP, codeProtRej, 1, "8021 01010004")
	p.ends(cause.NoNetworkProtocol)
}

func TestProtocolRejectCut(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp("01040080" + magicOne)
	p.want("[IPCP *")
	p.give(append(unhex("802b"), make([]byte, 1400)...))
	if f := p.want("[LCP ProtRej *"); len(f) != 2+128 {
		t.Errorf("length %d", len(f))
	}
}

func TestIdent(t *testing.T) {
	c := plainCaller()
	c.Ident = "dun"
	p := play(t, c)
	p.lcpUp(magicOne)
	p.want(`[LCP Ident id=0x* magic=0x* "dun"]`)
	p.packet(ProtoLCP, codeIdent, 1, "00000001 4d530a52")
	if e, n := event1[PeerIdentified](p); n != 1 || e.Text != "MS.R" || p.s.Status().PeerIdent != "MS.R" {
		t.Errorf("%d %q", n, e.Text)
	}
	p.packet(ProtoLCP, codeTimeLeft, 1, "00000001 00000010")
	p.packet(ProtoLCP, codeDiscard, 1, "00000001")
	p.want("[IPCP *")
	p.quiet()
}

func TestEchoReplyCutToMRU(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp("01040080" + magicOne)
	p.want("[IPCP *")
	p.give(newFrame(ProtoLCP, codeEchoReq, 7, make([]byte, 1000), 1500))
	f := p.want("[LCP EchoRep id=0x7 magic=0x*")
	if len(f) != 2+128 {
		t.Errorf("an information field of %d octets, the peer takes 128", len(f)-2)
	}
	p.packet(ProtoLCP, codeEchoReq, 8, "00000001 aabb")
	p.want("[LCP EchoRep id=0x8 magic=0x* aa bb]")
}

func TestEchoAdaptive(t *testing.T) {
	p := play(t, plainCaller())
	p.ipUp()
	for range 10 {
		p.wait(15 * time.Second)
		p.s.Heard(p.now)
	}
	p.quiet()
	p.wait(20 * time.Second)
	f := p.want("[LCP EchoReq *")
	p.quiet()
	p.now = p.now.Add(30 * time.Millisecond)
	p.packet(ProtoLCP, codeEchoReply, f[3], "00000001")
	if st := p.s.Status(); st.EchoRTT != 30*time.Millisecond || st.EchoLost != 0 {
		t.Errorf("%+v", st)
	}
	p.wait(20 * time.Second)
	p.want("[LCP EchoReq *")
	for i := range 3 {
		p.wait(20 * time.Second)
		p.want("[LCP EchoReq *")
		if p.s.Status().EchoLost != i+2 {
			t.Errorf("lost %d", p.s.Status().EchoLost)
		}
	}
	if got, want := p.s.Status().Echoes, (Echoes{Sent: 5, Lost: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	p.wait(20 * time.Second)
	p.want("[LCP TermReq *")
	p.closed(cause.EchoTimeout) // at once: nobody will answer
}

func TestLCPTimeouts(t *testing.T) {
	p := play(t, plainCaller())
	p.wait(29 * time.Second)
	if !p.open() {
		t.Fatal("closed early")
	}
	times := len(p.sent)
	if times != 5 { // at 0, 3, 9, 19, 29
		t.Errorf("%d requests", times)
	}
	for _, f := range p.sent {
		if f[3] != 1 {
			t.Error("a repetition has another identifier")
		}
	}
	p.wait(20 * time.Second)
	p.closed(cause.LCPTimeout)

	p = play(t, plainCaller())
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	p.wait(50 * time.Second)
	p.closed(cause.LCPFailed)
}

func TestPeerHangsUp(t *testing.T) {
	for _, c := range []struct{ data, detail string }{
		{"62796521", "bye!"}, {"", "before an address was agreed on"}, {"12345678 003ccd74 000002e6", "Windows error 742"},
	} {
		p := play(t, plainCaller())
		p.lcpUp(magicOne)
		p.want("[IPCP *")
		p.packet(ProtoLCP, codeTermReq, 4, c.data)
		p.want("[LCP TermAck id=0x4]")
		p.wait(2 * time.Second)
		if got := p.closed(cause.PeerHangup); got.Detail != c.detail {
			t.Errorf("%q, want %q", got.Detail, c.detail)
		}
		p.quiet()
	}
}

func TestLeftoverTerminate(t *testing.T) {
	p := play(t, plainCaller())
	f := p.want("*")
	p.packet(ProtoLCP, codeTermReq, 4, "")
	p.want("[LCP TermAck id=0x4]")
	p.ack(f)
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	p.want("[LCP ConfAck *")
	p.want("[IPCP *")
}

func TestLinkDown(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(magicOne)
	p.s.LinkDown(p.now, cause.CarrierLost, "DCD")
	p.drain()
	if c := p.closed(cause.CarrierLost); c.Detail != "DCD" {
		t.Error(c)
	}
	if _, n := event1[PhaseChanged](p); n != 3 { // establish, network, dead
		t.Errorf("%v", p.events)
	}
	// The cause that came first stays.
	p = play(t, plainCaller())
	p.lcpUp(magicOne)
	p.s.Close(p.now, cause.IdleTimeout)
	p.drain()
	p.s.LinkDown(p.now, cause.CarrierLost, "")
	p.drain()
	p.closed(cause.IdleTimeout)
	// Nothing happens afterwards.
	p.sent, p.events = nil, nil
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	p.s.Close(p.now, cause.UserRequest)
	p.s.Open(p.now)
	p.s.LinkDown(p.now, cause.CarrierLost, "")
	p.wait(time.Minute)
	p.drain()
	p.quiet()
	if len(p.events) != 0 {
		t.Errorf("%v", p.events)
	}
}

func TestCloseWithoutPeer(t *testing.T) {
	p := play(t, plainCaller())
	p.want("*")
	p.packet(ProtoLCP, codeConfReq, 1, magicOne)
	p.want("[LCP ConfAck *")
	p.s.Close(p.now, cause.UserRequest)
	p.drain()
	p.want(`[LCP TermReq id=0x2 "User request"]`)
	p.wait(3 * time.Second)
	p.want("[LCP TermReq *")
	p.wait(6 * time.Second)
	p.closed(cause.UserRequest)
	p.quiet()

	// Nobody was ever there: no use to wait.
	p = play(t, plainCaller())
	p.want("*")
	p.s.Close(p.now, cause.Cancelled)
	p.drain()
	p.want("[LCP TermReq id=0x2]")
	p.closed(cause.Cancelled)
}

// TestEchoUnknown: a peer that does not know echoes is not ended over them.
func TestEchoUnknown(t *testing.T) {
	p := play(t, plainCaller())
	p.ipUp()
	p.wait(20 * time.Second)
	p.want("[LCP EchoReq *")
	p.packet(ProtoLCP, codeCodeRej, 1, "09030008 00000001")
	p.wait(10 * time.Minute)
	p.quiet()
	if !p.open() || !p.s.Carries(ProtoIPv4) {
		t.Error("closed")
	}
}

// TestProtocolRejectOfBasics: without LCP, or without the authentication that
// was agreed on, there is no going on.
func TestProtocolRejectOfBasics(t *testing.T) {
	for _, c := range []struct {
		proto string
		auth  string
		want  cause.Cause
	}{{"c021", "", cause.LCPFailed}, {"c223", askV2, cause.AuthRefused}, {"c023", askPAP, cause.AuthRefused}} {
		p := play(t, plainCaller())
		p.lcpUp(c.auth + magicOne)
		p.sent = nil
		p.packet(ProtoLCP, codeProtRej, 1, c.proto+"01010004")
		p.ends(c.want)
	}
	// Data that the peer rejects says nothing about us.
	p := play(t, plainCaller())
	p.ipUp()
	p.packet(ProtoLCP, codeProtRej, 1, "00214500")
	p.packet(ProtoLCP, codeProtRej, 1, "c22301010004")
	p.packet(ProtoLCP, codeProtRej, 1, "00")
	if !p.s.Carries(ProtoIPv4) {
		t.Error("down")
	}
}

// TestLCPDiverges: a peer that refuses, or is refused, for ever.
func TestLCPDiverges(t *testing.T) {
	p := play(t, plainCaller())
	for i := 0; i < 100 && !p.s.ending; i++ {
		p.packet(ProtoLCP, codeConfNak, p.s.lcp.reqID, "0506000000ff")
	}
	if len(p.sent) > 20 {
		t.Errorf("%d frames", len(p.sent))
	}
	p.wait(10 * time.Second)
	p.closed(cause.LCPFailed)

	p = play(t, plainCaller())
	for i := 0; i < 100 && !p.s.ending; i++ {
		p.packet(ProtoLCP, codeConfReq, uint8(i), "0304c227")
	}
	if len(p.sent) > 30 {
		t.Errorf("%d frames", len(p.sent))
	}
	p.wait(10 * time.Second)
	p.closed(cause.AuthRefused)
}

// TestProbe: a peer that may be gone is asked at once, and given up within
// seconds; one that is there goes on as before.
func TestProbe(t *testing.T) {
	for _, async := range []bool{false, true} {
		cfg := plainCaller()
		cfg.Async = async
		between := time.Second
		if async {
			between = 2 * time.Second
		}
		p := play(t, cfg)
		p.s.Probe(p.now) // before there is anybody
		p.ipUp()
		p.wait(5 * time.Second)
		p.sent = nil
		p.s.Probe(p.now)
		p.drain()
		p.want("[LCP EchoReq *")
		p.packet(ProtoLCP, codeEchoReply, p.s.lcp.id, "00000000")
		p.wait(between)
		p.quiet()
		if p.s.PollTimeout(); !p.open() {
			t.Fatal("a peer that answers was given up")
		}
		p.wait(20 * time.Second) // the usual question
		p.want("[LCP EchoReq *")
		p.packet(ProtoLCP, codeEchoReply, p.s.lcp.id, "00000000")
		p.s.Probe(p.now)
		p.drain()
		p.want("[LCP EchoReq *")
		for range probes - 1 {
			p.wait(between)
			p.want("[LCP EchoReq *")
		}
		p.quiet()
		p.wait(between)
		p.ends(cause.EchoTimeout)
	}
}
