package path

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"dun/dialup/ppp"
)

// arrive has the peer send packets in one batch to r.a, and gives what
// the system was written, as it stands for.
func (r *rig) arrive(t testing.TB, to *shapedTUN, packets ...[]byte) (writes int, got [][]byte) {
	t.Helper()
	r.b.tun.in = append(r.b.tun.in, packets...)
	r.b.SetTUN(r.b.tun, 1396)
	r.b.Ready(r.now, Readable)
	r.deliverBatch(r.b, r.a)
	writes = len(to.out)
	return writes, to.take(t)
}

// deliverBatch carries what waits as one batch.
func (r *rig) deliverBatch(from, to *end) {
	queue := from.wire.queue
	from.wire.queue = nil
	for _, f := range queue {
		to.Collect(r.now, f)
	}
	r.loop.Flush(r.now)
	r.loop.settle()
}

func same(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// TestMerge: what is merged, and what is not.
func TestMerge(t *testing.T) {
	stream := func(g big) [][]byte { b, s := g.packet(); return segments(t, b, s) }
	tcp := big{payload: 6000, size: 1000, flags: flagACK | flagPSH, options: 12, seq: 5}
	change := func(g big, at int, f func(p []byte)) [][]byte {
		s := stream(g)
		f(s[at])
		finish(s[at])
		return s
	}
	udp := big{payload: 3500, size: 1000, udp: true, id: 9}
	six := tcp
	six.v6 = true
	for _, c := range []struct {
		name    string
		packets [][]byte
		writes  int
	}{
		{"TCP", stream(tcp), 1},
		{"IPv6", stream(six), 1},
		{"UDP", stream(udp), 1},
		{"one alone", stream(tcp)[:1], 1},
		{"a short one ends it", append(stream(big{payload: 1500, size: 1000, flags: flagACK, seq: 5}), stream(big{payload: 2000, size: 1000, flags: flagACK, id: 2, seq: 1505})...), 2},
		{"a longer one", append(stream(big{payload: 900, size: 1000, flags: flagACK, seq: 5}), stream(big{payload: 1000, size: 1000, flags: flagACK, id: 1, seq: 905})...), 2},
		{"another acknowledgement", change(tcp, 3, func(p []byte) { p[20+11]++ }), 3},
		{"another window", change(tcp, 3, func(p []byte) { p[20+15]++ }), 3},
		{"another time stamp", change(tcp, 3, func(p []byte) { p[20+25]++ }), 3},
		{"PSH in the middle", change(tcp, 2, func(p []byte) { p[20+13] |= flagPSH }), 1},
		{"pieces of a stream, each with PSH", append(stream(big{payload: 3000, size: 1000, flags: flagACK | flagPSH, seq: 5}),
			stream(big{payload: 3000, size: 1000, flags: flagACK | flagPSH, id: 3, seq: 3005})...), 1},
		{"FIN", change(tcp, 5, func(p []byte) { p[20+13] |= flagFIN }), 2},
		{"SYN", change(tcp, 0, func(p []byte) { p[20+13] |= flagSYN }), 2},
		{"a gap", append(stream(tcp)[:2], stream(tcp)[3:]...), 2},
		{"a repetition", append(stream(tcp)[:2], stream(tcp)[1:]...), 2},
		{"another type of service", change(tcp, 3, func(p []byte) { p[1]++ }), 3},
		{"another time to live", change(tcp, 3, func(p []byte) { p[8]++ }), 3},
		{"another number", change(tcp, 3, func(p []byte) { p[5] += 9 }), 3},
		{"a fragment", change(tcp, 3, func(p []byte) { p[6] |= 0x20 }), 3},
		{"another flow label", change(six, 3, func(p []byte) { p[3]++ }), 3},
		{"two flows", append(append(stream(tcp)[:3], stream(big{payload: 6000, size: 1000, flags: flagACK, seq: 5, port: 8})...), stream(tcp)[3:]...), 2},
		{"UDP with a gap in its numbers", append(stream(udp)[:2], stream(udp)[3:]...), 2},
	} {
		r, to, _ := shapedRig(t, ppp.Require, stateless128)
		writes, got := r.arrive(t, to, c.packets...)
		// Another fragment of no flow may be written before its neighbours.
		if c.name != "a fragment" && c.name != "two flows" && !same(unpushed(got), unpushed(c.packets)) || len(got) != len(c.packets) {
			t.Errorf("%s: other packets than came", c.name)
		}
		if writes != c.writes {
			t.Errorf("%s: %d writes, want %d", c.name, writes, c.writes)
		}
		if n := r.a.Counters; n.PacketsIn != uint64(len(c.packets)) || n.Dropped != (Drops{}) {
			t.Errorf("%s: %+v", c.name, n)
		}
	}
}

// TestMergedPSH: of packets that are merged the last has PSH if any had it,
// also where the last one had not.
func TestMergedPSH(t *testing.T) {
	for pushed := -1; pushed < 4; pushed++ {
		b, s := big{payload: 4000, size: 1000, flags: flagACK, seq: 5}.packet()
		packets := segments(t, b, s)
		if pushed >= 0 {
			packets[pushed][20+13] |= flagPSH
			finish(packets[pushed])
		}
		r, to, _ := shapedRig(t, ppp.Require, stateless128)
		writes, got := r.arrive(t, to, packets...)
		if writes != 1 || len(got) != 4 {
			t.Fatalf("%d writes of %d packets", writes, len(got))
		}
		for i, p := range got {
			if has, want := p[20+13]&flagPSH != 0, i == 3 && pushed >= 0; has != want {
				t.Errorf("PSH was in %d: packet %d has it: %v", pushed, i, has)
			}
		}
	}
}

// unpushed gives TCP packets without PSH, their checksums as right or wrong as
// before (RFC 1624).
func unpushed(packets [][]byte) (out [][]byte) {
	for _, p := range packets {
		if at := transportOf(p, protoTCP); at > 0 && len(p) >= at+tcpHeaderLen && p[at+13]&flagPSH != 0 {
			p = bytes.Clone(p)
			p[at+13] &^= flagPSH
			v := uint32(binary.BigEndian.Uint16(p[at+16:])) + flagPSH
			binary.BigEndian.PutUint16(p[at+16:], uint16(v+v>>16))
		}
		out = append(out, p)
	}
	return out
}

// TestMergeChecksums: nothing is merged that is damaged, and all of it comes
// through as it came.
func TestMergeChecksums(t *testing.T) {
	for _, g := range []big{
		{payload: 6000, size: 1000, flags: flagACK, seq: 5},
		{payload: 6000, size: 1000, flags: flagACK, seq: 5, v6: true},
		{payload: 6000, size: 1000, udp: true},
		{payload: 6000, size: 1000, udp: true, v6: true},
	} {
		for damaged := range 6 {
			for _, at := range []int{4, 10, 25, 47, 60, 900} {
				if at == 10 && g.v6 || at == 4 && !g.v6 || at < 20 && g.v6 {
					continue
				}
				b, s := g.packet()
				packets := segments(t, b, s)
				packets[damaged][at] ^= 0x40
				r, to, _ := shapedRig(t, ppp.Require, stateless128)
				_, got := r.arrive(t, to, packets...)
				found := 0
				for _, p := range got {
					for _, want := range packets {
						if bytes.Equal(p, want) {
							found++
							break
						}
					}
				}
				if found != len(packets) {
					t.Errorf("%+v, octet %d of packet %d damaged: %d of %d came through unchanged", g, at, damaged, found, len(packets))
				}
			}
		}
	}
}

// TestOffloadIsPlain sends the same through a link with offload and one
// without, over a wire that loses, repeats and reorders alike, and compares
// octet by octet.
func TestOffloadIsPlain(t *testing.T) {
	for _, m := range shapedModes {
		t.Run(m.name, func(t *testing.T) {
			for seed := range uint64(30) {
				compareOffload(t, m.policy, m.mode, seed, 12, int(seed%4)*3)
			}
		})
	}
}

func FuzzOffload(f *testing.F) {
	f.Add(uint64(1), byte(4), byte(1))
	f.Add(uint64(77), byte(9), byte(7))
	f.Fuzz(func(t *testing.T, seed uint64, rounds, how byte) {
		m := shapedModes[how%3]
		compareOffload(t, m.policy, m.mode, seed, int(rounds%16), int(how>>2)%20)
	})
}

// compareOffload runs rounds in which several packets go at once; each frame
// is hurt with a chance of harm in 100.
func compareOffload(t *testing.T, policy ppp.Policy, mode ppp.MPPEMode, seed uint64, rounds, harm int) {
	rng := rand.New(rand.NewPCG(seed, 99))
	r, from, to := shapedRig(t, policy, mode)
	a, b := callerConfig(), answererConfig()
	a.Encryption, b.Encryption = policy, policy
	a.MPPE, b.MPPE = []ppp.MPPEMode{mode}, []ppp.MPPEMode{mode}
	plain := newRig(t, a, b).up()
	var id uint16
	var seq uint32
	var last big
	through := 0
	for round := range rounds {
		var bigs, smalls [][]byte
		for range 1 + rng.IntN(5) {
			g := big{
				v6: rng.IntN(3) == 0, udp: rng.IntN(4) == 0, port: uint16(rng.IntN(3)), id: id, seq: seq, seed: rng.Uint64(),
				flags:   []byte{flagACK, flagACK, flagACK | flagPSH, flagACK | flagFIN, flagSYN}[rng.IntN(5)],
				options: rng.IntN(4) * 4, size: 1 + rng.IntN(1300), payload: 1 + rng.IntN(6000),
			}
			g.size = max(g.size, g.payload/40)
			if rng.IntN(3) > 0 {
				g.size = 1200
			}
			if rng.IntN(3) == 0 && last.size > 0 { // more of the same stream
				g = last
				g.id, g.seq, g.payload = id, seq, last.size*(1+rng.IntN(3))
				g.flags = flagACK | byte(rng.IntN(2)*flagPSH)
			}
			last = g
			b, s := g.packet()
			bigs = append(bigs, b)
			from.shapes = append(from.shapes, s)
			cut := segments(t, b, s)
			smalls = append(smalls, cut...)
			id += uint16(len(cut))
			seq += uint32(g.payload)
		}
		from.in = bigs
		for len(from.in) > 0 {
			r.a.Ready(r.now, Readable)
		}
		plain.a.tun.in = smalls
		for len(plain.a.tun.in) > 0 {
			plain.a.Ready(plain.now, Readable)
		}
		a, b := r.a.wire.queue, plain.a.wire.queue
		if !same(a, b) {
			t.Fatalf("seed %d, round %d: %d frames differ from the %d of the plain path", seed, round, len(a), len(b))
		}
		r.a.wire.queue, plain.a.wire.queue = hurt(rng, harm, a), nil
		for _, f := range r.a.wire.queue {
			plain.a.wire.queue = append(plain.a.wire.queue, bytes.Clone(f))
		}
		r.deliverBatch(r.a, r.b)
		got := to.take(t)
		if mode.Stateless {
			plain.deliverOne(plain.a, plain.b)
		} else { // a batch that ends with FLUSHED asks for no reset
			plain.deliverBatch(plain.a, plain.b)
		}
		want := unpushed(plain.b.tun.out)
		got = unpushed(got) // see merger
		plain.b.tun.out = nil
		if !same(sorted(got), sorted(want)) {
			t.Fatalf("seed %d, round %d: %d packets differ from the %d of the plain path", seed, round, len(got), len(want))
		}
		if !same(byFlow(got), byFlow(want)) {
			t.Fatalf("seed %d, round %d: packets of a flow changed places", seed, round)
		}
		through += len(got)
		r.deliver() // resets, both ways
		plain.deliver()
		to.take(t)
		plain.b.tun.out = nil
		r.now, plain.now = r.now.Add(3*time.Second), plain.now.Add(3*time.Second)
	}
	if through == 0 && rounds > 3 && harm < 10 {
		t.Fatalf("seed %d: nothing came through", seed)
	}
}

// deliverOne carries what waits frame by frame.
func (r *rig) deliverOne(from, to *end) {
	queue := from.wire.queue
	from.wire.queue = nil
	for _, f := range queue {
		to.Input(r.now, f)
	}
	r.loop.settle()
}

// hurt loses, repeats, reorders and damages frames.
func hurt(rng *rand.Rand, harm int, frames [][]byte) (out [][]byte) {
	for _, f := range frames {
		if rng.IntN(100) >= harm {
			out = append(out, f)
			continue
		}
		switch rng.IntN(4) {
		case 0:
		case 1:
			out = append(out, f, bytes.Clone(f))
		case 2:
			if len(out) > 0 {
				out = append(out[:len(out)-1], f, out[len(out)-1])
			}
		case 3:
			f = bytes.Clone(f)
			f[len(f)-1] ^= 0x10
			out = append(out, f)
		}
	}
	return out
}
