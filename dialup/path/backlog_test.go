package path

import (
	"bytes"
	"testing"
	"time"
)

// somebody is packet4 with a destination, as a program sends it.
func somebody(n uint32, size int) []byte {
	b := packet4(n, size)
	copy(b[16:], []byte{10, 0, 0, 20})
	return b
}

// TestBacklog: what the system sends before there is a link waits, the newest
// few of it, and goes out first.
func TestBacklog(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig())
	r.open()
	if !r.run(time.Minute, func() bool { return r.a.ipv4 && r.b.ipv4 }) {
		t.Fatal("not up")
	}
	woken := 0
	b := NewBacklog(r.a.tun, func() { woken++ })
	for range 2 {
		if err := r.loop.Keep(b); err != nil {
			t.Fatal(err)
		}
	}
	const more = 5
	for i := range maxKept + more {
		r.a.tun.in = append(r.a.tun.in, somebody(uint32(i), 100))
	}
	r.a.tun.in = append(r.a.tun.in, packet4(99, 60)) // for nobody
	b.Ready(r.now, Readable)
	if woken != maxKept+more || b.Waiting() != maxKept || b.Dropped() != more || b.Ignored() != 1 {
		t.Errorf("woken %d times, %d wait, %d dropped, %d ignored", woken, b.Waiting(), b.Dropped(), b.Ignored())
	}
	r.a.wire.full = true // as a line is, for most of the time
	if err := r.a.SetTUN(r.a.tun, 1396); err != nil {
		t.Fatal(err)
	}
	if err := r.b.SetTUN(r.b.tun, 1396); err != nil {
		t.Fatal(err)
	}
	r.a.tun.in = append(r.a.tun.in, somebody(100, 100))
	r.a.wire.full = false
	r.a.WireReady(r.now)
	r.a.Ready(r.now, Readable)
	r.deliver()
	if len(r.b.tun.out) != maxKept+1 {
		t.Fatalf("%d packets arrived, want %d", len(r.b.tun.out), maxKept+1)
	}
	for i, got := range r.b.tun.out[:maxKept] {
		if !bytes.Equal(got, somebody(uint32(i+more), 100)) {
			t.Errorf("packet %d is another one", i)
		}
	}
	if len(r.loop.backlogs) != 0 || b.Waiting() != 0 {
		t.Error("the backlog is still there")
	}
}

// TestBacklogForgets: what is of no use any more is counted, and no octet of
// it is kept.
func TestBacklogForgets(t *testing.T) {
	loop, tun := stillLoop(t), newTUN(t)
	b := NewBacklog(tun, func() {})
	if err := loop.Keep(b); err != nil {
		t.Fatal(err)
	}
	tun.in = [][]byte{somebody(1, 60_000), somebody(2, 6_000), somebody(3, 100)}
	b.Ready(epoch, Readable)
	if b.Waiting() != 2 || b.size != 6_100 {
		t.Errorf("%d wait, %d octets", b.Waiting(), b.size)
	}
	tun.in = [][]byte{somebody(4, 100)}
	if n := b.Forget(); n != 3 || b.Waiting() != 0 || b.size != 0 || b.Dropped() != 4 {
		t.Errorf("%d forgotten, %d wait, %d octets, %d dropped", n, b.Waiting(), b.size, b.Dropped())
	}
	loop.Drop(b)
	tun.in = [][]byte{somebody(5, 100)}
	if b.Ready(epoch, Readable); len(tun.in) != 1 {
		t.Error("a backlog that ended reads on")
	}
}

// TestBacklogLosesInterface: an interface that is gone is not watched for ever.
func TestBacklogLosesInterface(t *testing.T) {
	loop, tun := stillLoop(t), newTUN(t)
	woken := 0
	b := NewBacklog(tun, func() { woken++ })
	if err := loop.Keep(b); err != nil {
		t.Fatal(err)
	}
	tun.readErr = errWire
	b.Ready(epoch, Readable)
	if _, watched := loop.watched[tun.fd]; watched || woken != 1 {
		t.Errorf("watched: %v, woken %d times", watched, woken)
	}
}

// TestIsTraffic: what somebody dials for.
func TestIsTraffic(t *testing.T) {
	v4 := func(protocol byte, dst [4]byte, inner ...byte) []byte {
		b := append(make([]byte, 20), inner...)
		b[0], b[9] = 0x45, protocol
		copy(b[16:], dst[:])
		return b
	}
	v6 := func(next, dst0, dst1 byte, inner ...byte) []byte {
		b := append(make([]byte, 40), inner...)
		b[0], b[6], b[24], b[25] = 0x60, next, dst0, dst1
		return b
	}
	host := [4]byte{10, 0, 0, 1}
	tcp := func(flags byte) []byte { return append(make([]byte, 13), flags, 0, 0, 0, 0, 0, 0) }
	fragment := v4(protoICMP, host, 3)
	fragment[7] = 1
	for _, c := range []struct {
		name   string
		packet []byte
		want   bool
	}{
		{"UDP", v4(17, host), true},
		{"SYN", v4(6, host, tcp(0x02)...), true},
		{"reset", v4(6, host, tcp(0x14)...), false},
		{"ping", v4(protoICMP, host, 8), true},
		{"answer to a ping", v4(protoICMP, host, 0), true},
		{"port unreachable", v4(protoICMP, host, 3), false},
		{"time exceeded", v4(protoICMP, host, 11), false},
		{"later fragment", fragment, true},
		{"IGMP", v4(protoIGMP, host), false},
		{"multicast", v4(17, [4]byte{224, 0, 0, 251}), false},
		{"broadcast", v4(17, [4]byte{255, 255, 255, 255}), false},
		{"GRE", v4(47, host), true},
		{"header cut off", v4(6, host), true},
		{"too short", make([]byte, 19), false},
		{"empty", nil, false},
		{"IPv6", v6(17, 0x20, 1), true},
		{"IPv6 ping", v6(protoICMPv6, 0x20, 1, 128), true},
		{"IPv6 neighbour", v6(protoICMPv6, 0x20, 1, 135), false},
		{"IPv6 multicast", v6(protoICMPv6, 0xff, 2, 133), false},
		{"IPv6 link-local", v6(17, 0xfe, 0x80), false},
		{"IPv6 reset", v6(6, 0x20, 1, tcp(0x04)...), false},
	} {
		if got := IsTraffic(c.packet); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func FuzzIsTraffic(f *testing.F) {
	f.Add(packet4(1, 40))
	f.Add(packet6(1, 60))
	f.Add([]byte{0x4f, 1, 2, 3, 4, 5, 6, 7, 8, 1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19})
	f.Fuzz(func(t *testing.T, b []byte) {
		if IsTraffic(b) && protocolOf(b) == 0 {
			t.Error("no packet is traffic")
		}
	})
}

// TestNote: the last time that the user sent something, to the second; not
// what the link sends for itself.
func TestNote(t *testing.T) {
	r := newRig(t, callerConfig(), answererConfig()).up()
	r.a.WatchTraffic(r.now)
	begin := r.now
	r.now = r.now.Add(10 * time.Minute) // with echoes
	if !r.a.Traffic().Equal(begin) {
		t.Error("silence is traffic")
	}
	r.send(r.a, r.b, packet4(1, 60))
	r.send(r.b, r.a, somebody(1, 60))
	if !r.a.Traffic().Equal(begin) || !r.b.Traffic().IsZero() {
		t.Errorf("traffic at %v and %v", r.a.Traffic(), r.b.Traffic())
	}
	r.send(r.a, r.b, somebody(1, 60))
	if !r.a.Traffic().Equal(r.now) {
		t.Error("a packet is not traffic")
	}
}
