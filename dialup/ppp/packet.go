package ppp

import "encoding/binary"

// Codes shared by all control protocols (RFC 1661 section 5), LCP's own
// beyond 7, RFC 1570 section 2 and CCP's 14 and 15 (RFC 1962 section 3).
const (
	codeConfReq   = 1
	codeConfAck   = 2
	codeConfNak   = 3
	codeConfRej   = 4
	codeTermReq   = 5
	codeTermAck   = 6
	codeCodeRej   = 7
	codeProtRej   = 8
	codeEchoReq   = 9
	codeEchoReply = 10
	codeDiscard   = 11
	codeIdent     = 12
	codeTimeLeft  = 13
	codeResetReq  = 14
	codeResetAck  = 15
)

// packetHeader is code, identifier and length (RFC 1661 section 5).
const packetHeader = 4

// packet is a control packet; data borrows from the frame.
type packet struct {
	code, id uint8
	data     []byte
}

// parsePacket reads a control packet. Octets behind its length are padding
// (RFC 1661 section 5); ok is false when it is shorter than it says.
func parsePacket(info []byte) (p packet, ok bool) {
	if len(info) < packetHeader {
		return packet{}, false
	}
	n := int(binary.BigEndian.Uint16(info[2:]))
	if n < packetHeader || n > len(info) {
		return packet{}, false
	}
	return packet{code: info[0], id: info[1], data: info[packetHeader:n]}, true
}

// newFrame makes a whole frame: protocol field, header, data. Data that does
// not fit into limit octets of information is cut off.
func newFrame(proto Protocol, code, id uint8, data []byte, limit int) []byte {
	if len(data) > limit-packetHeader {
		data = data[:max(limit-packetHeader, 0)]
	}
	n := packetHeader + len(data)
	f := make([]byte, 0, 2+n)
	f = append(f, byte(proto>>8), byte(proto), code, id, byte(n>>8), byte(n))
	return append(f, data...)
}

// option is a configuration option without its header (RFC 1661 section 6).
type option struct {
	kind uint8
	data []byte
}

// optionHeader is type and length.
const optionHeader = 2

// parseOptions reads a list of options; ok is false when a length is below 2
// or runs past the end.
func parseOptions(b []byte) (opts []option, ok bool) {
	for len(b) > 0 {
		if len(b) < optionHeader || int(b[1]) < optionHeader || int(b[1]) > len(b) {
			return nil, false
		}
		opts = append(opts, option{kind: b[0], data: b[optionHeader:b[1]]})
		b = b[b[1]:]
	}
	return opts, true
}

// size is what the option takes on the wire.
func (o option) size() int { return optionHeader + len(o.data) }

// appendOption writes one option.
func appendOption(b []byte, kind uint8, data ...byte) []byte {
	return append(append(b, kind, byte(optionHeader+len(data))), data...)
}

// appendOption32 writes an option whose value is a 32-bit number.
func appendOption32(b []byte, kind uint8, v uint32) []byte {
	return append(b, kind, optionHeader+4, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// plainText makes text from a peer fit for a person's eyes and logs: printable
// ASCII, at most limit octets, the rest replaced.
func plainText(b []byte, limit int) string {
	if len(b) > limit {
		b = b[:limit]
	}
	out := make([]byte, len(b))
	for i, c := range b {
		if c < 0x20 || c > 0x7e {
			c = '.'
		}
		out[i] = c
	}
	return string(out)
}
