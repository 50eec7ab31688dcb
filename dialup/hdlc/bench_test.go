package hdlc

import (
	"math/rand/v2"
	"testing"
)

func benchData() []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 1400)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func BenchmarkAppendFrame(b *testing.B) {
	for name, accm := range map[string]uint32{"accm-0": 0, "accm-all": 0xffffffff} {
		b.Run(name, func(b *testing.B) {
			info, head := benchData(), []byte{0xff, 0x03, 0x00, 0x21}
			line := make([]byte, 0, MaxEncoded(len(info)+len(head)))
			b.SetBytes(int64(len(info)))
			b.ReportAllocs()
			for b.Loop() {
				AppendFrame(line, accm, true, head, info)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, accm := range map[string]uint32{"accm-0": 0, "accm-all": 0xffffffff} {
		b.Run(name, func(b *testing.B) {
			info := benchData()
			line := AppendFrame(nil, accm, true, []byte{0xff, 0x03, 0x00, 0x21}, info)
			d := newDecoder(1504, accm)
			b.SetBytes(int64(len(info)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, ok := d.Next(line); !ok {
					b.Fatal("no frame")
				}
			}
		})
	}
}

// BenchmarkNaive is the plain way: join, run over it for the FCS, append octet
// by octet.
func BenchmarkNaive(b *testing.B) {
	info, head := benchData(), []byte{0xff, 0x03, 0x00, 0x21}
	b.SetBytes(int64(len(info)))
	b.ReportAllocs()
	for b.Loop() {
		frame := append(append([]byte{}, head...), info...)
		fcs := uint16(initFCS)
		for _, c := range frame {
			fcs = addFCS(fcs, c)
		}
		frame = append(frame, ^byte(fcs), ^byte(fcs>>8))
		line := []byte{flag}
		for _, c := range frame {
			if c == flag || c == escape {
				line = append(line, escape, c^complement)
			} else {
				line = append(line, c)
			}
		}
		_ = append(line, flag)
	}
}
