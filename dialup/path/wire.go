package path

import (
	"time"

	"dun/dialup/ppp"
)

// Wire carries the PPP frames of one link: HDLC on a serial line, a GRE call.
// All methods are called by the loop that owns the link.
type Wire interface {
	// Start takes the wire into the loop: it watches its descriptor and
	// from the next turn on gives every received frame to link.Input. When
	// it finds the carrier gone it calls link.Down once. After an error it
	// is not in the loop.
	Start(now time.Time, loop *Loop, link *Link) error
	// Stop takes the wire out of the loop; it calls link no more. Any call
	// of link may lead to Stop, so the wire looks after each. The descriptor
	// stays open: whoever made the wire closes it.
	Stop()
	// Headroom and Tailroom are the octets that Send needs before and
	// behind the frame.
	Headroom() int
	Tailroom() int
	// Send transmits the frame b.Bytes(): protocol field of two octets,
	// information. The wire adds address and control and compresses the
	// protocol field as its framing allows, and may overwrite all of b, but
	// keeps no reference to it. An error means that the frame was dropped;
	// the wire has counted it. Send does not call link.Input: what a Send
	// finds out is told later.
	Send(now time.Time, b *Buffer) error
	// Ready reports whether a data frame would be sent without queueing
	// more than the wire wants to. After it was false the wire calls
	// link.WireReady once it is true again. Frames that are not data are
	// sent at any time.
	Ready() bool
	// SetFraming sets what LCP agreed on; LCP packets 1 to 7 are not
	// affected (ppp.NeedsDefaultFraming).
	SetFraming(f ppp.Framing)
	// HandleTimeout and PollTimeout are the wire's own timers: a delayed
	// acknowledgement, a gap in the sequence. A deadline that has passed is
	// gone after HandleTimeout. Where it changes without Input, Send or
	// HandleTimeout the wire calls link.DeadlineChanged.
	HandleTimeout(now time.Time)
	PollTimeout() (time.Time, bool)
	// Counters adds the wire's counters under their names.
	Counters(add func(name string, n uint64))
}

// BatchWire is a wire that sends several frames at once.
type BatchWire interface {
	Wire
	// SendBatch transmits frames in order, as Send does. The first taken of
	// them are gone, and sent of these were really sent, the others dropped
	// and counted by the wire. What was not taken is as it was: the wire is
	// not Ready, and calls link.WireReady when it is.
	SendBatch(now time.Time, frames []*Buffer) (taken, sent int)
}

// TUN is a network interface of the system. Read and Write are called by the
// loop that owns the link; they never block.
type TUN interface {
	// Name is the interface's name, "dun0".
	Name() string
	// FD is watched for reading. That it hangs up means that the interface
	// is gone.
	FD() int
	// Read gives one IP packet; ErrWouldBlock when there is none. Any other
	// error, or an empty packet, means that the interface is gone.
	Read(b []byte) (n int, err error)
	// Write takes one IP packet, borrowed.
	Write(b []byte) (n int, err error)
	// Close removes the interface.
	Close() error
}
