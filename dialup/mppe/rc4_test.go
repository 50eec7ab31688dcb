package mppe

import (
	"bytes"
	"crypto/rc4"
	"fmt"
	"testing"
)

// twin is RC4 as its description has it, one octet after the other.
type twin struct {
	s    [256]byte
	i, j byte
}

func newTwin(k []byte) *twin {
	var t twin
	for i := range t.s {
		t.s[i] = byte(i)
	}
	j := byte(0)
	for i := range t.s {
		j += t.s[i] + k[i%len(k)]
		t.s[i], t.s[j] = t.s[j], t.s[i]
	}
	return &t
}

func (t *twin) xor(dst, src []byte) {
	for k := range src {
		t.i++
		t.j += t.s[t.i]
		t.s[t.i], t.s[t.j] = t.s[t.j], t.s[t.i]
		dst[k] = src[k] ^ t.s[t.s[t.i]+t.s[t.j]]
	}
}

// same reports whether s is where t is.
func (t *twin) same(s *state) bool {
	for i, x := range s.s {
		if x != uint32(t.s[i])<<up {
			return false
		}
	}
	return s.i == t.i && s.j == t.j
}

// Our twin against the standard library, so that the rest may rely on it.
func TestTwin(t *testing.T) {
	for n := range 500 {
		k := bytes.Repeat([]byte{byte(n), byte(n >> 4), 7}, 6)[:8+n&8]
		c, _ := rc4.NewCipher(k)
		want, got := make([]byte, n), make([]byte, n)
		c.XORKeyStream(want, want)
		newTwin(k).xor(got, got)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d octets", n)
		}
	}
}

func TestSetKey(t *testing.T) {
	var s state
	for n := range 4096 {
		k := []byte{byte(n), byte(n * 7), byte(n >> 3), 4, 5, 6, 7, byte(n >> 8), 9, 10, byte(n), 12, 13, 14, 15, 16}
		for _, k := range [][]byte{k, k[:8]} {
			s.i, s.j = 3, 4
			s.setKey(k)
			if !newTwin(k).same(&s) {
				t.Fatalf("key %x", k)
			}
		}
	}
}

const margin = 8 // octets around what is tested that must stay as they are

// compareXOR runs both ciphers over n octets that lie as given behind a word
// boundary, from a state that has done skip octets.
func compareXOR(k []byte, skip, n, dstAt, srcAt int, inPlace bool) error {
	src := make([]byte, margin+n+2*margin)
	for i := range src {
		src[i] = byte(i*5 + n)
	}
	dst := bytes.Repeat([]byte{0xa5}, len(src))
	want := bytes.Clone(dst)
	if inPlace {
		dst, dstAt = src, srcAt
		copy(want, src)
	}
	given := bytes.Clone(src)

	var s state
	s.setKey(k)
	ref := newTwin(k)
	scratch := make([]byte, skip)
	ref.xor(scratch, scratch)
	for skip > 0 { // not by the loop under test alone
		part := min(skip, 5)
		s.step(scratch[:part], scratch[:part])
		skip -= part
	}
	from := src[margin+srcAt:][:n]
	ref.xor(want[margin+dstAt:], from)
	xorKeyStream(&s, dst[margin+dstAt:][:n+margin-dstAt], from)
	switch {
	case !bytes.Equal(dst, want):
		return fmt.Errorf("octets differ, or some outside were written:\n% x\n% x", dst, want)
	case !inPlace && !bytes.Equal(src, given):
		return fmt.Errorf("src was written to")
	case !ref.same(&s):
		return fmt.Errorf("states differ")
	}
	return nil
}

// Every length and alignment; the index starts anywhere as lengths go by.
func TestXORKeyStream(t *testing.T) {
	for n := range 2049 {
		for where := range 20 {
			skip, dstAt, srcAt, inPlace := (n*7+where*13)%300, where>>2, where&3, where >= 16
			if n < 300 {
				skip = n % 3 * where
			}
			if err := compareXOR(keyA[:], skip, n, dstAt&3, srcAt, inPlace); err != nil {
				t.Fatalf("%d octets after %d, at %d from %d, in place %v: %v", n, skip, dstAt, srcAt, inPlace, err)
			}
		}
	}
}

// Lengths around a group at every index.
func TestXORKeyStreamIndex(t *testing.T) {
	for skip := range 257 {
		for n := range 40 {
			if err := compareXOR(keyB[:8], skip, n, n&3, skip&3, false); err != nil {
				t.Fatalf("%d octets after %d: %v", n, skip, err)
			}
		}
	}
}

func FuzzXORKeyStream(f *testing.F) {
	f.Add([]byte("a key of 16 byte"), uint16(0), uint16(1400), uint8(0), false)
	f.Add([]byte("8 octets"), uint16(250), uint16(40), uint8(7), true)
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0}, uint16(3), uint16(255), uint8(13), false)
	f.Fuzz(func(t *testing.T, k []byte, skip, n uint16, where uint8, inPlace bool) {
		switch {
		case len(k) < 8:
			k = append(k, "12345678"...)[:8]
		case len(k) < 16:
			k = k[:8]
		default:
			k = k[:16]
		}
		if err := compareXOR(k, int(skip%1024), int(n%4096), int(where&3), int(where>>2&3), inPlace); err != nil {
			t.Fatal(err)
		}
	})
}
