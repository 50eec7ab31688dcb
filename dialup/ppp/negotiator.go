package ppp

import (
	"bytes"
	"time"
)

// layer is what a protocol with option negotiation supplies: verdicts on
// options, and what it does when the automaton comes up or goes down.
type layer interface {
	// begin forgets what was agreed on and asked before: a negotiation
	// starts from the configuration.
	begin()
	// request appends the options that we ask for.
	request(b []byte) []byte
	// acked, naked and rejected tell the answers to them. o may be an option
	// that we did not ask for, in a Nak (RFC 1661 section 5.3).
	acked()
	naked(o option)
	rejected(o option)

	// judging begins a look at a Configure-Request of the peer, judge rules
	// on each of its options, and missing appends what a Nak should ask for
	// besides (RFC 1661 section 5.3). agreed tells that all were accepted.
	judging()
	judge(o option) verdict
	missing(nak []byte) []byte
	agreed()

	// other handles codes beyond 7; false makes a Code-Reject.
	other(p packet) bool
	// codeRejected tells that the peer does not know such a code beyond 7.
	codeRejected(code uint8)
	// handle acts on a signal, after the automaton has come to rest.
	handle(sig signal)
}

// signal is what an automaton tells its layer.
type signal uint8

const (
	sigUp       signal = iota // This-Layer-Up
	sigDown                   // This-Layer-Down
	sigFinished               // This-Layer-Finished
	sigRejected               // the peer does not know the protocol, or its basic codes (RXJ-)
	sigDiverged               // the negotiation goes round in circles (RFC 1661 section 4.5)
	sigTermReq                // the peer asked to terminate
)

// verdict is a ruling on one option of the peer's.
type verdict struct {
	code  uint8  // codeConfAck, codeConfNak or codeConfRej
	value []byte // for Nak: the data that would be accepted
}

var (
	accept = verdict{code: codeConfAck}
	reject = verdict{code: codeConfRej}
)

// nak proposes other data for an option.
func nak(value ...byte) verdict { return verdict{code: codeConfNak, value: value} }

// negotiator runs the automaton of one protocol.
type negotiator struct {
	s     *Session
	l     layer
	proto Protocol
	timer timerKind

	state  state
	count  int           // Restart counter
	period time.Duration // of the Restart timer, grows while nothing is heard

	id       uint8  // of the packets that we begin
	reqID    uint8  // of our last Configure-Request
	sent     []byte // its options
	answered bool   // it had its answer; a second one is dropped
	sentAt   time.Time

	naks    int // Configure-Naks sent since the last Ack sent
	refused int // Naks and Rejects sent since then
	gotNaks int // Naks and Rejects received since the last Ack received

	ackedID  uint8  // the peer's Configure-Request that we agreed to last
	ackedReq []byte //
	repeats  int    // how often it may still be repeated in Opened
	openedAt time.Time
	unheard  bool // LCP: since Opened nothing came that shows the peer to be open

	refusals [4]refusal // the last ones of this negotiation
	newest   int        // index of the newest
	copies   int        // of them that came
	again    bool       // the event in progress repeats it

	termReason []byte // of the peer's last Terminate-Request

	in        packet // what the event in progress is about
	replyCode uint8  // what sca and scn send
	reply     []byte
}

const (
	maxPeriod = 10 * time.Second
	// The peer's repeated request is taken for a late copy, and no new
	// negotiation, for so long after Opened.
	lateRequest = time.Minute
	// After Terminate-Request the peer is given so long to use our Ack
	// (RFC 1661 section 4.4, Zero-Restart-Count).
	terminatePause = time.Second
	// Whoever hangs up waits for the answer, so an unanswered
	// Terminate-Request is repeated sooner than others.
	terminatePeriod = 1500 * time.Millisecond
	// What was sent this long before the peer's own first request may have
	// come before the peer was there.
	tooEarly = 25 * time.Millisecond
)

// event is the one place where the state changes.
func (n *negotiator) event(e event) {
	c := automaton[e][n.state]
	if c.illegal {
		return
	}
	old := n.state
	n.state = c.next
	if !n.state.timed() {
		n.s.timers.stop(n.timer)
	}
	for a := actions(1); a <= tlu; a <<= 1 {
		if c.do&a != 0 {
			n.act(a, c.do, e, old)
		}
	}
}

// act carries out one action (RFC 1661 section 4.4).
func (n *negotiator) act(a, all actions, e event, old state) {
	switch a {
	case tld:
		n.s.tell(n.l, sigDown)
	case irc:
		n.count, n.period = n.s.cfg.Timers.MaxConfigure, n.s.cfg.Timers.Restart
		if all&str != 0 {
			n.count, n.period = n.s.cfg.Timers.MaxTerminate, min(n.period, terminatePeriod)
		}
	case zrc:
		n.count = 0
		n.s.timers.set(n.timer, n.s.now.Add(min(terminatePause, n.s.cfg.Timers.Restart)))
	case scr:
		n.sendRequest(e == evTOPlus, old)
	case sca:
		n.naks, n.refused = 0, 0
		n.ackedID, n.ackedReq = n.in.id, bytes.Clone(n.in.data)
		n.send(codeConfAck, n.in.id, n.reply)
	case scn:
		n.send(n.replyCode, n.in.id, n.reply)
		if n.again {
			return
		}
		n.refused++
		if n.replyCode == codeConfNak {
			n.naks++
		}
		n.newest = (n.newest + 1) % len(n.refusals)
		n.refusals[n.newest] = refusal{id: n.in.id, request: bytes.Clone(n.in.data), code: n.replyCode, reply: n.reply}
		if n.refused > 4*n.s.cfg.Timers.MaxFailure {
			n.s.tell(n.l, sigDiverged)
		}
	case str:
		n.id++
		var reason []byte
		if n.proto == ProtoLCP {
			reason = []byte(terminateReason(n.s.cause))
		}
		n.send(codeTermReq, n.id, reason)
		n.count--
		n.s.timers.set(n.timer, n.s.now.Add(n.period))
	case sta:
		id := n.in.id
		if e != evRTR {
			n.id++
			id = n.id
		}
		n.send(codeTermAck, id, nil)
	case scj:
		n.id++
		whole := newFrame(0, n.in.code, n.in.id, n.in.data, n.s.infoLimit())
		n.send(codeCodeRej, n.id, whole[2:])
	case ser: // by the layer, which knows the magic number
	case tls: // the link is there before we are opened
	case tlf:
		n.s.tell(n.l, sigFinished)
	case tlu:
		n.openedAt, n.unheard = n.s.now, true
		n.repeats = n.s.cfg.Timers.MaxConfigure
		n.s.tell(n.l, sigUp)
	}
}

// sendRequest sends a Configure-Request. A repetition keeps identifier and
// options (RFC 1661 section 5.1 allows it), so that a late Ack of the first
// copy is still good on a line slower than the Restart timer.
func (n *negotiator) sendRequest(again bool, old state) {
	if !again {
		if !old.negotiating() {
			n.naks, n.refused, n.gotNaks = 0, 0, 0
			n.refusals, n.copies = [4]refusal{}, 0
			n.l.begin()
		}
		n.id++
		n.reqID = n.id
		n.sent = n.l.request(n.sent[:0])
	}
	n.answered = false
	n.sentAt = n.s.now
	n.send(codeConfReq, n.reqID, n.sent)
	n.count--
	n.s.timers.set(n.timer, n.s.now.Add(n.period))
}

// rerequest replaces the Configure-Request that is on its way; answers to the
// old one no longer count.
func (n *negotiator) rerequest() {
	if n.state.negotiating() {
		if n.state == stAckRcvd {
			n.state = stReqSent
		}
		n.sendRequest(false, n.state)
	}
}

// send queues a packet of the protocol.
func (n *negotiator) send(code, id uint8, data []byte) {
	n.s.send(newFrame(n.proto, code, id, data, n.s.cfg.MaxFrame-2))
}

// timeout is the Restart timer.
func (n *negotiator) timeout() {
	n.period = min(2*n.period, max(maxPeriod, n.s.cfg.Timers.Restart))
	if n.count > 0 {
		n.event(evTOPlus)
	} else {
		n.event(evTOMinus)
	}
}

// restart leads a negotiator from any state into a fresh negotiation.
func (n *negotiator) restart() {
	n.reset()
	n.event(evOpen)
	n.event(evUp)
}

// listen waits for the peer to begin: the state Stopped, as after the passive
// option of RFC 1661 section 4.2.
func (n *negotiator) listen() {
	n.reset()
	n.state = stStopped
	n.count = n.s.cfg.Timers.MaxConfigure
	n.period = n.s.cfg.Timers.Restart
}

// reset stops the negotiator in Initial without a word to the layer.
func (n *negotiator) reset() {
	n.state = stInitial
	n.s.timers.stop(n.timer)
	n.ackedReq = nil
	n.repeats = 0
	n.refusals, n.copies = [4]refusal{}, 0
}

// input takes one packet of the protocol; false when it was malformed.
func (n *negotiator) input(p packet) bool {
	if n.state <= stStarting {
		n.s.drops.NotOpen++
		return true // RFC 1661 section 4.1: nothing can be received here
	}
	n.in = p
	switch p.code {
	case codeConfReq:
		return n.confReq(p)
	case codeConfAck:
		if n.state.negotiating() || n.state == stOpened {
			if p.id != n.reqID || n.answered || !bytes.Equal(p.data, n.sent) {
				n.s.drops.Stale++ // RFC 1661 section 5.2: silently discarded
				return true
			}
			n.answered = true
			n.gotNaks = 0
			n.l.acked()
		}
		n.event(evRCA)
	case codeConfNak, codeConfRej:
		return n.confRefused(p)
	case codeTermReq:
		n.termReason = bytes.Clone(p.data[:min(len(p.data), 128)])
		n.event(evRTR)
		n.s.tell(n.l, sigTermReq)
	case codeTermAck:
		n.event(evRTA)
	case codeCodeRej:
		if len(p.data) < packetHeader {
			return false
		}
		// RFC 1661 section 4.3: without the basic codes nothing works.
		if c := p.data[0]; c >= codeConfReq && c <= codeCodeRej {
			n.rejectedByPeer()
		} else {
			n.l.codeRejected(c)
			n.event(evRXJPlus)
		}
	default:
		if !n.l.other(p) {
			n.event(evRUC)
		}
	}
	return true
}

// repeatTooEarly sends our request again when the peer begins to speak only
// now: a server starts PPP when the call is up and throws away what came
// before, and waiting for the Restart timer would cost three seconds. The copy
// goes before our answer, so that a peer which had the first one after all
// takes it before it opens.
func (n *negotiator) repeatTooEarly() {
	if n.state == stReqSent && !n.answered && n.count == n.s.cfg.Timers.MaxConfigure-1 && n.s.now.Sub(n.sentAt) >= tooEarly {
		n.sendRequest(true, n.state)
	}
}

// rejectedByPeer is a Protocol-Reject of the protocol, or a Code-Reject of
// what it cannot do without.
func (n *negotiator) rejectedByPeer() {
	n.s.tell(n.l, sigRejected)
	n.event(evRXJMinus)
}
