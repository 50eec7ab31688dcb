package gre

import (
	"testing"
	"time"
)

// nudges is when the call sends acknowledgements alone, up to end.
func nudges(t *testing.T, c *Call, end time.Duration) (times []time.Duration) {
	t.Helper()
	var b [MaxHeader]byte
	for {
		d, ok := c.PollTimeout()
		if !ok || d.After(at(end)) {
			return times
		}
		c.HandleTimeout(d)
		for n, ok := c.PollTransmit(b[:]); ok; n, ok = c.PollTransmit(b[:]) {
			h, _, err := Parse(b[:n])
			if err != nil || h.HasSeq || !h.HasAck || h.Ack != 0 {
				t.Errorf("sent %+v, %v; want the acknowledgement of 0 alone", h, err)
			}
			times = append(times, d.Sub(epoch))
		}
	}
}

// A peer that keeps silent about what it was sent is told something, thrice.
func TestNudge(t *testing.T) {
	c := NewCall(Config{AckDelay: ms})
	take(c, at(0), 0, nil)
	if got := nudges(t, c, 10*time.Second); len(got) != 1 || got[0] != ms {
		t.Fatalf("acknowledged at %v, want 1ms and no more", got)
	}
	c.Send(at(100*ms), 100)
	c.Send(at(200*ms), 100)
	got := nudges(t, c, time.Minute)
	want := []time.Duration{550 * ms, 1250 * ms, 2650 * ms}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("nudged at %v, want %v", got, want)
	}
	if n := c.Counters().TxNudges; n != 3 {
		t.Errorf("%d nudges counted", n)
	}
}

func TestNoNudge(t *testing.T) {
	// An acknowledgement of everything ends the watch, one of a part does not.
	c := NewCall(Config{AckDelay: ms})
	take(c, at(0), 0, nil)
	nudges(t, c, 10*ms)
	c.Send(at(100*ms), 100)
	c.Send(at(100*ms), 100)
	c.Receive(at(150*ms), Header{Ack: 1, HasAck: true}, nil)
	if got := nudges(t, c, time.Minute); len(got) != 0 {
		t.Errorf("nudged at %v a peer that has acknowledged all", got)
	}
	c.Send(at(time.Minute), 100)
	c.Send(at(time.Minute), 100)
	c.Receive(at(time.Minute+ms), Header{Ack: 2, HasAck: true}, nil)
	if got := nudges(t, c, time.Hour); len(got) != 3 {
		t.Errorf("nudged at %v a peer that has acknowledged a part", got)
	}

	// One that has sent nothing yet has nothing to be acknowledged.
	c = NewCall(Config{})
	c.Send(at(0), 100)
	if got := nudges(t, c, time.Minute); len(got) != 0 {
		t.Errorf("nudged at %v before the peer's first packet", got)
	}
}
