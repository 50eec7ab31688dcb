package gre

import (
	"testing"
	"time"
)

// ackAlone gives the call an acknowledgement without a payload.
func ackAlone(c *Call, now time.Time, ack uint32) {
	c.Receive(now, Header{HasAck: true, Ack: ack}, nil)
}

func send(c *Call, now time.Time, n int) {
	for range n {
		c.Send(now, 100)
	}
}

// RFC 2637 section 4.4.1, worked by hand: alpha 1/8, beta 1/4.
func TestRTT(t *testing.T) {
	c := NewCall(Config{PeerDelay: 800 * ms})
	if _, ok := c.RTT(); ok {
		t.Fatal("an estimate before the first sample")
	}
	c.Send(at(0), 1)
	ackAlone(c, at(400*ms), 0)
	// DIFF = -400, RTT = 800 - 50, DEV = 400 / 4
	if rtt, ok := c.RTT(); !ok || rtt != 750*ms || c.win.dev != 100*ms {
		t.Fatal(rtt, c.win.dev)
	}
	c.Send(at(time.Second), 1)
	c.Send(at(1100*ms), 1) // not the one that is timed
	ackAlone(c, at(1790*ms), 2)
	// DIFF = 790 - 750 = 40, RTT = 750 + 5, DEV = 100 + (40-100)/4
	if rtt, _ := c.RTT(); rtt != 755*ms || c.win.dev != 85*ms {
		t.Fatal(rtt, c.win.dev)
	}
	if got := c.win.timeOut(); got != 755*ms+4*85*ms {
		t.Fatal(got)
	}
}

func TestRTTWithoutDelayBeginsWithSample(t *testing.T) {
	c := NewCall(Config{})
	c.Send(at(0), 1)
	ackAlone(c, at(80*ms), 0)
	if rtt, ok := c.RTT(); !ok || rtt != 80*ms {
		t.Fatal(rtt)
	}
	if got := c.win.timeOut(); got != minTimeOut {
		t.Fatal(got)
	}
}

// A full window alone holds nothing up.
func TestFullWindowIsNoLimit(t *testing.T) {
	c := NewCall(Config{PeerWindow: 3})
	for i := range 1000 {
		now := at(time.Duration(i) * 10 * ms)
		c.HandleTimeout(now)
		if !c.Ready() {
			t.Fatalf("not ready at packet %d", i)
		}
		seq := c.Send(now, 100).Seq
		// The acknowledgement of half a second ago.
		if seq >= 50 {
			ackAlone(c, now, seq-50)
		}
	}
	if n := c.Counters(); n.Stalls != 0 || n.TxBeyond == 0 {
		t.Fatalf("%+v", n)
	}
}

// A peer that never acknowledges of its own accord is not slowed down.
func TestSilentPeerIsNotSlowed(t *testing.T) {
	c := NewCall(Config{PeerWindow: 4})
	h, p := data(0)
	c.Send(at(0), 1)
	h.HasAck = true
	c.Receive(at(ms), h, p)
	for i := range 600 {
		now := at(time.Duration(i) * 100 * ms)
		c.HandleTimeout(now)
		if !c.Ready() || c.Stalled() {
			t.Fatalf("not ready at packet %d", i)
		}
		c.Send(now, 100)
	}
	if n := c.Counters().Stalls; n != 1 {
		t.Fatalf("%d stalls counted", n)
	}
	if !c.win.due.IsZero() {
		t.Fatal("a deadline that is good for nothing")
	}
}

func TestStall(t *testing.T) {
	c := NewCall(Config{PeerWindow: 8})
	send(c, at(0), 1)
	ackAlone(c, at(0), 0) // it does acknowledge by itself
	send(c, at(0), 8)     // 1..8: full, not beyond
	if _, ok := c.PollTimeout(); ok {
		t.Fatal("a deadline before the window is exceeded")
	}
	send(c, at(100*ms), 1)
	if d, _ := c.PollTimeout(); !d.Equal(at(1100 * ms)) {
		t.Fatalf("deadline %v", d.Sub(epoch))
	}
	c.HandleTimeout(at(1099 * ms))
	if c.Stalled() {
		t.Fatal("early")
	}
	c.HandleTimeout(at(1100 * ms))
	if !c.Stalled() || !c.Ready() || c.Counters().Stalls != 1 {
		t.Fatal("no stall")
	}
	if _, ok := c.PollTimeout(); ok {
		t.Fatal("a deadline while nobody sends")
	}
	// Half a window for each time-out, and the time-outs grow up to 8 s.
	now := at(1100 * ms)
	for _, wait := range []time.Duration{2, 4, 8, 8, 8} {
		for i := range 4 {
			if !c.Ready() {
				t.Fatalf("not ready for packet %d", i)
			}
			c.Send(now, 100)
		}
		if c.Ready() {
			t.Fatal("more than half a window")
		}
		d, ok := c.PollTimeout()
		if !ok || d.Sub(now) != wait*time.Second {
			t.Fatalf("next credit in %v, want %d s", d.Sub(now), wait)
		}
		now = d
		c.HandleTimeout(now)
	}
	if c.Counters().Stalls != 1 {
		t.Fatal("one stall counted twice")
	}
	// Any progress opens all at once.
	ackAlone(c, now, 1)
	if c.Stalled() || !c.Ready() {
		t.Fatal("still stalled")
	}
	if d, ok := c.PollTimeout(); !ok || d.Sub(now) < time.Second || d.Sub(now) > maxTimeOut {
		t.Fatalf("deadline %v: the window is still exceeded", d.Sub(now))
	}
	ackAlone(c, now, c.tx.next-1)
	if _, ok := c.PollTimeout(); ok || c.Outstanding() != 0 {
		t.Fatal("a deadline with nothing outstanding")
	}
}

// A stalled call with a window of one still lets one packet go at a time.
func TestStallOfTinyWindow(t *testing.T) {
	c := NewCall(Config{PeerWindow: 1})
	send(c, at(0), 1)
	ackAlone(c, at(0), 0)
	send(c, at(0), 2)
	c.HandleTimeout(at(time.Second))
	if !c.Stalled() || !c.Ready() {
		t.Fatal("not stalled with credit")
	}
	c.Send(at(time.Second), 1)
	if c.Ready() {
		t.Fatal("two packets")
	}
}

func TestNoWindowNoStall(t *testing.T) {
	c := NewCall(Config{})
	send(c, at(0), 1)
	ackAlone(c, at(0), 0)
	send(c, at(0), 100000)
	if _, ok := c.PollTimeout(); ok || c.Counters().TxBeyond != 0 {
		t.Fatal("an unknown window was exceeded")
	}
}
