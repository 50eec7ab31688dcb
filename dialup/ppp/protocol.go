package ppp

// Protocol is a PPP protocol field (RFC 1661 section 2).
type Protocol uint16

const (
	ProtoIPv4       Protocol = 0x0021
	ProtoIPv6       Protocol = 0x0057
	ProtoCompressed Protocol = 0x00fd // RFC 1962; MPPE's data frames
	ProtoIPCP       Protocol = 0x8021
	ProtoIPV6CP     Protocol = 0x8057
	ProtoCCP        Protocol = 0x80fd
	ProtoLCP        Protocol = 0xc021
	ProtoPAP        Protocol = 0xc023
	ProtoCHAP       Protocol = 0xc223
)

// ParseHeader splits a received frame into protocol and information. Address
// and control fields and a one-octet protocol field are taken whether or not
// they were negotiated (RFC 1661 sections 6.5 and 6.6 leave that to the
// receiver). ok is false for a frame too short to have a protocol.
func ParseHeader(frame []byte) (p Protocol, info []byte, ok bool) {
	if len(frame) >= 2 && frame[0] == 0xff && frame[1] == 0x03 {
		frame = frame[2:]
	}
	if len(frame) >= 1 && frame[0]&1 == 1 {
		return Protocol(frame[0]), frame[1:], true
	}
	if len(frame) < 2 || frame[1]&1 == 0 {
		return 0, nil, false
	}
	return Protocol(frame[0])<<8 | Protocol(frame[1]), frame[2:], true
}

// Framing is what LCP agreed on for the frames that we send.
type Framing struct {
	ACCM uint32 // characters to escape (RFC 1662 section 7.1); asynchronous wires only
	PFC  bool   // the protocol field may be compressed (RFC 1661 section 6.5)
	ACFC bool   // address and control may be left out (RFC 1661 section 6.6)
	MRU  int    // the peer's maximum receive unit: octets of information
}

// DefaultFraming is in force before LCP is open, and for every LCP packet
// with code 1 to 7 at any time (RFC 1662 section 7.1, RFC 1661 section 6.5).
var DefaultFraming = Framing{ACCM: 0xffffffff, MRU: 1500}

// NeedsDefaultFraming reports whether frame (two-octet protocol field and
// information) is an LCP packet with code 1 to 7.
func NeedsDefaultFraming(frame []byte) bool {
	return len(frame) >= 3 && frame[0] == 0xc0 && frame[1] == 0x21 && frame[2] >= 1 && frame[2] <= 7
}
