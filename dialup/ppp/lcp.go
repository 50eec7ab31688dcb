package ppp

import (
	"encoding/binary"
	"slices"

	"dun/dialup/cause"
)

// LCP options (RFC 1661 section 6, RFC 1662 section 7.1).
const (
	lcpMRU   = 1
	lcpACCM  = 2
	lcpAuth  = 3
	lcpMagic = 5
	lcpPFC   = 7
	lcpACFC  = 8
)

// A line that echoes sends our own magic number back (RFC 1661 section 6.4).
// The first few echoes are answered, as the RFC wants; then they are dropped,
// so that the Restart timer sets the pace, and if it goes on for a few of its
// periods the line is looped. Till then it may be a terminal whose echo ends
// when PPP starts there.
const (
	answeredLoops = 3
	maxLoops      = answeredLoops + 3
)

// maxTermReqs is how often a peer may ask to terminate while LCP is being
// negotiated: the first may be left over from a session before this one.
const maxTermReqs = 2

// lcp is the Link Control Protocol.
type lcp struct {
	negotiator

	// What we ask for, and what the peer made of it.
	ask struct {
		mru, accm, magic, pfc, acfc bool
		mruValue                    int
		accmValue                   uint32
		magicValue                  uint32
		auth                        int    // index in Config.Require, past its end = none
		tried                       uint64 // ways of authentication that were asked for, a bit each
	}
	// What the peer asks for: the request being judged, and the one agreed to.
	judged, peer lcpOptions

	offers    int // ways of authentication that we proposed in Naks
	lastAuth  []byte
	contested bool // the peer wants a way of authentication that we do not, maybe goes on without
	loops     int  // our own magic number seen
	termReqs  int

	framing Framing
	mru     int
	echo    echo
	lost    int  // echoes unanswered
	probing bool // see probe
}

type lcpOptions struct {
	mru       int
	accm      uint32
	auth      Auth
	magic     uint32
	pfc, acfc bool
}

func (l *lcp) init(s *Session) {
	l.negotiator = negotiator{s: s, l: l, proto: ProtoLCP, timer: timerLCP}
	l.framing = DefaultFraming
	l.mru = defaultMRU
}

func (l *lcp) begin() {
	c := &l.s.cfg
	l.ask.mru, l.ask.mruValue = c.MRU != defaultMRU, c.MRU
	l.ask.accm, l.ask.accmValue = c.Async && c.ACCM != DefaultFraming.ACCM, c.ACCM
	l.ask.magic, l.ask.magicValue = true, l.newMagic()
	l.ask.pfc, l.ask.acfc = !c.NoPFC, !c.NoACFC
	l.ask.auth, l.ask.tried = 0, 0
	l.offers, l.contested, l.loops, l.termReqs = 0, false, 0, 0
}

// newMagic makes a magic number, never zero (RFC 1661 section 6.4).
func (l *lcp) newMagic() uint32 {
	var b [4]byte
	l.s.cfg.Random(b[:])
	return max(binary.BigEndian.Uint32(b[:]), 1)
}

func (l *lcp) request(b []byte) []byte {
	if l.ask.mru {
		b = appendOption(b, lcpMRU, byte(l.ask.mruValue>>8), byte(l.ask.mruValue))
	}
	if l.ask.accm {
		b = appendOption32(b, lcpACCM, l.ask.accmValue)
	}
	if m := l.required(); m != AuthNone {
		l.ask.tried |= 1 << m
		b = appendOption(b, lcpAuth, authOption(m)...)
	}
	if l.ask.magic {
		b = appendOption32(b, lcpMagic, l.ask.magicValue)
	}
	if l.ask.pfc {
		b = appendOption(b, lcpPFC)
	}
	if l.ask.acfc {
		b = appendOption(b, lcpACFC)
	}
	return b
}

// required is the way of authentication that we ask of the peer.
func (l *lcp) required() Auth {
	if l.ask.auth < len(l.s.cfg.Require) {
		return l.s.cfg.Require[l.ask.auth]
	}
	return AuthNone
}

func (l *lcp) acked() {
	l.mru = defaultMRU
	if l.ask.mru {
		l.mru = l.ask.mruValue
	}
}

func (l *lcp) naked(o option) {
	switch o.kind {
	case lcpMRU:
		// Windows 2000 answers with the very value that we asked for and
		// means a Reject.
		if v, ok := uint16Option(o); !ok || v == l.ask.mruValue || v < minMRU || v > max(l.s.cfg.MRU, defaultMRU) {
			l.ask.mru = false
		} else {
			l.ask.mruValue = v
		}
	case lcpACCM:
		// RFC 1662 section 7.1: the union of what both want escaped.
		if v, ok := uint32Option(o); ok {
			l.ask.accmValue |= v
		}
	case lcpMagic:
		// RFC 1661 section 6.4: maybe our own Nak, come back on a loop.
		l.ask.magicValue = l.newMagic()
	case lcpAuth:
		l.nextAuth(o)
	default:
		l.rejected(o)
	}
}

// nextAuth chooses among Require after a Nak: what the peer proposes, if it is
// acceptable and new, or else the next one (RFC 1661 section 6.2).
func (l *lcp) nextAuth(o option) {
	if m := parseAuthOption(o.data); m != AuthNone && l.ask.tried&(1<<m) == 0 {
		if i := slices.Index(l.s.cfg.Require, m); i >= 0 {
			l.ask.auth = i
			return
		}
	}
	for i, m := range l.s.cfg.Require {
		if l.ask.tried&(1<<m) == 0 {
			l.ask.auth = i
			return
		}
	}
	l.s.end(cause.AuthRefused, "the peer wants "+authName(o.data))
}

func (l *lcp) rejected(o option) {
	switch o.kind {
	case lcpMRU:
		l.ask.mru = false
	case lcpACCM:
		l.ask.accm = false
	case lcpMagic:
		l.ask.magic = false
	case lcpPFC:
		l.ask.pfc = false
	case lcpACFC:
		l.ask.acfc = false
	case lcpAuth:
		if l.required() != AuthNone {
			l.s.end(cause.AuthRefused, "the peer does not want to authenticate itself")
		}
	}
}

func (l *lcp) judging() {
	// A peer that never mentions MRU has the default (RFC 1661 section 6.1).
	l.judged = lcpOptions{mru: defaultMRU, accm: DefaultFraming.ACCM}
}

func (l *lcp) judge(o option) verdict {
	j := &l.judged
	switch o.kind {
	case lcpMRU:
		v, ok := uint16Option(o)
		if !ok {
			return reject
		}
		if v < minMRU {
			return nak(0, minMRU)
		}
		j.mru = v
		return accept
	case lcpACCM:
		// RFC 1662 section 6: synchronous ends acknowledge it as well, for
		// the sake of converters on the way.
		v, ok := uint32Option(o)
		if !ok {
			return reject
		}
		j.accm = v
		return accept
	case lcpAuth:
		return l.judgeAuth(o)
	case lcpMagic:
		v, ok := uint32Option(o)
		if !ok {
			return reject
		}
		return l.judgeMagic(v)
	case lcpPFC:
		if len(o.data) != 0 || l.s.cfg.NoPFC {
			return reject
		}
		j.pfc = true
		return accept
	case lcpACFC:
		if len(o.data) != 0 || l.s.cfg.NoACFC {
			return reject
		}
		j.acfc = true
		return accept
	}
	return reject
}

// judgeAuth rules on how the peer wants us to authenticate ourselves.
func (l *lcp) judgeAuth(o option) verdict {
	able := l.s.cfg.Accept
	if m := parseAuthOption(o.data); m != AuthNone && slices.Contains(able, m) {
		l.judged.auth = m
		l.contested = false
		return accept
	}
	l.contested = true
	l.lastAuth = append(l.lastAuth[:0], o.data[:min(len(o.data), 8)]...)
	if len(able) == 0 {
		return reject
	}
	// Strongest first; a peer that insists is offered the next one.
	m := able[min(l.offers, len(able)-1)]
	l.offers++
	return nak(authOption(m)...)
}

// authRefused reports whether LCP fails for want of a common authentication.
func (l *lcp) authRefused() bool { return l.contested }

func (l *lcp) authText() string {
	if len(l.s.cfg.Accept) == 0 {
		return "the peer wants us to log in with " + authName(l.lastAuth) + ", none is allowed"
	}
	return "the peer insists on " + authName(l.lastAuth)
}

// judgeMagic looks for ourselves in the peer (RFC 1661 section 6.4).
func (l *lcp) judgeMagic(v uint32) verdict {
	own := l.ask.magic && v == l.ask.magicValue
	if own || v == 0 {
		m := l.newMagic()
		return nak(byte(m>>24), byte(m>>16), byte(m>>8), byte(m))
	}
	l.judged.magic = v
	return accept
}

// looped counts a Configure-Request with our own magic number, and reports
// whether it is to be dropped.
func (l *lcp) looped(opts []option) bool {
	for _, o := range opts {
		if v, ok := uint32Option(o); ok && o.kind == lcpMagic && l.ask.magic && v == l.ask.magicValue {
			if l.loops++; l.loops >= maxLoops {
				l.s.end(cause.Loopback, "")
			}
			return l.loops > answeredLoops
		}
	}
	return false
}

func (l *lcp) missing(naks []byte) []byte { return naks }

func (l *lcp) agreed() {
	l.peer = l.judged
	l.loops = 0
}

func (l *lcp) handle(sig signal) {
	s := l.s
	switch sig {
	case sigUp:
		l.open()
	case sigDown:
		l.framing = DefaultFraming
		if !s.ending && l.state.negotiating() {
			// The peer began anew, which is normal (RFC 1661 section 3.4).
			s.leaveNetwork()
			s.auth.reset()
			s.timers.stop(timerEcho)
			s.establish()
		}
	case sigFinished:
		if s.ending {
			s.finish()
		} else {
			s.end(s.linkFailure())
		}
	case sigRejected:
		s.end(cause.LCPFailed, "the peer does not know LCP")
	case sigDiverged:
		if l.contested {
			s.end(cause.AuthRefused, l.authText())
		} else {
			s.end(cause.LCPFailed, "the options do not converge")
		}
	case sigTermReq:
		l.termReqs++
		if s.phase != PhaseEstablish || l.contested || l.termReqs > maxTermReqs {
			s.peerTerminated(l.termReason)
		}
	}
}

// open is This-Layer-Up: the link is established.
func (l *lcp) open() {
	s := l.s
	if s.ending || l.state != stOpened {
		return
	}
	l.framing = Framing{ACCM: l.peer.accm, PFC: l.peer.pfc, ACFC: l.peer.acfc, MRU: l.peer.mru}
	if s.cfg.MaxMRU != 0 {
		l.framing.MRU = min(l.framing.MRU, s.cfg.MaxMRU)
	}
	s.emit(LinkOpened{Framing: l.framing})
	if s.cfg.Ident != "" {
		l.sendIdent()
	}
	l.startEcho()
	s.auth.start(l.peer.auth, l.required())
}

func uint16Option(o option) (int, bool) {
	if len(o.data) != 2 {
		return 0, false
	}
	return int(binary.BigEndian.Uint16(o.data)), true
}

func uint32Option(o option) (uint32, bool) {
	if len(o.data) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(o.data), true
}
