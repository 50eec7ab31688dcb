package path

import (
	"testing"
	"time"

	"dun/dialup/ppp"
)

// slotWire keeps the last frame in memory of its own: it allocates nothing.
type slotWire struct {
	memWire
	slot []byte
	n    int
}

func (w *slotWire) Send(_ time.Time, b *Buffer) error {
	w.n = copy(w.slot, b.Bytes())
	return nil
}

// slotTUN gives the same packet again and again.
type slotTUN struct {
	*memTUN
	packet []byte
	left   int // how often
	wrote  int
}

func (s *slotTUN) Read(b []byte) (int, error) {
	if s.left == 0 {
		return 0, ErrWouldBlock
	}
	s.left--
	return copy(b, s.packet), nil
}

func (s *slotTUN) Write(b []byte) (int, error) {
	s.wrote++
	return len(b), nil
}

// TestNoAllocations holds transmit and Input to none, with and without a
// compressor, the loop's own bookkeeping included.
func TestNoAllocations(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy ppp.Policy
		mode   ppp.MPPEMode
	}{
		{"clear", ppp.Deny, stateless128},
		{"stateless", ppp.Require, stateless128},
		{"stateful", ppp.Require, ppp.MPPEMode{Bits: 128}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := callerConfig(), answererConfig()
			a.Encryption, b.Encryption = c.policy, c.policy
			a.MPPE, b.MPPE = []ppp.MPPEMode{c.mode}, []ppp.MPPEMode{c.mode}
			r := newRig(t, a, b).up()
			wire := &slotWire{slot: make([]byte, 2048)}
			r.a.Link.wire = wire
			from := &slotTUN{memTUN: r.a.tun, packet: packet4(1, 1300)}
			to := &slotTUN{memTUN: r.b.tun}
			r.a.attach(from)
			r.b.attach(to)
			r.a.Link.tun, r.b.Link.tun = from, to
			n := testing.AllocsPerRun(1000, func() {
				from.left = 1
				r.a.Ready(r.now, Readable)
				r.b.Input(r.now, wire.slot[:wire.n])
				r.loop.settle()
			})
			if n != 0 {
				t.Errorf("%v allocations a packet", n)
			}
			if to.wrote != 1001 {
				t.Errorf("%d packets came through, want 1001", to.wrote)
			}
		})
	}
}

// loopback has what one shaped link sends arrive at the other, in memory of
// its own.
type loopback struct {
	memWire
	slots [64][]byte
	used  int
}

func (w *loopback) SendBatch(_ time.Time, frames []*Buffer) (int, int) {
	for _, b := range frames {
		w.slots[w.used] = w.slots[w.used][:copy(w.slots[w.used][:2048], b.Bytes())]
		w.used++
	}
	return len(frames), len(frames)
}

// bigTUN gives the same shaped packet again and again, and counts.
type bigTUN struct {
	*memTUN
	packet        []byte
	shape         Shape
	left          int
	wrote, octets int
}

func (b *bigTUN) Shapes() (bool, bool, bool) { return true, true, true }
func (b *bigTUN) KeepWhole() error           { return nil }

func (b *bigTUN) ReadShaped(p []byte) (int, Shape, error) {
	if b.left == 0 {
		return 0, Shape{}, ErrWouldBlock
	}
	b.left--
	return copy(p, b.packet), b.shape, nil
}

func (b *bigTUN) WriteShaped(_ Shape, pieces [][]byte) error {
	b.wrote++
	for _, p := range pieces {
		b.octets += len(p)
	}
	return nil
}

// bigPair is a link that sends a big packet, and one that merges it again.
func bigPair(tb testing.TB, m int, payload int) (step func(), to *bigTUN) {
	r, _, _ := shapedRig(tb, shapedModes[m].policy, shapedModes[m].mode)
	wire := &loopback{}
	for i := range wire.slots {
		wire.slots[i] = make([]byte, 2048)
	}
	r.a.Link.wire, r.a.fast = wire, wire
	b, shape := big{payload: payload, size: 1344, options: 12, flags: flagACK | flagPSH}.packet()
	from := &bigTUN{memTUN: r.a.tun, packet: b, shape: shape}
	to = &bigTUN{memTUN: r.b.tun}
	r.a.attach(from)
	r.b.attach(to)
	return func() {
		from.left, wire.used = 1, 0
		r.a.Ready(r.now, Readable)
		for _, f := range wire.slots[:wire.used] {
			r.b.Collect(r.now, f)
		}
		r.loop.Flush(r.now)
		r.loop.settle()
	}, to
}

// TestNoAllocationsShaped is the same for packets of 64 KiB, cut and merged.
func TestNoAllocationsShaped(t *testing.T) {
	for i, m := range shapedModes {
		step, to := bigPair(t, i, 45*1344)
		if n := testing.AllocsPerRun(100, step); n != 0 {
			t.Errorf("%s: %v allocations a packet", m.name, n)
		}
		if to.wrote != 101 || to.octets != 101*(45*1344+52) {
			t.Errorf("%s: %d writes of %d octets", m.name, to.wrote, to.octets)
		}
	}
}

// BenchmarkShaped is one packet of 60 KiB from interface to interface, without
// sockets.
func BenchmarkShaped(b *testing.B) {
	for i, m := range shapedModes {
		b.Run(m.name, func(b *testing.B) {
			step, _ := bigPair(b, i, 45*1344)
			b.SetBytes(45 * 1344)
			for b.Loop() {
				step()
			}
		})
	}
}

// BenchmarkSum is what completing or verifying a checksum costs beside that.
func BenchmarkSum(b *testing.B) {
	p := make([]byte, 1344)
	b.SetBytes(1344)
	var acc uint64
	for b.Loop() {
		acc = sum(p, acc)
	}
}

// BenchmarkLink is one packet from interface to interface, without sockets.
func BenchmarkLink(b *testing.B) {
	for _, policy := range []ppp.Policy{ppp.Deny, ppp.Require} {
		name := map[ppp.Policy]string{ppp.Deny: "clear", ppp.Require: "mppe-128-stateless"}[policy]
		b.Run(name, func(b *testing.B) {
			x, y := callerConfig(), answererConfig()
			x.Encryption, y.Encryption = policy, policy
			r := newRig(b, x, y).up()
			wire := &slotWire{slot: make([]byte, 2048)}
			r.a.Link.wire = wire
			from, to := &slotTUN{memTUN: r.a.tun, packet: packet4(1, 1396)}, &slotTUN{memTUN: r.b.tun}
			r.a.attach(from)
			r.b.attach(to)
			r.a.Link.tun, r.b.Link.tun = from, to
			b.SetBytes(1396)
			for b.Loop() {
				from.left = 1
				r.a.Ready(r.now, Readable)
				r.b.Input(r.now, wire.slot[:wire.n])
				r.loop.settle()
			}
		})
	}
}
