package mschap

import (
	"unicode/utf16"

	//lint:ignore SA1019 RFC 2433 and 2759 hash passwords with MD4 and nothing else
	"golang.org/x/crypto/md4"
)

// maxPassword is the longest password in UTF-16 units (RFC 2433 appendix A.6:
// "0-to-256-unicode-char Password").
const maxPassword = 256

// NTHash is NtPasswordHash of RFC 2433 appendix A.6 and RFC 2759 section 8.3:
// MD4 of the password in UTF-16LE without a terminating zero. password is
// UTF-8; each octet that is not part of valid UTF-8 counts as U+FFFD.
// What lies beyond 256 units is ignored, and no surrogate pair is split.
func NTHash(password string) [16]byte {
	buf := make([]byte, 0, 2*min(len(password), maxPassword))
	for _, r := range password {
		if utf16.RuneLen(r) == 2 {
			if len(buf)+4 > 2*maxPassword {
				break
			}
			hi, lo := utf16.EncodeRune(r)
			buf = append(buf, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8))
			continue
		}
		if len(buf)+2 > 2*maxPassword {
			break
		}
		buf = append(buf, byte(r), byte(r>>8))
	}
	hash := md4Sum(buf)
	clear(buf) // the one copy of the password that we made
	return hash
}

// hashNTHash is HashNtPasswordHash (RFC 2759 section 8.4).
func hashNTHash(ntHash [16]byte) [16]byte { return md4Sum(ntHash[:]) }

func md4Sum(b []byte) (sum [16]byte) {
	h := md4.New()
	h.Write(b)
	h.Sum(sum[:0])
	return sum
}
