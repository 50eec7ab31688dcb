package mppe

import (
	"crypto/rc4"
	"crypto/sha1"
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

const benchSize = 1400

func BenchmarkCompress(b *testing.B) {
	for _, m := range []mode{{128, true}, {128, false}} {
		b.Run(m.String(), func(b *testing.B) {
			c, _ := pair(b, m)
			src, dst := datagram(1, benchSize), make([]byte, benchSize+overhead)
			b.SetBytes(benchSize)
			b.ReportAllocs()
			for b.Loop() {
				c.Compress(dst, 0x21, src)
			}
		})
	}
}

func BenchmarkDecompress(b *testing.B) {
	for _, m := range []mode{{128, true}, {128, false}} {
		b.Run(m.String(), func(b *testing.B) {
			tx, rx := pair(b, m)
			var wires [1024][]byte // over and over, from a fresh state each time
			for i := range wires {
				wires[i] = seal(b, tx, datagram(1, benchSize))
			}
			dst := make([]byte, benchSize+overhead)
			fresh := *rx
			b.SetBytes(benchSize)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i == len(wires) {
					*rx, i = fresh, 0
				}
				if _, ok := rx.Decompress(dst, wires[i]); !ok {
					b.Fatal("dropped")
				}
			}
		})
	}
}

// BenchmarkNaive is the plain way: crypto/rc4, and a copy of what is encrypted.
func BenchmarkNaive(b *testing.B) {
	for _, m := range []mode{{128, true}, {128, false}} {
		b.Run(m.String(), func(b *testing.B) {
			start := keyA
			session := keyA
			stream, _ := rc4.NewCipher(session[:])
			src, dst := datagram(1, benchSize), make([]byte, benchSize+overhead)
			pad1, pad2 := make([]byte, 40), make([]byte, 40)
			count := uint16(0)
			b.SetBytes(benchSize)
			b.ReportAllocs()
			for b.Loop() {
				if m.stateless || isFlag(count) {
					h := sha1.New()
					h.Write(start[:])
					h.Write(pad1)
					h.Write(session[:])
					h.Write(pad2)
					interim := h.Sum(nil)[:16]
					stream, _ = rc4.NewCipher(interim)
					stream.XORKeyStream(session[:], interim)
					stream, _ = rc4.NewCipher(session[:])
				}
				binary.BigEndian.PutUint16(dst, count)
				binary.BigEndian.PutUint16(dst[2:], 0x21)
				copy(dst[4:], src)
				stream.XORKeyStream(dst[2:], dst[2:])
				count = (count + 1) & countMask
			}
		})
	}
}

func BenchmarkKeyChange(b *testing.B) {
	var k keySchedule
	var s state
	k.init(128, &keyA)
	b.ReportAllocs()
	for b.Loop() {
		k.change(&s)
		k.load(&s)
	}
}

func BenchmarkSetKey(b *testing.B) {
	var s state
	for b.Loop() {
		s.setKey(keyA[:])
	}
}

func BenchmarkXORKeyStream(b *testing.B) {
	var s state
	s.setKey(keyA[:])
	library, _ := rc4.NewCipher(keyA[:])
	src, dst := make([]byte, benchSize), make([]byte, benchSize)
	against(b, benchSize,
		func() { library.XORKeyStream(dst, src) },
		func() { xorKeyStream(&s, dst, src) })
}

// against measures a yardstick and what is ours by turns, so that a busy
// machine slows down both, and reports the medians of all turns and their
// ratio: a turn in which something else ran does not count.
func against(b *testing.B, octets int, yardstick, ours func()) {
	const turn = 64
	var spent [2][]time.Duration
	for b.Loop() {
		for n, f := range [2]func(){yardstick, ours} {
			start := time.Now()
			for range turn {
				f()
			}
			spent[n] = append(spent[n], time.Since(start))
		}
	}
	var each [2]float64 // ns an octet
	for n, s := range spent {
		slices.Sort(s)
		each[n] = float64(s[len(s)/2].Nanoseconds()) / float64(turn*octets)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(each[0], "yardstick-ns/B")
	b.ReportMetric(each[1], "ours-ns/B")
	b.ReportMetric(each[1]/each[0], "ours/yardstick")
}
