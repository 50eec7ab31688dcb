package mppe

import (
	"bytes"
	"testing"
)

// batchOf makes packets of the lengths given, with memory of their own.
func batchOf(lengths ...int) []Packet {
	packets := make([]Packet, len(lengths))
	for k, n := range lengths {
		src := make([]byte, n)
		for i := range src {
			src[i] = byte(i + 3*k)
		}
		packets[k] = Packet{Dst: bytes.Repeat([]byte{0xa5}, n+2*overhead+k%3), Src: src, Protocol: 0x21 + 2*uint16(k%2)*27}
	}
	return packets
}

// A batch gives what its packets one by one give, both ways, whatever their
// lengths, with losses, repetitions and garbage in between.
func TestBatch(t *testing.T) {
	var work Batch
	for _, m := range modes {
		a, b := pair(t, m)
		oneA, oneB := pair(t, m)
		for round := range 400 {
			var lengths []int
			for k := range round % 11 {
				lengths = append(lengths, (round*round*7+k*k*k*31)%(60+round*3))
			}
			packets := batchOf(lengths...)
			if round%7 == 3 && len(packets) > 2 {
				packets[2].Dst = packets[2].Dst[:len(packets[2].Src)+overhead-1]
			}
			whole := make([][]byte, len(packets))
			for k := range packets {
				p := &packets[k]
				whole[k] = p.Src
				if round%3 > 0 && len(p.Dst) >= overhead+len(p.Src) { // headers made in place
					p.Head = min(len(p.Src), 40+(k/3%2)*round/3)
					p.Src = p.Src[copy(p.Dst[overhead:], p.Src[:p.Head]):]
				}
			}
			a.CompressBatch(&work, packets)
			var wires []Packet
			for k, p := range packets {
				want := bytes.Repeat([]byte{0xa5}, len(p.Dst))
				n := oneA.Compress(want, p.Protocol, whole[k])
				if p.N != n || p.OK != (n > 0) || !bytes.Equal(p.Dst, want) {
					t.Fatalf("%v, round %d, packet %d: %d octets, ok %v, want %d", m, round, k, p.N, p.OK, n)
				}
				if n == 0 || round%5 == 1 && k == 1 {
					continue
				}
				wires = append(wires, Packet{Src: p.Dst[:p.N]})
				switch {
				case (round+k)%23 == 5: // twice
					wires = append(wires, Packet{Src: p.Dst[:p.N]})
				case (round+k)%29 == 7: // cut off
					wires = append(wires, Packet{Src: p.Dst[:p.N%3]})
				case (round+k)%31 == 9: // a forged count
					forged := bytes.Clone(p.Dst[:p.N])
					forged[1] += byte(k) << 3
					wires = append(wires, Packet{Src: forged})
				}
			}
			for k := range wires {
				wires[k].Dst = bytes.Repeat([]byte{0x5a}, len(wires[k].Src)+k%2)
			}
			b.DecompressBatch(&work, wires)
			for k, p := range wires {
				want := make([]byte, len(p.Dst))
				n, ok := oneB.Decompress(want, p.Src)
				if p.N != n || p.OK != ok || !bytes.Equal(p.Dst[:p.N], want[:n]) {
					t.Fatalf("%v, round %d, wire %d: %d octets, ok %v, want %d, %v", m, round, k, p.N, p.OK, n, ok)
				}
				if !bytes.Equal(p.Dst[len(p.Src):], bytes.Repeat([]byte{0x5a}, len(p.Dst)-len(p.Src))) {
					t.Fatalf("%v, round %d, wire %d: written beyond", m, round, k)
				}
			}
			if b.NeedReset() != oneB.NeedReset() {
				t.Fatal("reset or not")
			}
			if round%17 == 0 {
				a.ResetRequested()
				oneA.ResetRequested()
			}
		}
		if a.Counters() != oneA.Counters() || b.Counters() != oneB.Counters() {
			t.Errorf("%v: counters differ:\n%+v\n%+v\n%+v\n%+v", m, a.Counters(), oneA.Counters(), b.Counters(), oneB.Counters())
		}
		if c := b.Counters(); c.Received == 0 || c.Short == 0 || c.Late == 0 {
			t.Errorf("%v: the test is too kind: %+v", m, c)
		}
	}
}

func TestBatchAllocates(t *testing.T) {
	var work Batch
	a, b := pair(t, mode{128, true})
	packets := batchOf(1400, 1400, 1400, 1400, 40, 60, 1400)
	wires := make([]Packet, len(packets))
	plain := make([]byte, 2000*len(packets))
	if n := testing.AllocsPerRun(20, func() {
		a.CompressBatch(&work, packets)
		for k, p := range packets {
			wires[k] = Packet{Dst: plain[2000*k:][:2000], Src: p.Dst[:p.N]}
		}
		b.DecompressBatch(&work, wires)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := b.Counters().Received; got != 21*7 {
		t.Errorf("%d received", got)
	}
}

// compareLanes runs xorLanes against the twin.
func compareLanes(t *testing.T, k []byte, skip int, lengths [4]int, where uint16) {
	t.Helper()
	var s [lanes]state
	var dst, src, want, given [lanes][]byte
	var ref [lanes]*twin
	scratch := make([]byte, skip)
	for l := range s {
		k := bytes.Clone(k)
		k[0] += byte(l)
		s[l].setKey(k)
		ref[l] = newTwin(k)
		ref[l].xor(scratch, scratch)
		s[l].step(scratch, scratch)
		n := lengths[l]
		src[l] = bytes.Repeat([]byte{byte(l), 9}, n)[:n+margin][int(where>>l)&7:]
		if l < len(src[l]) {
			src[l][l] = 0xff
		}
		given[l] = bytes.Clone(src[l])
		dst[l] = bytes.Repeat([]byte{0xa5}, n+2*margin)[int(where>>(l+8))&7:]
		want[l] = bytes.Clone(dst[l])
		ref[l].xor(want[l], src[l][:n-min(n, margin)])
	}
	var to, from [lanes][]byte
	for l := range s {
		to[l], from[l] = dst[l], src[l][:lengths[l]-min(lengths[l], margin)]
	}
	xorLanes(&s, &to, &from)
	for l := range s {
		if !bytes.Equal(dst[l], want[l]) || !bytes.Equal(src[l], given[l]) || !ref[l].same(&s[l]) {
			t.Fatalf("lengths %d after %d octets, where %#x: lane %d differs", lengths, skip, where, l)
		}
	}
}

func TestSetKeys(t *testing.T) {
	var s [lanes]state
	var keys [lanes]key
	for n := range 2000 {
		for l := range keys {
			keys[l] = keyA
			keys[l][(n+l)&15] = byte(n>>3 + 7*l)
			s[l].i, s[l].j = 1, 2
		}
		setKeys(&s, &keys)
		for l := range s {
			if !newTwin(keys[l][:]).same(&s[l]) {
				t.Fatalf("lane %d: key %x", l, keys[l])
			}
		}
	}
}

func TestLanes(t *testing.T) {
	for n := range 2049 {
		where := uint16(n*40503 + n>>3)
		compareLanes(t, keyA[:], n%259, [4]int{n + margin, n + margin, n + margin, n + margin}, where)
		compareLanes(t, keyB[:8], 2, [4]int{n + margin, 2056 - n, n ^ 37 + margin, n + 16}, where)
	}
}

func FuzzLanes(f *testing.F) {
	f.Add([]byte("a key of 16 byte"), uint8(2), uint16(1400), uint16(1400), uint16(1400), uint16(52), uint16(0))
	f.Add([]byte("8 octets"), uint8(255), uint16(16), uint16(17), uint16(0), uint16(400), uint16(0x1234))
	f.Fuzz(func(t *testing.T, k []byte, skip uint8, a, b, c, d, where uint16) {
		k = append(k, "0123456789abcdef"...)[:16]
		compareLanes(t, k, int(skip), [4]int{int(a%4096) + margin, int(b%4096) + margin, int(c%4096) + margin, int(d%4096) + margin}, where)
	})
}
