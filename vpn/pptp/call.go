package pptp

import (
	"slices"
	"time"

	"dun/dialup/cause"
)

// call is the state of one call. Each side has its own id for it; a PAC that
// was asked has none before it accepts, a PNS that asked does not know the
// PAC's before the reply (RFC 2637 section 3.2.2).
type call struct {
	role     role
	state    callState
	id       uint16
	hasID    bool
	peerID   uint16
	hasPeer  bool
	deadline time.Time
	request  Message     // ours, to be sent by the first step
	offer    OfferConfig // pacIncoming
	up       CallUp      // what an outgoing call's request told of the peer
	wanSent  time.Time   // the last WAN-Error-Notify
}

// waits says what the call was waiting for, for a person.
func (k *call) waits() string {
	switch {
	case k.state == callWaitDisconnect:
		return "a Call-Clear-Request was not answered"
	case k.state == callWaitConnect:
		return "no Incoming-Call-Connected came"
	case k.role == pnsOutgoing:
		return "no Outgoing-Call-Reply came"
	case k.role == pacIncoming:
		return "no Incoming-Call-Reply came"
	}
	return "the call was not answered here in time"
}

// callArgs is what a step of a call may need.
type callArgs struct {
	reason
	asked  Event        // callRequest: what our owner is told
	accept AcceptConfig // callAccept
	up     CallUp       // callReply, callConnected: what the peer told
	stats  string       // callDisconnect
}

// Dial asks the peer, a PAC, for an outgoing call. id is ours, unique on this
// connection and best not one of a short while ago: packets of an older call
// may still be under way.
func (c *Conn) Dial(now time.Time, id uint16, cfg DialConfig) error {
	m := OutgoingCallRequest{
		CallID:      id,
		Serial:      cfg.Serial,
		MinBPS:      or(cfg.MinBPS, defaultMinBPS),
		MaxBPS:      or(cfg.MaxBPS, defaultMaxBPS),
		Bearer:      or(cfg.Bearer, BearerAny),
		Framing:     or(cfg.Framing, FramingEither),
		Window:      or(cfg.Window, defaultWindow),
		Delay:       cfg.Delay,
		PhoneNumber: cfg.PhoneNumber,
		Subaddress:  cfg.Subaddress,
	}
	if m.Serial == 0 {
		m.Serial = c.nextSerial()
	}
	return c.open(now, &call{role: pnsOutgoing, id: id, hasID: true, request: m})
}

// Offer tells the peer, a PNS, that a call has come in for it.
func (c *Conn) Offer(now time.Time, id uint16, cfg OfferConfig) error {
	m := IncomingCallRequest{
		CallID:     id,
		Serial:     cfg.Serial,
		Bearer:     or(cfg.Bearer, BearerDigital),
		Channel:    cfg.Channel,
		Dialed:     cfg.Dialed,
		Dialing:    cfg.Dialing,
		Subaddress: cfg.Subaddress,
	}
	if m.Serial == 0 {
		m.Serial = c.nextSerial()
	}
	k := &call{role: pacIncoming, id: id, hasID: true, request: m, offer: cfg}
	if _, err := k.connected().AppendBinary(nil); err != nil {
		return err
	}
	return c.open(now, k)
}

// open begins a call of ours.
func (c *Conn) open(now time.Time, k *call) error {
	if c.state != StateEstablished {
		return ErrNotEstablished
	}
	if c.byID(k.id) != nil {
		return ErrCallID
	}
	if len(c.calls) >= c.cfg.MaxCalls {
		return ErrTooManyCalls
	}
	if _, err := k.request.AppendBinary(nil); err != nil {
		return err
	}
	c.calls = append(c.calls, k)
	c.stepCall(now, k, callOpen, callArgs{})
	c.settle(now)
	return nil
}

// AcceptCall answers a CallRequested or CallOffered.
func (c *Conn) AcceptCall(now time.Time, peerCallID uint16, cfg AcceptConfig) error {
	k := c.asked(peerCallID)
	if k == nil {
		return ErrNoCall
	}
	if c.byID(cfg.CallID) != nil {
		return ErrCallID
	}
	cfg.Speed = or(cfg.Speed, defaultMaxBPS)
	cfg.Window = or(cfg.Window, defaultWindow)
	// Both replies have the same field that may not fit.
	if _, err := (OutgoingCallReply{Delay: cfg.Delay}).AppendBinary(nil); err != nil {
		return err
	}
	k.id, k.hasID = cfg.CallID, true
	k.up.Speed, k.up.Channel = cfg.Speed, cfg.Channel
	c.stepCall(now, k, callAccept, callArgs{accept: cfg, up: k.up})
	c.settle(now)
	return nil
}

// RefuseCall answers a CallRequested or CallOffered. The cause decides what the
// peer is told: ServerFull no resources; Busy, NoCarrier, NoDialTone and
// CallTimeout the same; anything else that it is not accepted. No CallEnded
// follows.
func (c *Conn) RefuseCall(now time.Time, peerCallID uint16, why cause.Cause) error {
	k := c.asked(peerCallID)
	if k == nil {
		return ErrNoCall
	}
	c.stepCall(now, k, callRefuse, callArgs{reason: reason{cause: why}})
	c.settle(now)
	return nil
}

// Hangup ends a call of ours in order: a PNS sends Call-Clear-Request, a PAC
// Call-Disconnect-Notify. CallEnded with why comes at once.
func (c *Conn) Hangup(now time.Time, id uint16, why cause.Cause) error {
	k := c.byID(id)
	if k == nil || k.state == callWaitDisconnect {
		return ErrNoCall
	}
	c.stepCall(now, k, callTerminate, callArgs{reason: reason{cause: why}})
	c.settle(now)
	return nil
}

// SetLinkInfo tells a PAC the ACCMs of a call (RFC 2637 section 2.15). Peers
// that want it at all want it after CallUp with 0xFFFFFFFF for both.
func (c *Conn) SetLinkInfo(now time.Time, id uint16, send, receive uint32) error {
	k := c.byID(id)
	if k == nil || !k.role.pns() || k.state != callEstablished {
		return ErrNoCall
	}
	c.send(SetLinkInfo{PeerCallID: k.peerID, SendACCM: send, ReceiveACCM: receive})
	c.settle(now)
	return nil
}

// SendWANErrors tells a PNS the error counters of a call's line, at most once
// in 60 seconds (RFC 2637 section 2.14). PeerCallID of m is filled in.
func (c *Conn) SendWANErrors(now time.Time, id uint16, m WANErrorNotify) error {
	k := c.byID(id)
	if k == nil || k.role.pns() || k.state != callEstablished {
		return ErrNoCall
	}
	if !k.wanSent.IsZero() && now.Sub(k.wanSent) < time.Minute {
		return ErrTooSoon
	}
	k.wanSent = now
	m.PeerCallID = k.peerID
	c.send(m)
	c.settle(now)
	return nil
}

// stepCall is the only place where a call changes its state.
func (c *Conn) stepCall(now time.Time, k *call, in callInput, a callArgs) {
	row, ok := callStep(k.role, k.state, in)
	if !ok {
		c.n.OutOfState++
		return
	}
	if row.out&sendRequest != 0 {
		c.send(k.request)
		k.request = nil
	}
	if row.out&sendReply != 0 {
		c.sendReply(k, a.accept)
	}
	if row.out&sendReplyError != 0 {
		c.refuse(k.role, k.peerID, a.cause)
	}
	if row.out&sendConnected != 0 {
		c.send(k.connected())
	}
	if row.out&sendClear != 0 {
		c.send(CallClearRequest{CallID: k.id})
	}
	if row.out&sendDisconnect != 0 {
		result := disconnection(a.cause)
		if in == callClear {
			result = DisconnectRequest
		}
		c.send(CallDisconnectNotify{CallID: c.noticeID(k), Result: result})
	}
	if row.out&tellAsked != 0 {
		c.tell(a.asked)
	}
	if row.out&tellUp != 0 {
		a.up.CallID, a.up.PeerCallID = k.id, k.peerID
		c.tell(a.up)
	}
	if row.out&tellEnded != 0 {
		c.tellEnded(k, a.reason, a.stats)
	}
	k.state = row.to
	c.schedule(now, k)
	if row.to == callIdle {
		c.remove(k)
	}
	if row.out&failControl != 0 {
		c.step(now, inTimeout, reason{cause: cause.ControlTimeout, detail: a.detail})
	}
}

// noticeID is our id in the notice of k's end. A call that we had not accepted
// has none, but what is sent must not be the id of another call.
func (c *Conn) noticeID(k *call) uint16 {
	id := k.id
	for !k.hasID && c.byID(id) != nil {
		id--
	}
	return id
}

// schedule sets the deadline of the state that k is in (RFC 2637 section 3.2.1).
func (c *Conn) schedule(now time.Time, k *call) {
	switch k.state {
	case callIdle, callEstablished:
		k.deadline = time.Time{}
	case callWaitDisconnect:
		k.deadline = now.Add(c.cfg.Timers.Clear)
	default:
		k.deadline = now.Add(c.cfg.Timers.Reply)
	}
}

func (c *Conn) tellEnded(k *call, why reason, stats string) {
	c.tell(CallEnded{CallID: k.id, PeerCallID: k.peerID, Cause: why.cause, Detail: why.detail, Statistics: clean(stats)})
}

// endCalls ends all calls: in order with messages to the peer, or without.
func (c *Conn) endCalls(now time.Time, why reason, inOrder bool) {
	for _, k := range slices.Clone(c.calls) {
		switch {
		case k.state == callWaitDisconnect:
		case inOrder && (k.state == callAsked || k.state == callWaitAnswer):
			c.tellEnded(k, why, "")
			c.stepCall(now, k, callRefuse, callArgs{reason: why})
		case inOrder:
			c.stepCall(now, k, callTerminate, callArgs{reason: why})
		default:
			c.tellEnded(k, why, "")
		}
	}
	if !inOrder {
		c.calls = nil
	}
}

func (c *Conn) remove(k *call) {
	c.calls = slices.DeleteFunc(c.calls, func(other *call) bool { return other == k })
}

// byID finds the call with our id.
func (c *Conn) byID(id uint16) *call {
	for _, k := range c.calls {
		if k.hasID && k.id == id {
			return k
		}
	}
	return nil
}

// asked finds a call that waits for our answer.
func (c *Conn) asked(peerID uint16) *call {
	for _, k := range c.calls {
		if k.peerID == peerID && (k.state == callAsked || k.state == callWaitAnswer) {
			return k
		}
	}
	return nil
}

func (c *Conn) dueCall(now time.Time) *call {
	for _, k := range c.calls {
		if due(k.deadline, now) {
			return k
		}
	}
	return nil
}

func (c *Conn) nextSerial() uint16 {
	c.serial++
	return c.serial
}
