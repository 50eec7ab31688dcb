// Package ppp is the Point-to-Point Protocol engine for one link, as caller
// and as answerer: the option negotiation automaton (RFC 1661), LCP, PAP (RFC
// 1334), CHAP (RFC 1994), MS-CHAP (RFC 2433, RFC 2759), IPCP (RFC 1332, RFC
// 1877), IPV6CP (RFC 5072) and CCP with MPPE (RFC 1962, RFC 3078).
//
// It is sans-IO: no sockets, no goroutines, no clock and no randomness of its
// own. One owner calls it in this order, for every frame and at every
// deadline:
//
//	s.Input(now, frame) or s.HandleTimeout(now) or a command (Open, Close ...)
//	for s.PollTransmit(dst) ... send what it writes
//	for s.PollEvent() ... act on what happened
//	s.PollTimeout() gives the time of the next HandleTimeout
//
// A frame is what RFC 1661 section 2 encapsulates: protocol field,
// information, padding. Input also takes frames with address and control
// field and with a compressed protocol field; PollTransmit always writes the
// two-octet protocol field and no address or control: the wire adds and
// compresses what Framing allows.
//
// Data frames of an opened network protocol never come here: the packet loop
// asks Carries and Compressor, and moves them itself.
//
// What is spoken, and what is not:
//
//	LCP      MRU, ACCM, authentication, magic number, PFC, ACFC; echoes,
//	         Identification. Rejected: quality, callback, multilink,
//	         self-describing padding and all else.
//	PAP      both roles
//	CHAP     MD5, MS-CHAP without the LM response, MS-CHAPv2, both roles; no
//	         change of passwords, no EAP
//	IPCP     address, RFC 1877 name servers; no Van Jacobson compression yet
//	IPV6CP   interface identifier
//	CCP      MPPE 40, 56 and 128 bit, stateless and stateful; no compression
package ppp
