package ppp

import (
	"testing"
	"time"

	"dun/dialup/cause"
)

// fuzzProtocols are chosen by the first octet of a fuzzed frame.
var fuzzProtocols = []Protocol{ProtoLCP, ProtoPAP, ProtoCHAP, ProtoCCP, ProtoIPCP, ProtoIPV6CP, ProtoIPv4, ProtoCompressed, 0xc025}

// FuzzInput brings a pair of engines into a state and then feeds one of them
// frames, with time passing in between.
func FuzzInput(f *testing.F) {
	for state := range byte(8) {
		for role := range byte(4) {
			f.Add(state, role, []byte("\x00\x0a\x01\x01\x05\x06\x00\x00\x00\x01"))
			f.Add(state, role, []byte("\x03\x06\x01\x07\x12\x06\x01\x00\x00\x40\x03\x04\x05\x08\x00\x00"))
			f.Add(state, role, []byte("\x02\x16\x01\x01\x10abcdefghijklmnopsrv\x04\x06\x01\x07\x03\x06\x0a\x00\x00\x01"))
			f.Add(state, role, []byte("\x01\x0a\x01\x01\xffabcdefg\x02\x04\x02\x01\xff\xff\x05\x06\x04\x01\x01\x02"))
			f.Add(state, role, []byte("\x00\x0c\x08\x01\x80\xfd\x01\x02\x00\x00\x00\x06\x07\x01\x01\x00\x04\x00\x08\x00\x02\x0c\x00"))
		}
	}
	f.Fuzz(func(t *testing.T, state, role byte, script []byte) {
		a, b := callerConfig(1), answererConfig(1)
		a.IPv6.Enable, b.IPv6.Enable = true, true
		a.Accept, b.Require = fuzzMethods[role>>1&3], fuzzMethods[role>>1&3]
		if role&1 == 0 && a.Accept[0] >= AuthMSCHAP {
			a.Encryption, b.Encryption = Require, Require
		} else {
			a.Encryption, b.Encryption = Prefer, Prefer
		}
		if role&8 != 0 {
			a.MPPE, b.MPPE = []MPPEMode{{128, true}, {128, false}}, []MPPEMode{{128, false}, {128, true}}
		}
		r := newRig(t, a, b)
		r.open()
		for range int(state) * 4 {
			r.step(r.now.Add(time.Second))
		}
		e := r.a
		if role&16 != 0 {
			e = r.b
		}
		fuzzDrain(t, e)
		now := r.now
		for len(script) >= 2 && len(e.events) < 1000 {
			kind, n := script[0], min(int(script[1]), len(script)-2)
			body := script[2 : 2+n]
			script = script[2+n:]
			if kind >= 0x80 {
				now = now.Add(time.Duration(n) * time.Second)
				e.HandleTimeout(now)
				fuzzDrain(t, e)
				continue
			}
			proto := fuzzProtocols[int(kind)%len(fuzzProtocols)]
			if kind&0x40 != 0 {
				e.Input(now, append([]byte{byte(proto >> 8), byte(proto)}, body...))
			} else if n >= 2 {
				id := body[1]
				if kind&0x20 != 0 {
					id = e.negotiatorOf(proto) // the identifier that it waits for
				}
				e.Input(now, newFrame(proto, body[0], id, body[2:], 1500))
			}
			fuzzDrain(t, e)
			if e.cfg.Encryption == Require && (e.PlainAllowed() || e.up() && e.Compressor() == nil) {
				t.Fatal("in clear")
			}
			_, closed := last[Closed](e)
			if _, timer := e.PollTimeout(); !timer && !closed && !e.up() {
				t.Fatal("waits without a timer")
			}
		}
		e.Close(now, cause.UserRequest)
		for range 10 {
			now = now.Add(10 * time.Second)
			e.HandleTimeout(now)
		}
		fuzzDrain(t, e)
		if count[Closed](e) != 1 {
			t.Fatalf("closed %d times", count[Closed](e))
		}
	})
}

var fuzzMethods = [4][]Auth{{AuthMSCHAPv2}, {AuthCHAPMD5}, {AuthPAP}, {AuthMSCHAP}}

// negotiatorOf tells the identifier of the request that is on its way.
func (s *Session) negotiatorOf(p Protocol) uint8 {
	switch p {
	case ProtoLCP:
		return s.lcp.reqID
	case ProtoCCP:
		return s.ccp.reqID
	case ProtoIPCP:
		return s.ipcp.reqID
	case ProtoIPV6CP:
		return s.ipv6cp.reqID
	case ProtoCHAP:
		return s.auth.check.id
	}
	return s.auth.prove.id
}

// fuzzDrain checks that one call leaves little behind, and frames that fit.
func fuzzDrain(t *testing.T, e *end) {
	t.Helper()
	if len(e.tx) > 64 || len(e.Session.events) > 64 {
		t.Fatalf("%d frames, %d events after one call", len(e.tx), len(e.Session.events))
	}
	buf := make([]byte, 4096)
	for {
		n, ok := e.PollTransmit(buf)
		if !ok {
			break
		}
		if n > e.cfg.MaxFrame {
			t.Fatalf("a frame of %d octets", n)
		}
		proto, info, ok := ParseHeader(buf[:n])
		if p, good := parsePacket(info); !ok || !good || len(p.data)+packetHeader != len(info) {
			t.Fatalf("malformed for %x: %x", proto, buf[:n])
		}
	}
	for {
		ev, ok := e.PollEvent()
		if !ok {
			return
		}
		if count[Closed](e) > 0 {
			t.Fatalf("%T after Closed", ev)
		}
		e.events = append(e.events, ev)
	}
}

// FuzzOptions checks that options read are options written.
func FuzzOptions(f *testing.F) {
	f.Add(unhex("01040578 0702 0802 0506 00000001"))
	f.Add(unhex("0101"))
	f.Fuzz(func(t *testing.T, b []byte) {
		opts, ok := parseOptions(b)
		if !ok {
			return
		}
		var out []byte
		for _, o := range opts {
			out = appendOption(out, o.kind, o.data...)
		}
		if string(out) != string(b) {
			t.Errorf("%x became %x", b, out)
		}
	})
}

// FuzzJudge gives option lists to every protocol's verdicts: the answer's
// options are well formed, a Reject holds nothing that was not asked, and an
// Ack all that was.
func FuzzJudge(f *testing.F) {
	for kind := range byte(4) {
		f.Add(kind, false, unhex("01040578 0702 0802 0506 00000001"))
		f.Add(kind, true, unhex("0306 00000000 8106 00000000 0206 002d0f01"))
		f.Add(kind, true, unhex("1206 010000e0 150378"))
		f.Add(kind, true, unhex("010a 0000000000000000"))
	}
	f.Fuzz(func(t *testing.T, kind byte, answer bool, b []byte) {
		c := callerConfig(1)
		if answer {
			c = answererConfig(1)
		}
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		s.enc.able, s.enc.modes = true, s.cfg.MPPE
		s.network.remote = s.cfg.IPv4.Remote
		n := []*negotiator{&s.lcp.negotiator, &s.ccp.negotiator, &s.ipcp.negotiator, &s.ipv6cp.negotiator}[kind%4]
		n.l.begin()
		opts, ok := parseOptions(b)
		if !ok {
			return
		}
		code, body := n.judge(opts, b)
		got, ok := parseOptions(body)
		if !ok || len(body) > s.cfg.MaxFrame {
			t.Fatalf("answer %x", body)
		}
		switch code {
		case codeConfAck:
			if string(body) != string(b) {
				t.Errorf("Ack of %x for %x", body, b)
			}
		case codeConfRej:
			n.sent = b
			if len(got) == 0 || !n.asked(got) {
				t.Errorf("Reject of %x for %x", body, b)
			}
		case codeConfNak:
			if len(got) == 0 {
				t.Error("an empty Nak")
			}
		default:
			t.Errorf("code %d", code)
		}
	})
}
