package pptp

import (
	"fmt"
	"net/netip"
	"time"

	"dun/dialup/cause"
)

// Error is why a command cannot be obeyed.
type Error uint8

const (
	ErrNotEstablished Error = iota + 1 // the control connection is not, or the call is not
	ErrCallID                          // the call id is in use on this connection
	ErrNoCall                          // no such call, or it is not in the state for it
	ErrTooManyCalls                    // Config.MaxCalls
	ErrTooSoon                         // RFC 2637 section 2.14: once in 60 seconds
)

func (e Error) Error() string {
	switch e {
	case ErrNotEstablished:
		return "pptp: not established"
	case ErrCallID:
		return "pptp: call id is in use"
	case ErrNoCall:
		return "pptp: no such call in this state"
	case ErrTooManyCalls:
		return "pptp: too many calls on this connection"
	case ErrTooSoon:
		return "pptp: too soon after the last one"
	}
	return "pptp: error"
}

// Conn is one end of a control connection and of the calls on it.
// The zero Conn is not usable; see New.
type Conn struct {
	cfg    Config
	state  State
	calls  []*call
	timers timers
	in     framer
	out    []byte // what is to be sent; bounded by maxOutput
	sent   int    // of these, how much was taken
	events []Event

	opened bool
	why    cause.Cause // of the Closed that follows wait_stop_reply
	detail string
	serial uint16

	echoID   uint32
	echoAt   time.Time // when the unanswered Echo-Request went out
	overflow string    // a bound that was exceeded, to be acted on
	n        Counters
}

// Counters counts messages, and what was odd about them.
type Counters struct {
	Received    uint64
	Sent        uint64
	Unknown     uint64 // of an unknown type, ignored
	OutOfState  uint64 // not expected in the state, ignored
	UnknownCall uint64 // for a call that there is not, ignored
	Refused     uint64 // requests for calls that were refused without asking
	Dropped     uint64 // events that nobody fetched in time
}

const (
	// maxOutput is more than any peer that reads lets pile up.
	maxOutput = 16 << 10
	// maxEvents holds what one read of a few KiB can cause.
	maxEvents = 256
)

// New makes a Conn for a TCP connection that is about to be up. The error
// names what does not fit into a message.
func New(cfg Config) (*Conn, error) {
	c := &Conn{cfg: cfg.withDefaults()}
	_, err := c.startRequest().AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// WinsCollision decides between two control connections that both ends opened
// to each other at the same moment (RFC 2637 section 3.1.3): it reports whether
// the one that we opened stays. The loser closes its own at once (LinkDown) and
// answers on the other, where the winner says nothing. Two connections that
// both were established are no collision, several clients behind one address
// look the same: leave those alone.
func WinsCollision(ours, peer netip.Addr) bool {
	return ours.Unmap().Compare(peer.Unmap()) > 0
}

// State is the control connection's state.
func (c *Conn) State() State { return c.state }

// Counters is a snapshot.
func (c *Conn) Counters() Counters { return c.n }

// Open tells that the TCP connection is up.
func (c *Conn) Open(now time.Time) {
	if c.opened || c.state != StateIdle {
		return
	}
	c.opened = true
	c.timers.set(timerStart, now, c.cfg.Timers.Start)
	c.step(now, inOpen, reason{})
	c.settle(now)
}

// Close ends the control connection in order, and all calls with it: Closed
// with why once the peer has agreed, or after Timers.Stop.
func (c *Conn) Close(now time.Time, why cause.Cause) {
	c.step(now, inTerminate, reason{cause: why})
	c.settle(now)
}

// LinkDown tells that the TCP connection is gone; Closed follows at once.
func (c *Conn) LinkDown(now time.Time, why cause.Cause, detail string) {
	if c.state == StateClosed {
		return
	}
	if c.state == StateWaitStop {
		// The peer closed without a Stop-Control-Connection-Reply.
		why, detail = c.why, c.detail
	}
	c.out, c.sent = nil, 0
	c.finish(reason{cause: why, detail: detail})
}

// Input takes any bytes of the stream. b is borrowed.
func (c *Conn) Input(now time.Time, b []byte) {
	for len(b) > 0 && c.state != StateClosed {
		msg, rest, ignored, err := c.in.next(b)
		b = rest
		if ignored {
			c.n.Unknown++
			c.heard(now)
		}
		if err != nil {
			c.broken(err)
			return
		}
		if msg == nil {
			continue
		}
		m, err := Parse(msg)
		if err != nil {
			c.broken(err)
			return
		}
		c.n.Received++
		c.heard(now)
		c.receive(now, m)
		c.settle(now)
	}
}

// HandleTimeout does what is due; harmless when nothing is.
func (c *Conn) HandleTimeout(now time.Time) {
	for k := range numTimers {
		if c.timers.take(k, now) {
			c.expired(now, k)
		}
	}
	for k := c.dueCall(now); k != nil; k = c.dueCall(now) {
		c.stepCall(now, k, callTimeout, callArgs{reason: reason{cause: cause.CallTimeout, detail: k.waits()}})
	}
	c.settle(now)
}

// PollTimeout gives the next deadline.
func (c *Conn) PollTimeout() (time.Time, bool) {
	t := c.timers.next()
	for _, k := range c.calls {
		if earlier(k.deadline, t) {
			t = k.deadline
		}
	}
	return t, !t.IsZero()
}

// PollTransmit writes as many bytes for the stream as there are into dst.
func (c *Conn) PollTransmit(dst []byte) (n int, ok bool) {
	n = copy(dst, c.out[c.sent:])
	c.sent += n
	if c.sent == len(c.out) {
		c.out, c.sent = c.out[:0], 0
	}
	return n, n > 0
}

// PollEvent gives the next event.
func (c *Conn) PollEvent() (Event, bool) {
	if len(c.events) == 0 {
		c.events = nil
		return nil, false
	}
	e := c.events[0]
	c.events[0] = nil
	c.events = c.events[1:]
	return e, true
}

// reason is why something ends.
type reason struct {
	cause  cause.Cause
	detail string
	msg    Message // the message that caused it, if one did
}

// step is the only place where the control connection changes its state.
func (c *Conn) step(now time.Time, in input, why reason) bool {
	row, ok := controlStep(c.cfg.Originate, c.state, in)
	if !ok {
		if in != inTerminate {
			c.n.OutOfState++
		}
		return false
	}
	if c.state == StateWaitStop {
		why.cause, why.detail = c.why, c.detail
	}
	if in == inTerminate {
		c.endCalls(now, why, true)
	}
	if row.out&sendStartRequest != 0 {
		c.send(c.startRequest())
	}
	if row.out&sendStartReply != 0 {
		c.send(c.startReply(StartOK))
	}
	if row.out&sendStartReplyError != 0 {
		c.send(c.startReply(StartVersion))
	}
	if row.out&sendStopRequest != 0 {
		c.send(StopRequest{Reason: stopReason(why.cause)})
	}
	if row.out&sendStopReply != 0 {
		c.send(StopReply{Result: resultOK})
	}
	if row.out&closeTCP != 0 {
		c.finish(why)
		return true
	}
	if row.to == c.state {
		return true
	}
	c.setState(row.to)
	switch row.to {
	case StateEstablished:
		c.timers.clear(timerStart)
		c.heard(now)
		c.tell(openedBy(why.msg))
	case StateWaitStop:
		c.endCalls(now, why, false)
		c.why, c.detail = why.cause, why.detail
		c.timers = timers{}
		c.timers.set(timerStop, now, c.cfg.Timers.Stop)
	}
	return true
}

func (c *Conn) setState(s State) {
	c.state = s
	c.tell(StateChanged{State: s})
}

// finish is the end of all.
func (c *Conn) finish(why reason) {
	c.endCalls(time.Time{}, why, false)
	c.timers = timers{}
	c.setState(StateClosed)
	c.events = append(c.events, Closed{Cause: why.cause, Detail: why.detail})
}

// broken ends a connection whose bytes make no sense: "loss of synchronization
// must result in immediate closing of the control connection's TCP session"
// (RFC 2637 section 1.4).
func (c *Conn) broken(err error) {
	c.finish(reason{cause: cause.ControlProtocol, detail: err.Error()})
}

// settle ends a connection that exceeded a bound.
func (c *Conn) settle(now time.Time) {
	if c.overflow != "" && c.state != StateClosed {
		c.finish(reason{cause: cause.OutOfBuffers, detail: c.overflow})
	}
}

// send appends a message to the output.
func (c *Conn) send(m Message) {
	if len(c.out)-c.sent+m.Type().Size() > maxOutput {
		c.overflow = "the peer does not read what we send on the control connection"
		return
	}
	if c.sent > 0 {
		c.out = append(c.out[:0], c.out[c.sent:]...)
		c.sent = 0
	}
	b, err := m.AppendBinary(c.out)
	if err != nil {
		// Every command and New have tried before.
		c.overflow = fmt.Sprintf("cannot send: %v", err)
		return
	}
	c.out = b
	c.n.Sent++
}

// tell queues an event. Those that only inform give way when nobody fetches.
func (c *Conn) tell(e Event) {
	switch e.(type) {
	case LinkInfo, WANErrors, EchoAnswered:
		if len(c.events) >= maxEvents/2 {
			c.n.Dropped++
			return
		}
	}
	if len(c.events) >= maxEvents {
		c.overflow = "too many calls begin and end at once on the control connection"
	}
	c.events = append(c.events, e)
}
