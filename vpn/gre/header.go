package gre

import "encoding/binary"

const (
	// MaxHeader is the longest header: the headroom that a packet needs.
	MaxHeader = 16
	// MaxPayload is the longest payload that the length field can tell.
	MaxPayload = 0xffff
	// ProtocolPPP is the protocol type of every packet (RFC 2637 section 4.1).
	ProtocolPPP = 0x880b
	// Protocol is the IP protocol number of GRE.
	Protocol = 47
)

// The first two octets as one number (RFC 2637 section 4.1). RFC bit 0 is the
// most significant one.
const (
	flagChecksum = 1 << 15
	flagRouting  = 1 << 14
	flagKey      = 1 << 13
	flagSeq      = 1 << 12
	flagStrict   = 1 << 11
	maskRecur    = 7 << 8
	flagAck      = 1 << 7
	maskFlags    = 15 << 3
	maskVersion  = 7

	version = 1

	// What must be the same in every packet, and is.
	fixedMask = ^uint16(flagSeq|flagAck) & 0xffff
	fixedBits = flagKey | version

	minHeader = 8
)

// Header is an enhanced GRE header (RFC 2637 section 4.1).
type Header struct {
	CallID     uint16 // the receiver's call id
	PayloadLen uint16 // octets behind the header; 0 without HasSeq
	Seq        uint32 // valid with HasSeq
	Ack        uint32 // valid with HasAck
	HasSeq     bool   // S: there is a payload
	HasAck     bool   // A: Ack is the highest sequence number that the sender has received
}

// FormatError is what is wrong with the bytes of a packet. The packet is to be
// dropped and counted (RFC 2637 section 4.3, "silently discard").
type FormatError uint8

// Errors of Parse.
const (
	ErrShort    FormatError = iota + 1 // shorter than its header
	ErrVersion                         // not version 1
	ErrProtocol                        // protocol type is not 0x880B
	ErrNoKey                           // the key, and so the call id, is missing
	ErrFlags                           // a bit is set that must be zero
	ErrEmpty                           // neither sequence nor acknowledgement
	ErrPayload                         // payload length is more than there is
)

func (e FormatError) Error() string {
	switch e {
	case ErrShort:
		return "gre: packet is shorter than its header"
	case ErrVersion:
		return "gre: version is not 1"
	case ErrProtocol:
		return "gre: protocol type is not 0x880B"
	case ErrNoKey:
		return "gre: key is missing"
	case ErrFlags:
		return "gre: a bit is set that must be zero"
	case ErrEmpty:
		return "gre: neither payload nor acknowledgement"
	case ErrPayload:
		return "gre: payload length is more than the packet holds"
	}
	return "gre: bad packet"
}

// Parse reads the header of b, a GRE packet without its IP header. payload is
// a part of b, nil for an acknowledgement alone. Octets behind the payload are
// ignored: short frames are padded on some links.
//
// All bits that RFC 2637 section 4.1 sets to zero must be zero, as pptp-linux
// and the Linux kernel demand it as well. The payload length of a packet
// without a sequence number is not looked at: nothing follows.
func Parse(b []byte) (h Header, payload []byte, err error) {
	if len(b) < minHeader {
		return Header{}, nil, ErrShort
	}
	bits := binary.BigEndian.Uint16(b)
	if bits&fixedMask != fixedBits {
		return Header{}, nil, badBits(bits)
	}
	if binary.BigEndian.Uint16(b[2:]) != ProtocolPPP {
		return Header{}, nil, ErrProtocol
	}
	h.HasSeq = bits&flagSeq != 0
	h.HasAck = bits&flagAck != 0
	if len(b) < h.Len() {
		return Header{}, nil, ErrShort
	}
	h.CallID = binary.BigEndian.Uint16(b[6:])
	rest := b[minHeader:]
	if h.HasSeq {
		h.PayloadLen = binary.BigEndian.Uint16(b[4:])
		h.Seq = binary.BigEndian.Uint32(rest)
		rest = rest[4:]
	}
	// Without a sequence number the acknowledgement takes its place.
	if h.HasAck {
		h.Ack = binary.BigEndian.Uint32(rest)
		rest = rest[4:]
	}
	if !h.HasSeq {
		if !h.HasAck {
			return Header{}, nil, ErrEmpty
		}
		return h, nil, nil
	}
	if int(h.PayloadLen) > len(rest) {
		return Header{}, nil, ErrPayload
	}
	return h, rest[:h.PayloadLen:h.PayloadLen], nil
}

// badBits names the first fault in the first two octets.
func badBits(bits uint16) FormatError {
	switch {
	case bits&maskVersion != version:
		return ErrVersion
	case bits&(flagChecksum|flagRouting|flagStrict|maskRecur|maskFlags) != 0:
		return ErrFlags
	}
	return ErrNoKey
}

// Len is the header's length in octets: 8, 12 or 16.
func (h Header) Len() int {
	n := minHeader
	if h.HasSeq {
		n += 4
	}
	if h.HasAck {
		n += 4
	}
	return n
}

// Put writes the header to the front of b, which has room for h.Len() octets,
// and returns h.Len().
func (h Header) Put(b []byte) int {
	n := h.Len()
	_ = b[n-1]
	bits := uint16(fixedBits)
	if h.HasSeq {
		bits |= flagSeq
	}
	if h.HasAck {
		bits |= flagAck
	}
	binary.BigEndian.PutUint16(b, bits)
	binary.BigEndian.PutUint16(b[2:], ProtocolPPP)
	binary.BigEndian.PutUint16(b[4:], h.PayloadLen)
	binary.BigEndian.PutUint16(b[6:], h.CallID)
	at := minHeader
	if h.HasSeq {
		binary.BigEndian.PutUint32(b[at:], h.Seq)
		at += 4
	}
	if h.HasAck {
		binary.BigEndian.PutUint32(b[at:], h.Ack)
	}
	return n
}
