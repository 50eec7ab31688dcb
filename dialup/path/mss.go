package path

import "encoding/binary"

const (
	protoTCP     = 6
	flagSYN      = 0x02
	optionEnd    = 0
	optionNOP    = 1
	optionMSS    = 2
	headersIPv4  = 40 // IPv4 and TCP without options
	headersIPv6  = 60
	minimalMSS   = 64
	tcpHeaderLen = 20
)

// clampMSS lowers the maximum segment size in a TCP SYN (RFC 9293 section
// 3.7.1) to what fits into mtu, in place, checksum included (RFC 1624). It
// leaves everything else alone; mtu 0 leaves all alone.
func clampMSS(packet []byte, mtu int) {
	if mtu == 0 {
		return
	}
	tcp, most := tcpOf(packet, mtu)
	if len(tcp) < tcpHeaderLen || tcp[13]&flagSYN == 0 || most < minimalMSS {
		return
	}
	end := int(tcp[12]>>4) * 4
	if end > len(tcp) {
		return
	}
	for i := tcpHeaderLen; i < end; {
		switch tcp[i] {
		case optionEnd:
			return
		case optionNOP:
			i++
			continue
		}
		if i+1 >= end || tcp[i+1] < 2 || i+int(tcp[i+1]) > end {
			return
		}
		if tcp[i] == optionMSS && tcp[i+1] == 4 {
			if old := binary.BigEndian.Uint16(tcp[i+2:]); int(old) > most {
				replace16(tcp, i+2, uint16(most))
			}
			return
		}
		i += int(tcp[i+1])
	}
}

// tcpOf gives the TCP segment of an unfragmented IP packet and the largest MSS
// for mtu; nil for anything else. IPv6 extension headers are not followed: a
// SYN has none in practice.
func tcpOf(packet []byte, mtu int) (tcp []byte, most int) {
	switch {
	case len(packet) >= 20 && packet[0]>>4 == 4:
		ihl := int(packet[0]&0xf) * 4
		fragment := binary.BigEndian.Uint16(packet[6:]) & 0x1fff
		if packet[9] != protoTCP || fragment != 0 || ihl < 20 || ihl > len(packet) {
			return nil, 0
		}
		return packet[ihl:], mtu - headersIPv4
	case len(packet) >= 40 && packet[0]>>4 == 6:
		if packet[6] != protoTCP {
			return nil, 0
		}
		return packet[40:], mtu - headersIPv6
	}
	return nil, 0
}

// replace16 writes v at tcp[at:] and corrects the TCP checksum (RFC 1624
// equation 3). An option may stand at an odd offset: then its octets count in
// two words.
func replace16(tcp []byte, at int, v uint16) {
	even := at &^ 1
	last := even + 2
	if at&1 == 1 {
		last += 2
	}
	sum := uint32(^binary.BigEndian.Uint16(tcp[16:]))
	for i := even; i < last; i += 2 {
		sum += uint32(^word(tcp, i))
	}
	binary.BigEndian.PutUint16(tcp[at:], v)
	for i := even; i < last; i += 2 {
		sum += uint32(word(tcp, i))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	binary.BigEndian.PutUint16(tcp[16:], ^uint16(sum))
}

// word is the checksum's word at i, zero-padded at the end of the segment.
func word(b []byte, i int) uint16 {
	if i+1 < len(b) {
		return binary.BigEndian.Uint16(b[i:])
	}
	return uint16(b[i]) << 8
}
