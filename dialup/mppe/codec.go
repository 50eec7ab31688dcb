package mppe

import "fmt"

// Config is what CCP and authentication have settled.
type Config struct {
	Bits      int  // 40, 56 or 128
	Stateless bool // change the key with every packet (RFC 3078 section 7.1)
	// Start keys of RFC 3079 section 3 (or 2.3): before GetNewKeyFromSHA and
	// before any reduction. 40 and 56 bit use the first 8 octets.
	Send, Receive [16]byte
}

// overhead is the coherency count and the protocol field.
const overhead = 4

// headerLen is the length of the bits and the coherency count.
const headerLen = 2

// Bits of the first octet (RFC 3078 section 3.1).
const (
	bitFlushed   = 0x80 // A
	bitEncrypted = 0x10 // D
)

// countMask bounds the coherency count: 12 bits.
const countMask = 0x0fff

// maxAhead is how far a received count may lie ahead of the last one: half of
// its space, as in Linux. Counts in the other half are late. The
// distance alone cannot tell "4000 lost" from "96 late"; halves treat both
// alike, and bound the key changes that one packet can cost us to 2048.
const maxAhead = (countMask + 1) / 2

// Codec encrypts what is sent and decrypts what is received on one link.
type Codec struct {
	stateless bool
	send      sender
	recv      receiver
	counters  Counters
}

// Counters tell what became of packets since New.
type Counters struct {
	Sent     uint64 // packets encrypted
	Received uint64 // packets decrypted and handed out
	Lost     uint64 // coherency counts that never arrived; after a reset also those that a sender like ours leaves out

	Late        uint64 // dropped: late or repeated
	Discarded   uint64 // dropped: waiting for FLUSHED after a loss (stateful)
	Unencrypted uint64 // dropped: bit D clear
	NotFlushed  uint64 // dropped: bit A clear in stateless mode
	Short       uint64 // dropped: nothing inside
	Doubtful    uint64 // handed out, but not believed: a jump of the count, or FLUSHED, with nonsense inside

	ResetRequests uint64 // Reset-Requests of the peer
	Flushes       uint64 // packets sent because of them
}

// Add adds m to n.
func (n *Counters) Add(m Counters) {
	n.Sent += m.Sent
	n.Received += m.Received
	n.Lost += m.Lost
	n.Late += m.Late
	n.Discarded += m.Discarded
	n.Unencrypted += m.Unencrypted
	n.NotFlushed += m.NotFlushed
	n.Short += m.Short
	n.Doubtful += m.Doubtful
	n.ResetRequests += m.ResetRequests
	n.Flushes += m.Flushes
}

// New makes a Codec. Bits other than 40, 56 and 128 are an error.
func New(cfg Config) (*Codec, error) {
	switch cfg.Bits {
	case 40, 56, 128:
	default:
		return nil, fmt.Errorf("mppe: no such key length: %d bits", cfg.Bits)
	}
	c := &Codec{stateless: cfg.Stateless}
	c.send.keys.init(cfg.Bits, &cfg.Send)
	c.send.keys.load(&c.send.rc4)
	c.recv.keys.init(cfg.Bits, &cfg.Receive)
	c.recv.keys.load(&c.recv.rc4)
	c.recv.last = countMask // the first count is 0
	return c, nil
}

// Overhead is the most by which Compress makes a packet longer, in octets.
func (c *Codec) Overhead() int { return overhead }

// Counters takes a snapshot.
func (c *Codec) Counters() Counters { return c.counters }

// Compress writes the information field of a compressed datagram for packet
// src of PPP protocol p (0x0021 to 0x00fa, RFC 3078 section 3) into dst and
// returns its length, len(src)+4. dst and src may not overlap. With less room
// than that in dst nothing is sent and 0 returned.
func (c *Codec) Compress(dst []byte, p uint16, src []byte) int {
	n := overhead + len(src)
	if len(dst) < n {
		return 0
	}
	c.compress(dst[:n], 0, p, src)
	return n
}

// compress fills dst, of which the first have octets of the packet are there.
func (c *Codec) compress(dst []byte, have int, p uint16, src []byte) {
	s := &c.send
	head := s.advance(c.stateless, &c.counters)
	if head&(bitFlushed<<8) != 0 {
		s.keys.load(&s.rc4)
	}
	putHeader(dst, head, p)
	lead := dst[headerLen : overhead+have]
	xorKeyStream(&s.rc4, lead, lead)
	xorKeyStream(&s.rc4, dst[overhead+have:], src)
	c.counters.Sent++
}

// putHeader writes what goes before the packet: the bits and the coherency
// count, and the protocol field, which is still to be encrypted.
func putHeader(dst []byte, head, p uint16) {
	dst[0], dst[1] = byte(head>>8), byte(head)
	dst[2], dst[3] = byte(p>>8), byte(p)
}

// Decompress writes what is inside the information field src into dst,
// protocol field first (compressed or not, as the peer sent it), and returns
// its length. dst has room for len(src) octets, dst and src may not overlap.
// ok is false when the packet is to be dropped; what dst holds then is void.
func (c *Codec) Decompress(dst, src []byte) (n int, ok bool) {
	n = len(src) - headerLen
	if n < 1 || len(dst) < n {
		c.counters.Short++
		return 0, false
	}
	if src[0]&bitEncrypted == 0 {
		// Bit D "set to 0 means that this packet is not encrypted"
		// (section 3.1): taking it would let anyone in.
		c.counters.Unencrypted++
		return 0, false
	}
	count := (uint16(src[0])<<8 | uint16(src[1])) & countMask
	flushed := src[0]&bitFlushed != 0
	r, dst, body := &c.recv, dst[:n], src[headerLen:]
	if c.stateless {
		ok = r.stateless(dst, body, count, flushed, &c.counters)
	} else {
		ok = r.stateful(dst, body, count, flushed, &c.counters)
	}
	if !ok {
		return 0, false
	}
	c.counters.Received++
	return n, true
}

// NeedReset reports whether a dropped packet means that a Reset-Request is due
// (RFC 3078 section 8.2), and forgets it. Every packet that is dropped while
// waiting for FLUSHED asks again, since a Reset-Request may be lost; how often
// one is really sent is up to the caller. Never true in stateless mode.
func (c *Codec) NeedReset() bool {
	need := c.recv.needReset
	c.recv.needReset = false
	return need
}

// ResetRequested tells that the peer sent a Reset-Request. However many come,
// the next packet that Compress makes answers them all. Stateless mode needs
// no such help (RFC 3078 section 8.1).
func (c *Codec) ResetRequested() {
	c.counters.ResetRequests++
	if !c.stateless {
		c.send.flush = true
	}
}
