package vpn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/vpn/gre"
)

// ip4 puts an IPv4 header with so many octets of options before a packet from
// 127.0.0.from.
func ip4(from byte, options int, packet []byte) []byte {
	b := make([]byte, 20+options, 20+options+len(packet))
	b[0] = 0x40 | byte(20+options)/4
	b[8], b[9] = 64, gre.Protocol
	copy(b[12:], []byte{127, 0, 0, from})
	copy(b[16:], []byte{127, 0, 0, 1})
	b = append(b, packet...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

// data is a GRE packet with a payload.
func data(id uint16, seq uint32, payload []byte) []byte {
	h := gre.Header{CallID: id, PayloadLen: uint16(len(payload)), Seq: seq, HasSeq: true}
	b := make([]byte, h.Len())
	h.Put(b)
	return append(b, payload...)
}

// discard is an LCP Discard-Request with address and control.
var discard = []byte{0xff, 0x03, 0xc0, 0x21, 11, 1, 0, 8, 1, 2, 3, 4}

// TestSocketTellsCallsApart: by the peer's address and our call id alone;
// everything else is ignored in silence.
func TestSocketTellsCallsApart(t *testing.T) {
	r := newRig(t, ListenConfig{})
	a, b := r.links("127.0.0.1")
	s := r.socket
	r.loop.Do(func(now time.Time) {
		unknown, malformed := s.unknown, s.malformed
		arrived := func() bool { return a.call.arrived.Load() || b.call.arrived.Load() }
		for _, p := range [][]byte{
			ip4(2, 0, data(a.call.id, 0, discard)),     // another address
			ip4(1, 0, data(a.call.id+77, 0, discard)),  // another call
			ip4(1, 0, data(0, 0, discard)),             // the id that nobody has
			ip4(1, 40, data(a.call.id^0x8000, 0, nil)), // the longest header
		} {
			s.receive(now, p)
		}
		if s.unknown != unknown+4 || s.malformed != malformed || arrived() {
			t.Errorf("%d unknown, %d malformed, arrived %v", s.unknown-unknown, s.malformed-malformed, arrived())
		}
		whole := ip4(1, 0, data(a.call.id, 0, discard))
		for n := range 28 {
			s.receive(now, whole[:n])
		}
		for _, first := range []byte{0x00, 0x15, 0x44, 0x40, 0x60, 0x65, 0xff} {
			whole[0] = first
			s.receive(now, whole)
		}
		short := ip4(1, 40, make([]byte, 7))
		s.receive(now, short)
		if s.malformed != malformed+28+7+1 || arrived() {
			t.Errorf("%d malformed of 36, arrived %v", s.malformed-malformed, arrived())
		}
		s.receive(now, ip4(1, 40, data(a.call.id, 0, discard)))
		if !a.call.arrived.Load() || b.call.arrived.Load() {
			t.Error("options in the IP header make a packet unknown")
		}
	})
	r.close(a, b)
}

// TestHeldPackets: what comes before PPP is open is kept within bounds, and
// given to the link as soon as it is; nothing is kept after the end.
func TestHeldPackets(t *testing.T) {
	r := newRig(t, ListenConfig{})
	a, b := r.links("127.0.0.1")
	s := r.socket
	r.loop.Do(func(now time.Time) {
		s.receive(now, ip4(1, 0, data(a.call.id, 0, make([]byte, 60000))))
		for seq := range uint32(10) {
			s.receive(now, ip4(1, 0, data(a.call.id, seq, discard)))
		}
		if n := len(a.call.held); n != maxHeld {
			t.Errorf("%d packets are held, want %d", n, maxHeld)
		}
		for _, p := range a.call.held {
			if len(p) > 100 {
				t.Errorf("a packet of %d octets is held", len(p))
			}
		}
	})
	e := r.start(t, a, ppp.Config{Random: random, Name: "x", Secret: ppp.Secret{Password: "x"}, Accept: []ppp.Auth{ppp.AuthMSCHAPv2}})
	for until := time.Now().Add(5 * time.Second); ; {
		st, _ := e.conn.Status()
		if st.Counters.FramesIn == maxHeld {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the link got %d of %d packets", st.Counters.FramesIn, maxHeld)
		}
	}
	r.close(b)
	soon(t, e.done, "the end")
	r.loop.Do(func(now time.Time) {
		a.call.receive(now, ip4(1, 0, data(a.call.id, 99, discard)))
		if a.call.held != nil {
			t.Error("a packet is held after the end")
		}
	})
}

// TestCallIDs: never 0, never one in use, and none again before all others.
func TestCallIDs(t *testing.T) {
	r := newRig(t, ListenConfig{})
	s := r.socket
	s.lastID = 65533
	var calls []*call
	take := func(peer string) uint16 {
		c, err := s.newCall(loopback, netip.MustParseAddr(peer))
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
		return c.id
	}
	for _, want := range []uint16{65534, 65535, 1, 2} {
		if id := take("192.0.2.1"); id != want {
			t.Errorf("call id %d, want %d", id, want)
		}
	}
	s.release(calls[3])
	if id := take("192.0.2.1"); id != 3 {
		t.Errorf("call id %d, right after 2 was released", id)
	}
	s.lastID = 65533
	if id := take("192.0.2.1"); id != 2 {
		t.Errorf("call id %d, want the only one of the first four that is free", id)
	}
	for _, c := range calls {
		s.release(c)
		s.release(c)
	}
	r.loop.Do(func(time.Time) {
		peer := netip.MustParseAddr("192.0.2.1")
		for id := range 1 << 16 {
			s.calls[callKey{peer.As4(), uint16(id)}] = nil
		}
	})
	if c, err := s.newCall(loopback, netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Errorf("got call id %d of none", c.id)
	}
	r.loop.Do(func(time.Time) { clear(s.calls) })
}

// TestSourceAddress: a server with several addresses answers from the one that
// was called, and nothing on the way is forbidden to cut packets.
func TestSourceAddress(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}
	r := newRig(t, ListenConfig{Addrs: addrs})
	sniffer, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, gre.Protocol)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(sniffer)
	for _, addr := range addrs {
		caller, answerer := r.pairTo(t, addr.String(), ppp.MPPEMode{Bits: 128, Stateless: true})
		soon(t, caller.host.up, "the network")
		soon(t, answerer.host.up, "the network")
		if got := answerer.link.Info(); got.Local != addr || got.Peer != loopback || got.MTU != 65535-overhead {
			t.Errorf("called %v: %+v", addr, got)
		}
		caller.hangUp(t, answerer)
	}
	unix.SetNonblock(sniffer, true)
	seen := make(map[netip.Addr]int)
	for b := make([]byte, 2048); ; {
		n, err := unix.Read(sniffer, b)
		if err != nil {
			break
		}
		if flags := b[6] >> 5; n < 20 || flags&2 != 0 {
			t.Fatalf("flags %#x: cutting is forbidden", flags)
		}
		seen[netip.AddrFrom4([4]byte(b[12:16]))]++
	}
	if len(seen) != 3 || seen[addrs[0]] == 0 || seen[addrs[1]] == 0 || seen[loopback] == 0 {
		t.Errorf("packets by source: %v", seen)
	}
}

// TestSenderLayout: what the compiler makes of sourceAddress is what the
// kernel expects, on every processor.
func TestSenderLayout(t *testing.T) {
	var s sender
	if got, want := int(unsafe.Sizeof(s.control)), unix.CmsgSpace(unix.SizeofInet4Pktinfo); got != want {
		t.Errorf("size %d, CMSG_SPACE %d", got, want)
	}
	if got, want := int(unsafe.Offsetof(s.control.info)), unix.CmsgLen(0); got != want {
		t.Errorf("data at %d, CMSG_LEN %d", got, want)
	}
	if at := uintptr(unsafe.Pointer(&s.control)); at%unsafe.Alignof(s.control) != 0 || unsafe.Alignof(s.control) < unsafe.Alignof(uintptr(0)) {
		t.Errorf("at %#x", at)
	}
	s.prepare(netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"))
	b := unsafe.Slice(s.msg.Control, int(s.msg.Controllen))
	messages, err := unix.ParseSocketControlMessage(b)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	m := messages[0]
	if m.Header.Level != unix.IPPROTO_IP || m.Header.Type != unix.IP_PKTINFO || len(m.Data) < 12 || [4]byte(m.Data[4:8]) != [4]byte{192, 0, 2, 1} {
		t.Errorf("message %+v", m)
	}
	var without sender
	without.prepare(netip.Addr{}, netip.MustParseAddr("192.0.2.2"))
	if without.msg.Control != nil || without.msg.Controllen != 0 {
		t.Error("a control message without an address of our own")
	}
}

// TestSystemTakesNoMore: when the send buffer is full the calls wait until
// there is room again, and their TUNs with them.
func TestSystemTakesNoMore(t *testing.T) {
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	s := &Socket{loop: loop, fd: fds[0], calls: make(map[callKey]*call), store: gre.NewStore(8, 100), buf: make([]byte, 100)}
	defer s.Close()
	var c *call
	loop.Do(func(now time.Time) {
		loop.Watch(s.fd, path.Readable, s)
		c = makeCall(s, netip.Addr{}, loopback)
		c.out.msg.Name, c.out.msg.Namelen = nil, 0 // this kind of socket has none
		c.agree(gre.Config{PeerCallID: 1})
		b := path.NewBuffer(1500, 100)
		var failed error
		for range 100_000 {
			b.Reset(c.Headroom())
			b.SetLen(1000)
			if failed = c.Send(now, b); failed != nil {
				break
			}
			if !c.Ready() {
				t.Error("not ready although all was taken")
				return
			}
		}
		if failed != unix.EAGAIN || c.Ready() || !c.waits || c.refused != 1 {
			t.Errorf("%v, refused %d", failed, c.refused)
		}
		for range 10 {
			c.Ready()
		}
		if len(s.waiting) != 1 {
			t.Errorf("waits %d times", len(s.waiting))
		}
		// The number of the packet that was refused is not lost.
		if h := c.engine.Send(now, 1); h.Seq != uint32(c.engine.Counters().TxPackets-1) {
			t.Errorf("sequence number %d", h.Seq)
		}
	})
	for b := make([]byte, 2000); ; {
		if _, err := unix.Read(fds[1], b); err != nil {
			break
		}
	}
	for until := time.Now().Add(5 * time.Second); ; {
		var full bool
		loop.Do(func(time.Time) { full = s.full || len(s.waiting) != 0 })
		if !full {
			break
		}
		if time.Now().After(until) {
			t.Fatal("still full")
		}
	}
	loop.Do(func(time.Time) {
		if !c.Ready() {
			t.Error("not ready though there is room")
		}
	})
}

// TestSendAfterClose: the descriptor's number may be another one's.
func TestSendAfterClose(t *testing.T) {
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenSocket(loop, 1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.newCall(loopback, loopback)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	loop.Do(func(now time.Time) {
		if err := s.send(&c.out, discard); err != unix.EBADF {
			t.Errorf("got %v", err)
		}
		s.Ready(now, path.Readable|path.Writable)
	})
	s.Close()
	loop.Close()
	s.Close()
	s.release(c)
	if _, err := s.newCall(loopback, loopback); err == nil {
		t.Error("a call without a loop")
	}
	if _, err := OpenSocket(loop, 1); err == nil {
		t.Error("a socket without a loop")
	}
}

// FuzzSocketReceive gives any packets to a socket with a call on which PPP is
// open, and one on which it is not yet.
func FuzzSocketReceive(f *testing.F) {
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		f.Fatal(err)
	}
	s, err := OpenSocket(loop, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close(); loop.Close() })
	f.Add(ip4(1, 0, data(1, 0, discard)))
	f.Add(ip4(1, 8, data(2, 3, discard)))
	f.Add(ip4(1, 0, data(1, 0xffffffff, nil)))
	f.Add(ip4(1, 0, []byte{0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 9}))
	f.Add([]byte{0x45})
	f.Fuzz(func(t *testing.T, packet []byte) {
		loop.Do(func(now time.Time) {
			session, err := ppp.New(ppp.Config{Random: random, Name: "x", Secret: ppp.Secret{Password: "x"}, Accept: []ppp.Auth{ppp.AuthPAP}, Encryption: ppp.Deny})
			if err != nil {
				t.Error(err)
				return
			}
			open, early := makeCall(s, loopback, loopback), makeCall(s, loopback, loopback)
			open.id, early.id = 1, 2
			for _, c := range []*call{open, early} {
				c.agree(gre.Config{PeerCallID: 3})
				s.calls[c.key()] = c
			}
			link := path.NewLink(path.LinkConfig{Wire: open, Session: session, Notify: func(ppp.Event) {}})
			if err := loop.Open(now, link); err != nil {
				t.Error(err)
				return
			}
			for range 3 {
				s.receive(now, packet)
			}
			open.HandleTimeout(now.Add(time.Second))
			if len(early.held) > maxHeld {
				t.Errorf("%d packets are held", len(early.held))
			}
			loop.Remove(link)
			s.receive(now, packet)
			for _, c := range []*call{open, early} {
				c.engine.Close()
				delete(s.calls, c.key())
			}
			if s.store.Free() != storeSlots {
				t.Error("a slot is lost")
			}
		})
	})
}

// TestBatchTakesPart: the system takes some frames of a batch. The others are
// as they were, keep their numbers for later, and go when there is room.
func TestBatchTakesPart(t *testing.T) {
	for _, batch := range []int{0, 1, 5} {
		for _, f := range []ppp.Framing{ppp.DefaultFraming, {PFC: true}, {PFC: true, ACFC: true}} {
			t.Run(fmt.Sprint(batch, f), func(t *testing.T) { batchTakesPart(t, batch, f) })
		}
	}
}

func batchTakesPart(t *testing.T, size int, f ppp.Framing) {
	loop, err := path.NewLoop(path.Config{Batch: size})
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 8192)
	s := &Socket{loop: loop, fd: fds[0], calls: make(map[callKey]*call), store: gre.NewStore(8, 100), buf: make([]byte, 100)}
	defer s.Close()
	loop.Do(func(now time.Time) {
		loop.Watch(s.fd, path.Readable, s)
		if n := loop.Batch(); n > 1 {
			s.tx.initSend(n)
		}
		c := makeCall(s, netip.Addr{}, loopback)
		c.out.msg.Name, c.out.msg.Namelen = nil, 0 // this kind of socket has none
		c.agree(gre.Config{PeerCallID: 1})
		c.SetFraming(f)
		var frames []*path.Buffer
		for i := range 60 {
			b := path.NewBuffer(2048, 32)
			b.SetLen(1000)
			copy(b.Bytes(), []byte{0, 0xfd, byte(i), 1, 2, 3})
			frames = append(frames, b)
		}
		want := [][]byte{}
		for _, b := range frames {
			want = append(want, bytes.Clone(b.Bytes()))
		}
		head := 18
		if f.ACFC {
			head = 16
		}
		if f.PFC {
			head--
		}
		var seq uint32
		got, stops := 0, 0
		for len(frames) > 0 {
			taken, sent := c.SendBatch(now, frames)
			if taken != sent {
				t.Fatalf("taken %d, sent %d", taken, sent)
			}
			if taken < len(frames) {
				stops++
				if c.Ready() {
					t.Fatal("ready, though not all was taken")
				}
			}
			for i, b := range frames[taken:] {
				if !bytes.Equal(b.Bytes(), want[taken:][i]) {
					t.Fatalf("frame %d of those left is % x", i, b.Bytes()[:8])
				}
			}
			for i, b := 0, make([]byte, 2000); ; i++ {
				n, err := unix.Read(fds[1], b)
				if err != nil {
					break
				}
				h, payload, err := gre.Parse(b[:n])
				if err != nil || h.Seq != seq || !bytes.HasSuffix(payload, want[i][1:]) || n != len(want[i])+head-4 {
					t.Fatalf("packet %d: %v, %+v, % x", got, err, h, payload[:8])
				}
				seq++
				got++
			}
			frames, want = frames[taken:], want[taken:]
			s.relieve(now)
		}
		if stops == 0 || got != 60 || c.refused != 0 {
			t.Errorf("%d packets, stopped %d times", got, stops)
		}
	})
}

// TestNoAllocationsBatch is a batch through the real socket, both ways.
func TestNoAllocationsBatch(t *testing.T) {
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	s, err := OpenSocket(loop, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !s.Batched() {
		t.Error("not batched")
	}
	c, err := s.newCall(loopback, loopback)
	if err != nil {
		t.Fatal(err)
	}
	loop.Do(func(now time.Time) {
		loop.Unwatch(s.fd)
		c.agree(gre.Config{PeerCallID: c.id})
		session, err := ppp.New(ppp.Config{Random: random, Name: "x", Secret: ppp.Secret{Password: "x"}, Accept: []ppp.Auth{ppp.AuthPAP}, Encryption: ppp.Deny})
		if err != nil {
			t.Error(err)
			return
		}
		link := path.NewLink(path.LinkConfig{Wire: c, Session: session, Notify: func(ppp.Event) {}})
		if err := loop.Open(now, link); err != nil {
			t.Error(err)
			return
		}
		frames := make([]*path.Buffer, 8)
		for i := range frames {
			frames[i] = path.NewBuffer(2048, 32)
		}
		n := testing.AllocsPerRun(100, func() {
			for _, b := range frames {
				b.Reset(32)
				b.SetLen(1000)
				copy(b.Bytes(), []byte{0, 0xfd})
			}
			if taken, sent := c.SendBatch(now, frames); taken != 8 || sent != 8 {
				t.Fatalf("taken %d, sent %d", taken, sent)
			}
			s.receiveBatch(now)
		})
		if n != 0 {
			t.Errorf("%v allocations", n)
		}
		if got := c.engine.Counters().RxInOrder; got < 8*101 {
			t.Errorf("%d received", got)
		}
		loop.Remove(link)
	})
	s.release(c)
}
