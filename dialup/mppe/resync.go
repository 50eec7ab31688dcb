package mppe

// maxExtra is how many key changes beyond those of flag packets we look for:
// one for every FLUSHED packet of a peer like Linux since we were in step.
const maxExtra = 8

// flushed receives a FLUSHED packet in stateful mode.
//
// The RFC re-initializes the tables "using the current session key" (section
// 8.2), as FreeBSD does and, being its author, Windows should. Linux changes
// the key as well, at both ends, for each FLUSHED packet that it sends; when
// such a packet is lost nothing in the next one tells how many there were
// (ppp_mppe.c says so itself). Therefore the packet is tried with the key that
// the RFC means and some of its successors, and the one counts that makes
// sense of the first octets inside.
func (r *receiver) flushed(dst, src []byte, count uint16, c *Counters) bool {
	best := trial{sense: nonsense}
	r.try(&best, r.last, r.keys.session(), count, src)
	if r.discarding && best.sense < certain {
		r.try(&best, r.seen, r.seenKey, count, src)
	}
	if best.sense == nonsense {
		// Damaged, or we lost the key for good: ask once more, and let the
		// owner see what comes out, so that it can give up at some point.
		r.discard(count, c)
		c.Doubtful++
		r.keys.load(&r.rc4)
		xorKeyStream(&r.rc4, dst, src)
		return true
	}
	if best.sense == certain && !isFlag(count) {
		r.flushChangesKey = best.extra > 0
	}
	c.Lost += uint64((count - r.last - 1) & countMask)
	r.last = count
	r.keys.setSession(best.key)
	r.keys.load(&r.rc4)
	r.discarding = false
	r.needReset = false
	xorKeyStream(&r.rc4, dst, src)
	return true
}

// trial is a key that may be the one of a packet.
type trial struct {
	sense sense
	key   key
	extra int // key changes beyond those of flag packets
}

// try looks for the key of packet count, given the key of an earlier one, and
// keeps the first that makes most sense; among equals the one that the peer's
// habit calls for wins.
func (r *receiver) try(best *trial, from uint16, fromKey key, count uint16, src []byte) {
	steps := ahead(from, count)
	if steps == 0 {
		return
	}
	usual := 0
	if r.flushChangesKey && !isFlag(count) {
		usual = 1
	}
	good := r.keys.session()
	r.keys.setSession(fromKey)
	r.skip(from, steps)
	var head [headLen]byte
	for extra := range maxExtra + 1 {
		if extra > 0 {
			r.keys.change(&r.rc4)
		}
		r.keys.load(&r.rc4)
		n := min(len(src), len(head))
		xorKeyStream(&r.rc4, head[:n], src[:n])
		s := judge(head[:n], len(src))
		if s == possible && extra != usual || s == likely && extra > 1 {
			continue // too weak a sign for so unusual a key
		}
		if s > best.sense || s == best.sense && s != nonsense && extra == usual {
			*best = trial{sense: s, key: r.keys.session(), extra: extra}
		}
		if s == certain {
			break
		}
	}
	r.keys.setSession(good)
}

// sense says how well decrypted octets look like a packet.
type sense int

const (
	nonsense sense = iota // no protocol that is ever encrypted
	possible              // a protocol field of one octet: 1 in 37 wrong keys get here
	likely                // a protocol field of two octets: 1 in 600
	certain               // and an IP header of the right length: 1 in 2^28
)

// headLen is what judge wants to see: a protocol field and the IPv6 header up
// to its length.
const headLen = 8

// judge looks at the first octets of a decrypted packet of total octets.
func judge(head []byte, total int) sense {
	var protocol byte
	s := likely
	switch {
	case len(head) >= 1 && head[0]&1 == 1: // compressed, RFC 1661 section 6.5
		protocol, head, total, s = head[0], head[1:], total-1, possible
		if !short(protocol) {
			return nonsense
		}
	case len(head) >= 2 && head[0] == 0 && head[1]&1 == 1 && head[1] >= 0x21 && head[1] <= 0xfa:
		protocol, head, total = head[1], head[2:], total-2
	default:
		return nonsense
	}
	switch {
	case protocol == 0x21 && len(head) >= 4 && head[0] >= 0x45 && head[0] <= 0x4f &&
		int(head[2])<<8|int(head[3]) == total:
		return certain
	case protocol == 0x57 && len(head) >= 6 && head[0]>>4 == 6 &&
		int(head[4])<<8|int(head[5]) == total-40:
		return certain
	}
	return s
}

// short reports whether protocol is one that may be expected in one octet. All
// odd octets would fit every other wrong key.
func short(protocol byte) bool {
	switch protocol {
	case 0x21, 0x2b, 0x2d, 0x2f, 0x31, 0x3d, 0x57: // IPv4, IPX, VJ, bridging, multilink, IPv6
		return true
	}
	return false
}
