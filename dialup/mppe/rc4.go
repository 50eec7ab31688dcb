package mppe

// state is RC4: the permutation and its two indices. The zero state is not
// usable before setKey. An entry is a word that holds its octet in bits up to
// up+7, the rest being 0: words instead of octets save masking, and where up is
// 24 sums wrap by themselves (see rc4_words.go).
type state struct {
	s    [256]uint32
	i, j uint8
}

// identity is the permutation that every key schedule starts with.
var identity = func() (s [256]uint32) {
	for i := range s {
		s[i] = uint32(i) << up
	}
	return s
}()

// expand repeats a key of 8 or 16 octets to 16.
func expand(k []byte) (full [16]byte) {
	for n := 0; n < len(full); n += copy(full[n:], k) {
	}
	return full
}

// step is xorKeyStream octet by octet, for what the faster loops leave over.
func (s *state) step(dst, src []byte) {
	i, j := s.i, s.j
	dst = dst[:len(src)]
	for k, v := range src {
		i++
		x := s.s[i]
		j += uint8(x >> up)
		y := s.s[j]
		s.s[i], s.s[j] = y, x
		dst[k] = v ^ uint8(s.s[uint8((x+y)>>up)]>>up)
	}
	s.i, s.j = i, j
}
