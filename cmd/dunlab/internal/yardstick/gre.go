package yardstick

import "encoding/binary"

// Numbers of the enhanced GRE header (RFC 2637 section 4.1) and of PPP.
const (
	greFlags     = 0x3081 // key, sequence number, acknowledgement, version 1
	greProtocol  = 0x880b
	greHead      = 16
	ipv4Header   = 20
	protocolMPPE = 0x00fd
)

// header appends the GRE header with an acknowledgement, and PPP's protocol
// field behind FF 03.
func header(dst []byte, call uint16, payload int, sequence, acknowledged uint32) []byte {
	dst = binary.BigEndian.AppendUint16(dst, greFlags)
	dst = binary.BigEndian.AppendUint16(dst, greProtocol)
	dst = binary.BigEndian.AppendUint16(dst, uint16(payload+4))
	dst = binary.BigEndian.AppendUint16(dst, call)
	dst = binary.BigEndian.AppendUint32(dst, sequence)
	dst = binary.BigEndian.AppendUint32(dst, acknowledged)
	dst = append(dst, 0xff, 0x03)
	return binary.BigEndian.AppendUint16(dst, protocolMPPE)
}

// parse takes the IP and GRE headers off a packet as a raw socket gives it,
// and gives the call, the sequence number and what PPP's protocol field
// stands before.
func parse(b []byte) (call uint16, sequence uint32, payload []byte, err error) {
	if len(b) < ipv4Header {
		return 0, 0, nil, errPacket
	}
	ip := int(b[0]&0x0f) * 4
	if ip < ipv4Header || len(b) < ip+greHead+4 || binary.BigEndian.Uint16(b[ip:]) != greFlags || binary.BigEndian.Uint16(b[ip+2:]) != greProtocol {
		return 0, 0, nil, errPacket
	}
	b = b[ip:]
	if b[16] != 0xff || b[17] != 0x03 || binary.BigEndian.Uint16(b[18:]) != protocolMPPE {
		return 0, 0, nil, errPacket
	}
	return binary.BigEndian.Uint16(b[6:]), binary.BigEndian.Uint32(b[8:]), b[greHead+4:], nil
}
