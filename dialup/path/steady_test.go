package path

import (
	"testing"
	"time"
)

// sender gives the time of its next packet: after the last one came, and after
// the loop took it.
type sender func(came, taken time.Time) time.Time

// metronome sends every d, whatever becomes of it.
func metronome(d time.Duration) sender {
	return func(came, _ time.Time) time.Time { return came.Add(d) }
}

// dialogue sends its next packet d after the last one went through.
func dialogue(d time.Duration) sender {
	return func(_, taken time.Time) time.Time { return taken.Add(d) }
}

// road is a loop in virtual time that flows pass.
type road struct {
	steady
	now, start time.Time
	flows      []sender
	next       []time.Time
	packets    []int // of each sender
	turns      int
	rests      int
}

func newRoad(flows ...sender) *road {
	r := &road{flows: flows, start: time.Unix(1e9, 0), packets: make([]int, len(flows))}
	r.now = r.start
	for i := range flows {
		r.next = append(r.next, r.now.Add(time.Duration(i+1)*time.Microsecond))
	}
	return r
}

// run lets flows pass for d.
func (r *road) run(d time.Duration) {
	for end := r.now.Add(d); r.now.Before(end); {
		first := r.next[0]
		for _, t := range r.next {
			if t.Before(first) {
				first = t
			}
		}
		if first.After(r.now) {
			r.now = first
		}
		moved := 0
		for i, t := range r.next {
			for ; !t.After(r.now); moved++ {
				r.packets[i]++
				t = r.flows[i](t, r.now)
			}
			r.next[i] = t
		}
		r.turns++
		if r.passed(r.now, moved) {
			r.rests++
			r.now = r.now.Add(steadyRest)
		}
	}
}

// reset begins to count anew.
func (r *road) reset() {
	clear(r.packets)
	r.turns, r.rests = 0, 0
}

// TestSteadyMetronome: packets that keep time come together.
func TestSteadyMetronome(t *testing.T) {
	r := newRoad(metronome(time.Millisecond))
	r.run(10 * time.Second)
	if each := float64(r.packets[0]) / float64(r.turns); each < 2.5 {
		t.Errorf("%.2f packets a turn", each)
	}
	if r.packets[0] < 9990 {
		t.Errorf("%d packets in 10 s", r.packets[0])
	}
}

// TestSteadySlow: a packet now and then, or many in a turn, is none of its business.
func TestSteadySlow(t *testing.T) {
	for _, f := range []sender{metronome(5 * time.Millisecond), metronome(120 * time.Millisecond), dialogue(3 * time.Millisecond)} {
		if r := newRoad(f); r.passed(r.now, 0) {
			t.Error("rest after nothing")
		} else if r.run(10 * time.Second); r.rests > 0 {
			t.Errorf("%d rests in %d turns", r.rests, r.turns)
		}
	}
	var s steady
	now := time.Unix(1e9, 0)
	for range 1000 {
		if now = now.Add(time.Millisecond); s.passed(now, 4) {
			t.Fatal("a rest between packets that are together already")
		}
	}
}

// TestSteadyDialogue: who waits for an answer is not kept waiting, but for a
// trial now and then.
func TestSteadyDialogue(t *testing.T) {
	for _, d := range []time.Duration{100 * time.Microsecond, 300 * time.Microsecond, time.Millisecond, 2 * time.Millisecond} {
		r := newRoad(dialogue(d))
		r.run(time.Minute)
		if want := int(time.Minute / d); r.packets[0] < want*98/100 {
			t.Errorf("each %v: %d packets in a minute, of %d", d, r.packets[0], want)
		}
		if r.reset(); r.packets[0] != 0 {
			t.Fatal("counts go on")
		}
		r.run(time.Minute) // the trials are rarer by now
		if want := int(time.Minute / d); r.packets[0] < want*99/100 {
			t.Errorf("each %v: %d packets in the second minute, of %d", d, r.packets[0], want)
		}
	}
}

// TestSteadyBoth: a dialogue that joins a flow which rests is seen.
func TestSteadyBoth(t *testing.T) {
	talk := dialogue(300 * time.Microsecond)
	silent := true
	r := newRoad(metronome(time.Millisecond), func(came, taken time.Time) time.Time {
		if silent {
			return taken.Add(time.Millisecond * 100)
		}
		return talk(came, taken)
	})
	r.run(10 * time.Second)
	if each := float64(r.packets[0]) / float64(r.turns); each < 2.5 {
		t.Errorf("%.2f packets a turn before it", each)
	}
	silent = false
	r.run(3 * time.Second)
	r.reset()
	r.run(time.Minute)
	if want := int(time.Minute / (300 * time.Microsecond)); r.packets[1] < want*95/100 {
		t.Errorf("the dialogue got %d packets in a minute, of %d", r.packets[1], want)
	}
}

// TestSteadyForgets: a flow that keeps time after one that did not is found.
func TestSteadyForgets(t *testing.T) {
	r := newRoad(dialogue(300 * time.Microsecond))
	r.run(10 * time.Second)
	r.flows[0] = metronome(time.Millisecond)
	r.run(40 * time.Second)
	r.reset()
	r.run(10 * time.Second)
	if each := float64(r.packets[0]) / float64(r.turns); each < 2.5 {
		t.Errorf("%.2f packets a turn", each)
	}
}
