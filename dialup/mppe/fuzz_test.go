package mppe

import (
	"bytes"
	"testing"
)

// FuzzDecompress puts one forged packet into a good stream: nothing outside of
// dst is written, and unless the forgery was believed, the stream goes on.
func FuzzDecompress(f *testing.F) {
	a, _ := pair(f, mode{128, true})
	b, _ := pair(f, mode{40, false})
	for n := range 3 {
		f.Add(uint8(4), uint16(n), seal(f, a, datagram(n, 30)))
		f.Add(uint8(1), uint16(300*n), seal(f, b, datagram(n, 30)))
	}
	f.Add(uint8(3), uint16(254), []byte{0x90, 0xff, 0})
	f.Add(uint8(3), uint16(255), []byte{0x91, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add(uint8(2), uint16(0), []byte{})
	f.Fuzz(func(t *testing.T, which uint8, before uint16, forged []byte) {
		m := modes[int(which)%len(modes)]
		a, b := pair(t, m)
		p := datagram(5, 40)
		for range before % 600 {
			mustGet(t, b, seal(t, a, p), p)
		}
		known := b.recv.last
		good := b.Counters()

		dst := bytes.Repeat([]byte{0xa5}, len(forged)+16)
		given := bytes.Clone(forged)
		n, ok := b.Decompress(dst[:len(forged)], forged)
		if !bytes.Equal(forged, given) {
			t.Error("src was written to")
		}
		if bytes.Count(dst[len(forged):], []byte{0xa5}) != 16 {
			t.Error("written beyond dst")
		}
		if n < 0 || n > len(forged) || !ok && n != 0 {
			t.Errorf("n %d, ok %v", n, ok)
		}
		if b.Counters().Doubtful == good.Doubtful && ok &&
			(b.recv.last != (known+1)&countMask || !m.stateless && forged[0]&bitFlushed != 0) {
			return // believed, with a small chance
		}
		// A forgery with the next count takes the place of the real packet.
		// It may also move the state of RC4 on, in stateful mode: then only
		// FLUSHED helps, which the owner asks for when it sees nonsense.
		unseal(b, seal(t, a, p))
		if !m.stateless {
			a.ResetRequested()
			unseal(b, seal(t, a, p))
			a.ResetRequested()
			unseal(b, seal(t, a, p))
		}
		mustGet(t, b, seal(t, a, p), p)
	})
}
