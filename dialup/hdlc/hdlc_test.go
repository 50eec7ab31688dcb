package hdlc

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// decodeAll feeds b in pieces of at most step octets and returns copies.
func decodeAll(d *Decoder, b []byte, step int) (frames [][]byte) {
	for len(b) > 0 {
		piece := b[:min(step, len(b))]
		b = b[len(piece):]
		for frame, rest, ok := d.Next(piece); ok; frame, rest, ok = d.Next(rest) {
			frames = append(frames, bytes.Clone(frame))
		}
	}
	return frames
}

func newDecoder(maxFrame int, accm uint32) *Decoder {
	d := NewDecoder(maxFrame)
	d.SetACCM(accm)
	return d
}

// RFC 1662 section C.2: the first and last rows of fcstab, and the check value
// of the polynomial (X.25) over "123456789".
func TestFCS(t *testing.T) {
	first := []uint16{0x0000, 0x1189, 0x2312, 0x329b, 0x4624, 0x57ad, 0x6536, 0x74bf}
	last := []uint16{0x7bc7, 0x6a4e, 0x58d5, 0x495c, 0x3de3, 0x2c6a, 0x1ef1, 0x0f78}
	for i := range 8 {
		if fcsTable[i] != first[i] || fcsTable[248+i] != last[i] {
			t.Errorf("table: [%d] %04x, [%d] %04x", i, fcsTable[i], 248+i, fcsTable[248+i])
		}
	}
	fcs := uint16(initFCS)
	for _, c := range []byte("123456789") {
		fcs = addFCS(fcs, c)
	}
	if ^fcs != 0x906e {
		t.Errorf("FCS of 123456789: %04x, want 906e", ^fcs)
	}
	fcs = addFCS(addFCS(fcs, ^byte(fcs)), ^byte(fcs>>8))
	if fcs != goodFCS {
		t.Errorf("over its own FCS: %04x, want f0b8", fcs)
	}
}

// A Configure-Request of LCP as pppd sends it, escaped with the default map.
func TestAppendFrame(t *testing.T) {
	head := []byte{0xff, 0x03, 0xc0, 0x21}
	info := []byte{0x01, 0x01, 0x00, 0x04, 0x7e, 0x7d, 0x11, 0x1f, 0x20, 0x91}
	const want = "7e ff 7d 23 c0 21 7d 21 7d 21 7d 20 7d 24 7d 5e 7d 5d 7d 31 7d 3f 20 91"
	got := AppendFrame(nil, 0xffffffff, true, head, info)
	if s := fmt.Sprintf("% x", got); s[:len(want)] != want {
		t.Errorf("got  %s\nwant %s ...", s, want)
	}
	// Map 0x000a0000 names 0x11 and 0x13 only.
	const few = "7e ff 03 c0 21 01 01 00 04 7d 5e 7d 5d 7d 31 1f 20 91"
	got = AppendFrame(nil, 0x000a0000, true, head, info)
	if s := fmt.Sprintf("% x", got); s[:len(few)] != few {
		t.Errorf("got  %s\nwant %s ...", s, few)
	}
	prefix := []byte("abc")
	shared := AppendFrame(prefix, 0, false, head, info)
	if !bytes.Equal(shared[3:], AppendFrame(nil, 0, true, head, info)[1:]) || !bytes.HasPrefix(shared, prefix) {
		t.Errorf("without a flag: % x", shared)
	}
}

func TestMaxEncoded(t *testing.T) {
	for n := range 50 {
		worst := 0
		for c := range 256 {
			b := AppendFrame(nil, 0xffffffff, true, nil, bytes.Repeat([]byte{byte(c)}, n))
			worst = max(worst, len(b))
		}
		if worst > MaxEncoded(n) || worst < 2*n+4 {
			t.Errorf("%d octets: %d, MaxEncoded %d", n, worst, MaxEncoded(n))
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, accm := range []uint32{0, 0xffffffff, 0x000a0000, 0x80000001} {
		for _, step := range []int{1, 2, 7, 100, 1 << 20} {
			var line []byte
			var want [][]byte
			for n := range 100 {
				head := []byte{0xff, 0x03, 0x00, 0x21}[rng.IntN(3):]
				info := make([]byte, 1+rng.IntN(300))
				for i := range info {
					info[i] = byte(rng.Uint32())
					if rng.IntN(4) == 0 {
						info[i] = []byte{flag, escape, 0x5e, 0x5d, 0x11, 0, 0x1f}[rng.IntN(7)]
					}
				}
				line = AppendFrame(line, accm, n == 0 || rng.IntN(2) == 0, head, info)
				for rng.IntN(5) == 0 {
					line = append(line, flag) // fill between frames
				}
				want = append(want, append(bytes.Clone(head), info...))
			}
			d := newDecoder(400, accm)
			got := decodeAll(d, line, step)
			if len(got) != len(want) {
				t.Fatalf("accm %08x, step %d: %d frames, want %d", accm, step, len(got), len(want))
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("accm %08x, step %d, frame %d differs", accm, step, i)
				}
			}
			if c := d.Counters(); c != (Counters{Frames: 100}) {
				t.Errorf("accm %08x, step %d: %+v", accm, step, c)
			}
		}
	}
}

func TestNextGivesRest(t *testing.T) {
	line := AppendFrame(nil, 0, true, nil, []byte("first"))
	n := len(line)
	line = AppendFrame(line, 0, true, nil, []byte("second"))
	d := newDecoder(100, 0)
	frame, rest, ok := d.Next(line)
	if !ok || string(frame) != "first" || len(rest) != len(line)-n {
		t.Fatalf("%q, %d octets, %v", frame, len(rest), ok)
	}
	frame, rest, ok = d.Next(rest)
	if !ok || string(frame) != "second" || len(rest) != 0 {
		t.Fatalf("%q, %d octets, %v", frame, len(rest), ok)
	}
	if _, _, ok = d.Next(nil); ok {
		t.Error("a frame from nothing")
	}
}

// RFC 1662 section 4.3 and what a line makes of frames otherwise.
func TestInvalidFrames(t *testing.T) {
	good := AppendFrame(nil, 0, false, nil, []byte("good one"))
	for _, c := range []struct {
		what string
		line []byte
		want Counters
	}{
		{"empty frames", []byte{flag, flag, flag}, Counters{}},
		{"abort", []byte{flag, 'a', 'b', 'c', 'd', escape, flag}, Counters{Aborts: 1}},
		{"abort of nothing", []byte{flag, escape, flag}, Counters{Aborts: 1}},
		{"too short", []byte{flag, 'a', flag, 'a', 'b', 'c', flag}, Counters{TooShort: 2}},
		{"bad FCS", []byte("~abcdefgh~"), Counters{FCSErrors: 1}},
		{"too long", append(append([]byte{flag}, bytes.Repeat([]byte{'x'}, 5000)...), flag), Counters{TooLong: 1}},
		{"too long by one", AppendFrame(nil, 0, true, nil, make([]byte, 31)), Counters{TooLong: 1}},
		{"text before the first flag", []byte("CONNECT 33600\r\n~"), Counters{}},
		{"a screen of text before", append(bytes.Repeat([]byte("Welcome! "), 50), flag), Counters{}},
		{"longest", AppendFrame(nil, 0, true, nil, make([]byte, 30)), Counters{Frames: 1}},
		{"without an opening flag", AppendFrame(nil, 0, false, nil, []byte("hello")), Counters{Frames: 1}},
	} {
		for _, step := range []int{1, 1000} {
			d := newDecoder(30, 0)
			n := int(c.want.Frames)
			got := decodeAll(d, append(bytes.Clone(c.line), good...), step)
			if len(got) != n+1 || string(got[n]) != "good one" {
				t.Errorf("%s: the good frame behind it is lost, got %q", c.what, got)
			}
			c.want.Frames++
			if d.Counters() != c.want {
				t.Errorf("%s: %+v, want %+v", c.what, d.Counters(), c.want)
			}
			c.want.Frames--
		}
	}
}

// RFC 1662 section 7.1: a driver that puts XON and XOFF in.
func TestControlsDropped(t *testing.T) {
	payload := []byte("\x11some \x13 octets~}\x00")
	for _, accm := range []uint32{0x000a0000, 0xffffffff} {
		var noisy []byte
		for _, c := range AppendFrame(nil, accm, true, nil, payload) {
			noisy = append(noisy, c, 0x11, 0x13) // behind an escape too
		}
		d := newDecoder(100, accm)
		got := decodeAll(d, noisy, 5)
		if len(got) != 1 || !bytes.Equal(got[0], payload) {
			t.Errorf("accm %08x: %q", accm, got)
		}
		if c := d.Counters(); c.Controls != uint64(2*len(noisy)/3) {
			t.Errorf("accm %08x: %+v", accm, c)
		}
	}
	// With an empty map they are data.
	d := newDecoder(100, 0)
	if got := decodeAll(d, AppendFrame(nil, 0, true, nil, payload), 5); len(got) != 1 || !bytes.Equal(got[0], payload) {
		t.Errorf("accm 0: %q", got)
	}
}

// One damaged octet costs one frame, or two if it was the flag between them;
// whatever it becomes, wherever it is.
func TestOneDamagedOctet(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	trials, undetected := 0, 0
	for _, accm := range []uint32{0, 0xffffffff} {
		for _, open := range []bool{true, false} {
			var line []byte
			var frames []string
			for n := range 6 {
				info := make([]byte, 8+5*n)
				for i := range info {
					info[i] = byte(rng.Uint32())
				}
				info[n] = flag
				line = AppendFrame(line, accm, open || n == 0, []byte{0xff, 3}, info)
				frames = append(frames, "\xff\x03"+string(info))
			}
			for at := range line {
				for v := range 256 {
					damaged := bytes.Clone(line)
					damaged[at] = byte(v)
					got := decodeAll(newDecoder(100, accm), damaged, 1<<20)
					trials++
					lost := len(frames)
					i := 0
					for _, g := range got {
						if !slices.Contains(frames, string(g)) {
							undetected++
							continue
						}
						for frames[i] != string(g) {
							i++ // in order, each at most once: else out of range
						}
						i++
						lost--
					}
					most := 1
					if line[at] == flag && !open {
						most = 2
					}
					if lost > most {
						t.Fatalf("accm %08x, octet %d = %02x for %02x: %d frames lost", accm, at, v, line[at], lost)
					}
				}
			}
		}
	}
	// An escape that is damaged or made moves all octets behind it; of such
	// damage 16 bits of FCS let pass one in 65536.
	if undetected > 2+trials/65536 {
		t.Errorf("%d damaged frames passed in %d trials", undetected, trials)
	}
	t.Logf("%d trials, %d undetected", trials, undetected)
}

// One octet lost or put in does no more harm.
func TestOneOctetMoreOrLess(t *testing.T) {
	var line []byte
	for n := range 6 {
		line = AppendFrame(line, 0, n == 0, []byte{0xff, 3}, []byte(fmt.Sprintf("frame number %d ~ }", n)))
	}
	for at := range line {
		less := append(bytes.Clone(line[:at]), line[at+1:]...)
		if got := decodeAll(newDecoder(100, 0), less, 1<<20); len(got) < 4 {
			t.Errorf("without octet %d: %d frames", at, len(got))
		}
		for v := range 256 {
			more := append(append(bytes.Clone(line[:at]), byte(v)), line[at:]...)
			if got := decodeAll(newDecoder(100, 0), more, 1<<20); len(got) < 5 {
				t.Errorf("with %02x before octet %d: %d frames", v, at, len(got))
			}
		}
	}
}

func TestStray(t *testing.T) {
	const lost = "\r\nNO CARRIER\r\n"
	frame := AppendFrame(nil, 0, true, nil, []byte("data"+lost+"data"))
	half := frame[:8]
	for _, step := range []int{1, 3, 1000} {
		for _, c := range []struct {
			what string
			line []byte
			want bool
		}{
			{"behind a frame", append(bytes.Clone(frame), lost...), true},
			{"in the middle of a frame", append(append(bytes.Clone(frame), half...), lost...), true},
			{"behind an abort", append(append(bytes.Clone(frame), escape, flag), lost...), true},
			{"behind what is too long", append(bytes.Repeat([]byte{'x'}, 4000), lost...), true},
			{"without any frame", []byte(lost), true},
			{"in a good frame", frame, false},
			{"in a good frame before fill", append(bytes.Clone(frame), flag, flag), false},
			{"in a good frame before half a frame", append(bytes.Clone(frame), half...), false},
			{"before a good frame", append([]byte(lost), frame...), false},
		} {
			// The default map drops CR and LF from frames, not from here.
			d := newDecoder(200, 0)
			decodeAll(d, c.line, step)
			if got := bytes.HasSuffix(d.Stray(), []byte(lost)); got != c.want {
				t.Errorf("%s, step %d: %v, stray %q", c.what, step, got, d.Stray())
			}
			if len(d.Stray()) > strayLen {
				t.Errorf("%s: %d octets", c.what, len(d.Stray()))
			}
		}
	}
	d := NewDecoder(200)
	decodeAll(d, append(bytes.Clone(half), lost...), 4)
	if !bytes.HasSuffix(d.Stray(), []byte(lost)) {
		t.Errorf("with the default map: %q", d.Stray())
	}
	// The octets are those that came, in order, whatever the pieces.
	rng := rand.New(rand.NewPCG(8, 8))
	text := make([]byte, 500)
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	d = NewDecoder(200)
	for at := 0; at < len(text); {
		n := min(1+rng.IntN(100), len(text)-at)
		d.Next(text[at : at+n])
		at += n
		if want := text[max(0, at-strayLen):at]; !bytes.Equal(d.Stray(), want) {
			t.Fatalf("after %d: %q, want %q", at, d.Stray(), want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	info := bytes.Repeat([]byte{flag, 'a', 0x11}, 500)
	line := make([]byte, 0, MaxEncoded(len(info)+4))
	head := []byte{0xff, 0x03, 0x00, 0x21}
	d := NewDecoder(1504)
	if n := testing.AllocsPerRun(100, func() {
		b := AppendFrame(line, 0xffffffff, true, head, info)
		if _, _, ok := d.Next(b); !ok {
			t.Fatal("no frame")
		}
		d.Stray()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
