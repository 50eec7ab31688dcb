package path

import (
	"testing"
	"time"

	"dun/dialup/ppp"
)

// FuzzLinkInput gives frames from a hostile peer to a link with a real session
// on it. Every frame is a length octet and so many octets; 0 lets a second
// pass, 255 lets the honest peer have its turn. However it goes, no packet in
// clear leaves or is accepted where encryption is required, and what a frame
// brings forth is bounded.
func FuzzLinkInput(f *testing.F) {
	str := func(frames ...[]byte) (b []byte) {
		for _, f := range frames {
			b = append(append(b, byte(len(f))), f...)
		}
		return b
	}
	f.Add(byte(0), str(plain()...))
	f.Add(byte(1), str(frame(ppp.ProtoLCP, []byte{1, 1, 0, 4}), []byte{}, frame(ppp.ProtoLCP, []byte{5, 1, 0, 4})))
	f.Add(byte(2), str(frame(ppp.ProtoCCP, []byte{1, 78, 0, 10, 18, 6, 1, 0, 0, 0x40}), frame(ppp.ProtoCompressed, []byte{0x90, 1, 2, 3})))
	f.Add(byte(4), str(frame(ppp.ProtoCCP, []byte{14, 1, 0, 4}), frame(ppp.ProtoIPCP, []byte{5, 1, 0, 4}), frame(0xc025, nil)))
	f.Add(byte(9), append(str(frame(ppp.ProtoLCP, []byte{1, 9, 0, 8, 1, 4, 0, 128})), 255, 0, 255))
	f.Add(byte(3), str([]byte{0xff}, []byte{0xff, 3}, []byte{0}, []byte{0xff, 3, 0xff, 3, 0x21}))
	f.Fuzz(func(t *testing.T, how byte, in []byte) {
		a, b := callerConfig(), answererConfig()
		policy := ppp.Policy(how & 3)
		a.Encryption, b.Encryption = policy, policy
		a.MPPE = []ppp.MPPEMode{{Bits: 128, Stateless: how&4 == 0}}
		b.MPPE = a.MPPE
		r := newRig(t, a, b)
		if policy == ppp.Require {
			r.guard(r.a, "the link", func() bool { return true })
		}
		r.open()
		if how&8 == 0 {
			r.run(time.Minute, func() bool { return r.a.ipv4 && r.b.ipv4 })
		}
		r.a.SetTUN(r.a.tun, 1396)
		for len(in) > 0 {
			n := min(int(in[0]), len(in)-1)
			f := append([]byte(nil), in[1:1+n]...)
			in = in[1+n:]
			switch {
			case n == 0:
				r.now = r.now.Add(time.Second)
				for l := r.loop.deadlines.due(r.now); l != nil; l = r.loop.deadlines.due(r.now) {
					l.handleTimeout(r.now)
				}
				r.loop.settle()
				continue
			case n == 255:
				r.deliver()
				continue
			}
			encrypted, sent := r.a.compressor != nil, r.a.Counters.FramesOut
			p, _, ok := ppp.ParseHeader(f)
			r.a.Input(r.now, f)
			r.loop.settle()
			if (encrypted || policy == ppp.Require) && len(r.a.tun.out) > 0 && !(ok && p == ppp.ProtoCompressed) {
				t.Fatalf("% x was accepted in clear", f)
			}
			r.a.tun.out = nil
			if n := r.a.Counters.FramesOut - sent; n > 8 {
				t.Fatalf("%d frames were sent because of % x", n, f)
			}
			r.a.tun.in = [][]byte{packet4(1, 60)}
			r.a.Ready(r.now, Readable)
			r.a.tun.in = nil
		}
		if _, n := r.a.closed(); n > 1 {
			t.Fatalf("closed %d times", n)
		}
	})
}
