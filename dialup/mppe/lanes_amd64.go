package mppe

import "unsafe"

// lanes is how many packets are ciphered at once: four hide nearly all of the
// time that one spends waiting for memory.
const lanes = 4

// block is how many octets of every lane xorBlocks takes at a time.
const block = 16

// memory is where a lane writes and reads.
type memory struct{ dst, src unsafe.Pointer }

// The assembler knows this size.
var _ [1028]struct{} = [unsafe.Sizeof(state{})]struct{}{}

// mixKeys is the key schedule of every lane, from the identity on.
//
//go:noescape
func mixKeys(s *[lanes]state, keys *[lanes]key)

// setKeys is setKey for every lane.
func setKeys(s *[lanes]state, keys *[lanes]key) {
	for k := range s {
		s[k].s = identity
		s[k].i, s[k].j = 0, 0
	}
	mixKeys(s, keys)
}

// xorBlocks is xorKeyStream for blocks > 0 blocks of every lane; all states
// have the same i.
//
//go:noescape
func xorBlocks(s *[lanes]state, at *[lanes]memory, blocks int)

// xorLanes is xorKeyStream for every lane; all states have the same i.
func xorLanes(s *[lanes]state, dst, src *[lanes][]byte) {
	n := len(src[0])
	for _, b := range src[1:] {
		n = min(n, len(b))
	}
	n /= block
	if n > 0 {
		var at [lanes]memory
		for k := range at {
			at[k] = memory{unsafe.Pointer(unsafe.SliceData(dst[k][:len(src[k])])), unsafe.Pointer(unsafe.SliceData(src[k]))}
		}
		xorBlocks(s, &at, n)
	}
	n *= block
	for k := range s {
		xorKeyStream(&s[k], dst[k][n:], src[k][n:])
	}
}
