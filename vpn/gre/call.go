package gre

import "time"

// Config is what a Call needs to know. Zero values mean the defaults.
type Config struct {
	// PeerCallID goes into every header we send: the id that the peer gave
	// the call.
	PeerCallID uint16
	// Window is the receive window that we told the peer in packets
	// (RFC 2637 section 2.7); 0 = 64.
	Window int
	// PeerWindow is the window that the peer told us; 0 = it has none that
	// we know of.
	PeerWindow int
	// PeerDelay is the peer's packet processing delay, the first estimate
	// of the round-trip time (RFC 2637 section 4.4).
	PeerDelay time.Duration
	// AckDelay is how long we wait for a packet that can take an
	// acknowledgement along before one goes alone; 0 = 50 ms.
	AckDelay time.Duration
	// HoldTime is how long packets wait for missing ones before them;
	// 0 = 50 ms, negative = they never wait: missing packets are given up
	// at once.
	HoldTime time.Duration
	// Hold is how many packets may wait; 0 = 32, at most 1024.
	Hold int
	// Store holds the waiting packets; calls with one owner may share it.
	// nil = one of the call's own, with slots of DefaultSlot octets.
	Store *Store
}

// Defaults of Config.
const (
	DefaultWindow   = 64
	DefaultAckDelay = 50 * time.Millisecond
	// DefaultHoldTime is more than what networks put out of order, and so
	// much less than TCP's shortest retransmission time-out (200 ms on Linux)
	// that a lost packet is still seen as a gap. With pptp-linux's 300 ms
	// every loss looks like an outage, and TCP starts over.
	DefaultHoldTime = 50 * time.Millisecond
	DefaultHold     = 32
	// DefaultSlot holds the longest PPP packet that a PPTP tunnel carries
	// (RFC 2637 section 1.4).
	DefaultSlot = 1532

	maxHold = 1024
)

// Call is the state of one call. It has one owner and no lock. Use NewCall.
type Call struct {
	cfg Config
	tx  transmit
	rx  receive
	win window
	n   Counters

	nudge nudge // of a peer that does not acknowledge
}

// Counters counts packets since the call began.
type Counters struct {
	TxPackets   uint64 // payloads sent
	TxAcks      uint64 // acknowledgements sent alone
	TxNudges    uint64 // of these, sent once more to a silent peer
	TxBeyond    uint64 // payloads sent while the peer's window was full
	Stalls      uint64 // times that the peer stopped acknowledging with its window full
	RxInOrder   uint64 // delivered as they came
	RxBuffered  uint64 // held back to be put into order
	RxLate      uint64 // dropped: their turn was over
	RxRepeated  uint64 // dropped: they had come before
	RxLost      uint64 // given up, some may have come late after all
	RxOver      uint64 // dropped: far ahead of the window, or no room to hold them
	RxOversize  uint64 // dropped: too long to be held
	Resyncs     uint64 // jumps of the peer's numbers that were followed
	RxAcks      uint64 // acknowledgements received that told something new
	RxAcksAlone uint64 // packets received that were acknowledgements alone
	RxAcksWrong uint64 // acknowledgements of what was never sent
}

// NewCall makes a Call. All memory that it will ever need is allocated here.
func NewCall(cfg Config) *Call {
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.PeerWindow < 0 {
		cfg.PeerWindow = 0
	}
	if cfg.AckDelay <= 0 {
		cfg.AckDelay = DefaultAckDelay
	}
	if cfg.HoldTime == 0 {
		cfg.HoldTime = DefaultHoldTime
	}
	if cfg.Hold <= 0 {
		cfg.Hold = DefaultHold
	}
	cfg.Hold = min(cfg.Hold, maxHold)
	c := &Call{cfg: cfg}
	c.tx.init(cfg)
	c.rx.init(cfg)
	c.win.init(cfg)
	return c
}

// Close gives what the call holds back to its Store. The call is not used
// any more.
func (c *Call) Close() { c.rx.held.clear() }

// HandleTimeout does what is due; harmless when nothing is. Next and
// PollTransmit may have something to give afterwards.
func (c *Call) HandleTimeout(now time.Time) {
	c.tx.handleTimeout(now)
	c.rx.handleTimeout(now)
	c.win.handleTimeout(now, &c.n)
	if c.Outstanding() == 0 {
		c.nudge.due = time.Time{}
	} else if c.tx.started && c.nudge.handleTimeout(now) {
		c.tx.ackNow = true
		c.n.TxNudges++
	}
}

// PollTimeout gives the next deadline.
func (c *Call) PollTimeout() (t time.Time, ok bool) {
	t = c.tx.ackDue
	if g := c.rx.deadline(); earlier(g, t) {
		t = g
	}
	if earlier(c.win.due, t) {
		t = c.win.due
	}
	if c.Outstanding() > 0 && c.tx.started && earlier(c.nudge.due, t) {
		t = c.nudge.due
	}
	return t, !t.IsZero()
}

// Counters is a snapshot.
func (c *Call) Counters() Counters { return c.n }

// earlier reports whether deadline a is before b; zero is never.
func earlier(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}

// due reports whether deadline t has been reached; zero never is.
func due(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }
