package path

import (
	"testing"

	"dun/dialup/ppp"
)

// TestWireTakesPart: what the wire does not take waits, bounded, goes first
// when it does, and everything arrives in order.
func TestWireTakesPart(t *testing.T) {
	for _, m := range shapedModes {
		r, from, to := shapedRig(t, m.policy, m.mode)
		idle := len(r.loop.small.idle)
		b, shape := big{payload: 48_000, size: 1200, flags: flagACK}.packet()
		want := segments(t, b, shape)
		from.in, from.shapes = [][]byte{b, b}, []Shape{shape, shape}
		r.a.wire.limited, r.a.wire.room = true, 7
		r.a.Ready(r.now, Readable)
		if len(r.a.unsent) != 33 || !r.a.paused || len(from.in) != 1 {
			t.Fatalf("%s: %d wait, paused %v, %d unread", m.name, len(r.a.unsent), r.a.paused, len(from.in))
		}
		r.a.Ready(r.now, Readable)
		if len(from.in) != 1 {
			t.Errorf("%s: read while frames wait", m.name)
		}
		for room := 10; r.a.paused; room += 20 {
			r.a.wire.full, r.a.wire.room = false, room
			r.a.WireReady(r.now)
		}
		r.deliverBatch(r.a, r.b)
		if got := to.take(t); !same(got, want) {
			t.Errorf("%s: %d of %d packets came through as they were", m.name, len(got), len(want))
		}
		r.a.wire.limited = false
		r.a.Ready(r.now, Readable)
		r.deliverBatch(r.a, r.b)
		if got := to.take(t); !same(got, want) {
			t.Errorf("%s: then %d of %d packets came through as they were", m.name, len(got), len(want))
		}
		if d := r.a.Counters.Dropped; d != (Drops{}) || r.a.Counters.PacketsOut != 80 || r.a.Counters.BytesOut != 2*sizeOf(want) {
			t.Errorf("%s: %+v", m.name, r.a.Counters)
		}
		if n := len(r.loop.small.idle); n != idle {
			t.Errorf("%s: %d buffers, %d before", m.name, n, idle)
		}
	}
}

func sizeOf(packets [][]byte) (n uint64) {
	for _, p := range packets {
		n += uint64(len(p))
	}
	return n
}

// TestOldestDropped: more than may wait.
func TestOldestDropped(t *testing.T) {
	r, from, to := shapedRig(t, ppp.Require, stateless128)
	idle := len(r.loop.small.idle)
	b, shape := big{payload: 60_000, size: 600, flags: flagACK}.packet()
	want := segments(t, b, shape)
	from.in, from.shapes = [][]byte{b}, []Shape{shape}
	r.a.wire.limited, r.a.wire.room = true, 0
	r.a.Ready(r.now, Readable)
	if n := len(r.a.unsent); n != DefaultBatch || r.a.Counters.Dropped.Waited != uint64(len(want)-n) {
		t.Fatalf("%d wait of %d, %+v", n, len(want), r.a.Counters.Dropped)
	}
	// A frame of the session's that the wire refuses goes before them.
	r.a.wire.onSend = func([]byte) error { return errWire }
	r.a.session.ResetCompressor(r.now)
	r.a.drain(r.now)
	if r.a.urgent != 1 || len(r.a.unsent) != DefaultBatch {
		t.Errorf("%d of %d are urgent", r.a.urgent, len(r.a.unsent))
	}
	r.a.wire.onSend, r.a.wire.limited, r.a.wire.full = nil, false, false
	r.a.WireReady(r.now)
	if p, _, _ := ppp.ParseHeader(r.a.wire.queue[0]); p != ppp.ProtoCCP {
		t.Errorf("first went %v", p)
	}
	r.deliverBatch(r.a, r.b)
	if got := to.take(t); !same(got, want[len(want)-len(got):]) || len(got) != DefaultBatch-1 {
		t.Errorf("%d packets came through", len(got))
	}
	if n := len(r.loop.small.idle); n != idle {
		t.Errorf("%d buffers, %d before", n, idle)
	}
}

// TestRemoveWhileWaiting gives every buffer back.
func TestRemoveWhileWaiting(t *testing.T) {
	r, from, _ := shapedRig(t, ppp.Require, stateless128)
	small, large := len(r.loop.small.idle), len(r.loop.large.idle)
	b, shape := big{payload: 40_000, size: 1200, flags: flagACK}.packet()
	from.in, from.shapes = [][]byte{b}, []Shape{shape}
	r.a.wire.limited, r.a.wire.room = true, 10
	r.a.Ready(r.now, Readable)
	for _, f := range r.a.wire.queue {
		r.b.Collect(r.now, f)
	}
	r.loop.Remove(r.a.Link)
	r.loop.Remove(r.b.Link)
	r.loop.Flush(r.now)
	if s, l := len(r.loop.small.idle), len(r.loop.large.idle); s != small || l != large {
		t.Errorf("%d and %d buffers, %d and %d before", s, l, small, large)
	}
}

// TestFewBuffers: with the least memory nothing is lost that the wire takes at
// once, and nothing blocks.
func TestFewBuffers(t *testing.T) {
	for _, m := range shapedModes {
		r, from, to := shapedRig(t, m.policy, m.mode)
		r.loop.small, r.loop.large = newPool(4, SmallSize), newPool(1, LargeSize)
		var want [][]byte
		for i := range uint16(9) {
			b, shape := big{payload: 20_000, size: 1000, flags: flagACK, id: 20 * i, seq: 20_000 * uint32(i)}.packet()
			from.in, from.shapes = append(from.in, b), append(from.shapes, shape)
			want = append(want, segments(t, b, shape)...)
		}
		for len(from.in) > 0 {
			r.a.Ready(r.now, Readable)
		}
		r.deliverBatch(r.a, r.b)
		if got := to.take(t); !same(got, want) {
			t.Errorf("%s: %d of %d came through, %+v, %+v", m.name, len(got), len(want), r.a.Counters.Dropped, r.b.Counters.Dropped)
		}
		if len(r.loop.small.idle) != 4 || len(r.loop.large.idle) != 1 {
			t.Error("buffers are missing")
		}
	}
}

// TestEmptyPool drops and counts.
func TestEmptyPool(t *testing.T) {
	r, from, to := shapedRig(t, ppp.Require, stateless128)
	b, shape := big{payload: 2000, size: 1000, flags: flagACK}.packet()
	from.in, from.shapes = [][]byte{b}, []Shape{shape}
	r.a.Ready(r.now, Readable)
	small, large := r.loop.small, r.loop.large
	r.loop.small = newPool(0, SmallSize)
	r.deliverBatch(r.a, r.b)
	from.in, from.shapes = [][]byte{b}, []Shape{shape}
	r.a.Ready(r.now, Readable)
	r.loop.small, r.loop.large = small, newPool(0, LargeSize)
	from.in, from.shapes = [][]byte{b}, []Shape{shape}
	r.a.Ready(r.now, Readable)
	if n := r.b.Counters.Dropped.NoBuffer; n != 2 || len(to.out) != 0 {
		t.Errorf("received: %d dropped", n)
	}
	if n := r.a.Counters.Dropped.NoBuffer; n != 2 {
		t.Errorf("sent: %d dropped", n)
	}
	r.loop.large = large
}

// TestDataBehindKeys: a data frame behind the CCP packets that settle its keys,
// or change them, meets the right ones, though all come in one batch.
func TestDataBehindKeys(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig())
	r.a.Link.wire, r.b.Link.wire = batchWire{r.a.wire}, batchWire{r.b.wire}
	r.open()
	for _, e := range []*end{r.a, r.b} {
		e.SetTUN(e.tun, 1396)
	}
	var got int
	for range 10_000 {
		for _, way := range [][2]*end{{r.a, r.b}, {r.b, r.a}} {
			if way[0].ipv4 && len(way[0].tun.out) == 0 {
				way[0].tun.in = append(way[0].tun.in, packet4(1, 100))
				way[0].Ready(r.now, Readable)
			}
			r.deliverBatch(way[0], way[1])
		}
		got = len(r.a.tun.out) + len(r.b.tun.out)
		if got > 20 {
			break
		}
	}
	for _, e := range []*end{r.a, r.b} {
		if d := e.Counters.Dropped; d.Undecryptable != 0 || d.NotNetwork != 0 {
			t.Errorf("%+v", d)
		}
	}
	if got == 0 {
		t.Error("nothing came through")
	}
}
