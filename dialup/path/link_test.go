package path

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/ppp"
)

func TestLinkCarriesBothWays(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig()).up()
	for i := range uint32(300) {
		for _, way := range [][2]*end{{r.a, r.b}, {r.b, r.a}} {
			for _, want := range [][]byte{packet4(i, 20+int(i*37%1370)), packet6(i, 1000)} {
				got := r.send(way[0], way[1], want)
				if len(got) != 1 || !bytes.Equal(got[0], want) {
					t.Fatalf("packet %d: %d arrived", i, len(got))
				}
			}
		}
	}
	for _, e := range []*end{r.a, r.b} {
		c := e.Counters
		if c.PacketsIn != 600 || c.PacketsOut != 600 || c.BytesIn != c.BytesOut || c.Dropped != (Drops{}) {
			t.Errorf("counters are %+v", c)
		}
	}
}

// TestNotCarried: what the network phase does not allow goes nowhere.
func TestNotCarried(t *testing.T) {
	a, b := callerConfig(), answererConfig()
	a.IPv6.Enable, b.IPv6.Enable = false, false
	r := newRig(t, a, b)
	r.open()
	for _, e := range []*end{r.a, r.b} { // an interface before the network is up
		e.SetTUN(e.tun, 1396)
	}
	if got := r.send(r.a, r.b, packet4(1, 100)); got != nil || r.a.Counters.Dropped.NotCarried != 1 {
		t.Errorf("%d packets arrived before the network was up: %+v", len(got), r.a.Counters.Dropped)
	}
	r.run(time.Minute, func() bool { return r.a.ipv4 && r.b.ipv4 })
	if got := r.send(r.a, r.b, packet6(1, 100)); got != nil {
		t.Error("IPv6 arrived, which was not agreed on")
	}
	for _, wrong := range [][]byte{packet4(1, 20)[:19], {0x45}, {0x60, 0, 0}, append([]byte{0x15}, packet4(1, 60)[1:]...)} {
		if got := r.send(r.a, r.b, wrong); got != nil {
			t.Errorf("% x arrived", wrong)
		}
	}
	if got := r.send(r.a, r.b, packet4(1, 100)); len(got) != 1 {
		t.Error("and then nothing arrives any more")
	}
}

// TestTooLong holds RFC 1661 section 6.1 to the octet, and that the compressor
// does not count what is not sent.
func TestTooLong(t *testing.T) {
	for _, encrypted := range []bool{true, false} {
		a, b := callerConfig(), answererConfig()
		overhead := 4
		if !encrypted {
			a.Encryption, b.Encryption, overhead = ppp.Deny, ppp.Deny, 0
		}
		a.MPPE, b.MPPE = []ppp.MPPEMode{{Bits: 128}}, []ppp.MPPEMode{{Bits: 128}} // stateful: a gap would show
		b.MRU = 1000
		r := newRig(t, a, b).up()
		longest := 0
		r.a.wire.onSend = func(f []byte) error { longest = max(longest, len(f)-2); return nil }
		if got := r.send(r.a, r.b, packet4(1, 1000-overhead), packet4(2, 1001-overhead), packet4(3, 100)); len(got) != 2 {
			t.Errorf("encrypted %v: %d packets arrived, want 2", encrypted, len(got))
		}
		if longest != 1000 || r.a.Counters.Dropped.TooLong != 1 {
			t.Errorf("encrypted %v: the longest was %d, %+v", encrypted, longest, r.a.Counters.Dropped)
		}
	}
}

// TestEarlyPackets: what the peer sends while our interface is being made is
// not lost, within bounds.
func TestEarlyPackets(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig()).up()
	r.b.SetTUN(nil, 0)
	for i := range uint32(maxEarly + 3) {
		if got := r.send(r.a, r.b, packet4(i, 100)); got != nil {
			t.Fatal("arrived without an interface")
		}
	}
	if n := r.b.Counters.Dropped.NoInterface; n != 3 {
		t.Errorf("%d dropped, want 3", n)
	}
	r.b.SetTUN(r.b.tun, 1396)
	if len(r.b.tun.out) != maxEarly || !bytes.Equal(r.b.tun.out[0], packet4(0, 100)) {
		t.Errorf("%d packets came through", len(r.b.tun.out))
	}
	r.b.tun.out = nil
	if got := r.send(r.a, r.b, packet4(9, 100)); len(got) != 1 {
		t.Errorf("%d packets came through afterwards", len(got))
	}
}

func TestSystemRefuses(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig()).up()
	r.b.tun.refuses = true
	r.send(r.a, r.b, packet4(1, 100))
	if c := r.b.Counters; c.Dropped.InterfaceRefused != 1 || c.PacketsIn != 0 {
		t.Errorf("counters are %+v", c)
	}
	r.a.wire.onSend = func([]byte) error { return errWire }
	r.send(r.a, r.b, packet4(2, 100))
	if c := r.a.Counters; c.Dropped.WireRefused != 1 || c.PacketsOut != 1 {
		t.Errorf("counters are %+v", c)
	}
}

// TestClampBothWays: a SYN's segment size, in either direction.
func TestClampBothWays(t *testing.T) {
	syn := packet4(1, 44)
	syn[9], syn[20+12], syn[20+13] = protoTCP, 6<<4, flagSYN
	copy(syn[40:], []byte{optionMSS, 4, 1460 >> 8, 1460 & 0xff})
	for _, mtus := range [][3]int{{1396, 1396, 1356}, {1400, 1300, 1260}, {1300, 1400, 1260}, {1500, 1500, 1460}} {
		r := newRig(t, callerConfig(), answererConfig()).up()
		r.a.SetTUN(r.a.tun, mtus[0])
		r.b.SetTUN(r.b.tun, mtus[1])
		for _, way := range [][2]*end{{r.a, r.b}, {r.b, r.a}} {
			got := r.send(way[0], way[1], bytes.Clone(syn))
			if len(got) != 1 {
				t.Fatal("lost")
			}
			if mss := int(binary.BigEndian.Uint16(got[0][42:])); mss != mtus[2] {
				t.Errorf("MTU %d and %d: segment size %d, want %d", mtus[0], mtus[1], mss, mtus[2])
			}
		}
	}
}

// TestPausedTUN: the interface is not read while the wire takes no data, and
// frames of the session go out all the same.
func TestPausedTUN(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig()).up()
	r.a.wire.full = true
	r.a.tun.in = [][]byte{packet4(1, 100), packet4(2, 100)}
	r.a.Ready(r.now, Readable)
	if len(r.a.tun.in) != 2 || !r.a.paused {
		t.Fatal("read although the wire is full")
	}
	if r.loop.watched[r.a.tun.fd].events != 0 {
		t.Error("the loop goes on waiting for packets that it does not read")
	}
	// The keepalive is a control frame.
	n := r.a.Counters.FramesOut
	if !r.run(time.Minute, func() bool { return r.a.Counters.FramesOut > n }) {
		t.Error("no echo while data waits")
	}
	// The same interface set anew, with another MTU, stays paused.
	r.a.SetTUN(r.a.tun, 1200)
	if r.loop.watched[r.a.tun.fd].events != 0 || !r.a.paused {
		t.Error("setting the MTU makes a paused interface wake the loop")
	}
	r.a.wire.full = false
	r.a.WireReady(r.now)
	if got := r.send(r.a, r.b); len(got) != 2 {
		t.Errorf("%d packets arrived, want 2", len(got))
	}
	// Another interface instead of a paused one is paused on its own account.
	r.a.wire.full = true
	r.a.Ready(r.now, Readable)
	other := newTUN(t)
	r.a.SetTUN(other, 1396)
	if _, still := r.loop.watched[r.a.tun.fd]; still {
		t.Error("the old interface is still watched")
	}
	r.a.Ready(r.now, Readable)
	if r.loop.watched[other.fd].events != 0 {
		t.Error("the new interface wakes the loop though the wire is full")
	}
	r.a.SetTUN(nil, 0)
	r.a.WireReady(r.now)
	if _, still := r.loop.watched[other.fd]; still {
		t.Error("an interface that was taken away is watched again")
	}
}

// TestInterfaceRemoved: somebody deletes the interface. The session ends in
// order, with a cause of its own, and the descriptor is left alone.
func TestInterfaceRemoved(t *testing.T) {
	for name, remove := range map[string]func(r *rig){
		"read fails":      func(r *rig) { r.a.tun.readErr = unix.EBADFD; r.a.Ready(r.now, Readable) },
		"hang-up":         func(r *rig) { r.a.Ready(r.now, HangUp) },
		"both":            func(r *rig) { r.a.tun.readErr = unix.EIO; r.a.Ready(r.now, Readable|HangUp) },
		"while it paused": func(r *rig) { r.a.wire.full = true; r.a.Ready(r.now, Readable); r.a.Ready(r.now, HangUp) },
		"end of file":     func(r *rig) { r.a.tun.in = [][]byte{{}}; r.a.Ready(r.now, Readable) },
		"after some reads": func(r *rig) {
			r.a.tun.in = [][]byte{packet4(1, 99)}
			r.a.tun.readErr = unix.EIO
			r.a.Ready(r.now, Readable)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, callerConfig(), answererConfig()).up()
			remove(r)
			if _, watched := r.loop.watched[r.a.tun.fd]; watched {
				t.Error("the descriptor is still watched")
			}
			r.a.Ready(r.now, Readable|HangUp) // a late event
			r.run(time.Minute, func() bool { _, n := r.b.closed(); return n > 0 })
			if c, n := r.a.closed(); n != 1 || c.Cause != cause.InterfaceLost {
				t.Errorf("closed %d times, %v", n, c)
			}
			if c, n := r.b.closed(); n != 1 || c.Cause != cause.PeerHangup {
				t.Errorf("the peer was closed %d times, %v", n, c)
			}
		})
	}
}

// TestDownInSend: the wire finds out in Send that the carrier is gone.
func TestDownInSend(t *testing.T) {
	for name, send := range map[string]func(r *rig){
		"data":    func(r *rig) { r.a.tun.in = [][]byte{packet4(1, 50), packet4(2, 50)}; r.a.Ready(r.now, Readable) },
		"control": func(r *rig) { r.a.Close(r.now, cause.UserRequest) },
		"timeout": func(r *rig) { r.run(time.Minute, func() bool { _, n := r.a.closed(); return n > 0 }) },
	} {
		for _, remove := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				r := newRig(t, callerConfig(), answererConfig()).up()
				r.a.events = nil
				if remove {
					r.a.onTell = func(ppp.Event) { r.loop.Remove(r.a.Link) }
				}
				r.a.wire.onSend = func([]byte) error {
					r.a.Down(r.now, cause.CarrierLost, "in Send")
					return errWire
				}
				send(r)
				r.loop.settle()
				c, n := r.a.closed()
				if n != 1 {
					t.Fatalf("closed %d times: %v", n, r.a.events)
				}
				if name != "control" && c.Cause != cause.CarrierLost || name == "control" && c.Cause != cause.UserRequest {
					t.Errorf("closed with %v", c)
				}
				if r.a.stopped != remove {
					t.Errorf("stopped is %v", r.a.stopped)
				}
			})
		}
	}
}

// TestEventsInOrder: a handler that calls the link gets the events that it
// causes after the one that it is told.
func TestEventsInOrder(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig()).up()
	depth := 0
	r.a.events = nil
	r.a.onTell = func(ev ppp.Event) {
		if depth++; depth > 1 {
			t.Errorf("%#v is told within another one", ev)
		}
		r.a.Down(r.now, cause.CarrierLost, "")
		depth--
	}
	r.a.Close(r.now, cause.UserRequest)
	if _, n := r.a.closed(); n != 1 || len(r.a.events) < 3 {
		t.Errorf("told %v", r.a.events)
	}
}

// TestRemoveInNotify: with many links, each of which goes when its time has
// come, none is forgotten and none is told twice.
func TestRemoveInNotify(t *testing.T) {
	loop := stillLoop(t)
	r := &rig{t: t, now: epoch, loop: loop}
	ends := make([]*end, 100)
	for i := range ends {
		cfg := callerConfig()
		cfg.Timers.Link = time.Duration(i%7+1) * time.Second
		e := r.add(cfg)
		e.wire.lossy = true
		e.onTell = func(ev ppp.Event) {
			if _, is := ev.(ppp.Closed); is {
				loop.Remove(e.Link)
				loop.Remove(e.Link)
				loop.Remove(ends[(i+50)%len(ends)].Link) // and another one
			}
		}
		ends[i] = e
		if err := loop.Open(epoch, e.Link); err != nil {
			t.Fatal(err)
		}
	}
	loop.settle()
	for range 1000 {
		at, ok := loop.deadlines.next()
		if !ok {
			break
		}
		r.now = at
		for l := loop.deadlines.due(r.now); l != nil; l = loop.deadlines.due(r.now) {
			l.handleTimeout(r.now)
		}
		loop.settle()
	}
	if len(loop.links) != 0 || len(loop.deadlines) != 0 || len(loop.dirty) != 0 {
		t.Errorf("%d links, %d deadlines are left", len(loop.links), len(loop.deadlines))
	}
	for i, e := range ends {
		if _, n := e.closed(); n > 1 || e.wire.stops != 1 || !e.stopped {
			t.Errorf("link %d: closed %d times, stopped %d times", i, n, e.wire.stops)
		}
	}
}

// TestAfterRemove: nothing that is called late does any harm.
func TestAfterRemove(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig()).up()
	late := r.a.wire
	r.loop.Remove(r.a.Link)
	r.a.Input(r.now, frame(ppp.ProtoLCP, []byte{9, 1, 0, 8, 0, 0, 0, 0}))
	r.a.Down(r.now, cause.CarrierLost, "")
	r.a.Close(r.now, cause.UserRequest)
	r.a.WireReady(r.now)
	r.a.DeadlineChanged()
	r.a.Ready(r.now, Readable|HangUp)
	if err := r.a.SetTUN(r.a.tun, 1000); err != nil {
		t.Error(err)
	}
	r.loop.settle()
	if len(late.queue) != 0 || late.stops != 1 || len(r.loop.watched) != 2 || len(r.loop.deadlines) != 1 {
		t.Errorf("%d frames, %d stops, %d descriptors, %d deadlines", len(late.queue), late.stops, len(r.loop.watched), len(r.loop.deadlines))
	}
	if err := r.loop.Open(r.now, r.a.Link); !errors.Is(err, errOpened) {
		t.Errorf("opened again: %v", err)
	}
	never := r.add(callerConfig())
	never.Close(r.now, cause.UserRequest)
	r.loop.Remove(never.Link)
	never.wire.starts = errWire
	if err := r.loop.Open(r.now, never.Link); !errors.Is(err, errWire) {
		t.Errorf("got %v", err)
	}
	if _, in := r.loop.links[never.Link]; in || never.wire.stops != 0 {
		t.Error("a link whose wire did not start is in the loop")
	}
}

// TestWireDeadline: the wire's own deadline counts, whoever changed it.
func TestWireDeadline(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig()).up()
	r.a.wire.due = r.now.Add(time.Second)
	r.a.DeadlineChanged()
	r.loop.settle()
	if at, _ := r.loop.deadlines.next(); !at.Equal(r.now.Add(time.Second)) {
		t.Fatalf("the next deadline is at %v", at)
	}
	r.run(2*time.Second, func() bool { return r.a.wire.fired == 1 })
	if r.a.wire.fired != 1 {
		t.Error("not told")
	}
}

func TestRealLoopEnds(t *testing.T) {
	loop, err := NewLoop(Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, loop: loop}
	a, b := r.add(callerConfig()), r.add(answererConfig())
	for _, e := range []*end{a, b} {
		if !loop.Do(func(now time.Time) { loop.Open(now, e.Link); e.SetTUN(e.tun, 1000) }) {
			t.Fatal("ended")
		}
	}
	loop.Close()
	if a.wire.stops != 1 || b.wire.stops != 1 || !a.stopped {
		t.Error("a link was not stopped")
	}
	if _, n := a.closed(); n != 0 {
		t.Error("told after the end")
	}
}
