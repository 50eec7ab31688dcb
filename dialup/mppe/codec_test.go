package mppe

import (
	"bytes"
	"fmt"
	"testing"
)

var (
	keyA = [16]byte{0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1, 0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb}
	keyB = [16]byte{0xa8, 0x94, 0x78, 0x50, 0xcf, 0xc0, 0xac, 0xc1, 0xd1, 0x78, 0x9f, 0xb6, 0x2d, 0xdc, 0xdd, 0xb0}
)

type mode struct {
	bits      int
	stateless bool
}

func (m mode) String() string {
	if m.stateless {
		return fmt.Sprintf("%d-stateless", m.bits)
	}
	return fmt.Sprintf("%d-stateful", m.bits)
}

var modes = []mode{{40, true}, {56, true}, {128, true}, {40, false}, {56, false}, {128, false}}

func pair(t testing.TB, m mode) (a, b *Codec) {
	t.Helper()
	a, err := New(Config{Bits: m.bits, Stateless: m.stateless, Send: keyA, Receive: keyB})
	if err != nil {
		t.Fatal(err)
	}
	b, err = New(Config{Bits: m.bits, Stateless: m.stateless, Send: keyB, Receive: keyA})
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// datagram is an IPv4 packet in the form that judge looks at; its number and
// length fill the rest.
func datagram(number, length int) []byte {
	b := make([]byte, max(length, 24))
	b[0] = 0x45
	b[2], b[3] = byte(len(b)>>8), byte(len(b))
	for i := 20; i < len(b); i++ {
		b[i] = byte(number >> (8 * (i & 3)))
	}
	return b
}

// seal and unseal are Compress and Decompress with their own memory.
func seal(t testing.TB, c *Codec, src []byte) []byte {
	t.Helper()
	dst := make([]byte, len(src)+c.Overhead())
	n := c.Compress(dst, 0x0021, src)
	if n != len(dst) {
		t.Fatalf("Compress: %d octets, want %d", n, len(dst))
	}
	return dst
}

func unseal(c *Codec, src []byte) ([]byte, bool) {
	dst := make([]byte, len(src))
	n, ok := c.Decompress(dst, src)
	return dst[:n], ok
}

func mustGet(t *testing.T, c *Codec, wire, want []byte) {
	t.Helper()
	got, ok := unseal(c, wire)
	if !ok || len(got) < 2 || got[0] != 0 || got[1] != 0x21 || !bytes.Equal(got[2:], want) {
		t.Fatalf("packet %x: ok %v, got % x", wire[:2], ok, got)
	}
}

func mustDrop(t *testing.T, c *Codec, wire []byte) {
	t.Helper()
	if got, ok := unseal(c, wire); ok {
		t.Fatalf("packet %x was not dropped: % x", wire[:2], got)
	}
}

func TestNewRefusesBits(t *testing.T) {
	for _, bits := range []int{0, 64, 129, -1} {
		if _, err := New(Config{Bits: bits}); err == nil {
			t.Errorf("%d bits: no error", bits)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, m := range modes {
		t.Run(m.String(), func(t *testing.T) {
			a, b := pair(t, m)
			for n := range 4096*3 + 300 {
				p := datagram(n, 24+n%50)
				mustGet(t, b, seal(t, a, p), p)
				if n%3 == 0 { // both directions at their own pace
					mustGet(t, a, seal(t, b, p), p)
				}
			}
			if b.NeedReset() || a.NeedReset() {
				t.Error("a reset is wanted on a perfect line")
			}
			if c := b.Counters(); c.Received != 4096*3+300 || c.Lost+c.Late+c.Discarded+c.Doubtful != 0 {
				t.Errorf("counters: %+v", c)
			}
		})
	}
}

func TestStatelessLoss(t *testing.T) {
	a, b := pair(t, mode{128, true})
	n := 0
	for _, lost := range []int{0, 1, 5, 300, maxAhead - 1, 0} {
		for range lost {
			seal(t, a, datagram(n, 30))
			n++
		}
		p := datagram(n, 30)
		mustGet(t, b, seal(t, a, p), p)
		n++
	}
	if got, want := b.Counters().Lost, uint64(1+5+300+maxAhead-1); got != want {
		t.Errorf("Lost: %d, want %d", got, want)
	}
	if b.NeedReset() {
		t.Error("stateless mode wants a reset")
	}
}

// Late and repeated packets must not touch the key.
func TestStatelessLate(t *testing.T) {
	a, b := pair(t, mode{128, true})
	var old [][]byte
	for n := range 40 {
		old = append(old, seal(t, a, datagram(n, 30)))
		mustGet(t, b, old[n], datagram(n, 30))
	}
	for _, w := range old {
		mustDrop(t, b, w)
	}
	for n := 40; n < 40+maxAhead-1; n++ {
		seal(t, a, datagram(n, 30))
	}
	p := datagram(1, 30)
	far := seal(t, a, p) // exactly maxAhead ahead
	mustGet(t, b, far, p)
	mustDrop(t, b, far)
	if c := b.Counters(); c.Late != 41 {
		t.Errorf("Late: %d, want 41", c.Late)
	}
}

// A forged or damaged count costs its own packet only.
func TestStatelessForgedCount(t *testing.T) {
	a, b := pair(t, mode{128, true})
	p := datagram(1, 60)
	for range 10 {
		mustGet(t, b, seal(t, a, p), p)
	}
	forged := seal(t, a, p)
	forged[0] |= 0x04 // 1024 too far
	if got, ok := unseal(b, forged); !ok || judge(got, len(got)) != nonsense {
		t.Fatalf("the forged packet: ok %v, % x", ok, got[:4])
	}
	mustGet(t, b, seal(t, a, p), p)
	if c := b.Counters(); c.Doubtful != 1 || c.Lost != 1 {
		t.Errorf("counters: %+v", c)
	}
}

// With wrong keys the owner must get to see nonsense, and at no great cost.
func TestWrongKeys(t *testing.T) {
	for _, m := range modes {
		a, _ := pair(t, m)
		b, err := New(Config{Bits: m.bits, Stateless: m.stateless, Receive: [16]byte{1}})
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for n := range 5000 {
			w := seal(t, a, datagram(n, 40))
			if n == 100 {
				continue // one is lost
			}
			if got, ok := unseal(b, w); ok && judge(got, len(got)) == nonsense {
				seen++
			}
			if b.NeedReset() && n%50 == 0 {
				a.ResetRequested()
			}
		}
		// Stateful it is the first hundred and one for each Reset-Request.
		if least := map[bool]int{true: 4500, false: 150}[m.stateless]; seen < least {
			t.Errorf("%v: the owner saw %d of 5000", m, seen)
		}
	}
}

func TestDrops(t *testing.T) {
	for _, m := range modes {
		a, b := pair(t, m)
		p := datagram(7, 40)
		plain := seal(t, a, p)
		good := append([]byte(nil), plain...)
		plain[0] &^= bitEncrypted
		mustDrop(t, b, plain)
		mustDrop(t, b, nil)
		mustDrop(t, b, good[:1])
		mustDrop(t, b, good[:2])
		if m.stateless {
			bare := append([]byte(nil), good...)
			bare[0] &^= bitFlushed
			mustDrop(t, b, bare)
			if c := b.Counters(); c.NotFlushed != 1 {
				t.Errorf("%v: counters %+v", m, c)
			}
		}
		if n, ok := b.Decompress(make([]byte, len(good)-headerLen-1), good); ok || n != 0 {
			t.Errorf("%v: a short dst was filled", m)
		}
		if b.NeedReset() {
			t.Errorf("%v: reset wanted", m)
		}
		good[0] |= 0x60 // B and C mean nothing (RFC 3078 section 3.1)
		mustGet(t, b, good, p)
		if c := b.Counters(); c.Unencrypted != 1 || c.Short != 4 {
			t.Errorf("%v: counters %+v", m, c)
		}
	}
}

func TestCompressShortDst(t *testing.T) {
	a, b := pair(t, mode{128, false})
	p := datagram(1, 40)
	if n := a.Compress(make([]byte, len(p)+overhead-1), 0x21, p); n != 0 {
		t.Errorf("Compress wrote %d octets", n)
	}
	mustGet(t, b, seal(t, a, p), p) // nothing was used up
}

// The first packet with FLUSHED, as RFC 3078 section 3.1 has it, and flag
// packets without, as FreeBSD sends them.
func TestStatefulVariants(t *testing.T) {
	a, b := pair(t, mode{128, false})
	for n := range 600 {
		p := datagram(n, 40)
		w := seal(t, a, p)
		if n == 0 {
			if w[0]&bitFlushed != 0 {
				t.Error("our first stateful packet has FLUSHED")
			}
			w[0] |= bitFlushed
		} else {
			w[0] &^= bitFlushed
		}
		mustGet(t, b, w, p)
	}
}

func TestStatefulReset(t *testing.T) {
	a, b := pair(t, mode{128, false})
	p := datagram(1, 40)
	mustGet(t, b, seal(t, a, p), p)
	late := seal(t, a, p) // lost, arrives later
	for range 3 {
		mustDrop(t, b, seal(t, a, p))
		if !b.NeedReset() {
			t.Fatal("no reset wanted after a loss")
		}
		if b.NeedReset() {
			t.Fatal("NeedReset did not forget")
		}
	}
	mustDrop(t, b, late)
	a.ResetRequested()
	a.ResetRequested() // a repeated request must not change the key twice
	w := seal(t, a, p)
	if w[0]&bitFlushed == 0 {
		t.Fatal("the answer to a Reset-Request has no FLUSHED")
	}
	mustGet(t, b, w, p)
	if b.NeedReset() {
		t.Error("reset wanted while in step")
	}
	mustDrop(t, b, w) // repeated
	w = seal(t, a, p)
	if w[0]&bitFlushed != 0 {
		t.Error("FLUSHED a second time")
	}
	mustGet(t, b, w, p)
	if c := a.Counters(); c.ResetRequests != 2 || c.Flushes != 1 {
		t.Errorf("counters: %+v", c)
	}
}

// FLUSHED packets and any number of flag packets may get lost too.
func TestStatefulLongLoss(t *testing.T) {
	for _, lost := range []int{1, 200, 255, 256, 257, 1000, 1700} {
		a, b := pair(t, mode{56, false})
		p := datagram(1, 40)
		for range 100 {
			mustGet(t, b, seal(t, a, p), p)
		}
		for n := range 5 {
			for range lost {
				seal(t, a, p)
			}
			if n == 2 {
				a.ResetRequested()
				seal(t, a, p) // the FLUSHED one is lost
			}
			mustDrop(t, b, seal(t, a, p))
		}
		a.ResetRequested()
		mustGet(t, b, seal(t, a, p), p)
		mustGet(t, b, seal(t, a, p), p)
	}
}

// A damaged count costs a reset, not the session.
func TestStatefulForgedCount(t *testing.T) {
	a, b := pair(t, mode{128, false})
	p := datagram(1, 40)
	for range 10 {
		mustGet(t, b, seal(t, a, p), p)
	}
	forged := seal(t, a, p)
	forged[0] |= 0x07
	mustDrop(t, b, forged)
	if !b.NeedReset() {
		t.Error("no reset wanted")
	}
	a.ResetRequested()
	mustGet(t, b, seal(t, a, p), p)
	// The same with a flag packet.
	for range 600 {
		w := seal(t, a, p)
		if w[0]&bitFlushed != 0 {
			w[0] ^= 0x06
			unseal(b, w)
			a.ResetRequested()
			continue
		}
		mustGet(t, b, w, p)
	}
}

func TestJudge(t *testing.T) {
	ip4 := datagram(0, 30)
	ip6 := append([]byte{0x60, 0, 0, 0, 0, 2}, make([]byte, 36)...)
	for _, c := range []struct {
		what  string
		plain []byte
		want  sense
	}{
		{"IPv4", append([]byte{0, 0x21}, ip4...), certain},
		{"IPv4, short field", append([]byte{0x21}, ip4...), certain},
		{"IPv4, wrong length", append([]byte{0, 0x21}, ip4[:29]...), likely},
		{"IPv6", append([]byte{0, 0x57}, ip6...), certain},
		{"IPv6, short field", append([]byte{0x57}, ip6...), certain},
		{"VJ", []byte{0, 0x2d, 1, 2, 3}, likely},
		{"VJ, short field", []byte{0x2d, 1, 2, 3}, possible},
		{"even", []byte{0, 0x22, 1, 2, 3}, nonsense},
		{"LCP", []byte{0xc0, 0x21, 1, 2, 3}, nonsense},
		{"one octet", []byte{0}, nonsense},
		{"nothing", nil, nonsense},
		{"odd octet", []byte{0x99, 1, 2, 3}, nonsense},
	} {
		if got := judge(c.plain[:min(headLen, len(c.plain))], len(c.plain)); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	for _, m := range modes {
		a, b := pair(t, m)
		p := datagram(1, 1400)
		wire, out := make([]byte, 1500), make([]byte, 1500)
		if n := testing.AllocsPerRun(1000, func() {
			n := a.Compress(wire, 0x21, p)
			if _, ok := b.Decompress(out, wire[:n]); !ok {
				t.Fatal("dropped")
			}
			a.Compress(wire, 0x21, p) // lost: skipping and resynchronizing
			n = a.Compress(wire, 0x21, p)
			b.Decompress(out, wire[:n])
			if b.NeedReset() {
				a.ResetRequested()
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations", m, n)
		}
	}
}
