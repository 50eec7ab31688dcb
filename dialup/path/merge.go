package path

import (
	"bytes"
	"encoding/binary"
)

const (
	// maxFlows is how many flows are merged side by side.
	maxFlows = 8
	// maxMerged is the longest packet that the IP length field can tell.
	maxMerged = 0xffff
	flagACK   = 0x10
)

// merger puts segments of one flow together that follow one another, so that
// the system has one packet to see to instead of up to 46 (generic receive
// offload). What a splitter makes of the result is again what came in, octet
// by octet, but for PSH, which the last one has if any had it: Linux sets it
// on each piece of a stream that it sends at once, as many as fit a
// millisecond. It asks not to wait for more, and nobody does: all of them are
// here. The payload is not copied. Packets of a flow keep their order.
//
// It is empty between two batches, and what it holds is borrowed from one.
type merger struct {
	flows [maxFlows]flow // the oldest first
	used  int
	max   int // pieces
	one   [1][]byte
}

// flow is packets that go together.
type flow struct {
	pieces [][]byte // the first packet whole, of the others the payload
	segment
	count   uint16
	next    uint32 // TCP: the sequence number behind the last one
	total   int    // octets, headers once
	octets  int    // as received
	checked bool   // the first one's checksum was verified
	full    bool   // nothing may follow
	flags   byte   // TCP, of all
}

// segment is where the parts of a TCP segment or UDP datagram are.
type segment struct {
	tcp             bool
	transport, head int
	size            int // payload
}

func (m *merger) init(c Config) {
	m.max = c.Batch
	for i := range m.flows {
		m.flows[i].pieces = make([][]byte, 0, c.Batch)
	}
}

// add takes a packet of l's peer. It is written with others at last by flush.
func (m *merger) add(l *Link, packet []byte) {
	s, flows, able := l.source.dissect(packet)
	if flows {
		if i := m.find(packet, s); i >= 0 {
			if f := &m.flows[i]; able && f.takes(packet, s, m.max) {
				f.add(packet, s)
				return
			}
			m.write(l, i)
		}
	}
	if !able {
		l.give(packet, Shape{})
		return
	}
	if m.used == maxFlows {
		m.write(l, 0)
	}
	f := &m.flows[m.used]
	m.used++
	*f = flow{pieces: append(f.pieces[:0], packet), segment: s, count: 1, total: len(packet), octets: len(packet)}
	if s.tcp {
		f.after(packet, s)
	}
}

// flush writes what there is.
func (m *merger) flush(l *Link) {
	for m.used > 0 {
		m.write(l, 0)
	}
}

// dissect tells where a packet's parts are; flows, whether it belongs to a
// flow whose order matters; able, whether it may be merged with others.
func (o *source) dissect(b []byte) (s segment, flows, able bool) {
	s.tcp = true
	if s.transport = transportOf(b, protoTCP); s.transport == 0 {
		s.tcp = false
		if s.transport = transportOf(b, protoUDP); s.transport == 0 {
			return s, false, false
		}
	}
	if b[0]>>4 == 4 {
		if s.transport != 20 || int(binary.BigEndian.Uint16(b[2:])) != len(b) {
			return s, true, false
		}
	} else if int(binary.BigEndian.Uint16(b[4:])) != len(b)-40 {
		return s, true, false
	}
	t := b[s.transport:]
	if !s.tcp {
		s.head = s.transport + udpHeaderLen
		s.size = len(b) - s.head
		able = o.udp && int(binary.BigEndian.Uint16(t[4:])) == len(t) && t[6]|t[7] != 0 && s.size > 0
		return s, true, able
	}
	if len(t) < tcpHeaderLen {
		return s, true, false
	}
	s.head = s.transport + int(t[12]>>4)*4
	s.size = len(b) - s.head
	// PSH may be; nothing else beside ACK.
	able = o.tcp && t[12]>>4 >= tcpHeaderLen/4 && s.size > 0 && t[13]&^flagPSH == flagACK
	return s, true, able
}

// find gives the flow of a packet, -1 when there is none.
func (m *merger) find(b []byte, s segment) int {
	for i := range m.flows[:m.used] {
		f := &m.flows[i]
		first := f.pieces[0]
		if f.tcp != s.tcp || f.transport != s.transport || first[0] != b[0] {
			continue
		}
		from, to := 12, 20 // addresses
		if b[0]>>4 == 6 {
			from, to = 8, 40
		}
		if bytes.Equal(first[from:to], b[from:to]) && [4]byte(first[s.transport:]) == [4]byte(b[s.transport:]) {
			return i
		}
	}
	return -1
}

// takes reports whether a packet is what a splitter would make next, and what
// both say is true.
func (f *flow) takes(b []byte, s segment, most int) bool {
	first := f.pieces[0]
	if f.full || len(f.pieces) == most || s.size > f.size || s.head != f.head || f.total+s.size > maxMerged {
		return false
	}
	if b[0]>>4 == 4 {
		id := binary.BigEndian.Uint16(first[4:]) + f.count
		if b[1] != first[1] || binary.BigEndian.Uint16(b[4:]) != id || [3]byte(b[6:]) != [3]byte(first[6:]) {
			return false // type of service, number, fragmentation, time to live
		}
	} else if [4]byte(b) != [4]byte(first) || b[7] != first[7] {
		return false // class, flow label, hop limit
	}
	if s.tcp {
		t, u := b[s.transport:s.head], first[s.transport:s.head]
		if binary.BigEndian.Uint32(t[4:]) != f.next || [4]byte(t[8:]) != [4]byte(u[8:]) || t[12] != u[12] ||
			[2]byte(t[14:]) != [2]byte(u[14:]) || !bytes.Equal(t[18:], u[18:]) {
			return false // sequence, acknowledgement, window, urgent pointer and options
		}
	}
	if !f.checked {
		if !f.segment.valid(first) {
			f.full = true
			return false
		}
		f.checked = true
	}
	return s.valid(b)
}

// add puts a packet behind those that are there.
func (f *flow) add(b []byte, s segment) {
	f.pieces = append(f.pieces, b[s.head:])
	f.count++
	f.total += s.size
	f.octets += len(b)
	if s.tcp {
		f.after(b, s)
	}
	if s.size < f.size {
		f.full = true
	}
}

// after notes what may follow a TCP segment.
func (f *flow) after(b []byte, s segment) {
	t := b[s.transport:]
	f.next = binary.BigEndian.Uint32(t[4:]) + uint32(s.size)
	f.flags |= t[13]
}

// valid verifies the checksums.
func (s segment) valid(b []byte) bool {
	if b[0]>>4 == 4 && fold(sum(b[:20], 0)) != 0xffff {
		return false
	}
	protocol := byte(protoUDP)
	if s.tcp {
		protocol = protoTCP
	}
	pass(len(b))
	return fold(sum(b[s.transport:], pseudo(b, protocol, len(b)-s.transport))) == 0xffff
}

// write gives flow i to the system and forgets it.
func (m *merger) write(l *Link, i int) {
	f := &m.flows[i]
	if len(f.pieces) == 1 {
		l.give(f.pieces[0], Shape{})
	} else {
		l.write(f.merge(), f.pieces, int(f.count), f.octets)
	}
	pieces := f.pieces
	clear(pieces)
	m.used--
	copy(m.flows[i:m.used], m.flows[i+1:m.used+1])
	m.flows[m.used] = flow{pieces: pieces[:0]}
}

// merge makes the first packet's headers those of all, and gives the shape.
// The checksum becomes that of the pseudo-header, to be completed by the
// system where it need be at all.
func (f *flow) merge() Shape {
	b := f.pieces[0]
	if b[0]>>4 == 4 {
		binary.BigEndian.PutUint16(b[2:], uint16(f.total))
		sumIPv4(b)
	} else {
		binary.BigEndian.PutUint16(b[4:], uint16(f.total-40))
	}
	t := b[f.transport:]
	shape := Shape{Size: f.size, Partial: true, Start: f.transport}
	if f.tcp {
		t[13] = f.flags
		shape.Offset = 16
		shape.Kind = TCP4
		if b[0]>>4 == 6 {
			shape.Kind = TCP6
		}
		binary.BigEndian.PutUint16(t[16:], fold(pseudo(b, protoTCP, f.total-f.transport)))
		return shape
	}
	shape.Offset = 6
	shape.Kind = UDP
	binary.BigEndian.PutUint16(t[4:], uint16(f.total-f.transport))
	binary.BigEndian.PutUint16(t[6:], fold(pseudo(b, protoUDP, f.total-f.transport)))
	return shape
}
