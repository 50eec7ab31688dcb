package path

import (
	"testing"
	"time"
)

// TestRest: who rests, and how long.
func TestRest(t *testing.T) {
	l := &Loop{cfg: Config{Batch: 64}}
	const none, ms = -1, time.Millisecond
	for _, c := range []struct {
		name           string
		moved          int
		steady         bool
		took, deadline time.Duration
		want           time.Duration
	}{
		{"nothing moved", 0, false, ms, none, 0},
		{"a packet now and then", dense - 1, false, ms, none, 0},
		{"several, as long as they took", dense, false, 300 * time.Microsecond, none, 300 * time.Microsecond},
		{"a slow machine", 63, false, 40 * ms, none, maxRest},
		{"one of a steady flow", 1, true, ms / 10, none, steadyRest},
		{"many of a steady flow", 63, true, 4 * ms, none, 4 * ms},
		{"a steady flow that fills batches", 64, true, ms, none, 0},
		{"a deadline comes before a steady flow", 1, true, ms / 10, 2 * ms, 0},
		{"more wait already", 64, false, ms, none, 0},
		{"a deadline comes first", 32, false, ms, ms / 2, 0},
		{"a later deadline", 32, false, ms, 2 * ms, ms},
		{"a deadline that has passed", 32, false, ms, 0, 0},
	} {
		if got := l.rest(c.moved, c.steady, c.took, c.deadline); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestGather: packets both ways count, and each turn for itself.
func TestGather(t *testing.T) {
	r, to, _ := shapedRig(t, 0, stateless128)
	b, s := big{payload: 20000, size: 1000, flags: flagACK, seq: 5}.packet()
	r.loop.moved = 0
	r.arrive(t, to, segments(t, b, s)...)
	if r.loop.moved != 40 { // 20 sent by one end of the rig, 20 received by the other
		t.Errorf("%d packets moved, want 40", r.loop.moved)
	}
	if r.loop.gather(); r.loop.moved != 0 {
		t.Error("the next turn begins with packets of this one")
	}
}
