package mppe

// isFlag reports whether the packet with this count is a "flag" packet, before
// which the key changes in stateful mode (RFC 3078 section 7.2).
func isFlag(count uint16) bool { return count&0xff == 0xff }

// sender is the state of what we send.
type sender struct {
	keys  keySchedule
	rc4   state
	next  uint16 // coherency count of the next packet
	flush bool   // the peer asked for a reset
}

// advance changes the key, when it is time to, for the next packet and returns
// its header. With FLUSHED the key is to be loaded.
//
// The very first stateful packet goes without FLUSHED, though the tables are
// new: a peer that changes its key at every FLUSHED (see flushed) would start
// with the wrong one.
func (s *sender) advance(stateless bool, c *Counters) uint16 {
	count := s.next
	if s.flush {
		// RFC 3078 section 8.2 wants the tables re-initialized with the
		// same key, but Linux changes the key on both sides instead, and
		// FLUSHED is all that tells. Both do the same with a flag packet:
		// one key change, new tables. So we leave out counts up to the
		// next flag packet; to the receiver, which drops everything until
		// FLUSHED anyway, they are lost. It also stays in step when this
		// packet gets lost too.
		s.flush = false
		count |= 0xff
		c.Flushes++
	}
	s.next = (count + 1) & countMask
	head := count | bitEncrypted<<8
	if stateless || isFlag(count) {
		s.keys.change(&s.rc4)
		head |= bitFlushed << 8
	}
	return head
}
