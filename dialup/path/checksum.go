package path

import (
	"encoding/binary"
	"math/bits"
)

// The internet checksum (RFC 1071). Sums are taken in the processor's own byte
// order, which makes no difference but where they are stored: fold gives the
// number that belongs in a packet, most significant octet first.

// sumWide is sum for processors that load words from anywhere.
func sumWide(b []byte, acc uint64) uint64 {
	var carry uint64
	for len(b) >= 64 {
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[8:]), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[16:]), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[24:]), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[32:]), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[40:]), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[48:]), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[56:]), carry)
		b = b[64:]
	}
	for len(b) >= 32 {
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[8:]), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[16:]), carry)
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b[24:]), carry)
		b = b[32:]
	}
	for len(b) >= 8 {
		acc, carry = bits.Add64(acc, binary.NativeEndian.Uint64(b), carry)
		b = b[8:]
	}
	acc, carry = bits.Add64(acc, 0, carry)
	return sumOctets(b, acc+carry)
}

// sumOctets is sum for few octets.
func sumOctets(b []byte, acc uint64) uint64 {
	var carry uint64
	for len(b) >= 2 {
		acc, carry = bits.Add64(acc, uint64(binary.NativeEndian.Uint16(b)), 0)
		acc += carry
		b = b[2:]
	}
	if len(b) == 1 {
		last := [2]byte{b[0]}
		acc, carry = bits.Add64(acc, uint64(binary.NativeEndian.Uint16(last[:])), 0)
		acc += carry
	}
	return acc
}

// fold makes 16 bits of a sum, as they stand in a packet.
func fold(acc uint64) uint16 {
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], uint16(acc))
	return binary.BigEndian.Uint16(b[:])
}

// number is what a 16-bit number of a packet adds to a sum.
func number(v uint16) uint64 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return uint64(binary.NativeEndian.Uint16(b[:]))
}

// pseudo is the sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200
// section 8.1) of a packet whose header is whole, for a TCP segment or UDP
// datagram of length octets.
func pseudo(packet []byte, protocol byte, length int) uint64 {
	addresses := packet[12:20]
	if packet[0]>>4 == 6 {
		addresses = packet[8:40]
	}
	return sum(addresses, number(uint16(protocol))+number(uint16(length)))
}

// sumIPv4 puts the checksum of a header without options in place.
func sumIPv4(header []byte) {
	header[10], header[11] = 0, 0
	binary.BigEndian.PutUint16(header[10:], ^fold(sumOctets(header[:20], 0)))
}
