package ppp

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp/mschap"
)

// check is how the peer authenticates itself to us.
type check struct {
	method    Auth
	done      bool
	failed    bool
	name      string
	id        uint8
	challenge []byte
	reply     []byte // the frame that answered the Response, nil = none yet
	tries     int
	period    time.Duration
	keys      mppeSource
}

// beginChallenge sends the first Challenge.
func (a *auth) beginChallenge() {
	k := &a.check
	n := v2Challenge
	if k.method == AuthMSCHAP {
		n = v1Challenge
	}
	var r [1]byte
	a.s.cfg.Random(r[:])
	k.id = r[0] // RFC 1994 section 4.1: changes with every challenge
	k.challenge = make([]byte, n)
	a.s.cfg.Random(k.challenge)
	k.tries, k.period = 0, a.s.cfg.Timers.Restart
	a.sendChallenge()
}

func (a *auth) sendChallenge() {
	k := &a.check
	a.s.send(newFrame(ProtoCHAP, chapChallenge, k.id, chapData(k.challenge, a.s.cfg.Name), a.s.cfg.MaxFrame-2))
	k.tries++
	a.s.timers.set(timerChallenge, a.s.now.Add(k.period))
}

// repeatChallenge sends the same Challenge again; a late answer to the first
// copy is as good.
func (a *auth) repeatChallenge() {
	k := &a.check
	if k.tries >= a.s.cfg.Timers.MaxConfigure {
		a.s.end(cause.AuthTimeout, a.pendingText())
		return
	}
	k.period = min(2*k.period, max(maxPeriod, a.s.cfg.Timers.Restart))
	a.sendChallenge()
}

// responded judges a Response.
func (a *auth) responded(p packet) bool {
	value, name, ok := parseCHAP(p.data)
	k := &a.check
	if !ok || p.id != k.id || k.challenge == nil {
		return false
	}
	if k.reply != nil {
		// RFC 1994 section 4.2: the same reply, so that no other names and
		// secrets can be tried on one challenge.
		a.s.send(bytes.Clone(k.reply))
		return true
	}
	secret, known := a.s.cfg.Users.Find(name)
	good, message := a.verify(value, name, secret)
	if !known || !good { // unknown users went all the way: no telling them apart
		k.reply = newFrame(ProtoCHAP, chapFailure, p.id, a.failureMessage(), a.s.infoLimit())
		a.s.send(bytes.Clone(k.reply))
		k.keys = mppeSource{}
		a.peerFailed(name)
		return true
	}
	k.reply = newFrame(ProtoCHAP, chapSuccess, p.id, []byte(message), a.s.infoLimit())
	a.s.send(bytes.Clone(k.reply))
	a.peerPassed(name)
	return true
}

// verify computes what the Response should be and compares in constant time.
// message is what a Success carries.
func (a *auth) verify(value []byte, name string, secret Secret) (good bool, message string) {
	k := &a.check
	switch k.method {
	case AuthCHAPMD5:
		want := md5Response(k.id, secret.Password, k.challenge)
		known := !secret.HasHash || secret.Password != "" // a hash alone cannot tell
		return subtle.ConstantTimeCompare(want[:], value) == 1 && known, ""
	case AuthMSCHAP:
		if len(value) != msResponse || value[48] != 1 {
			return false, "" // flag 1: the NT response counts, the LM one never does here
		}
		hash, challenge := secret.ntHash(), [v1Challenge]byte(k.challenge)
		want := mschap.ChallengeResponse(challenge, hash)
		k.keys = mppeSource{valid: true, v1: true, ntHash: hash, challenge: challenge, server: true}
		return subtle.ConstantTimeCompare(want[:], value[24:48]) == 1, ""
	case AuthMSCHAPv2:
		if len(value) != msResponse {
			return false, ""
		}
		// Flags are ignored: Windows 98 sets 4 where zero belongs.
		hash, auth := secret.ntHash(), [v2Challenge]byte(k.challenge)
		peer, nt := [v2Challenge]byte(value[:16]), [24]byte(value[24:48])
		user := a.s.hashName(name)
		want := mschap.NTResponse(auth, peer, user, hash)
		k.keys = mppeSource{valid: true, master: mschap.MasterKeyV2(hash, nt), server: true}
		// Nothing behind S=: Windows 98 fails on a message there.
		return subtle.ConstantTimeCompare(want[:], nt[:]) == 1,
			mschap.AuthenticatorResponse(hash, nt, peer, auth, user)
	}
	return false, ""
}

// failureMessage is what a Failure carries (RFC 2433 section 7, RFC 2759
// section 6): no retry, hence the challenge in it is for show.
func (a *auth) failureMessage() []byte {
	switch a.check.method {
	case AuthMSCHAP:
		return fmt.Appendf(nil, "E=691 R=0 C=%X V=2", a.newChallenge(v1Challenge))
	case AuthMSCHAPv2:
		return fmt.Appendf(nil, "E=691 R=0 C=%X V=3 M=Access denied", a.newChallenge(v2Challenge))
	}
	return []byte("Access denied")
}

func (a *auth) newChallenge(n int) []byte {
	b := make([]byte, n)
	a.s.cfg.Random(b)
	return b
}
