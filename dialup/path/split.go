package path

import "encoding/binary"

const (
	protoUDP     = 17
	udpHeaderLen = 8
	flagFIN      = 0x01
	flagPSH      = 0x08
	flagCWR      = 0x80
	moreFragment = 0x2000
)

// splitter makes the packets that belong on the wire out of one that the
// system left whole (TCP segmentation offload): each gets headers of its own
// with lengths, numbers, flags and checksums, as net/ipv4/tcp_offload.c of
// Linux makes them, and a piece of the payload, which is not copied.
type splitter struct {
	packet    []byte
	transport int // where the TCP or UDP header begins
	head      int // where the payload begins
	size      int // of a piece
	at        int // where the next piece begins; 0 = the packet goes as it is
	index     int // of the next segment
	tcp       bool
}

// start takes a packet, whose checksum it completes where it need not be cut.
// It reports false for one that is not what its shape says.
func (s *splitter) start(packet []byte, shape Shape) bool {
	*s = splitter{packet: packet}
	if shape.Kind == Whole {
		return !shape.Partial || complete(packet, shape)
	}
	protocol := byte(protoTCP)
	if shape.Kind == UDP {
		protocol = protoUDP
	}
	s.tcp = protocol == protoTCP
	s.transport = transportOf(packet, protocol)
	switch {
	case s.transport == 0,
		shape.Kind == TCP4 && packet[0]>>4 != 4, shape.Kind == TCP6 && packet[0]>>4 != 6:
		return false
	case !s.tcp:
		s.head = s.transport + udpHeaderLen
	case len(packet) >= s.transport+tcpHeaderLen:
		length := int(packet[s.transport+12]>>4) * 4
		if length < tcpHeaderLen {
			return false
		}
		s.head = s.transport + length
	}
	s.size = shape.Size
	s.at = s.head
	return s.at > 0 && s.size > 0 && len(packet) > s.head && s.head <= maxHeaders && len(packet) <= 0xffff+40
}

// maxHeaders is the longest IP and TCP headers that a splitter copies.
const maxHeaders = 128

// transportOf is where the TCP or UDP header of an unfragmented IP packet
// begins; 0 when it has none, or not right behind the IP header.
func transportOf(packet []byte, protocol byte) int {
	switch {
	case len(packet) >= 20 && packet[0]>>4 == 4:
		ihl := int(packet[0]&0xf) * 4
		fragment := binary.BigEndian.Uint16(packet[6:]) & (moreFragment | 0x1fff)
		if packet[9] == protocol && fragment == 0 && ihl >= 20 && ihl+udpHeaderLen <= len(packet) {
			return ihl
		}
	case len(packet) >= 40+udpHeaderLen && packet[0]>>4 == 6:
		if packet[6] == protocol {
			return 40
		}
	}
	return 0
}

// longest is how long the longest packet is that next makes.
func (s *splitter) longest() int {
	if s.at == 0 {
		return len(s.packet)
	}
	return min(len(s.packet), s.head+s.size)
}

// next gives the next packet: its first head octets are in dst, the rest is
// payload, a part of the packet that was started with. With copied the payload
// is copied behind the head, and nil. dst has room for that.
func (s *splitter) next(dst []byte, copied bool) (head int, payload []byte, ok bool) {
	if len(s.packet) == 0 {
		return 0, nil, false
	}
	if s.at == 0 {
		payload, s.packet = s.packet, nil
		if copied || len(payload) <= shortPacket {
			pass(len(payload))
			return copy(dst, payload), nil, true
		}
		return 0, payload, true
	}
	n := min(s.size, len(s.packet)-s.at)
	payload = s.packet[s.at : s.at+n]
	s.header(dst[:s.head], payload, s.at+n == len(s.packet))
	head = s.head
	if s.at += n; s.at == len(s.packet) {
		s.packet = nil
	}
	s.index++
	if copied {
		pass(len(payload))
		head += copy(dst[head:], payload)
		payload = nil
	}
	return head, payload, true
}

// shortPacket is up to what length a packet is copied rather than kept where
// it was read.
const shortPacket = 128

// header writes the headers of one segment.
func (s *splitter) header(h, payload []byte, last bool) {
	copy(h, s.packet[:s.head])
	pass(len(payload)) // for the checksum
	length := len(h) + len(payload)
	if h[0]>>4 == 4 {
		binary.BigEndian.PutUint16(h[2:], uint16(length))
		binary.BigEndian.PutUint16(h[4:], binary.BigEndian.Uint16(h[4:])+uint16(s.index))
		h[10], h[11] = 0, 0
		binary.BigEndian.PutUint16(h[10:], ^fold(sum(h[:s.transport], 0)))
	} else {
		binary.BigEndian.PutUint16(h[4:], uint16(length-40))
	}
	t := h[s.transport:]
	if s.tcp {
		binary.BigEndian.PutUint32(t[4:], binary.BigEndian.Uint32(t[4:])+uint32(s.index*s.size))
		if s.index > 0 {
			t[13] &^= flagCWR
		}
		if !last {
			t[13] &^= flagFIN | flagPSH
		}
		t[16], t[17] = 0, 0
		acc := sum(payload, sum(t, pseudo(h, protoTCP, length-s.transport)))
		binary.BigEndian.PutUint16(t[16:], ^fold(acc))
		return
	}
	binary.BigEndian.PutUint16(t[4:], uint16(length-s.transport))
	t[6], t[7] = 0, 0
	acc := sum(payload, sum(t, pseudo(h, protoUDP, length-s.transport)))
	binary.BigEndian.PutUint16(t[6:], notZero(^fold(acc)))
}

// notZero is a UDP checksum: 0 would mean that there is none (RFC 768).
func notZero(v uint16) uint16 {
	if v == 0 {
		return 0xffff
	}
	return v
}

// complete sums up a partial checksum in place.
func complete(packet []byte, s Shape) bool {
	at := s.Start + s.Offset
	if s.Start < 0 || s.Offset < 0 || s.Start > len(packet) || at+2 > len(packet) {
		return false
	}
	pass(len(packet))
	v := ^fold(sum(packet[s.Start:], 0))
	if s.Offset == 6 {
		v = notZero(v)
	}
	binary.BigEndian.PutUint16(packet[at:], v)
	return true
}
