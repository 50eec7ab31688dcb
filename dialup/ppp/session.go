package ppp

import (
	"time"

	"dun/dialup/cause"
)

// Session is PPP on one link. The zero Session is not usable; see New.
type Session struct {
	cfg Config
	now time.Time // of the call in progress

	timers timers
	tx     [][]byte // frames to send, oldest first
	events []Event
	told   []told // signals of automatons that have come to rest

	lcp    lcp
	auth   auth
	ipcp   ipcp
	ipv6cp ipv6cp
	ccp    ccp

	phase   Phase
	opened  bool // Open was called
	ending  bool // cause and detail are set, LCP is on its way down
	closed  bool // Closed was sent
	cause   cause.Cause
	detail  string
	enc     encryption
	network network

	heard    time.Time // last sign of life
	anyHeard bool      // PPP was heard at all
	rejects  limiter   // Protocol-Rejects sent
	garbage  limiter   // signs of wrong keys
	reset    time.Time // last Reset-Request
	rtt      time.Duration
	echoes   Echoes
	ident    string // the peer's
	drops    Drops
}

// told is a signal waiting for its layer.
type told struct {
	l   layer
	sig signal
}

// pending bounds the frames and events that wait for the owner. One Input
// adds a handful; what comes while the owner does not drain is dropped.
const pending = 64

// New makes a session for a link that is about to be up. The error, a
// *ConfigError, names what is wrong or impossible in cfg (encryption without
// MS-CHAP, no Random ...).
func New(cfg Config) (*Session, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Session{cfg: cfg}
	s.lcp.init(s)
	s.auth.s = s
	s.ipcp.init(s)
	s.ipv6cp.init(s)
	s.ccp.init(s)
	s.rejects = limiter{most: 20, per: 10 * time.Second}
	s.garbage = limiter{most: 16, per: time.Minute}
	return s, nil
}

// Open tells that the link is up and starts LCP (Up and Open of RFC 1661
// section 4.3).
func (s *Session) Open(now time.Time) {
	if s.opened || s.closed {
		return
	}
	s.now, s.heard, s.opened = now, now, true
	s.establish()
	s.lcp.restart()
	s.settle()
}

// Close ends the session in order: Terminate-Request, then Closed with c once
// the peer has agreed or the counter is used up.
func (s *Session) Close(now time.Time, c cause.Cause) {
	s.now = now
	s.end(c, "")
	s.settle()
}

// LinkDown tells that the link is gone; Closed follows at once. A session that
// was ending keeps the cause of that.
func (s *Session) LinkDown(now time.Time, c cause.Cause, detail string) {
	if s.closed {
		return
	}
	s.now = now
	if !s.ending {
		s.ending, s.cause, s.detail = true, c, detail
	}
	s.lcp.event(evDown)
	s.settle()
	s.finish()
}

// Input takes one received frame that Carries does not cover. b is borrowed.
func (s *Session) Input(now time.Time, b []byte) {
	if !s.opened || s.closed {
		return
	}
	s.now, s.heard = now, now
	s.lcp.lost = 0
	proto, info, ok := ParseHeader(b)
	switch {
	case !ok:
		s.drops.Malformed++
	case len(s.tx) > pending || len(s.events) > pending:
		s.drops.Overrun++
	default:
		s.dispatch(proto, info)
		s.settle()
	}
}

// HandleTimeout does what is due; harmless when nothing is.
func (s *Session) HandleTimeout(now time.Time) {
	s.now = now
	for !s.closed {
		k, ok := s.timers.due(now)
		if !ok {
			return
		}
		switch k {
		case timerLCP:
			s.lcp.timeout()
		case timerIPCP:
			s.ipcp.timeout()
		case timerIPV6CP:
			s.ipv6cp.timeout()
		case timerCCP:
			s.ccp.timeout()
		case timerPhase:
			s.phaseTimeout()
		case timerProve:
			s.auth.repeatProof()
		case timerChallenge:
			s.auth.repeatChallenge()
		case timerEcho:
			s.lcp.echoTimeout()
		case timerEncrypt:
			s.encryptTimeout()
		case timerMismatch:
			s.ccp.mismatchTimeout()
		}
		s.settle()
	}
}

// PollTransmit writes the next frame into dst, which has room for
// Config.MaxFrame octets, and returns its length.
func (s *Session) PollTransmit(dst []byte) (n int, ok bool) {
	if len(s.tx) == 0 {
		return 0, false
	}
	n = copy(dst, s.tx[0])
	s.tx[0] = nil
	if s.tx = s.tx[1:]; len(s.tx) == 0 {
		s.tx = nil
	}
	return n, true
}

// PollTimeout gives the next deadline.
func (s *Session) PollTimeout() (time.Time, bool) { return s.timers.next() }

// PollEvent gives the next event.
func (s *Session) PollEvent() (Event, bool) {
	if len(s.events) == 0 {
		return nil, false
	}
	e := s.events[0]
	s.events[0] = nil
	if s.events = s.events[1:]; len(s.events) == 0 {
		s.events = nil
	}
	return e, true
}

// Carries reports whether packets of network protocol p may pass right now:
// its control protocol is open and the encryption policy is met.
func (s *Session) Carries(p Protocol) bool {
	switch p {
	case ProtoIPv4:
		return s.network.carries4
	case ProtoIPv6:
		return s.network.carries6
	}
	return false
}

// Compressor is what network packets must pass through in both directions,
// nil while CCP is not open with MPPE.
func (s *Session) Compressor() Compressor { return s.enc.compressor }

// PlainAllowed reports whether a network packet that arrives outside of
// Compressor may be accepted.
func (s *Session) PlainAllowed() bool { return s.network.plain }

// Framing is what LCP agreed on for sending.
func (s *Session) Framing() Framing { return s.lcp.framing }

// ResetCompressor asks the peer to reset its compressor: called when
// Compressor.NeedReset reports true. While one
// Reset-Request has no answer, repeated calls send one more each second.
func (s *Session) ResetCompressor(now time.Time) {
	if s.enc.compressor == nil || !s.reset.IsZero() && now.Sub(s.reset) < time.Second {
		return
	}
	s.now, s.reset = now, now
	s.ccp.sendResetRequest()
}

// Heard tells that data arrived from the peer, for the adaptive echo.
func (s *Session) Heard(now time.Time) {
	s.heard = now
	s.lcp.lost = 0
}

// Probe asks the peer at once whether it is still there, since there is reason
// to doubt it: the machine slept, the network below is another one. Without any
// sign of life in three seconds (six on a serial line) the link ends with
// cause.EchoTimeout.
func (s *Session) Probe(now time.Time) {
	s.now = now
	s.lcp.probe()
	s.settle()
}

// GarbageInside tells that a decrypted packet had no known protocol; a storm
// of them ends the link with cause.EncryptionKeys.
func (s *Session) GarbageInside(now time.Time) {
	s.now = now
	s.wrongKeys("what the peer sends decrypts to nonsense")
	s.settle()
}

// Status is a snapshot for people and programs.
type Status struct {
	Phase     Phase
	Framing   Framing
	MRU       int  // what we receive
	Auth      Auth // how we were, or the peer was, authenticated
	User      string
	Encrypted bool
	Mode      MPPEMode
	EchoRTT   time.Duration // last LCP echo, 0 = none yet
	EchoLost  int           // unanswered right now
	Echoes    Echoes
	PeerIdent string
	Dropped   Drops
}

// Echoes counts our LCP Echo-Requests. One is lost when the next goes out
// before its answer has come.
type Echoes struct{ Sent, Lost uint64 }

// Drops counts frames that were thrown away, by reason.
type Drops struct {
	Malformed       uint64 // not what its protocol allows
	UnknownProtocol uint64 // none of ours, or switched off here
	NotOpen         uint64 // before its protocol was open, or after
	Unencrypted     uint64 // data in clear while encryption is required
	Stale           uint64 // answers to nothing that we asked, or no more; late copies
	Looped          uint64 // our own, which came back
	Overrun         uint64 // more than can wait to be answered
}

// Each calls add for every counter of d under its name.
func (d Drops) Each(add func(name string, n uint64)) {
	add("malformed", d.Malformed)
	add("unknown-protocol", d.UnknownProtocol)
	add("not-open", d.NotOpen)
	add("unencrypted", d.Unencrypted)
	add("stale", d.Stale)
	add("looped", d.Looped)
	add("overrun", d.Overrun)
}

// Status takes the snapshot.
func (s *Session) Status() Status {
	st := Status{
		Phase: s.phase, Framing: s.lcp.framing, MRU: s.lcp.mru,
		Encrypted: s.enc.compressor != nil,
		EchoRTT:   s.rtt, EchoLost: s.lcp.lost, Echoes: s.echoes, PeerIdent: s.ident, Dropped: s.drops,
	}
	if st.Encrypted {
		st.Mode = s.enc.mode
	}
	st.Auth, st.User = s.auth.status()
	return st
}
