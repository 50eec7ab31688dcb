//go:build !arm && !arm64 && !mips && !mipsle

package mppe

const up = 0

// A wide processor runs many octets' steps at once, unless it has to wait for
// each store before the next load, because both once met in one entry. These
// loops load an entry ahead of the store before it, and look themselves
// whether the two meet: 1 in 256 does.

// setKey is the key schedule of RC4 for a key of 8 or 16 octets.
func (s *state) setKey(k []byte) {
	full := expand(k)
	s.s = identity
	s.i, s.j = 0, 0
	j := uint8(0)
	x := s.s[0]
	for i := range s.s {
		next := s.s[uint8(i+1)]
		j += uint8(x) + full[i&15]
		s.s[i] = s.s[j]
		s.s[j] = x
		if j == uint8(i+1) {
			next = x
		}
		x = next
	}
}

// xorKeyStream writes src XOR the key stream to dst, which is at least as long
// and either the same memory or does not overlap.
func xorKeyStream(s *state, dst, src []byte) {
	i, j := s.i+1, s.j
	dst = dst[:len(src)]
	x := s.s[i]
	for k, v := range src {
		j += uint8(x)
		next := s.s[i+1]
		y := s.s[j]
		s.s[i], s.s[j] = y, x
		if j == i+1 {
			next = x
		}
		dst[k] = v ^ uint8(s.s[uint8(x+y)])
		i, x = i+1, next
	}
	s.i, s.j = i-1, j
}
