package password

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// TestTwins: the same as the standard library, at every length about a block.
func TestTwins(t *testing.T) {
	for n := range 300 {
		message := bytes.Repeat([]byte{byte(n), 0x81}, 150)[:n]
		if got, want := SHA256(message), sha256.Sum256(message); got != want {
			t.Fatalf("SHA-256 of %d octets is %x, want %x", n, got, want)
		}
	}
	for n := range 140 {
		password, salt := strings.Repeat("p\xe9", 70)[:n], strings.Repeat("s", n)
		want, err := pbkdf2.Key(sha256.New, password, []byte(salt), 3, hashSize)
		if err != nil {
			t.Fatal(err)
		}
		if got := derive([]byte(password), []byte(salt), 3); !bytes.Equal(got[:], want) {
			t.Fatalf("PBKDF2 of %d octets is %x, want %x", n, got, want)
		}
	}
}

// TestVector is RFC 7914 section 11.
func TestVector(t *testing.T) {
	got := derive([]byte("passwd"), []byte("salt"), 1)
	if want := "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"; hex.EncodeToString(got[:]) != want {
		t.Errorf("%x, want %s", got, want)
	}
	got = derive([]byte("Password"), []byte("NaCl"), 80000)
	if want := "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"; hex.EncodeToString(got[:]) != want {
		t.Errorf("%x, want %s", got, want)
	}
}

func TestHash(t *testing.T) {
	h := New("sesame", [saltSize]byte{1, 2, 3}, MinIterations)
	again, err := Parse(h.String())
	if err != nil || again != h {
		t.Fatalf("%s becomes %v, %v", h, again, err)
	}
	if !again.Fits("sesame") || again.Fits("sesam") || again.Fits("sesame ") || again.Fits("") || again.Fits(strings.Repeat("x", 5000)) {
		t.Error("the wrong passwords fit")
	}
	if (Hash{}).Fits("") {
		t.Error("a password fits where there is no hash")
	}
	for _, wrong := range []string{
		"", "sesame", "$$$", h.String() + "$", "x" + h.String(), strings.Replace(h.String(), "10000", "9999", 1),
		strings.Replace(h.String(), "10000", "99999999999", 1), h.String()[:len(h.String())-4], h.String() + "AAAA",
	} {
		if _, err := Parse(wrong); err == nil {
			t.Errorf("%q is taken for a hash", wrong)
		}
	}
}

// FuzzParse: what is read is written the same way.
func FuzzParse(f *testing.F) {
	f.Add(New("sesame", [saltSize]byte{9}, MinIterations).String())
	f.Fuzz(func(t *testing.T, s string) {
		h, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(h.String()); err != nil || again != h {
			t.Fatalf("%q becomes %q", s, h)
		}
	})
}
