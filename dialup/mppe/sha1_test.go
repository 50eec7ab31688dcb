package mppe

import (
	"crypto/sha1"
	"testing"
)

// The hash of a key change against the standard library's.
func TestSumPadded(t *testing.T) {
	for n := range 2000 {
		var k keySchedule
		start := keyA
		start[n&7] += byte(n)
		bits := []int{40, 56, 128}[n%3]
		k.init(bits, &start)
		for i := range k.current() {
			k.current()[i] = byte(n>>3) * byte(i*i+1)
		}
		want := sha1.Sum(k.input[:2*k.length+2*padLen])
		if got := k.hash(); got != want {
			t.Fatalf("%d bits, %x: %x, want %x", bits, k.input, got, want)
		}
	}
}

func BenchmarkSumPadded(b *testing.B) {
	var k keySchedule
	k.init(128, &keyA)
	against(b, len(k.input),
		func() { sha1.Sum(k.input[:112]) },
		func() { k.hash() })
}
