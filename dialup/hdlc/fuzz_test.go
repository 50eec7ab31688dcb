package hdlc

import (
	"bytes"
	"testing"
)

// Encoding and decoding again gives what was there, under any map.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint32(0xffffffff), true, []byte{0xff, 3, 0xc0, 0x21}, []byte{1, 1, 0, 4}, []byte("noise"))
	f.Add(uint32(0x000a0000), false, []byte{0x21}, []byte("~}\x11\x13\x5e\x5d"), []byte{escape})
	f.Fuzz(func(t *testing.T, accm uint32, open bool, head, info, before []byte) {
		if len(head)+len(info) < minFrame-fcsLen || len(head)+len(info) > 4000 {
			return
		}
		line := AppendFrame(nil, accm, open, head, info)
		if len(line) > MaxEncoded(len(head)+len(info)) {
			t.Fatalf("%d octets, MaxEncoded %d", len(line), MaxEncoded(len(head)+len(info)))
		}
		if bytes.IndexByte(line[1:len(line)-1], flag) >= 0 {
			t.Fatalf("a flag inside: % x", line)
		}
		for i, c := range line {
			if c < 0x20 && accm>>c&1 == 1 {
				t.Fatalf("octet %d, %02x, is in the map", i, c)
			}
		}
		want := append(bytes.Clone(head), info...)
		d := newDecoder(4000, accm)
		if got := decodeAll(d, line, 1+len(before)%9); len(got) != 1 || !bytes.Equal(got[0], want) {
			t.Fatalf("% x became % x", want, got)
		}
		// Whatever came before, a flag ends it.
		d = newDecoder(4000, accm)
		decodeAll(d, before, 1<<20)
		got := decodeAll(d, append([]byte{flag}, line...), 1<<20)
		if len(got) == 0 || !bytes.Equal(got[len(got)-1], want) {
			t.Fatalf("behind % x: % x became % x", before, want, got)
		}
	})
}

// Any octets in any pieces: no frame longer than allowed, the same frames and
// counters however they are cut.
func FuzzDecode(f *testing.F) {
	f.Add(AppendFrame(nil, 0, true, []byte{0xff, 3}, []byte("hello")), uint32(0), uint8(3))
	f.Add([]byte("~}~~~ab~}}~\r\nNO CARRIER\r\n"), uint32(0xffffffff), uint8(1))
	f.Fuzz(func(t *testing.T, line []byte, accm uint32, step uint8) {
		whole, cut := newDecoder(50, accm), newDecoder(50, accm)
		a, b := decodeAll(whole, line, 1<<20), decodeAll(cut, line, int(step)+1)
		if len(a) != len(b) || whole.Counters() != cut.Counters() {
			t.Fatalf("%d and %d frames, %+v and %+v", len(a), len(b), whole.Counters(), cut.Counters())
		}
		for i := range a {
			if len(a[i]) > 50 || len(a[i]) < minFrame-fcsLen || !bytes.Equal(a[i], b[i]) {
				t.Fatalf("frame %d: % x and % x", i, a[i], b[i])
			}
		}
		if !bytes.Equal(whole.Stray(), cut.Stray()) || !bytes.HasSuffix(line, whole.Stray()) {
			t.Fatalf("stray %q and %q", whole.Stray(), cut.Stray())
		}
	})
}
