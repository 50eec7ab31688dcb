// Package mppe is Microsoft Point-to-Point Encryption (RFC 3078): it turns a
// network packet into the information field of a compressed datagram (PPP
// protocol 0x00fd) and back, stateless or stateful, with 40, 56 or 128 bits.
//
// A Codec serves both directions of one link. It is not safe for concurrent
// use, and allocates nothing once made. Negotiation (CCP), the choice of what
// is encrypted and the Reset-Request packets are its caller's business.
//
// On the wire, after the PPP protocol field (RFC 3078 section 3.1):
//
//	A B C D  12-bit coherency count | RC4( protocol field, packet )
//
// A is FLUSHED: the RC4 tables start anew with this packet. D: the packet is
// encrypted. B and C belong to MPPC and are ignored.
//
// In stateless mode the packets of a batch have keys of their own; a Batch
// ciphers several side by side where the processor gains from that.
//
// MPPE protects no integrity. RC4 and keys made of passwords are weak by
// today's measure; the package exists because the peers speak nothing else.
package mppe
