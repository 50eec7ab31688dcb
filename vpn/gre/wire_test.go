package gre

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// wire loses, repeats and reorders packets from a seed. Each packet arrives
// after at most jitter.
type wire struct {
	rng             *rand.Rand
	loss, repeat    float64
	jitter          time.Duration
	flying          []flight
	sent, lostCount int
}

type flight struct {
	at time.Time
	b  []byte
}

func (w *wire) send(now time.Time, b []byte) {
	w.sent++
	if w.rng.Float64() < w.loss {
		w.lostCount++
		return
	}
	copies := 1
	if w.rng.Float64() < w.repeat {
		copies = 2
	}
	for range copies {
		delay := time.Duration(0)
		if w.jitter > 0 {
			delay = time.Duration(w.rng.Int64N(int64(w.jitter)))
		}
		w.flying = append(w.flying, flight{now.Add(delay), slices.Clone(b)})
	}
}

// arrived takes out what has arrived by now, in the order of arrival.
func (w *wire) arrived(now time.Time) (out [][]byte) {
	slices.SortStableFunc(w.flying, func(a, b flight) int { return a.at.Compare(b.at) })
	n := 0
	for n < len(w.flying) && !w.flying[n].at.After(now) {
		out = append(out, w.flying[n].b)
		n++
	}
	w.flying = w.flying[n:]
	return out
}

// end is one end of a call over two wires.
type end struct {
	t         *testing.T
	call      *Call
	out       *wire
	delivered []uint32
	serial    uint32 // payload of the next packet
}

func (e *end) send(now time.Time) {
	p := binary.BigEndian.AppendUint32(nil, e.serial)
	e.serial++
	b := make([]byte, MaxHeader+len(p))
	n := e.call.Send(now, len(p)).Put(b)
	e.out.send(now, append(b[:n], p...))
}

func (e *end) receive(now time.Time, b []byte) {
	h, p, err := Parse(b)
	if err != nil {
		e.t.Fatal(err)
	}
	if e.call.Receive(now, h, p) == Deliver {
		e.delivered = append(e.delivered, binary.BigEndian.Uint32(p))
	}
	e.flush(now)
}

func (e *end) flush(now time.Time) {
	e.delivered = drain(e.call, e.delivered)
	var b [MaxHeader]byte
	for n, ok := e.call.PollTransmit(b[:]); ok; n, ok = e.call.PollTransmit(b[:]) {
		e.out.send(now, b[:n])
	}
}

func TestLyingWire(t *testing.T) {
	tests := []struct {
		name         string
		loss, repeat float64
		jitter       time.Duration
		cfg          Config
		all          bool // whatever the wire does not lose arrives above
	}{
		{name: "good"},
		{name: "repeats", repeat: 0.3, all: true},
		// 1 ms apart: at most 20 packets overtake one, and 20 ms are short.
		{name: "reorders within bounds", jitter: 20 * ms, all: true},
		{name: "reorders and repeats within bounds", jitter: 20 * ms, repeat: 0.1, all: true},
		{name: "loses and reorders within bounds", jitter: 20 * ms, loss: 0.03, cfg: Config{Hold: 1000}, all: true},
		{name: "loses much", loss: 0.3, repeat: 0.1, jitter: 30 * ms},
		{name: "reorders beyond bounds", jitter: 2 * time.Second, loss: 0.1, repeat: 0.1},
		{name: "two may wait", jitter: 20 * ms, loss: 0.1, cfg: Config{Hold: 2}},
		{name: "none may wait", jitter: 20 * ms, loss: 0.1, repeat: 0.1, cfg: Config{HoldTime: -1}},
		{name: "small store", jitter: 50 * ms, loss: 0.1, cfg: Config{Store: NewStore(5, 100)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(8) {
				runWire(t, seed, test.loss, test.repeat, test.jitter, test.cfg, test.all || test.name == "good")
			}
		})
	}
}

func runWire(t *testing.T, seed uint64, loss, repeat float64, jitter time.Duration, cfg Config, all bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	newWire := func() *wire { return &wire{rng: rng, loss: loss, repeat: repeat, jitter: jitter} }
	cfg.PeerWindow = 64
	a := &end{t: t, call: NewCall(cfg), out: newWire()}
	b := &end{t: t, call: NewCall(cfg), out: newWire()}
	// Close to the wrap, and established: where a call begins, a lost first
	// packet is not told from a peer that numbers from 1.
	start := ^uint32(0) - uint32(rng.IntN(500))
	for _, e := range []*end{a, b} {
		e.call.tx.next, e.call.win.next, e.call.win.unacked = start, start, start
		e.call.rx.next, e.call.rx.released, e.call.rx.started = start, start, true
		e.call.tx.ack, e.call.tx.acked, e.call.tx.started = start-1, start-1, true
	}
	const packets = 1000
	for tick := range packets + 3000 {
		now := at(time.Duration(tick) * ms)
		for _, pair := range [][2]*end{{a, b}, {b, a}} {
			from, to := pair[0], pair[1]
			for _, p := range from.out.arrived(now) {
				to.receive(now, p)
			}
			if d, ok := to.call.PollTimeout(); ok && !d.After(now) {
				to.call.HandleTimeout(now)
				to.flush(now)
				if d, ok := to.call.PollTimeout(); ok && !d.After(now) {
					t.Fatalf("seed %d: a deadline stays after it was handled", seed)
				}
			}
		}
		if tick < packets {
			a.send(now)
			if tick%3 == 0 {
				b.send(now)
			}
		}
	}
	for _, pair := range [][2]*end{{a, b}, {b, a}} {
		from, to := pair[0], pair[1]
		n := to.call.Counters()
		for i, serial := range to.delivered {
			if i > 0 && serial <= to.delivered[i-1] {
				t.Fatalf("seed %d: %d delivered after %d", seed, serial, to.delivered[i-1])
			}
		}
		if all {
			want := int(from.serial)
			if loss == 0 {
				if len(to.delivered) != want || n.RxLost != 0 || n.RxLate != 0 {
					t.Fatalf("seed %d: %d of %d delivered, %+v", seed, len(to.delivered), want, n)
				}
			} else if n.RxLate != 0 || n.RxOver != 0 {
				t.Fatalf("seed %d: dropped what the wire carried: %+v", seed, n)
			}
		}
		if to.call.Holding() != 0 {
			t.Fatalf("seed %d: %d held for ever", seed, to.call.Holding())
		}
		if n.Resyncs != 0 || n.RxAcksWrong != 0 {
			t.Fatalf("seed %d: %+v", seed, n)
		}
		// Every delivered packet is one that was in order or held.
		if got := n.RxInOrder + n.RxBuffered; got != uint64(len(to.delivered)) {
			t.Fatalf("seed %d: %d counted, %d delivered", seed, got, len(to.delivered))
		}
		// With the tail of the conversation lost the last numbers stay open.
		last := to.delivered[len(to.delivered)-1]
		if got := n.RxLost + uint64(len(to.delivered)); got != uint64(last)+1 {
			t.Fatalf("seed %d: %d lost and %d delivered of %d", seed, n.RxLost, len(to.delivered), last+1)
		}
	}
	if loss == 0 && (a.call.Outstanding() != 0 || b.call.Outstanding() != 0) {
		t.Fatalf("seed %d: %d and %d never acknowledged", seed, a.call.Outstanding(), b.call.Outstanding())
	}
}

func TestNoAllocations(t *testing.T) {
	c := NewCall(Config{PeerWindow: 8})
	payload := make([]byte, 1400)
	var hdr [MaxHeader]byte
	raw := make([]byte, MaxHeader+len(payload))
	seq, now := uint32(0), at(0)
	check := func(name string, f func()) {
		t.Helper()
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	check("in order", func() {
		now = now.Add(ms)
		n := Header{Seq: seq, HasSeq: true, Ack: c.tx.next - 1, HasAck: true, PayloadLen: 1400}.Put(raw)
		h, p, err := Parse(raw[:n+1400])
		if err != nil || c.Receive(now, h, p) != Deliver {
			t.Fatal(seq, err)
		}
		seq++
		c.Send(now, 1400).Put(hdr[:])
		c.PollTransmit(hdr[:])
		c.PollTimeout()
	})
	check("out of order", func() {
		now = now.Add(ms)
		for _, s := range []uint32{seq + 2, seq + 1, seq + 1, seq} {
			c.Receive(now, Header{Seq: s, HasSeq: true, PayloadLen: 1400}, payload)
			for _, ok := c.Next(); ok; _, ok = c.Next() {
			}
		}
		seq += 3
	})
	check("gap and time-outs", func() {
		seq += 2
		c.Receive(now, Header{Seq: seq, HasSeq: true, PayloadLen: 1400}, payload)
		seq++
		now = now.Add(time.Second)
		c.HandleTimeout(now)
		for _, ok := c.Next(); ok; _, ok = c.Next() {
		}
		c.PollTransmit(hdr[:])
		c.Send(now, 1)
	})
	check("malformed", func() {
		if _, _, err := Parse(raw[:3]); err == nil {
			t.Fatal("no error")
		}
	})
	if n := c.Counters(); n.RxBuffered == 0 || n.RxLost == 0 || n.TxAcks == 0 || n.RxRepeated == 0 {
		t.Fatalf("the test does not test: %+v", n)
	}
}

// FuzzCall gives a call arbitrary packets at arbitrary moments. Four octets
// make one step: a kind, a number of two octets, a time.
func FuzzCall(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 5, 255}, uint32(0))
	f.Add([]byte{0, 255, 255, 1, 0, 0, 1, 1, 1, 0, 5, 255, 2, 1, 1, 1, 3, 0, 0, 0}, uint32(0xffffff00))
	f.Fuzz(func(t *testing.T, b []byte, start uint32) {
		store := NewStore(6, 64)
		c := NewCall(Config{Hold: 4, Window: 6, PeerWindow: 2, Store: store})
		now := at(0)
		delivered := false
		var last uint32
		deliver := func(p []byte) {
			seq := binary.BigEndian.Uint32(p)
			if delivered && int32(seq-last) <= 0 {
				t.Fatalf("%d delivered after %d", seq, last)
			}
			delivered, last = true, seq
		}
		var buf [MaxHeader]byte
		for ; len(b) >= 4; b = b[4:] {
			now = now.Add(time.Duration(b[3]) * 4 * ms)
			c.HandleTimeout(now)
			// Three kinds of number: near the start, far, far beyond.
			seq := start + uint32(b[1])<<8 + uint32(b[2])
			if b[0]&0x10 != 0 {
				seq = uint32(b[1])<<24 | uint32(b[2])
			}
			h := Header{HasSeq: b[0]&1 == 0, HasAck: b[0]&2 != 0, Seq: seq, Ack: seq}
			switch {
			case b[0]&8 != 0:
				h := c.Send(now, int(b[1]))
				if b[0]&0x20 != 0 {
					c.Unsent(now, h)
				}
			default:
				p := make([]byte, 4+int(b[0]>>5)*12)
				binary.BigEndian.PutUint32(p, seq)
				if c.Receive(now, h, p) == Deliver {
					deliver(p)
				}
			}
			if b[0]&4 == 0 { // an owner that does not always call Next
				for p, ok := c.Next(); ok; p, ok = c.Next() {
					deliver(p)
				}
			}
			c.PollTransmit(buf[:])
			if _, ok := c.PollTransmit(buf[:]); ok {
				t.Fatal("two acknowledgements")
			}
			if n := c.Holding(); n > 5 || n+store.Free() != 6 {
				t.Fatalf("%d held, %d free", n, store.Free())
			}
			if c.Outstanding() < 0 || c.Outstanding() > int(c.Counters().TxPackets) {
				t.Fatalf("%d outstanding", c.Outstanding())
			}
		}
		// Nothing stays for ever.
		for i := 0; ; i++ {
			for p, ok := c.Next(); ok; p, ok = c.Next() {
				deliver(p)
			}
			c.PollTransmit(buf[:])
			d, ok := c.PollTimeout()
			if !ok {
				break
			}
			if i > 100 {
				t.Fatal("deadlines without an end")
			}
			if d.After(now) {
				now = d
			}
			c.HandleTimeout(now)
		}
		if c.Holding() != 0 {
			t.Fatalf("%d held for ever", c.Holding())
		}
	})
}

func BenchmarkInOrder(b *testing.B) {
	c := NewCall(Config{})
	payload := make([]byte, 1400)
	now := at(0)
	var hdr [MaxHeader]byte
	b.ReportAllocs()
	for i := range b.N {
		c.Receive(now, Header{Seq: uint32(i), HasSeq: true, PayloadLen: 1400}, payload)
		c.Next()
		c.PollTransmit(hdr[:])
		c.PollTimeout()
	}
}

func BenchmarkSend(b *testing.B) {
	c := NewCall(Config{PeerWindow: 64})
	now := at(0)
	var hdr [MaxHeader]byte
	b.ReportAllocs()
	for range b.N {
		c.Send(now, 1400).Put(hdr[:])
	}
}
