package ppp

import (
	"crypto/subtle"

	"dun/dialup/cause"
	"dun/dialup/ppp/mschap"
)

// PAP codes (RFC 1334 section 2.2).
const (
	papRequest = 1
	papAck     = 2
	papNak     = 3
)

// beginPAP sends the first Authenticate-Request.
func (a *auth) beginPAP() {
	p := &a.prove
	p.tries, p.period = 0, a.s.cfg.Timers.Restart
	p.id++
	p.firstID = p.id
	a.sendPAP()
}

func (a *auth) sendPAP() {
	p, c := &a.prove, &a.s.cfg
	data := append([]byte{byte(len(c.Name))}, c.Name...)
	data = append(append(data, byte(len(c.Secret.Password))), c.Secret.Password...)
	a.s.send(newFrame(ProtoPAP, papRequest, p.id, data, c.MaxFrame-2))
	p.tries++
	a.s.timers.set(timerProve, a.s.now.Add(p.period))
}

// inputPAP takes a PAP packet.
func (a *auth) inputPAP(info []byte) {
	p, ok := parsePacket(info)
	switch {
	case !ok:
		a.s.drops.Malformed++
	case p.code == papRequest && a.check.method == AuthPAP:
		a.papRequest(p)
	case (p.code == papAck || p.code == papNak) && a.prove.method == AuthPAP:
		a.papAnswer(p)
	default:
		a.s.drops.NotOpen++
	}
}

// papAnswer takes the answer to any of our requests; identifiers change with
// each (RFC 1334 section 2.2.1), and a slow peer answers an earlier one.
func (a *auth) papAnswer(p packet) {
	pr := &a.prove
	if p.id-pr.firstID > pr.id-pr.firstID {
		a.s.drops.Malformed++
		return
	}
	if pr.done {
		return
	}
	if p.code == papAck {
		a.passed()
		return
	}
	text := ""
	if len(p.data) > 0 {
		text = plainText(p.data[1:1+min(int(p.data[0]), len(p.data)-1)], 128)
	}
	a.s.end(cause.AuthFailed, text)
}

// papRequest checks a caller. The answer stays the same for the whole session
// (RFC 1334 section 2.2.1).
func (a *auth) papRequest(p packet) {
	name, password, ok := parsePAP(p.data)
	if !ok {
		a.s.drops.Malformed++
		return
	}
	if a.check.done {
		a.sendPAPAnswer(papAck, p.id)
		return
	}
	secret, known := a.s.cfg.Users.Find(name)
	// An unknown user takes the same way as a wrong password.
	hash, given := secret.ntHash(), mschap.NTHash(password)
	same := subtle.ConstantTimeCompare(hash[:], given[:]) == 1
	if !secret.HasHash || secret.Password != "" {
		same = subtle.ConstantTimeCompare([]byte(secret.Password), []byte(password)) == 1
	}
	if !known || !same {
		a.sendPAPAnswer(papNak, p.id)
		a.peerFailed(name)
		return
	}
	a.sendPAPAnswer(papAck, p.id)
	a.peerPassed(name)
}

// sendPAPAnswer sends an answer with an empty message.
func (a *auth) sendPAPAnswer(code, id uint8) {
	a.s.send(newFrame(ProtoPAP, code, id, []byte{0}, a.s.infoLimit()))
}

// parsePAP reads name and password of a request (RFC 1334 section 2.2.1).
func parsePAP(b []byte) (name, password string, ok bool) {
	name, b, ok = cutString(b)
	if !ok {
		return "", "", false
	}
	password, _, ok = cutString(b)
	return name, password, ok
}

// cutString takes a string with its length in front off b.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	if len(b) < 1 || len(b) < 1+int(b[0]) {
		return "", nil, false
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], true
}
