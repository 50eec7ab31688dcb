package traffic

import (
	"encoding/binary"
	"errors"
)

// Types of echo messages of ICMP (RFC 792) and ICMPv6 (RFC 4443 section 4).
const (
	echoReply     = 0
	echoRequest   = 8
	echoRequestV6 = 128
	echoReplyV6   = 129
)

// echo is an ICMP or ICMPv6 echo message: what a ping sends and wants back.
type echo struct {
	typ     uint8
	id, seq uint16
	data    []byte
}

var errNotEcho = errors.New("traffic: not an ICMP echo message")

func (e echo) append(b []byte) []byte {
	at := len(b)
	b = append(b, e.typ, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, e.id)
	b = binary.BigEndian.AppendUint16(b, e.seq)
	b = append(b, e.data...)
	binary.BigEndian.PutUint16(b[at+2:], checksum(b[at:]))
	return b
}

func parseEcho(b []byte) (echo, error) {
	if len(b) < 8 || b[1] != 0 {
		return echo{}, errNotEcho
	}
	switch b[0] {
	case echoReply, echoRequest:
		if checksum(b) != 0 {
			return echo{}, errNotEcho
		}
	case echoReplyV6, echoRequestV6:
		// The sum covers addresses that are not here; the system checks it
		// (RFC 3542 section 3.1).
	default:
		return echo{}, errNotEcho
	}
	return echo{b[0], binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:]), b[8:]}, nil
}

// checksum is that of RFC 1071; over a message that holds its sum it is 0.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
