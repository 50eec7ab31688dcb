package ppp

import (
	"bytes"
	"fmt"
	"strings"

	"dun/dialup/cause"
	"dun/dialup/ppp/mschap"
)

// auth is the authentication phase (RFC 1661 section 3.5), either direction or
// both at once. It stays in force afterwards: repeated requests and new
// challenges are answered for as long as LCP is open.
type auth struct {
	s     *Session
	prove proof // we to the peer
	check check // the peer to us
}

// start begins the phase with what LCP agreed on.
func (a *auth) start(ours, peers Auth) {
	a.reset()
	a.prove.method, a.check.method = ours, peers
	if ours == AuthNone && peers == AuthNone {
		a.s.startNetwork()
		return
	}
	a.s.enter(PhaseAuthenticate)
	a.s.timers.set(timerPhase, a.s.now.Add(a.s.cfg.Timers.Authenticate))
	if ours == AuthPAP {
		a.beginPAP()
	}
	if isCHAP(peers) {
		a.beginChallenge()
	}
}

// done moves on when nothing is left to prove.
func (a *auth) done() {
	if a.s.phase != PhaseAuthenticate || a.pending() {
		return
	}
	a.s.timers.stop(timerPhase)
	a.s.startNetwork()
}

func (a *auth) pending() bool {
	return a.prove.method != AuthNone && !a.prove.done || a.check.method != AuthNone && !a.check.done
}

// pendingText says who kept the phase from ending.
func (a *auth) pendingText() string {
	if a.check.method != AuthNone && !a.check.done {
		return "the peer did not authenticate itself"
	}
	return "the peer did not answer to " + a.prove.method.String()
}

// reset forgets all, keys included: LCP begins anew.
func (a *auth) reset() {
	a.stop()
	a.prove, a.check = proof{}, check{}
}

// stop ends repetitions.
func (a *auth) stop() {
	a.s.timers.stop(timerProve)
	a.s.timers.stop(timerChallenge)
}

// forget drops keys but leaves what Status tells.
func (a *auth) forget() {
	a.stop()
	a.prove.keys, a.check.keys = mppeSource{}, mppeSource{}
	a.prove.answers = [2]chapAnswer{}
}

// status names the way of authentication and the user, the peer first where
// both directions were authenticated and we are the answerer.
func (a *auth) status() (Auth, string) {
	if a.check.done && (a.s.cfg.Answer || !a.prove.done) {
		return a.check.method, a.check.name
	}
	if a.prove.done {
		return a.prove.method, a.s.cfg.Name
	}
	return AuthNone, ""
}

// keys is where MPPE's keys come from. Where both directions were
// authenticated the answerer's demand counts at both ends.
func (a *auth) keys() mppeSource {
	first, second := a.prove.keys, a.check.keys
	if a.s.cfg.Answer {
		first, second = second, first
	}
	if first.valid {
		return first
	}
	return second
}

// mppeSource is what authentication leaves for MPPE (RFC 3079).
type mppeSource struct {
	valid     bool
	v1        bool
	ntHash    [16]byte // MS-CHAP
	challenge [8]byte  // MS-CHAP
	master    [16]byte // MS-CHAPv2
	server    bool     // we are the authenticator, RFC 3079's server
}

// start derives the start keys of both directions.
func (k *mppeSource) start(m MPPEMode) (keys MPPEKeys) {
	keys.Mode = m
	if k.v1 {
		keys.Send, keys.Receive = mschap.StartKeysV1(k.ntHash, k.challenge)
	} else {
		keys.Send, keys.Receive = mschap.StartKeysV2(k.master, m.Bits, k.server)
	}
	return keys
}

// ntHash is the NT hash of a secret.
func (s Secret) ntHash() [16]byte {
	if s.HasHash {
		return s.NTHash
	}
	return mschap.NTHash(s.Password)
}

// hashName is the user name as MS-CHAPv2 hashes it: RFC 2759 section 8.2 has
// it without the domain.
func (s *Session) hashName(name string) string {
	if s.cfg.HashDomain {
		return name
	}
	return withoutDomain(name)
}

func withoutDomain(name string) string { return name[strings.LastIndexByte(name, '\\')+1:] }

// peerFailed ends the session of a caller whom we do not know.
func (a *auth) peerFailed(name string) {
	a.check.failed = true
	a.s.end(cause.PeerAuthFailed, fmt.Sprintf("user %q", plainText([]byte(name), 64)))
}

// peerPassed notes that the peer is who it says.
func (a *auth) peerPassed(name string) {
	a.check.done, a.check.name = true, name
	a.s.timers.stop(timerChallenge)
	a.s.emit(Authenticated{Method: a.check.method, Peer: true, Name: name})
	a.done()
}

// passed notes that the peer believes us.
func (a *auth) passed() {
	a.s.timers.stop(timerProve)
	if a.prove.done {
		return
	}
	a.prove.done = true
	a.s.emit(Authenticated{Method: a.prove.method, Name: a.s.cfg.Name})
	a.done()
}

// authOptions are the values of LCP's authentication option (RFC 1334, RFC
// 1994, RFC 2433 section 3, RFC 2759 section 3).
var authOptions = [...][]byte{
	AuthPAP:      {0xc0, 0x23},
	AuthCHAPMD5:  {0xc2, 0x23, 5},
	AuthMSCHAP:   {0xc2, 0x23, 0x80},
	AuthMSCHAPv2: {0xc2, 0x23, 0x81},
}

func authOption(a Auth) []byte { return authOptions[a] }

func parseAuthOption(b []byte) Auth {
	for a := AuthPAP; a <= AuthMSCHAPv2; a++ {
		if bytes.Equal(b, authOptions[a]) {
			return a
		}
	}
	return AuthNone
}

func isCHAP(a Auth) bool { return a >= AuthCHAPMD5 }

// String is the usual name.
func (a Auth) String() string {
	switch a {
	case AuthNone:
		return "none"
	case AuthPAP:
		return "PAP"
	case AuthCHAPMD5:
		return "CHAP"
	case AuthMSCHAP:
		return "MS-CHAP"
	case AuthMSCHAPv2:
		return "MS-CHAPv2"
	}
	return fmt.Sprintf("Auth(%d)", uint8(a))
}

// authName names an authentication option of the peer's, also one that we do
// not speak.
func authName(b []byte) string {
	if a := parseAuthOption(b); a != AuthNone {
		return a.String()
	}
	if len(b) >= 2 && b[0] == 0xc2 && b[1] == 0x27 {
		return "EAP"
	}
	return fmt.Sprintf("authentication protocol 0x%x", b)
}
