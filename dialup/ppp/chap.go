package ppp

import "dun/dialup/ppp/digest"

// CHAP codes (RFC 1994 section 4).
const (
	chapChallenge = 1
	chapResponse  = 2
	chapSuccess   = 3
	chapFailure   = 4
)

// Sizes of the values of MS-CHAP (RFC 2433 section 4, RFC 2759 section 4).
const (
	v1Challenge = 8
	v2Challenge = 16
	msResponse  = 49 // 24 + 24 + flags, or 16 + 8 reserved + 24 + flags
	maxName     = 256
)

// inputCHAP takes a CHAP packet.
func (a *auth) inputCHAP(info []byte) {
	p, ok := parsePacket(info)
	if !ok {
		a.s.drops.Malformed++
		return
	}
	switch {
	case p.code == chapChallenge && isCHAP(a.prove.method):
		ok = a.challenged(p)
	case p.code == chapSuccess && isCHAP(a.prove.method):
		ok = a.succeeded(p)
	case p.code == chapFailure && isCHAP(a.prove.method):
		ok = a.failed(p)
	case p.code == chapResponse && isCHAP(a.check.method):
		ok = a.responded(p)
	default:
		a.s.drops.NotOpen++
	}
	if !ok {
		a.s.drops.Malformed++
	}
}

// parseCHAP reads value and name of a Challenge or Response (RFC 1994 section 4.1).
func parseCHAP(b []byte) (value []byte, name string, ok bool) {
	if len(b) < 1 || b[0] == 0 {
		return nil, "", false
	}
	n := 1 + int(b[0])
	if len(b) < n || len(b)-n > maxName {
		return nil, "", false
	}
	return b[1:n], string(b[n:]), true
}

// chapData writes value and name.
func chapData(value []byte, name string) []byte {
	b := append([]byte{byte(len(value))}, value...)
	return append(b, name...)
}

// md5Response is RFC 1994 section 4.1: the hash of identifier, secret, challenge.
func md5Response(id uint8, secret string, challenge []byte) [16]byte {
	return digest.MD5([]byte{id}, []byte(secret), challenge)
}
