package yardstick

import (
	"crypto/rc4"
	"crypto/sha1"
	"encoding/binary"
	"errors"
)

// cipher is one direction of MPPE-128, stateless.
type cipher struct {
	start, session [16]byte
	count          uint16
}

// newCipher begins with a start key; the first session key is derived from
// it (RFC 3079 section 3).
func newCipher(start [16]byte) *cipher {
	c := &cipher{start: start, session: start}
	copy(c.session[:], c.interim())
	return c
}

// interim is the first half of a change of keys (RFC 3079 section 3.4,
// GetNewKeyFromSHA).
func (c *cipher) interim() []byte {
	pad1, pad2 := make([]byte, 40), make([]byte, 40)
	for i := range pad2 {
		pad2[i] = 0xf2
	}
	h := sha1.New()
	h.Write(c.start[:])
	h.Write(pad1)
	h.Write(c.session[:])
	h.Write(pad2)
	return h.Sum(nil)[:16]
}

// next makes the key of the next packet (RFC 3078 section 7.3) and gives the
// stream that belongs to it.
func (c *cipher) next() *rc4.Cipher {
	interim := c.interim()
	s, err := rc4.NewCipher(interim)
	if err != nil {
		panic(err) // 16 octets are a key
	}
	s.XORKeyStream(c.session[:], interim)
	if s, err = rc4.NewCipher(c.session[:]); err != nil {
		panic(err)
	}
	return s
}

// Numbers of the packet (RFC 3078 section 3.1, RFC 1661).
const (
	mppeHeader   = 2
	protocolIPv4 = 0x0021
	flagA        = 0x8000
	flagD        = 0x1000
	countMask    = 0x0fff
)

var errPacket = errors.New("yardstick: not a packet of the twin's")

// seal appends the MPPE packet of an IP packet to dst.
func (c *cipher) seal(dst, packet []byte) []byte {
	s := c.next()
	dst = binary.BigEndian.AppendUint16(dst, flagA|flagD|c.count)
	c.count = (c.count + 1) & countMask
	plain := binary.BigEndian.AppendUint16(nil, protocolIPv4)
	plain = append(plain, packet...)
	s.XORKeyStream(plain, plain)
	return append(dst, plain...)
}

// open gives the IP packet of an MPPE packet. Keys of lost packets are made
// up for.
func (c *cipher) open(packet []byte) ([]byte, error) {
	if len(packet) < mppeHeader+2 {
		return nil, errPacket
	}
	count := binary.BigEndian.Uint16(packet) & countMask
	missing := (count - c.count) & countMask
	if missing > countMask/2 {
		return nil, errPacket // late: its key is gone
	}
	for range missing {
		c.next()
	}
	c.count = (count + 1) & countMask
	s := c.next()
	plain := make([]byte, len(packet)-mppeHeader)
	s.XORKeyStream(plain, packet[mppeHeader:])
	if binary.BigEndian.Uint16(plain) != protocolIPv4 {
		return nil, errPacket
	}
	return plain[2:], nil
}
