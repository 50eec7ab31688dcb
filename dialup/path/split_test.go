package path

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// split makes a splitter's packets, with their payload copied or not.
func split(t testing.TB, b []byte, shape Shape, copied bool) (out [][]byte, ok bool) {
	t.Helper()
	var s splitter
	b = bytes.Clone(b)
	if !s.start(b, shape) {
		return nil, false
	}
	longest := s.longest()
	dst := make([]byte, 70_000)
	for {
		head, payload, more := s.next(dst, copied)
		if !more {
			return out, true
		}
		if copied && payload != nil {
			t.Fatal("not copied")
		}
		p := append(bytes.Clone(dst[:head]), payload...)
		if len(p) > longest {
			t.Fatalf("%d octets, longest said %d", len(p), longest)
		}
		out = append(out, p)
	}
}

func TestSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 3000)
	for round := range 3000 {
		for i := range b {
			b[i] = byte(rng.Uint32())
			if round%3 == 0 {
				b[i] = 0xff
			}
		}
		at := rng.IntN(9)
		n := rng.IntN(len(b) - at)
		if round%2 == 0 {
			n %= 80
		}
		part := b[at : at+n]
		if got, want := fold(sum(part, 0)), slowSum(part); got != want && got%0xffff != want%0xffff {
			t.Fatalf("%d octets at %d: %#x, want %#x", n, at, got, want)
		}
		if got, want := fold(sumWide(part, number(0x1234))), slowSum(append([]byte{0x12, 0x34}, part...)); got%0xffff != want%0xffff {
			t.Fatalf("%d octets at %d after others: %#x, want %#x", n, at, got, want)
		}
	}
	if got := fold(sumWide(bytes.Repeat([]byte{0xff}, 64), ^uint64(0))); got != 0xffff {
		t.Errorf("carry: %#x", got)
	}
}

func TestSplit(t *testing.T) {
	for _, g := range []big{
		{payload: 40_000, size: 1344, flags: flagACK | flagPSH, options: 12, id: 0xfff0, seq: 0xffff_f000, port: 1},
		{payload: 60_001, size: 1336, flags: flagACK | flagPSH | flagFIN | flagCWR, v6: true, port: 2},
		{payload: 1344, size: 1344, flags: flagACK, port: 3},
		{payload: 1345, size: 1344, flags: flagACK, ipOptions: 8, port: 3},
		{payload: 1, size: 1344, flags: flagACK, port: 3},
		{payload: 9000, size: 1000, udp: true, port: 4},
		{payload: 8999, size: 1000, udp: true, v6: true, port: 4},
		{payload: 333, size: 1000, udp: true, v6: true, port: 4},
		{payload: 65_000, size: 8, flags: flagACK, port: 5},
	} {
		b, shape := g.packet()
		want := segments(t, b, shape)
		for _, copied := range []bool{true, false} {
			got, ok := split(t, b, shape, copied)
			if !ok || len(got) != len(want) {
				t.Fatalf("%+v: %v, %d packets, want %d", g, ok, len(got), len(want))
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("%+v: packet %d is\n% x, want\n% x", g, i, got[i][:60], want[i][:60])
				}
			}
		}
	}
}

// TestBadShapes: what the system says does not fit the packet.
func TestBadShapes(t *testing.T) {
	tcp, shape := big{payload: 5000, size: 1000, flags: flagACK}.packet()
	fragment := bytes.Clone(tcp)
	fragment[6] |= 0x20
	short := bytes.Clone(tcp)
	short[32] = 4 << 4
	long := bytes.Clone(tcp[:70])
	long[32] = 15 << 4
	other := shape
	for i, c := range []struct {
		b []byte
		s func(*Shape)
	}{
		{tcp, func(s *Shape) { s.Kind = TCP6 }},
		{tcp, func(s *Shape) { s.Kind = UDP }},
		{tcp, func(s *Shape) { s.Size = 0 }},
		{tcp[:30], func(s *Shape) {}},
		{tcp[:40], func(s *Shape) {}},
		{fragment, func(s *Shape) {}},
		{short, func(s *Shape) {}},
		{long, func(s *Shape) {}},
		{tcp, func(s *Shape) { s.Kind, s.Start = Whole, 5100 }},
		{tcp, func(s *Shape) { s.Kind, s.Start, s.Offset = Whole, 5000, 39 }},
		{append(bytes.Clone(tcp), make([]byte, 65_536)...), func(s *Shape) {}},
		{nil, func(s *Shape) {}},
	} {
		other = shape
		c.s(&other)
		if got, ok := split(t, c.b, other, true); ok {
			t.Errorf("case %d: %d packets", i, len(got))
		}
	}
}

// FuzzSplit compares with the plain way, and any garbage must do no harm.
func FuzzSplit(f *testing.F) {
	tcp, _ := big{payload: 5000, size: 1000, flags: flagACK}.packet()
	udp, _ := big{payload: 900, size: 100, udp: true, v6: true}.packet()
	f.Add(tcp, byte(TCP4), uint16(1000), true, uint16(20), uint16(16))
	f.Add(udp, byte(UDP), uint16(100), true, uint16(40), uint16(6))
	f.Add(tcp, byte(Whole), uint16(0), true, uint16(20), uint16(16))
	f.Add(tcp[:33], byte(TCP4), uint16(1), false, uint16(0), uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, kind byte, size uint16, partial bool, start, offset uint16) {
		shape := Shape{Kind: Kind(kind % 4), Size: int(size), Partial: partial, Start: int(start), Offset: int(offset)}
		if shape.Kind != Whole && int(size) < len(b)/100 {
			return
		}
		if protocolOf(b) == 0 {
			return // the link drops it before
		}
		got, ok := split(t, b, shape, false)
		if !ok {
			return
		}
		var want [][]byte
		if shape.Kind == Whole && shape.Partial && shape.Offset == 6 {
			want = got // 0 of UDP and 0 of others
		} else {
			want = segments(t, b, shape)
		}
		if len(got) != len(want) {
			t.Fatalf("%d packets, want %d", len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("packet %d of %d: % x, want % x", i, len(got), got[i], want[i])
			}
		}
	})
}
