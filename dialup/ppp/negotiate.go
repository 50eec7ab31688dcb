package ppp

import "bytes"

// confReq judges a Configure-Request of the peer (RFC 1661 section 5.1).
func (n *negotiator) confReq(p packet) bool {
	opts, ok := parseOptions(p.data)
	if !ok || len(p.data) > n.s.cfg.MaxFrame-2-packetHeader {
		return false
	}
	if !n.state.negotiating() && n.state != stStopped && n.state != stOpened {
		n.event(evRCRPlus) // the options do not matter: Terminate-Ack, or nothing
		return true
	}
	if n.proto == ProtoLCP && n.s.lcp.looped(opts) {
		n.s.drops.Looped++
		return true
	}
	if n.isCopy(p) {
		n.repeats--
		n.ackedID = p.id
		n.send(codeConfAck, p.id, p.data)
		return true
	}
	if n.refusedBefore(p) {
		return true
	}
	n.repeatTooEarly()
	n.replyCode, n.reply = n.judge(opts, p.data)
	if n.replyCode == codeConfAck {
		n.event(evRCRPlus)
		n.l.agreed()
	} else {
		n.event(evRCRMinus)
	}
	return true
}

// isCopy reports whether p repeats what we agreed to, sent before our Ack
// arrived on a slow line. It is answered again: taking it for a new
// negotiation would tear down on one side what the other has just brought up.
//
// LCP of a peer that was restarted may look the same. It does not while the
// peer has shown nothing of being open, whatever the identifier (some give
// each copy its own), nor with the same magic number.
func (n *negotiator) isCopy(p packet) bool {
	if n.state != stOpened || n.repeats == 0 || n.s.now.Sub(n.openedAt) >= lateRequest || !bytes.Equal(p.data, n.ackedReq) {
		return false
	}
	if n.proto == ProtoLCP {
		return n.unheard || p.id == n.ackedID && n.s.lcp.peer.magic != 0
	}
	return p.id == n.ackedID
}

// refusal is a Configure-Request of the peer and the Nak or Reject that it got.
type refusal struct {
	id      uint8
	request []byte
	code    uint8
	reply   []byte
}

// refusedBefore deals with copies of requests that were refused; others it
// leaves alone. Where the answer was lost it is given again, without counting
// for Max-Failure. Where the peer has already asked for something else, the
// copy was late and is dropped.
func (n *negotiator) refusedBefore(p packet) bool {
	for i := range n.refusals {
		r := &n.refusals[i]
		if r.code == 0 || r.id != p.id || !bytes.Equal(r.request, p.data) {
			continue
		}
		if n.copies++; n.copies > 2*n.s.cfg.Timers.MaxConfigure {
			return false
		}
		switch {
		case n.state.negotiating() && i == n.newest && n.refused > 0:
			n.replyCode, n.reply, n.again = r.code, r.reply, true
			n.event(evRCRMinus)
			n.again = false
			return true
		case n.state.negotiating():
			n.s.drops.Stale++
			return true
		case n.state == stOpened && (n.proto != ProtoLCP || n.unheard):
			if n.s.now.Sub(n.openedAt) < lateRequest {
				n.s.drops.Stale++
				return true
			}
			return false
		}
	}
	return false
}

// judge composes the answer: Reject before Nak before Ack (RFC 1661 section 5.4).
func (n *negotiator) judge(opts []option, raw []byte) (code uint8, body []byte) {
	limit := n.s.cfg.MaxFrame - 2 - packetHeader
	mayNak := n.naks < n.s.cfg.Timers.MaxFailure // RFC 1661 section 4.6, Max-Failure
	var rejs, naks []byte
	n.l.judging()
	for _, o := range opts {
		v := n.l.judge(o)
		switch {
		case v.code == codeConfAck:
		case v.code == codeConfNak && mayNak:
			if len(naks)+optionHeader+len(v.value) <= limit {
				naks = appendOption(naks, o.kind, v.value...)
			}
		case len(rejs)+o.size() <= limit:
			rejs = appendOption(rejs, o.kind, o.data...)
		}
	}
	if rejs != nil {
		return codeConfRej, rejs
	}
	if mayNak {
		naks = n.l.missing(naks)
	}
	if naks != nil {
		return codeConfNak, naks
	}
	return codeConfAck, raw
}

// confRefused takes a Configure-Nak or -Reject (RFC 1661 sections 5.3, 5.4).
func (n *negotiator) confRefused(p packet) bool {
	opts, ok := parseOptions(p.data)
	if !ok || len(opts) == 0 {
		return false
	}
	if n.state.negotiating() || n.state == stOpened {
		if p.id != n.reqID || n.answered {
			n.s.drops.Stale++
			return true
		}
		if p.code == codeConfRej && !n.asked(opts) {
			return false // RFC 1661 section 5.4: a proper subset of our options
		}
		n.answered = true
		n.gotNaks++
		for _, o := range opts {
			// A peer that Naks for ever is taken to reject.
			if p.code == codeConfRej || n.gotNaks > n.s.cfg.Timers.MaxFailure {
				n.l.rejected(o)
			} else {
				n.l.naked(o)
			}
		}
		if n.gotNaks > 3*n.s.cfg.Timers.MaxFailure {
			n.s.tell(n.l, sigDiverged)
		}
	}
	n.event(evRCN)
	return true
}

// asked reports whether each of opts stands in our last request.
func (n *negotiator) asked(opts []option) bool {
	sent, _ := parseOptions(n.sent)
next:
	for _, o := range opts {
		for _, q := range sent {
			if o.kind == q.kind && bytes.Equal(o.data, q.data) {
				continue next
			}
		}
		return false
	}
	return true
}
