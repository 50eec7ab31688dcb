package pptp

import (
	"time"

	"dun/dialup/cause"
)

// receive acts on one message.
func (c *Conn) receive(now time.Time, m Message) {
	switch m := m.(type) {
	case StartRequest:
		c.receiveStartRequest(now, m)
	case StartReply:
		c.receiveStartReply(now, m)
	case StopRequest:
		why, words := m.explain()
		c.step(now, inStopRequest, reason{cause: why, detail: "the peer stopped the control connection: " + words})
	case StopReply:
		// With a general error the peer says "not closed"; what it means
		// by that is of no use to us, TCP will close anyway.
		c.step(now, inStopReply, reason{})
	case EchoRequest:
		// Answered in any state, a peer may test before it starts.
		c.send(EchoReply{Identifier: m.Identifier, Result: resultOK})
	case EchoReply:
		c.receiveEchoReply(now, m)
	default:
		if c.state != StateEstablished {
			c.n.OutOfState++
			return
		}
		c.receiveCall(now, m)
	}
}

// receiveStartRequest is RFC 2637 section 3.1.2, "idle": an earlier version
// cannot be supported, there is none; a later one is answered with ours.
func (c *Conn) receiveStartRequest(now time.Time, m StartRequest) {
	switch {
	case c.state == StateEstablished && !c.cfg.Originate:
		c.n.OutOfState++
		c.send(c.startReply(StartExists))
	case m.Version>>8 < Version>>8:
		c.step(now, inStartRequestBad, reason{cause: cause.ControlProtocol, detail: "the peer's protocol version is not supported"})
	default:
		c.step(now, inStartRequest, reason{msg: m})
	}
}

// receiveStartReply is RFC 2637 section 3.1.1, "wait_ctl_reply". Result 0 is
// what some DSL modems with a PPTP server say when all is well.
func (c *Conn) receiveStartReply(now time.Time, m StartReply) {
	switch {
	case m.Result != StartOK && m.Result != 0:
		why, words := m.explain()
		c.step(now, inStartRefused, reason{cause: why, detail: "the control connection was refused: " + words})
	case m.Version>>8 != Version>>8:
		c.step(now, inStartReplyBad, reason{cause: cause.ControlProtocol, detail: "the peer's protocol version is not supported"})
	default:
		c.step(now, inStartReply, reason{msg: m})
	}
}

// receiveEchoReply takes any reply for a sign of life, and measures by the
// right one.
func (c *Conn) receiveEchoReply(now time.Time, m EchoReply) {
	if !c.timers.running(timerEchoAnswer) {
		c.n.OutOfState++
		return
	}
	c.timers.clear(timerEchoAnswer)
	c.heard(now)
	if m.Identifier != c.echoID {
		c.n.OutOfState++
		return
	}
	c.tell(EchoAnswered{RTT: now.Sub(c.echoAt)})
}

func (c *Conn) startRequest() StartRequest {
	return StartRequest{
		Version:     Version,
		Framing:     c.cfg.Framing,
		Bearer:      c.cfg.Bearer,
		MaxChannels: c.cfg.MaxChannels,
		Firmware:    c.cfg.Firmware,
		HostName:    c.cfg.HostName,
		Vendor:      c.cfg.Vendor,
	}
}

func (c *Conn) startReply(r StartResult) StartReply {
	return StartReply{
		Version:     Version,
		Result:      r,
		Framing:     c.cfg.Framing,
		Bearer:      c.cfg.Bearer,
		MaxChannels: c.cfg.MaxChannels,
		Firmware:    c.cfg.Firmware,
		HostName:    c.cfg.HostName,
		Vendor:      c.cfg.Vendor,
	}
}

// openedBy says who the peer is, from its request or reply.
func openedBy(m Message) Opened {
	switch m := m.(type) {
	case StartRequest:
		return Opened{m.Version, m.Framing, m.Bearer, m.MaxChannels, m.Firmware, clean(m.HostName), clean(m.Vendor)}
	case StartReply:
		return Opened{m.Version, m.Framing, m.Bearer, m.MaxChannels, m.Firmware, clean(m.HostName), clean(m.Vendor)}
	}
	return Opened{}
}
