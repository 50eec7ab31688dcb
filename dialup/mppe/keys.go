package mppe

import "encoding/binary"

// SHA-1's sizes; the standard library's comes with 170 kB where nothing else
// needs it, see sha1_mipsx.go.
const (
	sumLen   = 20
	blockLen = 64
)

const padLen = 40 // SHApad1 and SHApad2, RFC 3079 section 2.4

// key is a session key; with 40 and 56 bits its last 8 octets are unused.
type key [16]byte

// keySchedule makes one session key from another (RFC 3078 section 7.3). It
// holds the input of SHA-1 as one piece, so that a key change copies nothing
// but the session key: start key, pad 1, session key, pad 2, and the padding of
// SHA-1 itself.
type keySchedule struct {
	input   [2 * blockLen]byte
	length  int // of a key: 8 or 16 octets
	reduced int // leading octets that have a known value: 3, 1 or 0
}

// init derives the initial session key of RFC 3079 section 3.1, 3.2 or 3.3.
func (k *keySchedule) init(bits int, start *[16]byte) {
	*k = keySchedule{length: 8}
	switch bits {
	case 128:
		k.length = 16
	case 56:
		k.reduced = 1
	case 40:
		k.reduced = 3
	}
	copy(k.input[:k.length], start[:])
	for i := range padLen {
		k.input[2*k.length+padLen+i] = 0xf2
	}
	end := 2*k.length + 2*padLen
	k.input[end] = 0x80
	binary.BigEndian.PutUint16(k.input[len(k.input)-2:], uint16(end*8))
	// "CurrentSessionKey is same as InitialSessionKey when this routine is
	// called for the first time" (RFC 3079 section 2.4). Unlike a later
	// change this one does not pass through RC4.
	copy(k.current(), start[:k.length])
	digest := k.hash()
	copy(k.current(), digest[:])
	k.reduce()
}

// current is the session key in place.
func (k *keySchedule) current() []byte {
	at := k.length + padLen
	return k.input[at : at+k.length]
}

func (k *keySchedule) hash() [sumLen]byte {
	return sumPadded(&k.input, 2*k.length+2*padLen)
}

// reduce weakens a new session key to its effective length (section 7.3).
func (k *keySchedule) reduce() {
	copy(k.current()[:k.reduced], "\xd1\x26\x9e")
}

// change makes the next session key: SHA-1 gives an interim key, which is then
// encrypted with itself (section 7.3). rc4 is only borrowed; load must follow
// before data.
func (k *keySchedule) change(rc4 *state) {
	digest := k.hash()
	interim := digest[:k.length]
	rc4.setKey(interim)
	xorKeyStream(rc4, k.current(), interim)
	k.reduce()
}

// load initializes the RC4 tables with the session key (section 5).
func (k *keySchedule) load(rc4 *state) { rc4.setKey(k.current()) }

// session and setSession save and restore the session key.
func (k *keySchedule) session() (s key) {
	copy(s[:], k.current())
	return s
}

func (k *keySchedule) setSession(s key) { copy(k.current(), s[:]) }
