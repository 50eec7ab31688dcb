package gre

import "time"

// Verdict is what became of a received packet.
type Verdict uint8

const (
	AckOnly  Verdict = iota // it had no payload
	Deliver                 // its payload is the next one: use it now, then Next
	Buffered                // a copy of its payload comes out of Next in its turn
	Late                    // dropped: what follows it was delivered already
	Repeated                // dropped: it came before
	Over                    // dropped: too far ahead, or there is no room for it
)

var verdictNames = [...]string{"ack only", "deliver", "buffered", "late", "repeated", "over window"}

func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "unknown"
}

const (
	// jumpLimit is the longest gap that a single packet may make. A longer
	// one is a long outage, or a packet that is not the peer's (an old call
	// with the same id, or garbage), which must not be believed: afterwards
	// everything of the peer would be late.
	jumpLimit = 4096
	// farLimit is where numbers end that a jump may reach: modulo 2^32, more
	// is neither ahead nor behind.
	farLimit = 1 << 30
	// jumpProof is how many packets in a row, each a little ahead of the
	// one before, make such a jump believed.
	jumpProof = 3
	// jumpStep is what "a little" is.
	jumpStep = 64
)

// receive is the receiving half: what is expected next, and what waits for it.
// Numbers are compared modulo 2^32.
type receive struct {
	holdTime time.Duration // negative = never hold
	held     hold

	next     uint32 // the next number to deliver
	released uint32 // gaps below this number are given up; never below next
	history  uint64 // bit i: number next-1-i was delivered
	started  bool   // something was delivered

	jumpSeq uint32 // the last packet that was too far ahead
	jumpRun uint8  // how many of these came in a row
}

func (r *receive) init(cfg Config) {
	r.holdTime = cfg.HoldTime
	if r.holdTime < 0 {
		return
	}
	store := cfg.Store
	if store == nil {
		store = NewStore(cfg.Hold+1, DefaultSlot)
	}
	r.held.init(store, cfg.Hold)
}

// Receive takes a packet of this call as Parse gave it. payload is borrowed.
// With Deliver it is the caller's turn to use it, before Next is called. After
// any verdict, Next is to be called until it has nothing.
func (c *Call) Receive(now time.Time, h Header, payload []byte) Verdict {
	if h.HasAck {
		c.win.acknowledged(now, h, c.tx.next, &c.n)
	}
	if !h.HasSeq {
		c.n.RxAcksAlone++
		return AckOnly
	}
	r := &c.rx
	ahead := int32(h.Seq - r.next)
	if ahead == 1 && !r.started {
		// Some peers, Linux among them, number from 1: do not wait for 0.
		r.skip(1)
		ahead = 0
	}
	var v Verdict
	switch {
	case ahead == 0 && !r.held.first(h.Seq):
		r.advance()
		c.n.RxInOrder++
		v = Deliver
	case ahead < 0:
		return r.tooLate(-ahead, &c.n)
	case ahead > farLimit:
		c.n.RxOver++
		return Over
	case ahead > jumpLimit:
		v = c.jump(now, h.Seq, payload)
	default:
		v = c.early(now, h.Seq, payload)
	}
	if v == Deliver || v == Buffered {
		r.jumpRun = 0
		c.tx.received(now, h.Seq)
	}
	return v
}

// Next gives the next payload of those that were held back. It is valid until
// the next Receive of a call with the same Store; Send may be called meanwhile.
// Packets that are missing before it and were given up are counted as lost.
func (c *Call) Next() (payload []byte, ok bool) {
	r := &c.rx
	seq, ok := r.held.lowest()
	if !ok {
		return nil, false
	}
	gap := seq - r.next
	if gap != 0 && int32(seq-r.released) >= 0 {
		return nil, false
	}
	c.lose(gap)
	payload = r.held.pop()
	r.advance()
	return payload, true
}

// Holding is how many packets wait in the call.
func (c *Call) Holding() int { return c.rx.held.len() }

// early takes a packet that has others missing before it.
func (c *Call) early(now time.Time, seq uint32, payload []byte) Verdict {
	r := &c.rx
	if r.holdTime < 0 {
		c.lose(seq - r.next)
		r.advance()
		c.n.RxInOrder++
		return Deliver
	}
	switch r.held.insert(now, r.next, seq, payload) {
	case heldAlready:
		c.n.RxRepeated++
		return Repeated
	case tooLong:
		c.n.RxOversize++
		return Over
	case noRoom:
		// The shared store is used up. With nothing of this call in it the
		// packet can go on at once, otherwise it is behind those that are,
		// and they are waited for no longer.
		if r.held.len() == 0 {
			c.lose(seq - r.next)
			r.advance()
			c.n.RxInOrder++
			return Deliver
		}
		r.releaseLowest()
		c.n.RxOver++
		return Over
	}
	c.n.RxBuffered++
	if r.held.over() {
		r.releaseLowest()
	}
	return Buffered
}

// jump takes a packet that is far ahead.
func (c *Call) jump(now time.Time, seq uint32, payload []byte) Verdict {
	r := &c.rx
	if step := seq - r.jumpSeq; r.jumpRun > 0 && step > 0 && step <= jumpStep {
		r.jumpRun++
	} else {
		r.jumpRun = 1
	}
	r.jumpSeq = seq
	if r.jumpRun < jumpProof {
		c.n.RxOver++
		return Over
	}
	r.jumpRun = 0
	if r.held.len() > 0 {
		v := c.early(now, seq, payload)
		if v == Buffered {
			r.released = seq + 1
			c.n.Resyncs++
		}
		return v
	}
	c.n.Resyncs++
	c.lose(seq - r.next)
	r.advance()
	c.n.RxInOrder++
	return Deliver
}

// tooLate tells a late packet from a repeated one as far back as is known.
func (r *receive) tooLate(behind int32, n *Counters) Verdict {
	if behind >= 1 && behind <= 64 && r.history>>(behind-1)&1 != 0 {
		n.RxRepeated++
		return Repeated
	}
	n.RxLate++
	return Late
}

// lose gives up the next gap numbers. A jump that was believed says nothing
// about how many packets there were.
func (c *Call) lose(gap uint32) {
	if gap <= jumpLimit {
		c.n.RxLost += uint64(gap)
	}
	c.rx.skip(gap)
}

// skip moves on over numbers that were not delivered.
func (r *receive) skip(gap uint32) {
	r.next += gap
	r.history <<= gap // 64 and more leave nothing
	r.keepReleased()
}

// advance moves on over one number that was delivered.
func (r *receive) advance() {
	r.next++
	r.history = r.history<<1 | 1
	r.started = true
	r.keepReleased()
}

func (r *receive) keepReleased() {
	if int32(r.released-r.next) < 0 {
		r.released = r.next
	}
}

// releaseLowest gives up the first gap.
func (r *receive) releaseLowest() {
	if seq, ok := r.held.lowest(); ok {
		r.released = seq + 1
	}
}

// deadline is when the oldest of the held packets has waited long enough;
// zero when nothing is held or what is held may go.
func (r *receive) deadline() time.Time {
	if at, ok := r.held.oldest(); ok {
		return at.Add(r.holdTime)
	}
	return time.Time{}
}

// handleTimeout gives up every gap before a packet that waited long enough.
func (r *receive) handleTimeout(now time.Time) {
	if r.held.len() == 0 {
		return
	}
	if seq, ok := r.held.highestSince(now.Add(-r.holdTime)); ok && int32(seq+1-r.released) > 0 {
		r.released = seq + 1
	}
}
