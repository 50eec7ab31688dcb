package gre

import "time"

// transmit is the sending half: our sequence numbers, and the acknowledgement
// that we owe the peer.
type transmit struct {
	delay time.Duration // Config.AckDelay
	half  uint32        // that many unacknowledged packets are acknowledged at once

	next    uint32    // the next packet's number; the first is 0 (RFC 2637 section 4.1)
	ack     uint32    // the highest number received, or what we would acknowledge
	acked   uint32    // the last number that we acknowledged
	owed    bool      // ack is news for the peer
	ackNow  bool      // and must not wait any longer
	ackDue  time.Time // when it may not wait any longer; zero = nothing owed or ackNow
	peerID  uint16
	started bool // something was received
}

func (t *transmit) init(cfg Config) {
	t.delay = cfg.AckDelay
	t.half = uint32(max(1, cfg.Window/2))
	t.peerID = cfg.PeerCallID
	t.ack = ^uint32(0) // the number before the first
	t.acked = t.ack
}

// Send takes the next sequence number for a payload of at most MaxPayload
// octets and returns its header, with an acknowledgement when there is
// something new to acknowledge:
//
//	h := call.Send(now, n)
//	h.Put(headroom of h.Len() octets right before the payload)
func (c *Call) Send(now time.Time, payloadLen int) Header {
	t := &c.tx
	h := Header{
		CallID:     t.peerID,
		PayloadLen: uint16(payloadLen),
		Seq:        t.next,
		HasSeq:     true,
	}
	if t.owed {
		h.Ack, h.HasAck = t.ack, true
		t.ackSent()
	}
	t.next++
	c.n.TxPackets++
	c.win.sent(now, h.Seq, &c.n)
	c.nudge.sent(now)
	return h
}

// Unsent takes back the header that Send gave last: the packet could not be
// handed to the system. The number is used again, so that the peer does not
// wait for a packet that was never on the wire.
func (c *Call) Unsent(now time.Time, h Header) {
	t := &c.tx
	if !h.HasSeq || h.Seq != t.next-1 || c.win.unacked == t.next {
		return
	}
	t.next--
	c.n.TxPackets--
	c.win.unsent(h.Seq)
	if h.HasAck {
		t.owed = true
		t.acked-- // anything but ack: it is news again
		t.ackDue = now.Add(t.delay)
	}
}

// PollTransmit writes a packet that is nothing but an acknowledgement into
// dst, which has room for MaxHeader octets, if one has to go now.
func (c *Call) PollTransmit(dst []byte) (n int, ok bool) {
	t := &c.tx
	if !t.ackNow {
		return 0, false
	}
	h := Header{CallID: t.peerID, Ack: t.ack, HasAck: true}
	t.ackSent()
	c.n.TxAcks++
	return h.Put(dst), true
}

// received notes that a packet was accepted. The acknowledgement names the
// highest number received, whatever is missing below (RFC 2637 sections 4.1
// and 4.3): it is about the window, nothing is ever sent again.
func (t *transmit) received(now time.Time, seq uint32) {
	if t.started && int32(seq-t.ack) <= 0 {
		return
	}
	t.started = true
	t.ack = seq
	if !t.owed {
		t.owed = true
		t.ackDue = now.Add(t.delay)
	}
	// A peer that honours our window stops when it is full. From the half
	// on the acknowledgement has the other half's time to arrive.
	if t.ack-t.acked >= t.half {
		t.ackNow = true
		t.ackDue = time.Time{}
	}
}

func (t *transmit) ackSent() {
	t.acked = t.ack
	t.owed, t.ackNow = false, false
	t.ackDue = time.Time{}
}

func (t *transmit) handleTimeout(now time.Time) {
	if due(t.ackDue, now) {
		t.ackNow = true
		t.ackDue = time.Time{}
	}
}
