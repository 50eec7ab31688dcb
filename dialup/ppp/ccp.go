package ppp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"dun/dialup/cause"
)

// ccpMPPE is the only method that we know (RFC 3078 section 2).
const ccpMPPE = 18

// Supported bits (RFC 3078 section 2.1).
const (
	mppeH uint32 = 0x01000000 // stateless
	mppeM uint32 = 0x80       // 56 bit
	mppeS uint32 = 0x40       // 128 bit
	mppeL uint32 = 0x20       // 40 bit

	mppeKeyBits = mppeM | mppeS | mppeL
)

// maxMismatches bounds how often we ask anew where the two directions of CCP
// came out different.
const maxMismatches = 3

// ccp is the Compression Control Protocol with MPPE. Each direction is
// negotiated for itself, but peers want both the same (field experience:
// Windows 9x cannot do one-way MPPE), so what one direction agrees on the
// other asks for.
type ccp struct {
	negotiator

	ask    offer // what we request
	peer   offer // what the peer requested and we agreed to
	judged offer // in the request being judged: what we agree to or propose
	seen   bool  // an MPPE option stands in it

	raised     bool // the peer was once told of a better mode
	insisted   int  // how often we asked again for what was not liked
	mismatches int
	resetID    uint8 // of the last Reset-Request
}

// offer is an MPPE mode, or none.
type offer struct {
	on   bool
	mode MPPEMode
}

func (c *ccp) init(s *Session) {
	c.negotiator = negotiator{s: s, l: c, proto: ProtoCCP, timer: timerCCP}
}

// start asks the peer for encryption, wait leaves the first word to it.
func (c *ccp) start() {
	c.fresh()
	c.restart()
}

func (c *ccp) wait() {
	c.fresh()
	c.listen()
}

func (c *ccp) fresh() {
	c.ask, c.peer, c.judged = offer{}, offer{}, offer{}
	c.raised, c.insisted, c.mismatches = false, 0, 0
}

func (c *ccp) begin() {
	c.ask = c.judged // what the peer asked for, or we told it to
	p := c.s.cfg.Encryption
	if !c.ask.on && c.s.enc.able && (p == Require || p == Prefer && !c.raised) {
		c.ask = offer{true, c.s.enc.modes[0]}
	}
}

func (c *ccp) request(b []byte) []byte {
	if c.ask.on {
		b = appendOption32(b, ccpMPPE, c.ask.mode.bits())
	}
	return b
}

func (c *ccp) acked() {}

// naked takes what the peer would rather have, if it is acceptable to us.
func (c *ccp) naked(o option) {
	v, ok := uint32Option(o)
	if o.kind != ccpMPPE || !ok || !c.s.enc.able {
		return
	}
	if m, ok := pickMode(c.s.enc.modes, v); ok {
		// A Nak may be a try: ask for the same once more.
		if c.ask == (offer{true, m}) {
			c.insisted++
		}
		if c.ask = (offer{true, m}); c.insisted <= 1 {
			return
		}
	}
	c.refused("the peer wants " + bitsText(v))
}

func (c *ccp) rejected(o option) {
	if o.kind == ccpMPPE && c.ask.on {
		c.refused("the peer rejects MPPE")
	}
}

// refused is the peer not agreeing to what we ask.
func (c *ccp) refused(detail string) {
	c.ask = offer{}
	if c.s.cfg.Encryption == Require {
		c.s.encryptionGone(cause.EncryptionRefused, detail)
	}
}

func (c *ccp) judging() { c.judged, c.seen = offer{}, false }

func (c *ccp) judge(o option) verdict {
	v, ok := uint32Option(o)
	if o.kind != ccpMPPE || !ok || c.seen {
		return reject
	}
	c.seen = true
	e := &c.s.enc
	if !e.able {
		if v&^mppeH == 0 {
			return accept // asks for nothing; rejecting it makes some ask for ever
		}
		return reject
	}
	if v&^mppeH == 0 {
		if c.wantsMore() {
			return c.propose(e.modes[0])
		}
		return accept
	}
	if v&mppeKeyBits == 0 {
		// MPPC or obsolete bits without encryption.
		if c.wantsMore() {
			return c.propose(e.modes[0])
		}
		return nak(0, 0, 0, 0)
	}
	return c.judgeModes(v)
}

// judgeModes rules on bits that ask for encryption.
func (c *ccp) judgeModes(v uint32) verdict {
	modes := c.s.enc.modes
	best, ok := pickMode(modes, v)
	if !ok {
		return c.propose(modes[0])
	}
	if v != best.bits() {
		return c.propose(best) // several at once, or bits that nobody should set
	}
	// A better mode of the same key length is worth one Nak; a longer key is
	// not, since pppd ends the link over one that it has not listed.
	i := slices.IndexFunc(modes, func(m MPPEMode) bool { return m.Bits == best.Bits })
	settled := c.state == stAckRcvd && c.ask == offer{true, best}
	if modes[i] != best && !c.raised && !settled {
		c.raised = true
		return c.propose(modes[i])
	}
	c.judged = offer{true, best}
	return accept
}

// wantsMore reports whether a peer that asks for no encryption is told to, and
// notes that it was.
func (c *ccp) wantsMore() bool {
	switch c.s.cfg.Encryption {
	case Require:
		return true
	case Prefer:
		if !c.raised {
			c.raised = true
			return true
		}
	}
	return false
}

func (c *ccp) propose(m MPPEMode) verdict {
	c.judged = offer{true, m}
	return nak(binary.BigEndian.AppendUint32(nil, m.bits())...)
}

func (c *ccp) missing(naks []byte) []byte {
	if naks == nil && !c.seen && c.s.enc.able && c.wantsMore() {
		c.judged = offer{true, c.s.enc.modes[0]}
		naks = appendOption32(naks, ccpMPPE, c.s.enc.modes[0].bits())
	}
	return naks
}

// agreed makes our own direction follow the peer's. Of two who ask for
// different things at once only the answerer gives way, or they would swap
// for ever.
func (c *ccp) agreed() {
	c.peer = c.judged
	if c.s.cfg.Answer && c.ask != c.peer && c.state == stAckSent {
		c.ask = c.peer
		c.rerequest()
	}
}

func (c *ccp) handle(sig signal) {
	s := c.s
	switch sig {
	case sigUp:
		switch {
		case c.state != stOpened || s.ending:
		case c.ask != c.peer:
			// Maybe the peer is about to follow us; then it asks again.
			s.timers.set(timerMismatch, s.now.Add(s.cfg.Timers.Restart))
		case c.ask.on:
			c.raised, c.insisted, c.mismatches = false, 0, 0
			s.encryptionUp(c.ask.mode)
		default:
			s.encryptionGone(cause.EncryptionRefused, "the peer agrees to CCP without MPPE")
		}
	case sigDown:
		s.timers.stop(timerMismatch)
		s.encryptionPaused()
	case sigTermReq:
		s.encryptionGone(cause.EncryptionRefused, "the peer ended CCP "+plainText(c.termReason, 128))
	case sigFinished:
		s.encryptionGone(cause.EncryptionTimeout, "CCP was not answered")
	case sigRejected:
		s.encryptionGone(cause.EncryptionRefused, "the peer rejects CCP")
	case sigDiverged:
		c.reset()
		s.enc.shut = true
		s.encryptionGone(cause.EncryptionRefused, "CCP does not converge")
	}
}

// mismatchTimeout asks anew, for what the peer has.
func (c *ccp) mismatchTimeout() {
	if c.state != stOpened || c.ask == c.peer {
		return
	}
	if c.mismatches++; c.mismatches > maxMismatches {
		c.s.tell(c, sigDiverged)
		return
	}
	c.judged = c.peer
	c.restart()
}

// other handles Reset-Request and Reset-Ack (RFC 1962 sections 5.7 and 5.8).
func (c *ccp) other(p packet) bool {
	switch p.code {
	case codeResetReq:
		if c.state == stOpened && c.s.enc.compressor != nil {
			c.s.enc.compressor.ResetRequested()
			// RFC 3078 section 8.2 can do without the Ack, but Linux stops
			// decompressing until it comes (SC_DC_ERROR in ppp_generic.c).
			c.send(codeResetAck, p.id, nil)
		}
	case codeResetAck:
		// What to do the FLUSHED bit says. The next loss is a new one: it
		// need not wait for its turn, as unanswered requests have to.
		if p.id == c.resetID {
			c.s.reset = time.Time{}
		}
	default:
		return false
	}
	return true
}

func (c *ccp) codeRejected(uint8) {}

func (c *ccp) sendResetRequest() {
	c.id++
	c.resetID = c.id
	c.send(codeResetReq, c.id, nil)
}

// bits is the mode as RFC 3078 section 2.1 writes it.
func (m MPPEMode) bits() uint32 {
	var v uint32
	switch m.Bits {
	case 128:
		v = mppeS
	case 56:
		v = mppeM
	case 40:
		v = mppeL
	}
	if m.Stateless {
		v |= mppeH
	}
	return v
}

// String is the form of configuration files: "128-stateless".
func (m MPPEMode) String() string {
	if m.Stateless {
		return fmt.Sprintf("%d-stateless", m.Bits)
	}
	return fmt.Sprintf("%d-stateful", m.Bits)
}

// pickMode finds the best mode within bits: with the state asked for, if there
// is one, or else with the other.
func pickMode(modes []MPPEMode, bits uint32) (MPPEMode, bool) {
	for _, same := range []bool{true, false} {
		for _, m := range modes {
			if m.bits()&bits&mppeKeyBits != 0 && (m.Stateless == (bits&mppeH != 0)) == same {
				return m, true
			}
		}
	}
	return MPPEMode{}, false
}

// bitsText names bits for a person.
func bitsText(v uint32) string {
	if v&mppeKeyBits == 0 {
		return "no encryption"
	}
	text := ""
	for _, m := range []MPPEMode{{128, false}, {56, false}, {40, false}} {
		if v&m.bits() != 0 {
			text += fmt.Sprintf("%d/", m.Bits)
		}
	}
	if v&mppeH != 0 {
		return text[:len(text)-1] + " bit stateless"
	}
	return text[:len(text)-1] + " bit stateful"
}
