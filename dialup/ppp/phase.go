package ppp

import (
	"bytes"
	"fmt"
	"time"

	"dun/dialup/cause"
)

// send queues a frame.
func (s *Session) send(frame []byte) { s.tx = append(s.tx, frame) }

// emit queues an event.
func (s *Session) emit(e Event) { s.events = append(s.events, e) }

// tell queues a signal for a layer, so that it acts when the automaton that
// raised it is at rest and may itself be driven.
func (s *Session) tell(l layer, sig signal) { s.told = append(s.told, told{l, sig}) }

// settle hands out signals until all is quiet.
func (s *Session) settle() {
	for len(s.told) > 0 && !s.closed {
		t := s.told[0]
		s.told = s.told[1:]
		t.l.handle(t.sig)
	}
	s.told = nil
	s.updateCarries()
}

// end brings the session down in order; the first cause stays.
func (s *Session) end(c cause.Cause, detail string) {
	if s.ending || s.closed {
		return
	}
	s.ending, s.cause, s.detail = true, c, detail
	if !s.opened {
		s.finish()
		return
	}
	s.leaveNetwork()
	s.auth.stop()
	s.timers.stop(timerPhase)
	s.timers.stop(timerEcho)
	s.enter(PhaseTerminate)
	if s.lcp.state.timed() || s.lcp.state == stOpened {
		s.lcp.event(evClose)
	}
	// Nobody will answer to the Terminate-Request where the automaton was
	// Stopped, the peer is dead or never was there.
	if !s.lcp.state.timed() || !s.anyHeard || c == cause.EchoTimeout || c == cause.Loopback {
		s.finish()
	}
}

// terminateReason is the text of our Terminate-Request, in pppd's words.
func terminateReason(c cause.Cause) string {
	switch c {
	case cause.UserRequest:
		return "User request"
	case cause.IdleTimeout:
		return "Link inactive"
	case cause.TimeLimit:
		return "Connect time expired"
	case cause.EchoTimeout:
		return "Peer not responding"
	case cause.AuthFailed, cause.PeerAuthFailed, cause.PeerNotAuthentic:
		return "Authentication failed"
	case cause.EncryptionRefused, cause.EncryptionTimeout, cause.EncryptionLost:
		return "MPPE required but not agreed on"
	case cause.NoNetworkProtocol, cause.IPCPTimeout:
		return "No network protocols running"
	}
	return ""
}

// finish reports the end; nothing happens after it.
func (s *Session) finish() {
	if s.closed {
		return
	}
	s.leaveNetwork()
	s.closed = true
	s.timers = timers{}
	s.lcp.framing = DefaultFraming
	s.auth.forget()
	s.enter(PhaseDead)
	s.emit(Closed{Cause: s.cause, Detail: s.detail})
	s.updateCarries()
}

// enter changes the phase (RFC 1661 section 3.2).
func (s *Session) enter(p Phase) {
	s.phase = p
	s.emit(PhaseChanged{Phase: p})
}

// establish is the start of LCP, for the first time or anew.
func (s *Session) establish() {
	s.enter(PhaseEstablish)
	s.timers.set(timerPhase, s.now.Add(s.cfg.Timers.Link))
}

// phaseTimeout is the deadline of a phase.
func (s *Session) phaseTimeout() {
	switch s.phase {
	case PhaseEstablish:
		s.end(s.linkFailure())
	case PhaseAuthenticate:
		s.end(cause.AuthTimeout, s.auth.pendingText())
	case PhaseNetwork:
		switch {
		case s.cfg.Encryption == Require && s.enc.compressor == nil && !s.enc.was:
			s.end(cause.EncryptionTimeout, "")
		case s.cfg.Encryption == Require && s.enc.compressor == nil:
			s.end(cause.EncryptionLost, "the peer did not agree to encryption again")
		default:
			s.end(cause.IPCPTimeout, "")
		}
	}
}

// linkFailure names what kept LCP from opening.
func (s *Session) linkFailure() (cause.Cause, string) {
	switch {
	case !s.anyHeard:
		return cause.LCPTimeout, ""
	case s.lcp.loops > 0:
		return cause.Loopback, ""
	case s.lcp.authRefused():
		return cause.AuthRefused, s.lcp.authText()
	}
	return cause.LCPFailed, ""
}

// dispatch gives a frame to its protocol.
func (s *Session) dispatch(proto Protocol, info []byte) {
	if proto == ProtoLCP {
		s.control(&s.lcp.negotiator, info)
		return
	}
	if s.lcp.state != stOpened {
		s.drops.NotOpen++ // RFC 1661 section 3.4: silently discarded
		return
	}
	s.lcp.unheard = false
	switch proto {
	case ProtoPAP:
		s.auth.inputPAP(info)
	case ProtoCHAP:
		s.auth.inputCHAP(info)
	case ProtoCCP:
		switch {
		case s.cfg.Encryption == Deny || s.enc.shut:
			s.protocolReject(proto, info)
		case s.phase != PhaseNetwork:
			// No keys before authentication, so no verdict on MPPE. RFC
			// 1661 section 3.5 has it discarded, and the peer asks again.
			s.drops.NotOpen++
		default:
			s.control(&s.ccp.negotiator, info)
		}
	case ProtoIPCP:
		s.networkControl(&s.ipcp.negotiator, &s.network.held4, !s.cfg.IPv4.Disable, info)
	case ProtoIPV6CP:
		s.networkControl(&s.ipv6cp.negotiator, &s.network.held6, s.cfg.IPv6.Enable, info)
	case ProtoIPv4:
		s.plainData(proto, s.ipcp.state == stOpened, !s.cfg.IPv4.Disable, info)
	case ProtoIPv6:
		s.plainData(proto, s.ipv6cp.state == stOpened, s.cfg.IPv6.Enable, info)
	case ProtoCompressed:
		s.drops.NotOpen++ // CCP is not open: RFC 1962 section 4
	default:
		s.protocolReject(proto, info)
	}
}

// control gives a packet to an automaton.
func (s *Session) control(n *negotiator, info []byte) {
	p, ok := parsePacket(info)
	if !ok || !n.input(p) {
		s.drops.Malformed++
		return
	}
	if n.proto == ProtoLCP {
		s.anyHeard = true
	}
}

// networkControl gives a packet to IPCP or IPV6CP. A Configure-Request that
// comes before we start the protocol, because the peer is through with
// authentication or encryption a moment earlier, is kept: dropping it costs
// the peer's restart timer, and a Terminate-Ack ends some peers.
func (s *Session) networkControl(n *negotiator, held *[]byte, enabled bool, info []byte) {
	switch {
	case !enabled:
		s.protocolReject(n.proto, info)
	case n.state > stStarting:
		s.control(n, info)
	case len(info) <= maxHeld && len(info) > 0 && info[0] == codeConfReq:
		*held = bytes.Clone(info)
	default:
		s.drops.NotOpen++
	}
}

// maxHeld bounds a kept Configure-Request.
const maxHeld = 256

// plainData counts a data frame that the packet loop had no use for.
func (s *Session) plainData(proto Protocol, open, enabled bool, info []byte) {
	switch {
	case !enabled:
		s.protocolReject(proto, info)
	case open && !s.network.plain:
		s.drops.Unencrypted++
	default:
		s.drops.NotOpen++
	}
}

// protocolReject answers what we do not speak (RFC 1661 section 5.7), at a
// bounded rate.
func (s *Session) protocolReject(proto Protocol, info []byte) {
	s.drops.UnknownProtocol++
	if s.ending || s.rejects.over(s.now) {
		return
	}
	data := append([]byte{byte(proto >> 8), byte(proto)}, info...)
	s.lcp.id++
	s.send(newFrame(ProtoLCP, codeProtRej, s.lcp.id, data, s.infoLimit()))
}

// infoLimit is the longest information field that the peer takes and
// PollTransmit has room for.
func (s *Session) infoLimit() int { return min(s.lcp.framing.MRU, s.cfg.MaxFrame-2) }

// wrongKeys counts signs that the keys of the two ends differ.
func (s *Session) wrongKeys(what string) {
	if s.enc.compressor != nil && s.garbage.over(s.now) {
		s.end(cause.EncryptionKeys, what)
	}
}

// peerTerminated is a Terminate-Request for LCP.
func (s *Session) peerTerminated(reason []byte) {
	c, text := cause.PeerHangup, terminateText(reason)
	switch {
	case !s.network.ever && s.lcp.authRefused():
		c, text = cause.AuthRefused, s.lcp.authText()
	case string(reason) == "MPPE disabled":
		// What pppd says at the end of every encrypted link. Also where its
		// Configure-Ack to us was lost: when our request comes again, it
		// takes that for the end of its encryption, and of the link.
		if !s.enc.was {
			c = cause.EncryptionLost
		}
	case bytes.Contains(reason, []byte("MPPE")):
		c = cause.EncryptionRefused // pppd's words, and ours, for want of MPPE
		if s.cfg.Encryption == Require && s.enc.was {
			c = cause.EncryptionLost
		}
	}
	if text == "" {
		switch {
		case s.phase == PhaseAuthenticate:
			text = "while logging in"
		case s.phase == PhaseNetwork && !s.network.ever:
			text = "before an address was agreed on"
		}
	}
	s.end(c, text)
}

// terminateText reads the data of a Terminate-Request: text from pppd, an
// error number from Windows behind the magic number and "<\xcdt".
func terminateText(b []byte) string {
	if len(b) >= 12 && bytes.Equal(b[4:8], []byte{0x00, 0x3c, 0xcd, 0x74}) {
		return fmt.Sprintf("Windows error %d", uint32(b[8])<<24|uint32(b[9])<<16|uint32(b[10])<<8|uint32(b[11]))
	}
	return plainText(b, 128)
}

// limiter counts events within a window of time.
type limiter struct {
	most  int
	per   time.Duration
	n     int
	since time.Time
}

// over counts one more and reports whether there are too many.
func (l *limiter) over(now time.Time) bool {
	if l.n == 0 || now.Sub(l.since) >= l.per {
		l.n, l.since = 0, now
	}
	if l.n < l.most {
		l.n++
		return false
	}
	return true
}
