package ppp

import (
	"testing"
	"time"

	"dun/dialup/cause"
)

// TestUndrained: an owner that does not take frames and events does not make
// the engine grow.
func TestUndrained(t *testing.T) {
	s, err := New(plainCaller())
	if err != nil {
		t.Fatal(err)
	}
	s.Open(epoch)
	for i := range 10000 {
		s.Input(epoch, newFrame(ProtoLCP, codeConfReq, uint8(i), nil, 1500))
		s.Input(epoch, newFrame(ProtoLCP, 77, uint8(i), nil, 1500))
	}
	if len(s.tx) > 2*pending || len(s.events) > 2*pending {
		t.Errorf("%d frames, %d events", len(s.tx), len(s.events))
	}
}

// TestAnswersAreBounded: no frame of the peer's is worth more than a few of ours.
func TestAnswersAreBounded(t *testing.T) {
	c := encryptedCaller(Prefer, sl128)
	c.IPv6.Enable = true
	p := play(t, c)
	p.v2Up()
	p.ccpUp()
	p.sent = nil
	for _, proto := range []Protocol{ProtoLCP, ProtoCCP, ProtoIPCP, ProtoIPV6CP, ProtoCHAP, ProtoPAP} {
		for code := range uint8(16) {
			p.packet(proto, code, 200, "0306c0a80001")
			if len(p.sent) > 8 {
				p.fatalf("%d frames", len(p.sent))
			}
			p.sent = nil
		}
	}
}

func TestZeroUse(t *testing.T) {
	s, err := New(plainCaller())
	if err != nil {
		t.Fatal(err)
	}
	s.Input(epoch, unhex("c021 01010004"))
	s.HandleTimeout(epoch)
	s.ResetCompressor(epoch)
	s.GarbageInside(epoch)
	s.Heard(epoch)
	if _, ok := s.PollTransmit(make([]byte, 1504)); ok {
		t.Error("speaks before Open")
	}
	if _, ok := s.PollTimeout(); ok {
		t.Error("a timer before Open")
	}
	if s.Carries(ProtoIPv4) || s.Carries(0x1234) || s.PlainAllowed() || s.Compressor() != nil || s.Framing() != DefaultFraming {
		t.Error("open before Open")
	}
	s.Close(epoch, cause.Cancelled)
	var last Event
	for {
		e, ok := s.PollEvent()
		if !ok {
			break
		}
		last = e
	}
	if c, ok := last.(Closed); !ok || c.Cause != cause.Cancelled {
		t.Errorf("%v", last)
	}
}

// TestPacketLoopCosts: what is asked for every packet allocates nothing.
func TestPacketLoopCosts(t *testing.T) {
	p := ccpCaller(t, Require, sl128)
	p.ccpUp()
	p.openIPCP()
	now := p.now
	if n := testing.AllocsPerRun(100, func() {
		now = now.Add(time.Millisecond)
		if !p.s.Carries(ProtoIPv4) || p.s.Compressor() == nil || p.s.PlainAllowed() {
			t.Error("not up")
		}
		p.s.Heard(now)
		p.s.PollTimeout()
		p.s.PollTransmit(nil)
		p.s.PollEvent()
		p.s.HandleTimeout(now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestDataBehindAck: the frame behind the last Ack in a batch meets an open
// session, before events are looked at.
func TestDataBehindAck(t *testing.T) {
	c := plainAnswerer()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Open(epoch)
	take := func() (f []byte) {
		b := make([]byte, 1504)
		n, _ := s.PollTransmit(b)
		return b[:n]
	}
	f := take()
	f[2] = codeConfAck
	s.Input(epoch, newFrame(ProtoLCP, codeConfReq, 1, unhex(magicOne), 1500))
	s.Input(epoch, f)
	take()
	f = take()
	f[2] = codeConfAck
	s.Input(epoch, newFrame(ProtoIPCP, codeConfReq, 1, unhex("03060a000002"), 1500))
	if s.Carries(ProtoIPv4) {
		t.Error("too early")
	}
	s.Input(epoch, f)
	if !s.Carries(ProtoIPv4) {
		t.Error("not open at once")
	}
}

// TestFrameForms: address, control and compressed protocol are taken at any time.
func TestFrameForms(t *testing.T) {
	for _, c := range []struct {
		frame string
		proto Protocol
		info  string
		ok    bool
	}{
		{"ff03c02101", ProtoLCP, "01", true}, {"c02101", ProtoLCP, "01", true}, {"2145", ProtoIPv4, "45", true},
		{"ff032145", ProtoIPv4, "45", true}, {"002145", ProtoIPv4, "45", true}, {"21", ProtoIPv4, "", true},
		{"", 0, "", false}, {"00", 0, "", false}, {"ff03", 0xff, "03", true}, {"ff0300", 0, "", false}, {"c022", 0, "", false},
	} {
		p, info, ok := ParseHeader(unhex(c.frame))
		if c.frame == "ff03" {
			continue // an address and control field and nothing else: either reading will do
		}
		if p != c.proto || ok != c.ok || string(info) != string(unhex(c.info)) {
			t.Errorf("%s: %x %x %v", c.frame, p, info, ok)
		}
	}
	if !NeedsDefaultFraming(unhex("c02101")) || !NeedsDefaultFraming(unhex("c02107")) || NeedsDefaultFraming(unhex("c02108")) ||
		NeedsDefaultFraming(unhex("c02100")) || NeedsDefaultFraming(unhex("8021 01")) || NeedsDefaultFraming(unhex("c021")) {
		t.Error("NeedsDefaultFraming")
	}
}

// TestSlowPhases: deadlines hold with a peer that talks but does not get on.
func TestSlowPhases(t *testing.T) {
	r := newRig(t, callerConfig(1), answererConfig(1))
	r.drop = func(from *end, f []byte) bool { // CHAP is lost both ways
		return f[0] == 0xc2
	}
	r.open()
	r.run(29 * time.Second)
	if count[Closed](r.a)+count[Closed](r.b) > 0 {
		t.Error("closed early")
	}
	ca, cb := cause.AuthTimeout, cause.PeerHangup
	r.run(10 * time.Second)
	a, _ := last[Closed](r.a)
	b, _ := last[Closed](r.b)
	if !(a.Cause == ca || a.Cause == cb) || !(b.Cause == ca || b.Cause == cb) || a.Cause == cb && b.Cause == cb {
		t.Errorf("%v %v", a, b)
	}
}

// TestPeerReboots: the peer forgets all and begins again; we follow.
func TestPeerReboots(t *testing.T) {
	r := newRig(t, callerConfig(1), answererConfig(1))
	r.open()
	mustUp(r)
	c := callerConfig(99)
	r.a = r.add("caller again", c)
	r.wire = nil
	r.a.Open(r.now)
	r.drain(r.a)
	mustUp(r)
	keysFit(t, r.a, r.b)
	if count[IPv4Up](r.b) != 2 || count[IPv4Down](r.b) != 1 {
		t.Errorf("%v", r.b.events)
	}
}
