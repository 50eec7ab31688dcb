package path

import (
	"bytes"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp"
)

// guard watches every frame that an end sends, and fails when data leaves in
// clear though it must not.
func (r *rig) guard(e *end, name string, must func() bool) {
	e.wire.onSend = func(f []byte) error {
		if p, _, _ := ppp.ParseHeader(f); (p == ppp.ProtoIPv4 || p == ppp.ProtoIPv6) && must() {
			r.t.Errorf("%s sent a packet in clear: % x", name, f)
		}
		return nil
	}
}

// plain are data frames in clear as a peer or somebody between might send them.
func plain() [][]byte {
	return [][]byte{
		frame(ppp.ProtoIPv4, packet4(1, 60)),
		frame(ppp.ProtoIPv6, packet6(1, 60)),
		append([]byte{0x21}, packet4(2, 60)...),
		append([]byte{0x57}, packet6(2, 60)...),
		append([]byte{0xff, 0x03, 0x00, 0x21}, packet4(3, 60)...),
		append([]byte{0xff, 0x03, 0x57}, packet6(3, 60)...),
	}
}

// TestRequireLetsNothingThroughInClear looks at every moment of a session with
// required encryption: both systems try to send after each frame, and somebody
// puts packets in clear between, while LCP, then CCP, then IPCP is negotiated
// anew, until the end.
func TestRequireLetsNothingThroughInClear(t *testing.T) {
	lcpAgain := frame(ppp.ProtoLCP, []byte{1, 77, 0, 10, 5, 6, 9, 9, 9, 9})
	ccpAgain := frame(ppp.ProtoCCP, []byte{1, 78, 0, 10, 18, 6, 1, 0, 0, 0x40})
	ipcpAgain := frame(ppp.ProtoIPCP, []byte{1, 79, 0, 10, 3, 6, 10, 0, 0, 2})
	for name, again := range map[string][]byte{"lcp": lcpAgain, "ccp": ccpAgain, "ipcp": ipcpAgain} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, callerConfig(), answererConfig())
			required := func() bool { return true }
			r.guard(r.a, "the caller", required)
			r.guard(r.b, "the answerer", required)
			r.open()
			n := uint32(0)
			try := func() {
				for _, e := range []*end{r.a, r.b} {
					if e.stopped {
						continue
					}
					e.SetTUN(e.tun, 1396)
					n++
					e.tun.in = append(e.tun.in, packet4(n, 200), packet6(n, 200))
					e.Ready(r.now, Readable)
					for _, f := range plain() {
						e.Input(r.now, f)
					}
				}
			}
			arrived := 0
			check := func() {
				for _, e := range []*end{r.a, r.b} {
					for _, p := range e.tun.out {
						if len(p) != 200 {
							t.Fatalf("a packet in clear was accepted: % x", p)
						}
						arrived++
					}
					e.tun.out = nil
				}
			}
			step := func(most int) {
				for range most {
					try()
					check()
					moved := false
					for _, way := range [][2]*end{{r.a, r.b}, {r.b, r.a}} {
						for range 4 {
							if q := way[0].wire.queue; len(q) > 0 {
								way[0].wire.queue = q[1:]
								way[1].Input(r.now, q[0])
								moved = true
							}
						}
					}
					r.loop.settle()
					if !moved {
						r.now = r.now.Add(100 * time.Millisecond)
						for l := r.loop.deadlines.due(r.now); l != nil; l = r.loop.deadlines.due(r.now) {
							l.handleTimeout(r.now)
						}
						r.loop.settle()
					}
				}
			}
			step(300)
			before := arrived
			if before == 0 {
				t.Fatal("nothing came through at all")
			}
			r.a.Input(r.now, bytes.Clone(again))
			step(600)
			if arrived == before {
				t.Errorf("nothing came through after negotiating anew: %v", r.a.events)
			}
			r.a.Close(r.now, cause.UserRequest)
			step(50)
			if c, n := r.a.closed(); n != 1 || c.Cause != cause.UserRequest {
				t.Errorf("closed %d times, %v", n, c)
			}
		})
	}
}

// TestPreferLetsNothingThroughInClear: from the first moment of encryption to
// the end of the session.
func TestPreferLetsNothingThroughInClear(t *testing.T) {
	a, b := callerConfig(), answererConfig()
	a.Encryption, b.Encryption = ppp.Prefer, ppp.Allow
	r := newRig(t, a, b).up()
	if r.a.compressor == nil || r.b.compressor == nil {
		t.Fatal("not encrypted")
	}
	must := func() bool { return true }
	r.guard(r.a, "the caller", must)
	r.guard(r.b, "the answerer", must)
	for range 10 {
		if got := r.send(r.a, r.b, packet4(1, 100), packet6(1, 100)); len(got) != 2 {
			t.Fatalf("%d arrived", len(got))
		}
		for _, e := range []*end{r.a, r.b} {
			for _, f := range plain() {
				e.Input(r.now, f)
			}
			if len(e.tun.out) > 0 {
				t.Fatalf("a packet in clear was accepted: % x", e.tun.out[0])
			}
		}
	}
	// While CCP is negotiated anew nothing leaves at all.
	r.a.Input(r.now, frame(ppp.ProtoCCP, []byte{1, 78, 0, 10, 18, 6, 1, 0, 0, 0x40}))
	r.a.tun.in = [][]byte{packet4(1, 100)}
	r.a.Ready(r.now, Readable)
	if r.a.compressor != nil || len(r.a.tun.in) != 0 || r.a.Counters.Dropped.NotCarried != 1 {
		t.Errorf("compressor %v, counters %+v", r.a.compressor, r.a.Counters)
	}
}

// TestPlainWithoutEncryption: where it was not wanted, packets in clear pass,
// and those that say to be compressed do not.
func TestPlainWithoutEncryption(t *testing.T) {
	a, b := callerConfig(), answererConfig()
	a.Encryption, b.Encryption = ppp.Deny, ppp.Deny
	r := newRig(t, a, b).up()
	for _, f := range plain() {
		r.a.Input(r.now, f)
	}
	if n := len(r.a.tun.out); n != len(plain()) {
		t.Errorf("%d of %d came through", n, len(plain()))
	}
	r.a.tun.out = nil
	r.a.Input(r.now, frame(ppp.ProtoCompressed, append([]byte{0x90, 0, 0, 0x21}, packet4(1, 60)...)))
	r.a.Input(r.now, frame(ppp.ProtoIPv4, packet6(1, 60)))
	r.a.Input(r.now, frame(ppp.ProtoIPv6, packet4(1, 60)))
	r.a.Input(r.now, frame(ppp.ProtoIPv4, nil))
	if len(r.a.tun.out) != 0 || r.a.Counters.Dropped.NotNetwork != 3 {
		t.Errorf("%d came through, %+v", len(r.a.tun.out), r.a.Counters.Dropped)
	}
}

// TestWrongKeys: two ends whose keys differ give up, with the right cause, and
// deliver nothing meanwhile.
func TestWrongKeys(t *testing.T) {
	for _, mode := range []ppp.MPPEMode{stateless128, {Bits: 128}, {Bits: 40, Stateless: true}} {
		a, b := callerConfig(), answererConfig()
		a.MPPE, b.MPPE = []ppp.MPPEMode{mode}, []ppp.MPPEMode{mode}
		b.NewCompressor = func(k ppp.MPPEKeys) ppp.Compressor {
			k.Receive[3] ^= 1
			return newMPPE(k)
		}
		r := newRig(t, a, b).up()
		n := uint32(0)
		arrived := 0
		for _, closed := r.b.closed(); closed == 0 && n < 200; _, closed = r.b.closed() {
			n++
			arrived += len(r.send(r.a, r.b, packet4(n, 300)))
		}
		if c, closed := r.b.closed(); closed != 1 || c.Cause != cause.EncryptionKeys {
			t.Errorf("%v: after %d packets: %v", mode, n, c)
		}
		if arrived > 0 {
			t.Errorf("%v: %d packets of nonsense came through", mode, arrived)
		}
		t.Logf("%v: gave up after %d packets, %+v", mode, n, r.b.Counters.Dropped)
	}
}

// TestPeerOpensFirst: the peer's IPCP is open and sends data, while the packet
// that would open ours is lost. That is no sign of wrong keys.
func TestPeerOpensFirst(t *testing.T) {
	a, b := callerConfig(), answererConfig()
	a.IPv6.Enable, b.IPv6.Enable = false, false
	r := newRig(t, a, b)
	lose := true
	r.a.wire.onSend = func(f []byte) error {
		if p, info, _ := ppp.ParseHeader(f); lose && p == ppp.ProtoIPCP && len(info) > 0 && info[0] == 2 {
			return errWire
		}
		return nil
	}
	r.open()
	if !r.run(time.Second, func() bool { return r.a.ipv4 }) || r.b.ipv4 {
		t.Fatalf("the caller is up: %v, the answerer: %v", r.a.ipv4, r.b.ipv4)
	}
	r.a.SetTUN(r.a.tun, 1396)
	r.b.SetTUN(r.b.tun, 1396)
	for i := range uint32(100) {
		r.send(r.a, r.b, packet4(i, 100))
	}
	if c, n := r.b.closed(); n != 0 {
		t.Fatalf("the answerer ended with %v", c)
	}
	if n := r.b.Counters.Dropped.TooEarly; n != 100 {
		t.Errorf("%+v", r.b.Counters.Dropped)
	}
	lose = false
	if !r.run(time.Minute, func() bool { return r.b.ipv4 }) {
		t.Error("never up")
	}
	if got := r.send(r.a, r.b, packet4(1, 100)); len(got) != 1 {
		t.Errorf("%d arrived", len(got))
	}
}

// TestStatefulRecovers: a lost packet costs those that were under way, the
// Reset-Request goes out by itself.
func TestStatefulRecovers(t *testing.T) {
	a, b := callerConfig(), answererConfig()
	a.MPPE, b.MPPE = []ppp.MPPEMode{{Bits: 128}}, []ppp.MPPEMode{{Bits: 128}}
	r := newRig(t, a, b).up()
	arrived := 0
	for i := range uint32(1000) {
		r.a.wire.lossy = i%100 == 50
		r.now = r.now.Add(50 * time.Millisecond)
		for _, p := range r.send(r.a, r.b, packet4(i, 100)) {
			if len(p) != 100 {
				t.Fatalf("% x", p)
			}
			arrived++
		}
	}
	if _, n := r.b.closed(); n != 0 || arrived < 950 {
		t.Errorf("%d of 1000 arrived, 10 were lost; %+v", arrived, r.b.Counters.Dropped)
	}
}
