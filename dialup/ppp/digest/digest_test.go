package digest

import (
	"crypto/des"
	"crypto/md5"
	"crypto/sha1"
	"math/rand/v2"
	"testing"
)

// TestTwins compares each with the standard library's, at every length up to
// several blocks, and cut into parts.
func TestTwins(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 300)
	for n := range len(b) {
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		whole, cut := b[:n], random.IntN(n+1)
		if got, want := SHA1(whole[:cut], nil, whole[cut:]), sha1.Sum(whole); got != want {
			t.Errorf("SHA-1 of %d octets: %x, want %x", n, got, want)
		}
		if got, want := MD5(whole[:cut], whole[cut:]), md5.Sum(whole); got != want {
			t.Errorf("MD5 of %d octets: %x, want %x", n, got, want)
		}
	}
}

func FuzzDES(f *testing.F) {
	f.Add([]byte("\x01\x23\x45\x67\x89\xab\xcd\xefNow is t"))
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		b := make([]byte, 16)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 16 {
			return
		}
		key, block := [8]byte(b[:8]), [8]byte(b[8:16])
		twin, err := des.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		var want [8]byte
		twin.Encrypt(want[:], block[:])
		if got := DES(key, block); got != want {
			t.Errorf("%x under %x: %x, want %x", block, key, got, want)
		}
	})
}

func FuzzHash(f *testing.F) {
	f.Add([]byte("abc"), []byte(""))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		whole := append(append([]byte(nil), a...), b...)
		if SHA1(a, b) != sha1.Sum(whole) || MD5(a, b) != md5.Sum(whole) {
			t.Errorf("of %q and %q", a, b)
		}
	})
}
