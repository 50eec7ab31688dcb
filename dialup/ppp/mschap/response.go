package mschap

import (
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"dun/dialup/ppp/digest"
)

// ChallengeHash is RFC 2759 section 8.2: the eight octets that both ends make
// of the two challenges and the user name. user is hashed as given: leaving
// out a domain ("excluding any prepended domain name") is the caller's part.
func ChallengeHash(peerChallenge, authChallenge [16]byte, user string) (challenge [8]byte) {
	sum := digest.SHA1(peerChallenge[:], authChallenge[:], []byte(user))
	return [8]byte(sum[:8])
}

// NTResponse is GenerateNTResponse of MS-CHAPv2 (RFC 2759 section 8.1).
func NTResponse(authChallenge, peerChallenge [16]byte, user string, ntHash [16]byte) [24]byte {
	return ChallengeResponse(ChallengeHash(peerChallenge, authChallenge, user), ntHash)
}

// ChallengeResponse is RFC 2433 appendix A.7, the same as RFC 2759 section
// 8.5: with MS-CHAP's own challenge it gives the Windows NT response of
// MS-CHAP (appendix A.5).
func ChallengeResponse(challenge [8]byte, ntHash [16]byte) (response [24]byte) {
	var zHash [21]byte // "zero-padded to 21 octets"
	copy(zHash[:], ntHash[:])
	for i := range 3 {
		// DesEncrypt of RFC 2759 section 8.6: one block under a key of seven octets.
		block := digest.DES(parityKey([7]byte(zHash[7*i:])), challenge)
		copy(response[8*i:], block[:])
	}
	return response
}

// parityKey spreads 56 bits over eight octets, each with odd parity in its
// lowest bit (RFC 2759 section 9.3). DES ignores the parity; it is set so that
// the result can be compared with the example of the RFC.
func parityKey(key [7]byte) (out [8]byte) {
	var bits uint64
	for _, b := range key {
		bits = bits<<8 | uint64(b)
	}
	for i := range out {
		b := byte(bits>>(49-7*i)) << 1
		p := b ^ b>>4
		p ^= p >> 2
		p ^= p >> 1
		out[i] = b | ^p&1
	}
	return out
}

// The constants of RFC 2759 section 8.7.
const (
	signingMagic = "Magic server to client signing constant"
	padMagic     = "Pad to make it do more than one iteration"
)

// responseLen is the length of an authenticator response: "S=" and 40 digits.
const (
	sumLen      = 20 // of SHA-1
	responseLen = 2 + 2*sumLen
)

// AuthenticatorResponse is GenerateAuthenticatorResponse of RFC 2759 section
// 8.7: what the authenticator puts into its Success packet to prove that it
// knows the password too; "S=" and 40 upper-case hexadecimal digits.
func AuthenticatorResponse(ntHash [16]byte, ntResponse [24]byte, peerChallenge, authChallenge [16]byte, user string) string {
	sum := authenticatorDigest(ntHash, ntResponse, peerChallenge, authChallenge, user)
	return "S=" + strings.ToUpper(hex.EncodeToString(sum[:]))
}

// CheckAuthenticatorResponse is RFC 2759 section 8.8: it reports whether
// message, the text of a Success packet, begins with the right authenticator
// response. Text may follow the 42 octets (section 5: " M=..."), and lower-case
// digits are accepted. The comparison takes the same time whatever the digits.
func CheckAuthenticatorResponse(ntHash [16]byte, ntResponse [24]byte, peerChallenge, authChallenge [16]byte, user string, message []byte) bool {
	if len(message) < responseLen || string(message[:2]) != "S=" {
		return false
	}
	var got [sumLen]byte
	if _, err := hex.Decode(got[:], message[2:responseLen]); err != nil {
		return false
	}
	want := authenticatorDigest(ntHash, ntResponse, peerChallenge, authChallenge, user)
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

func authenticatorDigest(ntHash [16]byte, ntResponse [24]byte, peerChallenge, authChallenge [16]byte, user string) [sumLen]byte {
	hashHash := hashNTHash(ntHash)
	sum := digest.SHA1(hashHash[:], ntResponse[:], []byte(signingMagic))
	challenge := ChallengeHash(peerChallenge, authChallenge, user)
	return digest.SHA1(sum[:], challenge[:], []byte(padMagic))
}
