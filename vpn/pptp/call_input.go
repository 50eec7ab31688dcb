package pptp

import (
	"time"

	"dun/dialup/cause"
)

// receiveCall acts on a message about a call, on an established connection.
func (c *Conn) receiveCall(now time.Time, m Message) {
	switch m := m.(type) {
	case OutgoingCallRequest:
		c.receiveRequest(now, pacOutgoing, m.CallID, CallRequested{
			PeerCallID:  m.CallID,
			Serial:      m.Serial,
			MinBPS:      m.MinBPS,
			MaxBPS:      m.MaxBPS,
			Bearer:      m.Bearer,
			Framing:     m.Framing,
			PhoneNumber: clean(m.PhoneNumber),
			Subaddress:  clean(m.Subaddress),
		}, CallUp{Window: m.Window, Delay: m.Delay})
	case IncomingCallRequest:
		c.receiveRequest(now, pnsIncoming, m.CallID, CallOffered{
			PeerCallID: m.CallID,
			Serial:     m.Serial,
			Bearer:     m.Bearer,
			Channel:    m.Channel,
			Dialed:     clean(m.Dialed),
			Dialing:    clean(m.Dialing),
			Subaddress: clean(m.Subaddress),
		}, CallUp{})
	case OutgoingCallReply:
		c.receiveOutgoingReply(now, m)
	case IncomingCallReply:
		c.receiveIncomingReply(now, m)
	case IncomingCallConnected:
		// The PNS's id, which is ours (RFC 2637 section 2.11).
		if k := c.mine(m.PeerCallID, pnsIncoming); k != nil {
			c.stepCall(now, k, callConnected, callArgs{up: CallUp{Window: m.Window, Delay: m.Delay, Speed: m.Speed}})
		}
	case CallClearRequest:
		// The PNS's id, which is the peer's (section 2.12).
		if k := c.theirs(m.CallID, false); k != nil {
			c.stepCall(now, k, callClear, callArgs{reason: reason{cause: cause.CallCleared, detail: "the peer asked for it"}})
		}
	case CallDisconnectNotify:
		// The PAC's id, which is the peer's (section 2.13).
		if k := c.theirs(m.CallID, true); k != nil {
			why, words := m.explain()
			c.stepCall(now, k, callDisconnect, callArgs{reason: reason{cause: why, detail: words}, stats: m.Statistics})
		}
	case WANErrorNotify:
		// Our id (section 2.14).
		if k := c.anyMine(m.PeerCallID); k != nil {
			c.tell(WANErrors{CallID: k.id, Errors: m})
		}
	case SetLinkInfo:
		// Our id (section 2.15).
		if k := c.anyMine(m.PeerCallID); k != nil {
			c.tell(LinkInfo{CallID: k.id, SendACCM: m.SendACCM, ReceiveACCM: m.ReceiveACCM})
		}
	}
}

// receiveRequest takes a request for a call, or refuses it where there is
// nothing to ask our owner.
func (c *Conn) receiveRequest(now time.Time, r role, peerID uint16, e Event, up CallUp) {
	for _, k := range c.calls {
		if k.hasPeer && k.peerID == peerID {
			c.n.Refused++
			c.sendRefusal(r, peerID, OutgoingGeneral, IncomingGeneral, ErrorBadCallID)
			return
		}
	}
	if !c.cfg.TakeCalls {
		c.n.Refused++
		c.refuse(r, peerID, cause.CallRefused)
		return
	}
	if len(c.calls) >= c.cfg.MaxCalls {
		c.n.Refused++
		c.refuse(r, peerID, cause.ServerFull)
		return
	}
	k := &call{role: r, peerID: peerID, hasPeer: true, up: up}
	c.calls = append(c.calls, k)
	c.stepCall(now, k, callRequest, callArgs{asked: e})
}

// receiveOutgoingReply is for the call with our id in its Peer's Call ID.
func (c *Conn) receiveOutgoingReply(now time.Time, m OutgoingCallReply) {
	k := c.mine(m.PeerCallID, pnsOutgoing)
	if k == nil {
		return
	}
	if m.Result != OutgoingConnected {
		why, words := m.explain()
		c.stepCall(now, k, callReplyError, callArgs{reason: reason{cause: why, detail: words}})
		return
	}
	if !k.hasPeer {
		k.peerID, k.hasPeer = m.CallID, true
	}
	c.stepCall(now, k, callReply, callArgs{up: CallUp{Window: m.Window, Delay: m.Delay, Speed: m.Speed, Channel: m.Channel}})
}

func (c *Conn) receiveIncomingReply(now time.Time, m IncomingCallReply) {
	k := c.mine(m.PeerCallID, pacIncoming)
	if k == nil {
		return
	}
	if m.Result != IncomingConnect {
		why, words := m.explain()
		c.stepCall(now, k, callReplyError, callArgs{reason: reason{cause: why, detail: words}})
		return
	}
	if !k.hasPeer {
		k.peerID, k.hasPeer = m.CallID, true
	}
	c.stepCall(now, k, callReply, callArgs{up: CallUp{Window: m.Window, Delay: m.Delay, Channel: k.offer.Channel}})
}

// mine finds the call with our id in a certain role.
func (c *Conn) mine(id uint16, r role) *call {
	if k := c.byID(id); k != nil && k.role == r {
		return k
	}
	c.n.UnknownCall++
	return nil
}

// anyMine finds the call with our id.
func (c *Conn) anyMine(id uint16) *call {
	k := c.byID(id)
	if k == nil {
		c.n.UnknownCall++
	}
	return k
}

// theirs finds the call with the peer's id, where we are the PNS or not. Call
// ids of the two sides are different things: taking one for the other ends
// somebody else's call. Two cases remain where no id of the peer is known:
//   - we aborted before the PAC's reply: its notice belongs to that call;
//   - the peer mistakes the ids: with a single call there is no doubt.
func (c *Conn) theirs(peerID uint16, pns bool) *call {
	for _, k := range c.calls {
		if k.hasPeer && k.peerID == peerID && k.role.pns() == pns {
			return k
		}
	}
	for _, k := range c.calls {
		if !k.hasPeer && k.state == callWaitDisconnect && pns {
			return k
		}
	}
	if len(c.calls) == 1 && c.calls[0].role.pns() == pns && c.calls[0].hasID && c.calls[0].id == peerID {
		return c.calls[0]
	}
	c.n.UnknownCall++
	return nil
}

// refuse answers a request for a call with an error.
func (c *Conn) refuse(r role, peerID uint16, why cause.Cause) {
	out, in, e := refusal(why)
	c.sendRefusal(r, peerID, out, in, e)
}

func (c *Conn) sendRefusal(r role, peerID uint16, out OutgoingResult, in IncomingResult, e ErrorCode) {
	if r == pacOutgoing {
		c.send(OutgoingCallReply{PeerCallID: peerID, Result: out, Error: e})
		return
	}
	c.send(IncomingCallReply{PeerCallID: peerID, Result: in, Error: e})
}

// sendReply answers a request for a call that is accepted.
func (c *Conn) sendReply(k *call, cfg AcceptConfig) {
	if k.role == pnsIncoming {
		c.send(IncomingCallReply{
			CallID: k.id, PeerCallID: k.peerID, Result: IncomingConnect, Window: cfg.Window, Delay: cfg.Delay,
		})
		return
	}
	c.send(OutgoingCallReply{
		CallID: k.id, PeerCallID: k.peerID, Result: OutgoingConnected,
		Speed: cfg.Speed, Window: cfg.Window, Delay: cfg.Delay, Channel: cfg.Channel,
	})
}

// connected is the last message of a PAC's incoming call.
func (k *call) connected() IncomingCallConnected {
	return IncomingCallConnected{
		PeerCallID: k.peerID,
		Speed:      or(k.offer.Speed, defaultMaxBPS),
		Window:     or(k.offer.Window, defaultWindow),
		Delay:      k.offer.Delay,
		Framing:    or(k.offer.Framing, FramingSync),
	}
}
