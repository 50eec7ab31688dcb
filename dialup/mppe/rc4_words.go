//go:build arm || arm64 || mips || mipsle

package mppe

import "unsafe"

// An entry holds its octet in the top bits: sums wrap without a mask, and a
// shift right by 22 makes an octet the offset of its entry, which arm does in
// the load itself. Eight octets are one run of code with constant offsets, and
// leave by words on a word boundary.
const up = 24

// Where the octets of a word go, first to last in memory.
const (
	place0 = firstShift ^ 0
	place1 = firstShift ^ 8
	place2 = firstShift ^ 16
	place3 = firstShift ^ 24
)

// group is what one turn of the loops below takes.
const group = 8

// at is the entry for the octet in the top bits of x, a sum of entries. It is
// never outside of them.
func (s *state) at(x uint32) *uint32 {
	return (*uint32)(unsafe.Add(unsafe.Pointer(&s.s), x>>22))
}

// setKey is the key schedule of RC4 for a key of 8 or 16 octets.
func (s *state) setKey(k []byte) {
	copy(s.s[:], identity[:])
	s.i, s.j = 0, 0
	var word [16]uint32 // a short key repeats
	for n := range word {
		word[n] = uint32(k[n&(len(k)-1)]) << up
	}
	j := uint32(0)
	for n := 0; n < len(s.s); n += len(word) {
		// Sixteen times: add an entry and an octet of the key, swap.
		p := (*[len(word)]uint32)(s.s[n:])
		var x uint32
		x = p[0]
		j += x + word[0]
		p[0], *s.at(j) = *s.at(j), x
		x = p[1]
		j += x + word[1]
		p[1], *s.at(j) = *s.at(j), x
		x = p[2]
		j += x + word[2]
		p[2], *s.at(j) = *s.at(j), x
		x = p[3]
		j += x + word[3]
		p[3], *s.at(j) = *s.at(j), x
		x = p[4]
		j += x + word[4]
		p[4], *s.at(j) = *s.at(j), x
		x = p[5]
		j += x + word[5]
		p[5], *s.at(j) = *s.at(j), x
		x = p[6]
		j += x + word[6]
		p[6], *s.at(j) = *s.at(j), x
		x = p[7]
		j += x + word[7]
		p[7], *s.at(j) = *s.at(j), x
		x = p[8]
		j += x + word[8]
		p[8], *s.at(j) = *s.at(j), x
		x = p[9]
		j += x + word[9]
		p[9], *s.at(j) = *s.at(j), x
		x = p[10]
		j += x + word[10]
		p[10], *s.at(j) = *s.at(j), x
		x = p[11]
		j += x + word[11]
		p[11], *s.at(j) = *s.at(j), x
		x = p[12]
		j += x + word[12]
		p[12], *s.at(j) = *s.at(j), x
		x = p[13]
		j += x + word[13]
		p[13], *s.at(j) = *s.at(j), x
		x = p[14]
		j += x + word[14]
		p[14], *s.at(j) = *s.at(j), x
		x = p[15]
		j += x + word[15]
		p[15], *s.at(j) = *s.at(j), x
	}
}

// xorKeyStream writes src XOR the key stream to dst, which is at least as long
// and either the same memory or does not overlap.
func xorKeyStream(s *state, dst, src []byte) {
	dst = dst[:len(src)]
	if len(src) < 2*group {
		s.step(dst, src)
		return
	}
	if n := int(-misaligned(dst) & 3); n > 0 {
		s.step(dst[:n], src[:n])
		dst, src = dst[n:], src[n:]
	}
	for len(src) >= group {
		left := len(s.s) - int(s.i+1) // entries up to the end
		n := min(len(src), left) &^ (group - 1)
		switch {
		case n == 0: // and on to the start, without losing the word boundary
			n = (left + 3) &^ 3
			s.step(dst[:n], src[:n])
		case misaligned(src) == 0:
			s.aligned(unsafe.Pointer(&dst[0]), unsafe.Pointer(&src[0]), n/group)
		default:
			s.unaligned(unsafe.Pointer(&dst[0]), unsafe.Pointer(&src[0]), n/group)
		}
		dst, src = dst[n:], src[n:]
	}
	s.step(dst, src)
}

// misaligned is how far b, which is not empty, begins behind a word boundary.
func misaligned(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) & 3 }

// aligned and unaligned are written out step by step: a function for the step
// leaves a NOP in every one, and a slice for a pointer a bounds check.

// aligned is xorKeyStream for n > 0 groups, dst and src being on a word
// boundary, with that many entries left before the index wraps.
func (s *state) aligned(dst, src unsafe.Pointer, n int) {
	p := (*[group]uint32)(s.s[s.i+1:])
	j := uint32(s.j) << up
	s.i += uint8(n * group)
	for {
		var w, x, y uint32
		d, v := (*[2]uint32)(dst), (*[2]uint32)(src)
		x = p[0]
		j += x
		y = *s.at(j)
		p[0], *s.at(j) = y, x
		w = *s.at(x + y) >> (up - place0)
		x = p[1]
		j += x
		y = *s.at(j)
		p[1], *s.at(j) = y, x
		w |= *s.at(x + y) >> (up - place1)
		x = p[2]
		j += x
		y = *s.at(j)
		p[2], *s.at(j) = y, x
		w |= *s.at(x + y) >> (up - place2)
		x = p[3]
		j += x
		y = *s.at(j)
		p[3], *s.at(j) = y, x
		w |= *s.at(x + y) >> (up - place3)
		d[0] = v[0] ^ w
		x = p[4]
		j += x
		y = *s.at(j)
		p[4], *s.at(j) = y, x
		w = *s.at(x + y) >> (up - place0)
		x = p[5]
		j += x
		y = *s.at(j)
		p[5], *s.at(j) = y, x
		w |= *s.at(x + y) >> (up - place1)
		x = p[6]
		j += x
		y = *s.at(j)
		p[6], *s.at(j) = y, x
		w |= *s.at(x + y) >> (up - place2)
		x = p[7]
		j += x
		y = *s.at(j)
		p[7], *s.at(j) = y, x
		w |= *s.at(x + y) >> (up - place3)
		d[1] = v[1] ^ w
		if n--; n == 0 {
			break // before a pointer leaves its memory
		}
		p = (*[group]uint32)(unsafe.Add(unsafe.Pointer(p), unsafe.Sizeof(*p)))
		dst, src = unsafe.Add(dst, group), unsafe.Add(src, group)
	}
	s.j = uint8(j >> up)
}

// unaligned is the same for src anywhere.
func (s *state) unaligned(dst, src unsafe.Pointer, n int) {
	p := (*[group]uint32)(s.s[s.i+1:])
	j := uint32(s.j) << up
	s.i += uint8(n * group)
	for {
		var w, x, y uint32
		d, v := (*[2]uint32)(dst), (*[group]byte)(src)
		w = uint32(v[0])<<place0 | uint32(v[1])<<place1 | uint32(v[2])<<place2 | uint32(v[3])<<place3
		x = p[0]
		j += x
		y = *s.at(j)
		p[0], *s.at(j) = y, x
		w ^= *s.at(x + y) >> (up - place0)
		x = p[1]
		j += x
		y = *s.at(j)
		p[1], *s.at(j) = y, x
		w ^= *s.at(x + y) >> (up - place1)
		x = p[2]
		j += x
		y = *s.at(j)
		p[2], *s.at(j) = y, x
		w ^= *s.at(x + y) >> (up - place2)
		x = p[3]
		j += x
		y = *s.at(j)
		p[3], *s.at(j) = y, x
		d[0] = w ^ *s.at(x + y)>>(up-place3)
		w = uint32(v[4])<<place0 | uint32(v[5])<<place1 | uint32(v[6])<<place2 | uint32(v[7])<<place3
		x = p[4]
		j += x
		y = *s.at(j)
		p[4], *s.at(j) = y, x
		w ^= *s.at(x + y) >> (up - place0)
		x = p[5]
		j += x
		y = *s.at(j)
		p[5], *s.at(j) = y, x
		w ^= *s.at(x + y) >> (up - place1)
		x = p[6]
		j += x
		y = *s.at(j)
		p[6], *s.at(j) = y, x
		w ^= *s.at(x + y) >> (up - place2)
		x = p[7]
		j += x
		y = *s.at(j)
		p[7], *s.at(j) = y, x
		d[1] = w ^ *s.at(x + y)>>(up-place3)
		if n--; n == 0 {
			break
		}
		p = (*[group]uint32)(unsafe.Add(unsafe.Pointer(p), unsafe.Sizeof(*p)))
		dst, src = unsafe.Add(dst, group), unsafe.Add(src, group)
	}
	s.j = uint8(j >> up)
}
