// Package pcapng writes captures in the format of Wireshark
// (draft-ietf-opsawg-pcapng): a section header, then in any order interfaces,
// the packets on them, and their statistics. Everything is appended to a slice
// of the caller's, block by block; ReadBlock takes a stream apart again.
//
// It does no I/O, has no clock, and knows nothing of PPP.
package pcapng
