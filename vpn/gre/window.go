package gre

import "time"

// The peer's window is no limit by default. RFC 2637 section 4.2 would have us
// stop at a full window, but peers offer 3 (pptp-linux) or 64 without meaning
// it, and the Linux kernel (so RouterOS-like and accel-ppp servers too) sends
// acknowledgements only along with data of its own: a one-way upload would
// creep at one window per time-out. TCP inside the tunnel does the congestion
// control anyway.
//
// What the window is good for is a peer that has stopped digesting: one with a
// modem behind it, or a path that went dead. It is taken for that when
//
//   - more than its window is unacknowledged,
//   - no acknowledgement has made progress for a whole adaptive time-out
//     (section 4.4.1), and
//   - it is a peer that acknowledges of its own accord: one has come alone.
//     From any other peer silence means nothing, the stall is only counted.
//
// While it lasts, half a window may be sent for each time-out, which is backed
// off (sections 4.2.2 and 4.4.2), so that a lost acknowledgement can never end
// the conversation. The first acknowledgement that makes progress opens all.
const (
	// minTimeOut is above the half second by which pptp-linux and mpd delay
	// acknowledgements.
	minTimeOut = time.Second
	maxTimeOut = 8 * time.Second
)

// window is what we know of the peer's receiving.
type window struct {
	size    uint32 // the peer's receive window; 0 = unknown
	unacked uint32 // the lowest number that the peer has not acknowledged
	next    uint32 // the number behind the last one sent

	rtt, dev time.Duration // RFC 2637 section 4.4.1
	sampled  bool          // rtt is measured, not configured
	timing   bool          // one packet's round trip is being measured
	timedSeq uint32
	timedAt  time.Time

	alone   bool      // the peer sends acknowledgements alone
	due     time.Time // when a full window is a stall, or when a stall is given new credit
	backoff uint8     // how often the time-out was doubled in this stall
	stalled bool
	counted bool   // the stall of a peer that need not acknowledge was counted
	credit  uint32 // how many packets may go before the next time-out of a stall
}

func (w *window) init(cfg Config) {
	w.size = uint32(cfg.PeerWindow)
	w.rtt = cfg.PeerDelay
}

// Stalled reports whether the peer has stopped acknowledging with its window
// full.
func (c *Call) Stalled() bool { return c.win.stalled }

// Ready reports whether a data packet should be sent now. PPP's own packets
// may always be. After it was false it becomes true in Receive or
// HandleTimeout.
func (c *Call) Ready() bool { return !c.win.stalled || c.win.credit > 0 }

// Outstanding is how many packets the peer has not acknowledged.
func (c *Call) Outstanding() int { return int(c.win.next - c.win.unacked) }

// RTT is the estimated round-trip time of an acknowledgement, delay at the
// peer included (RFC 2637 section 4.4); false before the first one.
func (c *Call) RTT() (time.Duration, bool) { return c.win.rtt, c.win.sampled }

// timeOut is ATO of RFC 2637 section 4.4.1. Section 4.4.2 doubles RTT itself
// after a time-out; here the estimate stays what was measured.
func (w *window) timeOut() time.Duration {
	return min(max(minTimeOut, w.rtt+4*w.dev)<<w.backoff, maxTimeOut)
}

func (w *window) full() bool { return w.size != 0 && w.next-w.unacked > w.size }

// sent notes a payload's departure.
func (w *window) sent(now time.Time, seq uint32, n *Counters) {
	w.next = seq + 1
	if !w.timing {
		w.timing, w.timedSeq, w.timedAt = true, seq, now
	}
	if !w.full() {
		return
	}
	n.TxBeyond++
	if w.stalled && w.credit > 0 {
		w.credit--
	}
	if w.due.IsZero() && !w.counted {
		w.due = now.Add(w.timeOut())
	}
}

func (w *window) unsent(seq uint32) {
	w.next = seq
	if w.timing && w.timedSeq == seq {
		w.timing = false
	}
}

// acknowledged takes the acknowledgement of a received packet. next is our
// next number.
func (w *window) acknowledged(now time.Time, h Header, next uint32, n *Counters) {
	progress := h.Ack - w.unacked // 0 = just the lowest unacknowledged
	if progress >= next-w.unacked {
		// Old, or the number before the first, which Linux sends at the
		// beginning; or of what we never sent.
		if int32(h.Ack-next) >= 0 {
			n.RxAcksWrong++
		}
		return
	}
	n.RxAcks++
	if !h.HasSeq {
		w.alone = true
	}
	if w.timing && int32(h.Ack-w.timedSeq) >= 0 {
		w.timing = false
		w.sample(now.Sub(w.timedAt))
	}
	w.unacked = h.Ack + 1
	w.stalled, w.counted, w.backoff = false, false, 0
	w.due = time.Time{}
	if w.full() {
		w.due = now.Add(w.timeOut())
	}
}

// sample is the calculation of RFC 2637 section 4.4.1 with alpha 1/8 and
// beta 1/4.
func (w *window) sample(s time.Duration) {
	s = min(max(s, 0), time.Minute)
	if !w.sampled && w.rtt == 0 {
		// No processing delay to begin with: TCP's way is better than 0.
		w.rtt, w.dev, w.sampled = s, s/2, true
		return
	}
	w.sampled = true
	diff := s - w.rtt
	w.rtt += diff / 8
	if diff < 0 {
		diff = -diff
	}
	w.dev += (diff - w.dev) / 4
}

func (w *window) handleTimeout(now time.Time, n *Counters) {
	if !due(w.due, now) {
		return
	}
	w.due = time.Time{}
	if !w.full() {
		return
	}
	if !w.stalled {
		n.Stalls++
	}
	if !w.alone {
		w.counted = true
		return
	}
	// What is out is not sent again, nor is its round trip measured any more.
	// New credit that is left unused needs no further deadline: the next
	// departure sets one.
	w.stalled = true
	w.timing = false
	if w.timeOut() < maxTimeOut {
		w.backoff++
	}
	w.credit = max(1, w.size/2)
}
