//go:build mips || mipsle

package mppe

import (
	"encoding/binary"
	"math/bits"
)

// sumPadded is SHA-1 (RFC 3174 section 6.1) of what padded ends two blocks. The
// standard library has no assembler for mips, and takes twice as long.
func sumPadded(input *[2 * blockLen]byte, _ int) (digest [sumLen]byte) {
	h := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	sha1Block(&h, (*[blockLen]byte)(input[:]))
	sha1Block(&h, (*[blockLen]byte)(input[blockLen:]))
	for i, v := range h {
		binary.BigEndian.PutUint32(digest[4*i:], v)
	}
	return digest
}

func sha1Block(h *[5]uint32, block *[blockLen]byte) {
	var w [80]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(block[4*i:])
	}
	for i := 0; i < 64; i += 8 { // eight at a time, each of words before it
		v := (*[24]uint32)(w[i:])
		v[16] = bits.RotateLeft32(v[13]^v[8]^v[2]^v[0], 1)
		v[17] = bits.RotateLeft32(v[14]^v[9]^v[3]^v[1], 1)
		v[18] = bits.RotateLeft32(v[15]^v[10]^v[4]^v[2], 1)
		v[19] = bits.RotateLeft32(v[16]^v[11]^v[5]^v[3], 1)
		v[20] = bits.RotateLeft32(v[17]^v[12]^v[6]^v[4], 1)
		v[21] = bits.RotateLeft32(v[18]^v[13]^v[7]^v[5], 1)
		v[22] = bits.RotateLeft32(v[19]^v[14]^v[8]^v[6], 1)
		v[23] = bits.RotateLeft32(v[20]^v[15]^v[9]^v[7], 1)
	}
	// Five steps at a time, after which every name is at its place again.
	a, b, c, d, e := h[0], h[1], h[2], h[3], h[4]
	for i := 0; i < 20; i += 5 {
		const k = 0x5a827999
		v := (*[5]uint32)(w[i:])
		e += bits.RotateLeft32(a, 5) + (d ^ b&(c^d)) + v[0] + k
		b = bits.RotateLeft32(b, 30)
		d += bits.RotateLeft32(e, 5) + (c ^ a&(b^c)) + v[1] + k
		a = bits.RotateLeft32(a, 30)
		c += bits.RotateLeft32(d, 5) + (b ^ e&(a^b)) + v[2] + k
		e = bits.RotateLeft32(e, 30)
		b += bits.RotateLeft32(c, 5) + (a ^ d&(e^a)) + v[3] + k
		d = bits.RotateLeft32(d, 30)
		a += bits.RotateLeft32(b, 5) + (e ^ c&(d^e)) + v[4] + k
		c = bits.RotateLeft32(c, 30)
	}
	for i := 20; i < 80; i += 5 {
		v := (*[5]uint32)(w[i:])
		if i >= 40 && i < 60 {
			const k = 0x8f1bbcdc
			e += bits.RotateLeft32(a, 5) + (b&(c|d) | c&d) + v[0] + k
			b = bits.RotateLeft32(b, 30)
			d += bits.RotateLeft32(e, 5) + (a&(b|c) | b&c) + v[1] + k
			a = bits.RotateLeft32(a, 30)
			c += bits.RotateLeft32(d, 5) + (e&(a|b) | a&b) + v[2] + k
			e = bits.RotateLeft32(e, 30)
			b += bits.RotateLeft32(c, 5) + (d&(e|a) | e&a) + v[3] + k
			d = bits.RotateLeft32(d, 30)
			a += bits.RotateLeft32(b, 5) + (c&(d|e) | d&e) + v[4] + k
			c = bits.RotateLeft32(c, 30)
			continue
		}
		k := uint32(0x6ed9eba1)
		if i >= 60 {
			k = 0xca62c1d6
		}
		e += bits.RotateLeft32(a, 5) + (b ^ c ^ d) + v[0] + k
		b = bits.RotateLeft32(b, 30)
		d += bits.RotateLeft32(e, 5) + (a ^ b ^ c) + v[1] + k
		a = bits.RotateLeft32(a, 30)
		c += bits.RotateLeft32(d, 5) + (e ^ a ^ b) + v[2] + k
		e = bits.RotateLeft32(e, 30)
		b += bits.RotateLeft32(c, 5) + (d ^ e ^ a) + v[3] + k
		d = bits.RotateLeft32(d, 30)
		a += bits.RotateLeft32(b, 5) + (c ^ d ^ e) + v[4] + k
		c = bits.RotateLeft32(c, 30)
	}
	h[0] += a
	h[1] += b
	h[2] += c
	h[3] += d
	h[4] += e
}
