package ppp

import (
	"encoding/binary"
	"fmt"
	"time"

	"dun/dialup/cause"
)

// echo is the last Echo-Request that we sent.
type echo struct {
	id      uint8
	at      time.Time
	waiting bool // not answered yet
	loops   int  // our own requests seen
}

// other handles LCP codes from 8 on (RFC 1661 sections 5.7 to 5.9, RFC 1570
// sections 2.1 and 2.2).
func (l *lcp) other(p packet) bool {
	l.unheard = false
	switch p.code {
	case codeProtRej:
		l.protRej(p)
	case codeEchoReq:
		l.echoReq(p)
	case codeEchoReply:
		l.echoReply(p)
	case codeDiscard, codeTimeLeft:
		l.event(evRXR)
	case codeIdent:
		if len(p.data) >= 4 {
			l.s.ident = plainText(p.data[4:], 128)
			l.s.emit(PeerIdentified{Text: l.s.ident})
		}
	default:
		return false
	}
	return true
}

func (l *lcp) codeRejected(code uint8) {
	if code == codeEchoReq || code == codeEchoReply {
		l.s.timers.stop(timerEcho)
	}
}

// magicNumber is what we put into packets: zero where the peer would not have
// one (RFC 1661 section 6.4).
func (l *lcp) magicNumber() []byte {
	var v uint32
	if l.ask.magic {
		v = l.ask.magicValue
	}
	return binary.BigEndian.AppendUint32(nil, v)
}

func (l *lcp) sendIdent() {
	l.id++
	l.s.send(newFrame(ProtoLCP, codeIdent, l.id, append(l.magicNumber(), l.s.cfg.Ident...), l.s.infoLimit()))
}

// echoReq answers an Echo-Request (RFC 1661 section 5.8), cut to what the peer
// can receive: some end the link over a longer reply.
func (l *lcp) echoReq(p packet) {
	l.event(evRXR)
	switch {
	case l.state != stOpened || l.s.ending:
		l.s.drops.NotOpen++
		return
	case len(p.data) < 4:
		l.s.drops.Malformed++
		return
	}
	if m := binary.BigEndian.Uint32(p.data); m != 0 && l.ask.magic && m == l.ask.magicValue {
		// Nobody else knows the number, so twice is proof enough.
		if l.echo.loops++; l.echo.loops >= 2 {
			l.s.end(cause.Loopback, "our own echo requests come back")
		}
		l.s.drops.Looped++
		return
	}
	l.s.send(newFrame(ProtoLCP, codeEchoReply, p.id, append(l.magicNumber(), p.data[4:]...), l.s.infoLimit()))
}

func (l *lcp) echoReply(p packet) {
	l.event(evRXR)
	if l.echo.waiting && p.id == l.echo.id {
		l.echo.waiting = false
		l.s.rtt = l.s.now.Sub(l.echo.at)
		return
	}
	l.s.drops.Stale++
}

// startEcho begins to watch over the peer.
func (l *lcp) startEcho() {
	l.echo, l.lost, l.probing = echo{}, 0, false
	if l.s.cfg.Timers.Echo > 0 {
		l.s.timers.set(timerEcho, l.s.now.Add(l.s.cfg.Timers.Echo))
	}
}

// probing is how a peer is asked that may be gone: so often, that far apart, or
// on a serial line, where a question waits behind packets, twice as far.
const (
	probes     = 3
	probeAfter = time.Second
)

// probe begins to do so, unless the peer does not know the question.
func (l *lcp) probe() {
	s := l.s
	if l.state != stOpened || s.ending || !s.timers.running(timerEcho) {
		return
	}
	l.probing, l.lost = true, 0
	l.question(l.probeInterval())
}

func (l *lcp) probeInterval() time.Duration {
	if l.s.cfg.Async {
		return 2 * probeAfter
	}
	return probeAfter
}

// probeTimeout reports whether a probe is under way and has dealt with the timer.
func (l *lcp) probeTimeout() bool {
	s := l.s
	switch {
	case !l.probing:
		return false
	case l.lost == 0: // there was a sign of life
		l.probing = false
		return false
	case l.lost >= probes:
		s.end(cause.EchoTimeout, fmt.Sprintf("%d echo requests without an answer", l.lost))
	default:
		l.question(l.probeInterval())
	}
	return true
}

// echoTimeout asks a peer that has been silent for the interval, and gives it
// up after too many questions without any sign of life.
func (l *lcp) echoTimeout() {
	s := l.s
	if l.state != stOpened || s.ending {
		return
	}
	if l.probeTimeout() {
		return
	}
	if quiet := s.now.Sub(s.heard); quiet < s.cfg.Timers.Echo {
		s.timers.set(timerEcho, s.heard.Add(s.cfg.Timers.Echo))
		return
	}
	if l.lost >= s.cfg.Timers.EchoFailures {
		s.end(cause.EchoTimeout, fmt.Sprintf("%d echo requests without an answer", l.lost))
		return
	}
	l.question(s.cfg.Timers.Echo)
}

// question asks, and looks for the answer after a while.
func (l *lcp) question(wait time.Duration) {
	s := l.s
	l.lost++
	l.id++
	if l.echo.waiting {
		s.echoes.Lost++
	}
	s.echoes.Sent++
	l.echo = echo{id: l.id, at: s.now, waiting: true, loops: l.echo.loops}
	s.send(newFrame(ProtoLCP, codeEchoReq, l.id, l.magicNumber(), s.infoLimit()))
	s.timers.set(timerEcho, s.now.Add(wait))
}

// protRej takes a Protocol-Reject (RFC 1661 section 5.7).
func (l *lcp) protRej(p packet) {
	s := l.s
	switch {
	case l.state != stOpened:
		s.drops.NotOpen++ // RFC 1661 section 5.7: discarded in any other state
		return
	case len(p.data) < 2:
		s.drops.Malformed++
		return
	}
	switch proto := Protocol(binary.BigEndian.Uint16(p.data)); proto {
	case ProtoLCP:
		l.rejectedByPeer()
	case ProtoPAP, ProtoCHAP:
		l.event(evRXJPlus)
		if s.phase == PhaseAuthenticate {
			s.end(cause.AuthRefused, "the peer does not know the authentication protocol")
		}
	case ProtoIPCP:
		l.event(evRXJPlus)
		s.ipcp.rejectedByPeer()
	case ProtoIPV6CP:
		l.event(evRXJPlus)
		s.ipv6cp.rejectedByPeer()
	case ProtoCCP, ProtoCompressed:
		l.event(evRXJPlus)
		s.ccp.rejectedByPeer()
	case ProtoIPv4, ProtoIPv6:
		l.event(evRXJPlus)
	default:
		// We never sent it, so it is what the peer's keys made of our data.
		l.event(evRXJPlus)
		s.wrongKeys("the peer decrypts to nonsense what we send")
	}
}
