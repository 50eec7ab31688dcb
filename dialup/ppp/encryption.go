package ppp

import (
	"time"

	"dun/dialup/cause"
)

// encryption is the policy on top of CCP: what happens to the session when
// MPPE comes up, is refused, or is lost.
type encryption struct {
	able       bool       // policy, keys and compressor are there
	modes      []MPPEMode // that the keys serve, best first
	compressor Compressor
	mode       MPPEMode
	was        bool // up before, since LCP is open
	busy       bool // was up and is being renegotiated: nothing may pass
	shut       bool // the peer goes round in circles: CCP is no longer spoken
}

// startEncryption begins CCP after authentication, or goes on without.
func (s *Session) startEncryption() {
	keys := s.auth.keys()
	e := encryption{}
	for _, m := range s.cfg.MPPE {
		if !keys.v1 || m.Bits == 128 { // RFC 3079 section 2: the shorter keys need the LM hash
			e.modes = append(e.modes, m)
		}
	}
	e.able = s.cfg.Encryption != Deny && keys.valid && s.cfg.NewCompressor != nil && len(e.modes) > 0
	s.enc = e
	switch {
	case s.cfg.Encryption == Require && !keys.valid:
		s.end(cause.EncryptionRefused, "there are no keys, since authentication was not by MS-CHAP")
	case s.cfg.Encryption == Require && !e.able:
		s.end(cause.EncryptionRefused, "MS-CHAP gives keys for 128 bit only")
	case s.cfg.Encryption == Require:
		s.ccp.start()
	case s.cfg.Encryption == Prefer && e.able:
		// IPCP waits for the answer, within half the time of the phase.
		s.timers.set(timerEncrypt, s.now.Add(s.cfg.Timers.Network/2))
		s.ccp.start()
	case s.cfg.Encryption == Deny:
		s.startNetworkProtocols()
	default:
		s.ccp.wait()
		s.startNetworkProtocols()
	}
}

// encryptionUp installs MPPE in the mode that both directions agreed on.
func (s *Session) encryptionUp(m MPPEMode) {
	keys := s.auth.keys()
	c := s.cfg.NewCompressor(keys.start(m))
	s.reset = time.Time{}
	if c == nil {
		s.encryptionGone(cause.EncryptionRefused, "this mode of MPPE is not to be had")
		return
	}
	e := &s.enc
	e.compressor, e.mode, e.was, e.busy = c, m, true, false
	s.timers.stop(timerEncrypt)
	s.garbage.n = 0
	s.emit(EncryptionUp{Mode: m})
	s.startNetworkProtocols()
}

// encryptionPaused is CCP leaving Opened. What follows, a new negotiation or
// the end, shows later; nothing passes until then.
func (s *Session) encryptionPaused() {
	e := &s.enc
	if e.compressor == nil {
		return
	}
	e.compressor, e.busy = nil, true
	s.emit(EncryptionDown{})
	s.timers.set(timerEncrypt, s.now.Add(s.cfg.Timers.Network/2))
}

// encryptionGone is CCP come to an end without MPPE. Who requires encryption
// ends the link with c, or EncryptionLost where there was some.
func (s *Session) encryptionGone(c cause.Cause, detail string) {
	s.encryptionPaused()
	if s.cfg.Encryption == Require {
		if s.enc.was {
			c = cause.EncryptionLost
		}
		s.end(c, detail)
		return
	}
	s.timers.stop(timerEncrypt)
	s.timers.stop(timerMismatch)
	s.enc.busy = false
	s.startNetworkProtocols()
}

// encryptTimeout ends the wait for CCP.
func (s *Session) encryptTimeout() {
	s.encryptionGone(cause.EncryptionTimeout, "")
	if !s.ending && s.ccp.state.negotiating() {
		s.ccp.wait()
	}
}

// stopEncryption forgets all: LCP is no longer open.
func (s *Session) stopEncryption() {
	if s.enc.compressor != nil {
		s.emit(EncryptionDown{})
	}
	s.enc = encryption{was: s.enc.was && s.ending}
	s.ccp.reset()
	s.timers.stop(timerEncrypt)
	s.timers.stop(timerMismatch)
}
