package gre

import (
	"encoding/binary"
	"testing"
	"time"
)

var epoch = time.Unix(1_000_000_000, 0)

// at is a moment of virtual time.
func at(d time.Duration) time.Time { return epoch.Add(d) }

const ms = time.Millisecond

// data is a packet whose payload tells its number.
func data(seq uint32) (Header, []byte) {
	p := binary.BigEndian.AppendUint32(nil, seq)
	return Header{Seq: seq, HasSeq: true, PayloadLen: 4}, p
}

// take gives the call a packet and collects what is delivered.
func take(c *Call, now time.Time, seq uint32, out []uint32) (Verdict, []uint32) {
	h, p := data(seq)
	v := c.Receive(now, h, p)
	if v == Deliver {
		out = append(out, binary.BigEndian.Uint32(p))
	}
	return v, drain(c, out)
}

func drain(c *Call, out []uint32) []uint32 {
	for p, ok := c.Next(); ok; p, ok = c.Next() {
		out = append(out, binary.BigEndian.Uint32(p))
	}
	return out
}

func equal(a, b []uint32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// step is one packet of a receive test.
type step struct {
	at   time.Duration
	seq  uint32
	want Verdict
	out  []uint32 // what is delivered by then
}

// tick in place of a number is nothing but time passing.
const tick = 0xeeeeeeee

func runSteps(t *testing.T, c *Call, steps []step) {
	t.Helper()
	for i, s := range steps {
		var out []uint32
		now := at(s.at)
		c.HandleTimeout(now)
		out = drain(c, out)
		if s.seq != tick {
			var v Verdict
			if v, out = take(c, now, s.seq, out); v != s.want {
				t.Fatalf("step %d, packet %d: %v, want %v", i, s.seq, v, s.want)
			}
		}
		if !equal(out, s.out) {
			t.Fatalf("step %d, packet %d: delivered %d, want %d", i, s.seq, out, s.out)
		}
	}
}

func TestReceive(t *testing.T) {
	const top = 0xffffffff
	tests := []struct {
		name  string
		cfg   Config
		start uint32 // the number expected first
		steps []step
		want  Counters
	}{
		{name: "in order from 0", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 1, Deliver, []uint32{1}}, {0, 2, Deliver, []uint32{2}},
		}, want: Counters{RxInOrder: 3}},
		{name: "from 1, and 0 is late", steps: []step{
			{0, 1, Deliver, []uint32{1}}, {0, 2, Deliver, []uint32{2}}, {0, 0, Late, nil},
		}, want: Counters{RxInOrder: 2, RxLate: 1}},
		{name: "two swapped", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Buffered, nil}, {ms, 1, Deliver, []uint32{1, 2}}, {ms, 3, Deliver, []uint32{3}},
		}, want: Counters{RxInOrder: 3, RxBuffered: 1}},
		{name: "the first two swapped with the second one 2", steps: []step{
			{0, 2, Buffered, nil}, {ms, 1, Deliver, []uint32{1, 2}},
		}, want: Counters{RxInOrder: 1, RxBuffered: 1}},
		{name: "the gap is given up by time", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Buffered, nil}, {200 * ms, 3, Buffered, nil},
			{299 * ms, tick, 0, nil}, {300 * ms, tick, 0, []uint32{2, 3}}, {301 * ms, 1, Late, nil},
		}, want: Counters{RxInOrder: 1, RxBuffered: 2, RxLost: 1, RxLate: 1}},
		{name: "each packet has its own time", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Buffered, nil}, {100 * ms, 4, Buffered, nil},
			{300 * ms, tick, 0, []uint32{2}}, {399 * ms, tick, 0, nil}, {400 * ms, tick, 0, []uint32{4}},
		}, want: Counters{RxInOrder: 1, RxBuffered: 2, RxLost: 2}},
		{name: "a lower one that came later goes with a higher one", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 4, Buffered, nil}, {100 * ms, 2, Buffered, nil},
			{300 * ms, tick, 0, []uint32{2, 4}},
		}, want: Counters{RxInOrder: 1, RxBuffered: 2, RxLost: 2}},
		{name: "the gap is given up by room", cfg: Config{Hold: 2}, steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Buffered, nil}, {0, 4, Buffered, nil}, {0, 5, Buffered, []uint32{2}},
			{0, 6, Buffered, []uint32{4, 5, 6}}, {0, 7, Deliver, []uint32{7}},
		}, want: Counters{RxInOrder: 2, RxBuffered: 4, RxLost: 2}},
		{name: "repeated while held, after, and long after", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Buffered, nil}, {0, 2, Repeated, nil}, {0, 0, Repeated, nil},
			{0, 1, Deliver, []uint32{1, 2}}, {0, 1, Repeated, nil}, {0, 2, Repeated, nil},
		}, want: Counters{RxInOrder: 2, RxBuffered: 1, RxRepeated: 4}},
		{name: "no holding", cfg: Config{HoldTime: -1}, steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Deliver, []uint32{2}}, {0, 1, Late, nil}, {0, 2, Repeated, nil}, {0, 3, Deliver, []uint32{3}},
		}, want: Counters{RxInOrder: 3, RxLost: 1, RxLate: 1, RxRepeated: 1}},
		{name: "wrap in order", start: top, steps: []step{
			{0, top, Deliver, []uint32{top}}, {0, 0, Deliver, []uint32{0}}, {0, 1, Deliver, []uint32{1}}, {0, top, Repeated, nil},
		}, want: Counters{RxInOrder: 3, RxRepeated: 1}},
		{name: "wrap out of order", start: top - 1, steps: []step{
			{0, top, Buffered, nil}, {0, 1, Buffered, nil}, {0, top - 1, Deliver, []uint32{top - 1, top}},
			{0, 0, Deliver, []uint32{0, 1}},
		}, want: Counters{RxInOrder: 2, RxBuffered: 2}},
		{name: "wrap inside a gap that is given up", start: top, steps: []step{
			{0, 2, Buffered, nil}, {300 * ms, tick, 0, []uint32{2}}, {300 * ms, top, Late, nil}, {300 * ms, 0, Late, nil},
		}, want: Counters{RxBuffered: 1, RxLost: 3, RxLate: 2}},
		{name: "one wild number is not believed", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 1 << 20, Over, nil}, {0, 1, Deliver, []uint32{1}}, {0, 1<<20 + 1, Over, nil},
			{0, 2, Deliver, []uint32{2}}, {0, 1<<20 + 2, Over, nil}, {0, 3, Deliver, []uint32{3}},
		}, want: Counters{RxInOrder: 4, RxOver: 3}},
		{name: "three in a row are", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 1 << 20, Over, nil}, {0, 1<<20 + 1, Over, nil}, {0, 1<<20 + 3, Deliver, []uint32{1<<20 + 3}},
			{0, 1<<20 + 4, Deliver, []uint32{1<<20 + 4}}, {0, 1, Late, nil},
		}, want: Counters{RxInOrder: 3, RxOver: 2, RxLate: 1, Resyncs: 1}},
		{name: "a jump behind held packets keeps the order", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Buffered, nil}, {0, 9000, Over, nil}, {0, 9001, Over, nil},
			{0, 9002, Buffered, []uint32{2, 9002}}, {0, 9003, Deliver, []uint32{9003}},
		}, want: Counters{RxInOrder: 2, RxBuffered: 2, RxOver: 2, RxLost: 1, Resyncs: 1}},
		{name: "neither ahead nor behind", steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 0x7ffffff0, Over, nil}, {0, 0x7ffffff1, Over, nil}, {0, 0x7ffffff2, Over, nil},
			{0, 0x80000001, Late, nil}, {0, 0x80000002, Late, nil}, {0, 1, Deliver, []uint32{1}},
		}, want: Counters{RxInOrder: 2, RxOver: 3, RxLate: 2}},
		{name: "too long to hold", cfg: Config{Store: NewStore(4, 3)}, steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Over, nil}, {0, 1, Deliver, []uint32{1}},
		}, want: Counters{RxInOrder: 2, RxOversize: 1}},
		{name: "store used up by others", cfg: Config{Store: NewStore(0, 100)}, steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Deliver, []uint32{2}}, {0, 1, Late, nil},
		}, want: Counters{RxInOrder: 2, RxLost: 1, RxLate: 1}},
		{name: "store used up by own packets", cfg: Config{Store: NewStore(2, 100)}, steps: []step{
			{0, 0, Deliver, []uint32{0}}, {0, 2, Buffered, nil}, {0, 4, Buffered, nil}, {0, 6, Over, []uint32{2}},
			{0, 5, Buffered, nil}, {0, 3, Deliver, []uint32{3, 4, 5}},
		}, want: Counters{RxInOrder: 2, RxBuffered: 3, RxLost: 1, RxOver: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.cfg.HoldTime == 0 {
				test.cfg.HoldTime = 300 * ms // what the steps reckon with
			}
			c := NewCall(test.cfg)
			if test.start != 0 {
				c.rx.next, c.rx.released, c.rx.started = test.start, test.start, true
			}
			runSteps(t, c, test.steps)
			got := c.Counters()
			got.RxAcks, got.RxAcksAlone, got.RxAcksWrong = 0, 0, 0
			if got != test.want {
				t.Fatalf("counters\n%+v, want\n%+v", got, test.want)
			}
			if c.Holding() != 0 {
				t.Fatalf("%d still held", c.Holding())
			}
		})
	}
}

func TestDeadlineOfGap(t *testing.T) {
	c := NewCall(Config{HoldTime: 100 * ms, AckDelay: time.Hour})
	take(c, at(0), 0, nil)
	take(c, at(10*ms), 2, nil)
	take(c, at(20*ms), 3, nil)
	if d, ok := c.PollTimeout(); !ok || !d.Equal(at(110*ms)) {
		t.Fatalf("deadline %v, %v", d.Sub(epoch), ok)
	}
	c.HandleTimeout(at(110 * ms))
	if out := drain(c, nil); !equal(out, []uint32{2, 3}) {
		t.Fatal(out)
	}
	if d, _ := c.PollTimeout(); !d.Equal(at(time.Hour)) {
		t.Fatalf("deadline %v is not the acknowledgement's", d.Sub(epoch))
	}
}

func TestCloseGivesSlotsBack(t *testing.T) {
	s := NewStore(8, 100)
	a, b := NewCall(Config{Store: s}), NewCall(Config{Store: s})
	for seq := uint32(2); seq < 6; seq++ {
		take(a, at(0), seq, nil)
		take(b, at(0), seq, nil)
	}
	if s.Free() != 0 {
		t.Fatalf("%d free", s.Free())
	}
	a.Close()
	if s.Free() != 4 || a.Holding() != 0 {
		t.Fatalf("%d free", s.Free())
	}
	if out := drain(b, nil); out != nil {
		t.Fatal(out)
	}
	b.HandleTimeout(at(time.Second))
	if out := drain(b, nil); !equal(out, []uint32{2, 3, 4, 5}) {
		t.Fatal(out)
	}
	if s.Free() != 8 {
		t.Fatalf("%d free", s.Free())
	}
}

// An owner that does not call Next at once loses nothing and gets nothing twice.
func TestNextIsLate(t *testing.T) {
	c := NewCall(Config{})
	for _, s := range []step{
		{0, 0, Deliver, nil}, {0, 2, Buffered, nil}, {0, 1, Deliver, nil},
		{0, 2, Repeated, nil}, {0, 3, Buffered, nil}, {0, 5, Buffered, nil},
	} {
		h, p := data(s.seq)
		if v := c.Receive(at(s.at), h, p); v != s.want {
			t.Fatalf("packet %d: %v, want %v", s.seq, v, s.want)
		}
	}
	c.HandleTimeout(at(time.Second))
	h, p := data(4) // in time after all: 5 still waits
	if v := c.Receive(at(time.Second), h, p); v != Buffered {
		t.Fatal(v)
	}
	if out := drain(c, nil); !equal(out, []uint32{2, 3, 4, 5}) || c.Counters().RxLost != 0 {
		t.Fatal(out, c.Counters())
	}
}

// acks is what PollTransmit gives, decoded.
func acks(t *testing.T, c *Call) (out []uint32) {
	t.Helper()
	var b [MaxHeader]byte
	for n, ok := c.PollTransmit(b[:]); ok; n, ok = c.PollTransmit(b[:]) {
		h, payload, err := Parse(b[:n])
		if err != nil || h.HasSeq || !h.HasAck || payload != nil || h.CallID != 77 {
			t.Fatalf("%x: %+v, %v", b[:n], h, err)
		}
		out = append(out, h.Ack)
	}
	return out
}

func TestAckTravelsWithData(t *testing.T) {
	c := NewCall(Config{PeerCallID: 77})
	if h := c.Send(at(0), 5); h != (Header{CallID: 77, PayloadLen: 5, HasSeq: true}) {
		t.Fatalf("first packet %+v", h)
	}
	take(c, at(0), 0, nil)
	take(c, at(0), 1, nil)
	if h := c.Send(at(0), 0); h.Seq != 1 || !h.HasAck || h.Ack != 1 {
		t.Fatalf("second packet %+v", h)
	}
	if h := c.Send(at(0), 0); h.Seq != 2 || h.HasAck {
		t.Fatalf("third packet %+v: nothing new to acknowledge", h)
	}
	if d, _ := c.PollTimeout(); d != at(nudgeAfter) {
		t.Fatalf("next deadline %v, want the nudge's", d)
	}
	c.HandleTimeout(at(nudgeAfter - 1))
	if got := acks(t, c); got != nil {
		t.Fatal(got)
	}
}

func TestDelayedAck(t *testing.T) {
	c := NewCall(Config{PeerCallID: 77})
	take(c, at(0), 0, nil)
	take(c, at(40*ms), 1, nil)
	if d, ok := c.PollTimeout(); !ok || !d.Equal(at(50*ms)) {
		t.Fatalf("deadline %v", d.Sub(epoch))
	}
	c.HandleTimeout(at(49 * ms))
	if got := acks(t, c); got != nil {
		t.Fatal("early", got)
	}
	c.HandleTimeout(at(50 * ms))
	if got := acks(t, c); !equal(got, []uint32{1}) {
		t.Fatal(got)
	}
	if n := c.Counters().TxAcks; n != 1 {
		t.Fatal(n)
	}
}

func TestAckAtHalfOfWindow(t *testing.T) {
	for _, window := range []int{1, 2, 3, 4, 64} {
		c := NewCall(Config{PeerCallID: 77, Window: window})
		half := max(1, window/2)
		last := -1
		for seq := range 3 * half {
			take(c, at(0), uint32(seq), nil)
			for _, a := range acks(t, c) {
				if int(a) != seq || seq-last != half {
					t.Fatalf("window %d: %d acknowledged at %d after %d", window, a, seq, last)
				}
				last = seq
			}
		}
		if last != 3*half-1 {
			t.Fatalf("window %d: last acknowledgement %d", window, last)
		}
	}
}

// A held packet is received: its number is acknowledged (RFC 2637 section 4.3),
// and the missing one behind it changes nothing.
func TestAckNamesTheHighest(t *testing.T) {
	c := NewCall(Config{PeerCallID: 77})
	for _, seq := range []uint32{0, 1, 2, 4} {
		take(c, at(0), seq, nil)
	}
	if h := c.Send(at(0), 1); !h.HasAck || h.Ack != 4 {
		t.Fatalf("%+v", h)
	}
	take(c, at(0), 3, nil)
	if h := c.Send(at(0), 1); h.HasAck {
		t.Fatalf("%+v", h)
	}
	take(c, at(0), 1<<20, nil) // not believed, not acknowledged
	if h := c.Send(at(0), 1); h.HasAck {
		t.Fatalf("%+v", h)
	}
}

func TestUnsent(t *testing.T) {
	c := NewCall(Config{PeerCallID: 77, PeerWindow: 1})
	c.Send(at(0), 1)
	take(c, at(0), 0, nil)
	h := c.Send(at(0), 1)
	c.Unsent(at(0), h)
	if c.Outstanding() != 1 {
		t.Fatal(c.Outstanding())
	}
	again := c.Send(at(0), 1)
	if again != h || !again.HasAck {
		t.Fatalf("%+v, want %+v", again, h)
	}
	c.Send(at(0), 1)
	c.Unsent(at(0), again) // not the last one
	if h := c.Send(at(0), 1); h.Seq != 3 {
		t.Fatalf("%+v", h)
	}
	c.Receive(at(0), Header{HasAck: true, Ack: 3}, nil)
	c.Unsent(at(0), Header{HasSeq: true, Seq: 3}) // acknowledged, so it was sent
	if c.Outstanding() != 0 || c.Send(at(0), 1).Seq != 4 {
		t.Fatal("numbers went back")
	}
}

func TestSendWraps(t *testing.T) {
	c := NewCall(Config{PeerWindow: 2})
	c.tx.next, c.win.next, c.win.unacked = 0xfffffffe, 0xfffffffe, 0xfffffffe
	for _, want := range []uint32{0xfffffffe, 0xffffffff, 0, 1} {
		if h := c.Send(at(0), 1); h.Seq != want {
			t.Fatalf("%d, want %d", h.Seq, want)
		}
	}
	c.Receive(at(ms), Header{HasAck: true, Ack: 0}, nil)
	if c.Outstanding() != 1 || c.Counters().RxAcks != 1 {
		t.Fatal(c.Outstanding())
	}
	c.Receive(at(ms), Header{HasAck: true, Ack: 0xffffffff}, nil) // old
	c.Receive(at(ms), Header{HasAck: true, Ack: 2}, nil)          // never sent
	if n := c.Counters(); c.Outstanding() != 1 || n.RxAcks != 1 || n.RxAcksWrong != 1 {
		t.Fatal(c.Outstanding(), n)
	}
}
