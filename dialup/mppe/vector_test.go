package mppe

import (
	"bytes"
	"crypto/rc4"
	"crypto/sha1"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// RFC 3079 sections 2.5.3 and 3.5.1 to 3.5.3. Section 2.5.3 gives no sample
// message. The last octet of the message of section 3.5.2 is printed as 58;
// crypto/rc4 with the key of the RFC gives b8, and so do we.
func TestInitialKeys(t *testing.T) {
	for _, v := range []struct {
		name, start, session, message string
		bits                          int
	}{
		{"3.5.1", "8B 7C DC 14 9B 99 3A 1B", "D1 26 9E C4 9F A6 2E 3E", "92 91 37 91 7E 58 03 D6 68 D7 58 98", 40},
		{"3.5.2", "8B 7C DC 14 9B 99 3A 1B", "D1 5C 00 C4 9F A6 2E 3E", "3F 10 68 33 FA 44 8D A8 42 BC 57 B8", 56},
		{"3.5.3", "8B 7C DC 14 9B 99 3A 1B A1 18 CB 15 3F 56 DC CB", "40 5C B2 24 7A 79 56 E6 E2 11 00 7A E2 7B 22 D4", "81 84 83 17 DF 68 84 62 72 FB 5A BE", 128},
		{"2.5.1", "76 a1 52 93 60 96 d7 83", "d1 26 9e 53 8c ec 4a 08", "", 40},
		{"2.5.2", "76 a1 52 93 60 96 d7 83", "d1 08 01 53 8c ec 4a 08", "", 56},
		{"2.5.3", "a8 94 78 50 cf c0 ac c1 d1 78 9f b6 2d dc dd b0", "59 d1 59 bc 09 f7 6f 1d a2 a8 6a 28 ff ec 0b 1e", "", 128},
	} {
		var start [16]byte
		copy(start[:], unhex(v.start))
		var k keySchedule
		k.init(v.bits, &start)
		if want := unhex(v.session); !bytes.Equal(k.current(), want) {
			t.Errorf("%s: session key % x, want % x", v.name, k.current(), want)
		}
		if v.message == "" {
			continue
		}
		var s state
		k.load(&s)
		out := make([]byte, 12)
		xorKeyStream(&s, out, []byte("test message"))
		if want := unhex(v.message); !bytes.Equal(out, want) {
			t.Errorf("%s: message % x, want % x", v.name, out, want)
		}
	}
}

// reference is the key schedule of RFC 3078 section 7.3, word by word and by
// the standard library.
type reference struct {
	start, session []byte
	reduced        []byte
}

func newReference(bits int, start [16]byte) *reference {
	r := &reference{}
	switch bits {
	case 40:
		r.start, r.reduced = start[:8], []byte{0xd1, 0x26, 0x9e}
	case 56:
		r.start, r.reduced = start[:8], []byte{0xd1}
	default:
		r.start = start[:]
	}
	r.session = r.sha(r.start)
	copy(r.session, r.reduced)
	return r
}

func (r *reference) sha(session []byte) []byte {
	h := sha1.New()
	h.Write(r.start)
	h.Write(make([]byte, 40))
	h.Write(session)
	h.Write(bytes.Repeat([]byte{0xf2}, 40))
	return h.Sum(nil)[:len(r.start)]
}

func (r *reference) change() {
	interim := r.sha(r.session)
	r.session = make([]byte, len(interim))
	r.cipher(interim).XORKeyStream(r.session, interim)
	copy(r.session, r.reduced)
}

func (r *reference) cipher(key []byte) *rc4.Cipher {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return c
}

func TestKeyChange(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, bits := range []int{40, 56, 128} {
		var start [16]byte
		for i := range start {
			start[i] = byte(rng.Uint32())
		}
		var k keySchedule
		var s state
		k.init(bits, &start)
		ref := newReference(bits, start)
		for n := range 1000 {
			if !bytes.Equal(k.current(), ref.session) {
				t.Fatalf("%d bit, change %d: % x, want % x", bits, n, k.current(), ref.session)
			}
			k.change(&s)
			ref.change()
		}
	}
}

func TestRC4(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 300 {
		k := make([]byte, 8+8*(n&1))
		for i := range k {
			k[i] = byte(rng.Uint32())
		}
		var s state
		s.setKey(k)
		ref, _ := rc4.NewCipher(k)
		for range 5 { // the state carries over
			src := make([]byte, 1+rng.IntN(200))
			for i := range src {
				src[i] = byte(rng.Uint32())
			}
			got, want := make([]byte, len(src)+1), make([]byte, len(src))
			got[len(src)] = 0xa5
			xorKeyStream(&s, got, src)
			ref.XORKeyStream(want, src)
			if !bytes.Equal(got[:len(src)], want) || got[len(src)] != 0xa5 {
				t.Fatalf("key % x, %d octets: differs", k, len(src))
			}
			inPlace := append([]byte(nil), src...)
			xorKeyStream(&s, inPlace, inPlace)
			ref.XORKeyStream(want, src)
			if !bytes.Equal(inPlace, want) {
				t.Fatalf("key % x, %d octets in place: differs", k, len(src))
			}
		}
	}
}

// The packets of a stateless and a stateful sender, made the slow way.
func TestWireForm(t *testing.T) {
	start := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	payload := []byte("forty-two octets of some network packet...")
	plain := append([]byte{0x00, 0x57}, payload...)
	for _, bits := range []int{40, 56, 128} {
		for _, stateless := range []bool{true, false} {
			c, err := New(Config{Bits: bits, Stateless: stateless, Send: start})
			if err != nil {
				t.Fatal(err)
			}
			ref := newReference(bits, start)
			stream := ref.cipher(ref.session)
			dst := make([]byte, len(payload)+c.Overhead())
			for n := range 3*4096 + 10 {
				count := n & 0xfff
				bits0 := byte(0x10)
				if stateless || count&0xff == 0xff {
					ref.change()
					stream = ref.cipher(ref.session)
					bits0 |= 0x80
				}
				want := make([]byte, 2+len(plain))
				want[0], want[1] = bits0|byte(count>>8), byte(count)
				stream.XORKeyStream(want[2:], plain)
				if l := c.Compress(dst, 0x0057, payload); !bytes.Equal(dst[:l], want) {
					t.Fatalf("%d bit, stateless %v, packet %d:\n got % x\nwant % x", bits, stateless, n, dst[:l], want)
				}
			}
		}
	}
}
