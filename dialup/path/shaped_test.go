package path

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"dun/dialup/ppp"
)

// shapedTUN is an interface in memory that gives and takes shaped packets.
type shapedTUN struct {
	*memTUN
	shapes []Shape // of memTUN.in, missing ones are plain
	tcp    bool
	udp    bool
	wrote  []Shape // of memTUN.out
	whole  bool    // KeepWhole was called
}

func (s *shapedTUN) Shapes() (bool, bool, bool) { return true, s.tcp, s.udp }
func (s *shapedTUN) KeepWhole() error           { s.whole = true; return nil }

func (s *shapedTUN) ReadShaped(b []byte) (n int, shape Shape, err error) {
	n, err = s.memTUN.Read(b)
	if err == nil && len(s.shapes) > 0 {
		shape, s.shapes = s.shapes[0], s.shapes[1:]
	}
	return n, shape, err
}

func (s *shapedTUN) WriteShaped(shape Shape, pieces [][]byte) error {
	if _, err := s.memTUN.Write(bytes.Join(pieces, nil)); err != nil {
		return err
	}
	s.wrote = append(s.wrote, shape)
	return nil
}

// take gives what was written as the packets that it stands for.
func (s *shapedTUN) take(t testing.TB) (packets [][]byte) {
	t.Helper()
	for i, b := range s.out {
		packets = append(packets, segments(t, b, s.wrote[i])...)
	}
	s.out, s.wrote = nil, nil
	return packets
}

// segments cuts a packet in the plainest way, apart from the splitter's code.
func segments(t testing.TB, b []byte, shape Shape) (out [][]byte) {
	t.Helper()
	if shape.Kind == Whole {
		b = bytes.Clone(b)
		if shape.Partial {
			binary.BigEndian.PutUint16(b[shape.Start+shape.Offset:], ^slowSum(b[shape.Start:]))
		}
		return [][]byte{b}
	}
	ip := 20
	if b[0]>>4 == 6 {
		ip = 40
	} else {
		ip = int(b[0]&15) * 4
	}
	head := ip + 8
	if shape.Kind != UDP {
		head = ip + int(b[ip+12]>>4)*4
	}
	payload := b[head:]
	for i := 0; len(payload) > 0; i++ {
		n := min(shape.Size, len(payload))
		p := append(bytes.Clone(b[:head]), payload[:n]...)
		payload = payload[n:]
		if shape.Kind != UDP {
			binary.BigEndian.PutUint32(p[ip+4:], binary.BigEndian.Uint32(b[ip+4:])+uint32(i*shape.Size))
			if i > 0 {
				p[ip+13] &^= 0x80
			}
			if len(payload) > 0 {
				p[ip+13] &^= 9
			}
		}
		if b[0]>>4 == 4 {
			binary.BigEndian.PutUint16(p[4:], binary.BigEndian.Uint16(b[4:])+uint16(i))
		}
		finish(p)
		out = append(out, p)
	}
	return out
}

// finish puts the lengths and checksums into a TCP or UDP packet.
func finish(p []byte) {
	ip, proto := 40, p[6]
	if p[0]>>4 == 4 {
		ip, proto = int(p[0]&15)*4, p[9]
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		p[10], p[11] = 0, 0
		binary.BigEndian.PutUint16(p[10:], ^slowSum(p[:ip]))
	} else {
		binary.BigEndian.PutUint16(p[4:], uint16(len(p)-40))
	}
	var pseudo []byte
	if p[0]>>4 == 4 {
		pseudo = append(pseudo, p[12:20]...)
	} else {
		pseudo = append(pseudo, p[8:40]...)
	}
	n := len(p) - ip
	pseudo = append(pseudo, 0, 0, byte(n>>8), byte(n), 0, proto)
	at := ip + 16
	if proto == protoUDP {
		at = ip + 6
		binary.BigEndian.PutUint16(p[ip+4:], uint16(n))
	}
	p[at], p[at+1] = 0, 0
	v := ^slowSum(append(pseudo, p[ip:]...))
	if proto == protoUDP && v == 0 {
		v = 0xffff
	}
	binary.BigEndian.PutUint16(p[at:], v)
}

// slowSum is RFC 1071 as it is described there.
func slowSum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(b[i]) << 8
		if i+1 < len(b) {
			sum += uint32(b[i+1])
		}
		for sum > 0xffff {
			sum = sum&0xffff + sum>>16
		}
	}
	return uint16(sum)
}

// big is what a system hands over to be cut: payload octets in segments of
// size, with the partial checksum of the pseudo-header.
type big struct {
	v6, udp   bool
	port, id  uint16
	seq       uint32
	flags     byte
	options   int // octets of TCP options
	ipOptions int
	payload   int
	size      int
	seed      uint64
}

func (g big) packet() ([]byte, Shape) {
	shape := Shape{Kind: TCP4, Size: g.size, Partial: true, Offset: 16}
	ip, proto, head := 20+g.ipOptions&^3, byte(protoTCP), 20+g.options&^3
	if g.v6 {
		ip, shape.Kind = 40, TCP6
	}
	if g.udp {
		proto, head, shape.Kind, shape.Offset = protoUDP, 8, UDP, 6
	}
	shape.Start = ip
	b := make([]byte, ip+head+g.payload)
	rng := rand.New(rand.NewPCG(g.seed, 5))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	if g.v6 {
		copy(b, []byte{0x60, 0x12, 0x34, 0x56, 0, 0, proto, 64})
		copy(b[8:], "0123456789abcdef")
		copy(b[24:], "ghijklmnopqrstuv")
	} else {
		copy(b, []byte{0x40 | byte(ip/4), 0x10, 0, 0, byte(g.id >> 8), byte(g.id), 0x40, 0, 64, proto})
		copy(b[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	}
	t := b[ip:]
	binary.BigEndian.PutUint16(t, g.port)
	binary.BigEndian.PutUint16(t[2:], 5001)
	if !g.udp {
		binary.BigEndian.PutUint32(t[4:], g.seq)
		binary.BigEndian.PutUint32(t[8:], 77)
		t[12], t[13] = byte(head/4)<<4, g.flags
		binary.BigEndian.PutUint16(t[14:], 500)
		t[18], t[19] = 0, 0
		for i := 20; i < head; i++ {
			t[i] = 1 // NOP
		}
	}
	finish(b)
	binary.BigEndian.PutUint16(t[shape.Offset:], fold(pseudo(b, proto, len(t))))
	if g.payload <= g.size {
		shape.Kind, shape.Size = Whole, 0
	}
	return b, shape
}

// shapedRig has shaped interfaces at both ends.
func shapedRig(t testing.TB, policy ppp.Policy, mode ppp.MPPEMode) (r *rig, from, to *shapedTUN) {
	t.Helper()
	a, b := callerConfig(), answererConfig()
	a.Encryption, b.Encryption = policy, policy
	a.MPPE, b.MPPE = []ppp.MPPEMode{mode}, []ppp.MPPEMode{mode}
	r = newRig(t, a, b)
	r.a.Link.wire, r.b.Link.wire = batchWire{r.a.wire}, batchWire{r.b.wire}
	r.up()
	from = &shapedTUN{memTUN: newTUN(t), tcp: true, udp: true}
	to = &shapedTUN{memTUN: newTUN(t), tcp: true, udp: true}
	if err := r.a.SetTUN(from, 1396); err != nil {
		t.Fatal(err)
	}
	if err := r.b.SetTUN(to, 1396); err != nil {
		t.Fatal(err)
	}
	r.loop.settle()
	return r, from, to
}

var shapedModes = []struct {
	name   string
	policy ppp.Policy
	mode   ppp.MPPEMode
}{
	{"clear", ppp.Deny, stateless128},
	{"stateless", ppp.Require, stateless128},
	{"stateful", ppp.Require, ppp.MPPEMode{Bits: 128}},
}

// sorted puts packets into an order that does not depend on how they came.
func sorted(packets [][]byte) [][]byte {
	packets = slices.Clone(packets)
	slices.SortFunc(packets, bytes.Compare)
	return packets
}

// byFlow puts the packets of each flow together, in the order they came.
func byFlow(packets [][]byte) [][]byte {
	packets = slices.Clone(packets)
	key := func(p []byte) []byte {
		if p[0]>>4 == 6 {
			return append([]byte{6, p[6]}, p[40:44]...)
		}
		at := int(p[0]&15) * 4
		return append([]byte{4, p[9]}, p[at:at+4]...)
	}
	slices.SortStableFunc(packets, func(a, b []byte) int { return bytes.Compare(key(a), key(b)) })
	return packets
}
