package password

import "encoding/binary"

// roundConstants are K of FIPS 180-4 section 4.2.2.
var roundConstants = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

const (
	blockSize = 64
	hashSize  = 32
)

// state is a hash in progress, between two blocks.
type state [8]uint32

var initial = state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}

// block takes 64 octets in. The rotations are written out: this package is
// compiled without inlining on small machines.
func (s *state) block(p []byte) {
	var w [64]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(p[4*i:])
	}
	for i := 16; i < 64; i++ {
		x, y := w[i-15], w[i-2]
		w[i] = w[i-16] + (x>>7 | x<<25 ^ (x>>18 | x<<14) ^ x>>3) + w[i-7] + ((y>>17 | y<<15) ^ (y>>19 | y<<13) ^ y>>10)
	}
	a, b, c, d, e, f, g, h := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	for i, word := range w {
		t1 := h + ((e>>6 | e<<26) ^ (e>>11 | e<<21) ^ (e>>25 | e<<7)) + (e&f ^ ^e&g) + roundConstants[i] + word
		t2 := ((a>>2 | a<<30) ^ (a>>13 | a<<19) ^ (a>>22 | a<<10)) + (a&b ^ a&c ^ b&c)
		a, b, c, d, e, f, g, h = t1+t2, a, b, c, d+t1, e, f, g
	}
	for i, v := range [8]uint32{a, b, c, d, e, f, g, h} {
		s[i] += v
	}
}

// end takes the rest in, of a message of so many octets in all.
func (s state) end(rest []byte, length int) (sum [hashSize]byte) {
	for ; len(rest) >= blockSize; rest = rest[blockSize:] {
		s.block(rest)
	}
	var last [2 * blockSize]byte
	n := copy(last[:], rest)
	last[n] = 0x80
	blocks := last[:blockSize]
	if n >= blockSize-8 {
		blocks = last[:]
	}
	binary.BigEndian.PutUint64(blocks[len(blocks)-8:], uint64(length)*8)
	for ; len(blocks) > 0; blocks = blocks[blockSize:] {
		s.block(blocks)
	}
	for i, v := range s {
		binary.BigEndian.PutUint32(sum[4*i:], v)
	}
	return sum
}

// SHA256 is the hash of a message.
func SHA256(message []byte) [hashSize]byte { return initial.end(message, len(message)) }
