package ppp

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp/mschap"
)

// proof is how we authenticate ourselves.
type proof struct {
	method  Auth
	done    bool
	tries   int
	period  time.Duration
	id      uint8 // PAP: of our last request
	firstID uint8 // PAP: of our first
	answers [2]chapAnswer
	last    int // index of the newest answer
	keys    mppeSource
}

// chapAnswer is a Response that we gave, kept to give it again and to check
// what the peer makes of it.
type chapAnswer struct {
	id        uint8
	challenge []byte
	frame     []byte // nil: no answer
	keys      mppeSource

	// MS-CHAPv2 only.
	ntHash        [16]byte
	ntResponse    [24]byte
	peerChallenge [16]byte
	authChallenge [16]byte
}

// challenged answers a Challenge, in the network phase too (RFC 1994 section
// 4.1). The same challenge gets the same Response: the peer may already have
// the first one, and MPPE's keys come from it.
func (a *auth) challenged(p packet) bool {
	value, _, ok := parseCHAP(p.data)
	if !ok {
		return false
	}
	pr := &a.prove
	for i := range pr.answers {
		if ans := &pr.answers[i]; ans.frame != nil && ans.id == p.id && bytes.Equal(ans.challenge, value) {
			a.s.send(bytes.Clone(ans.frame))
			return true
		}
	}
	ans := chapAnswer{id: p.id, challenge: bytes.Clone(value)}
	response, ok := a.response(&ans)
	if !ok {
		return false
	}
	ans.frame = newFrame(ProtoCHAP, chapResponse, p.id, chapData(response, a.s.cfg.Name), a.s.cfg.MaxFrame-2)
	pr.last = 1 - pr.last
	pr.answers[pr.last] = ans
	pr.tries, pr.period = 0, a.s.cfg.Timers.Restart
	a.sendResponse()
	return true
}

// response computes the value of a Response.
func (a *auth) response(ans *chapAnswer) (value []byte, ok bool) {
	c := &a.s.cfg
	switch a.prove.method {
	case AuthCHAPMD5:
		sum := md5Response(ans.id, c.Secret.Password, ans.challenge)
		return sum[:], true
	case AuthMSCHAP:
		if len(ans.challenge) != v1Challenge {
			return nil, false
		}
		challenge := [v1Challenge]byte(ans.challenge)
		hash := c.Secret.ntHash()
		nt := mschap.ChallengeResponse(challenge, hash)
		ans.keys = mppeSource{valid: true, v1: true, ntHash: hash, challenge: challenge}
		// RFC 2433 section 5: the LM response stays zero and flag 1 says
		// that the NT response counts. The LM hash gives passwords away.
		value = make([]byte, 24, msResponse)
		return append(append(value, nt[:]...), 1), true
	case AuthMSCHAPv2:
		if len(ans.challenge) != v2Challenge {
			return nil, false
		}
		ans.ntHash = c.Secret.ntHash()
		ans.authChallenge = [v2Challenge]byte(ans.challenge)
		c.Random(ans.peerChallenge[:])
		ans.ntResponse = mschap.NTResponse(ans.authChallenge, ans.peerChallenge, a.s.hashName(c.Name), ans.ntHash)
		ans.keys = mppeSource{valid: true, master: mschap.MasterKeyV2(ans.ntHash, ans.ntResponse)}
		value = append(value, ans.peerChallenge[:]...)
		value = append(value, make([]byte, 8)...)
		return append(append(value, ans.ntResponse[:]...), 0), true
	}
	return nil, false
}

// sendResponse sends the newest Response. It is repeated while the peer is
// silent: RFC 1994 section 4.2 makes the peer give the same reply again.
func (a *auth) sendResponse() {
	p := &a.prove
	a.s.send(bytes.Clone(p.answers[p.last].frame))
	p.tries++
	a.s.timers.set(timerProve, a.s.now.Add(p.period))
}

// repeatProof is the timer of PAP request and CHAP response.
func (a *auth) repeatProof() {
	p := &a.prove
	if p.tries >= a.s.cfg.Timers.MaxConfigure {
		if !p.done {
			a.s.end(cause.AuthTimeout, a.pendingText())
		}
		return
	}
	p.period = min(2*p.period, max(maxPeriod, a.s.cfg.Timers.Restart))
	if p.method == AuthPAP {
		p.id++
		a.sendPAP()
	} else {
		a.sendResponse()
	}
}

// answer finds the Response that a Success or Failure is about.
func (a *auth) answer(id uint8) *chapAnswer {
	p := &a.prove
	for _, i := range [2]int{p.last, 1 - p.last} {
		if p.answers[i].frame != nil && p.answers[i].id == id {
			return &p.answers[i]
		}
	}
	return nil
}

// succeeded takes a Success.
func (a *auth) succeeded(p packet) bool {
	ans := a.answer(p.id)
	if ans == nil {
		return false
	}
	if a.prove.method == AuthMSCHAPv2 && !mschap.CheckAuthenticatorResponse(ans.ntHash, ans.ntResponse,
		ans.peerChallenge, ans.authChallenge, a.s.hashName(a.s.cfg.Name), p.data) {
		// RFC 2759 section 5: the peer does not know the password.
		a.s.end(cause.PeerNotAuthentic, "")
		return true
	}
	if !a.prove.done {
		// Only the first one gives keys: MPPE is not rekeyed by a challenge
		// in the network phase.
		a.prove.keys = ans.keys
	}
	a.passed()
	return true
}

// failed takes a Failure. Even where the peer would let us try again (R=1) it
// waits for a password that we do not have, so the link ends here.
func (a *auth) failed(p packet) bool {
	if a.answer(p.id) == nil {
		return false
	}
	c, text := cause.AuthFailed, plainText(p.data, 128)
	if a.prove.method != AuthCHAPMD5 {
		c, text = parseFailure(p.data)
	}
	a.s.end(c, text)
	return true
}

// parseFailure reads "E=691 R=1 C=.. V=3 M=text" (RFC 2433 section 7, RFC 2759
// section 6).
func parseFailure(data []byte) (cause.Cause, string) {
	text := plainText(data, 256)
	fields, message, _ := strings.Cut(text, "M=")
	number := 0
	for _, f := range strings.Fields(fields) {
		if e, ok := strings.CutPrefix(f, "E="); ok {
			number, _ = strconv.Atoi(e)
		}
	}
	detail := message
	if number != 0 {
		detail = strings.TrimSpace("error " + strconv.Itoa(number) + " " + message)
	} else if detail == "" {
		detail = text
	}
	switch number {
	case 646:
		return cause.AccountHours, detail
	case 647:
		return cause.AccountDisabled, detail
	case 648:
		return cause.PasswordExpired, detail
	case 649:
		return cause.NoDialInRight, detail
	}
	return cause.AuthFailed, detail
}
