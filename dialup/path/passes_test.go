//go:build pathdebug

package path

import "testing"

// TestPasses counts how often user space goes over a packet's data: once to
// cipher it (to put it behind its header where it goes in clear), and once more
// where a checksum is ours to make or to verify.
func TestPasses(t *testing.T) {
	const size = 1300 // of the data
	for _, mode := range shapedModes {
		for _, c := range []struct {
			name     string
			segments int // that come as one packet
			out, in  int
		}{
			{"a packet", 1, 1, 1},
			{"a segment of offload", 20, 2, 2},
		} {
			if mode.name == "clear" {
				c.in--
			}
			r, from, to := shapedRig(t, mode.policy, mode.mode)
			b, s := big{payload: c.segments * size, size: size, flags: flagACK, seq: 5}.packet()
			if c.segments == 1 {
				b, s = segments(t, b, s)[0], Shape{}
			}
			octets := uint64(c.segments * size)
			before := passed.Load()
			from.in, from.shapes = append(from.in, b), append(from.shapes, s)
			r.a.Ready(r.now, Readable)
			out := passed.Load() - before
			before += out
			r.deliverBatch(r.a, r.b)
			in := passed.Load() - before
			if n := len(to.take(t)); n != c.segments && n != 1 {
				t.Fatalf("%d packets arrived", n)
			}
			t.Logf("passes over the payload, %s, %s: outbound %d, inbound %d", c.name, mode.name, out/octets, in/octets)
			if out/octets != uint64(c.out) || in/octets != uint64(c.in) {
				t.Errorf("want outbound %d, inbound %d", c.out, c.in)
			}
		}
	}
}
