// Package hdlc is the octet-stuffed framing of PPP on asynchronous lines (RFC
// 1662 sections 3 and 4): flags, transparency and the 16-bit frame check
// sequence.
//
//	7e | address, control, protocol, information, FCS (escaped) | 7e
//
// AppendFrame makes frames, a Decoder takes them out of the octets of a line.
// Neither knows what is inside: compressed address, control and protocol
// fields are the business of package ppp.
package hdlc

// The octets that mean something (RFC 1662 section 4).
const (
	flag       = 0x7e // Flag Sequence
	escape     = 0x7d // Control Escape
	complement = 0x20 // what an escaped octet is exclusive-or'd with
)
