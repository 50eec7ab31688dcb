package mppe

// maxDoubts is how many doubtful packets in a row we do not believe in
// stateless mode. Then the keys are lost anyway, and searching them again and
// again would only cost time.
const maxDoubts = 8

// receiver is the state of what we receive.
type receiver struct {
	keys keySchedule // with the session key of packet last
	rc4  state
	last uint16 // count of the last packet decrypted

	doubts int // stateless: doubtful packets in a row

	discarding bool   // stateful: packets are dropped until one has FLUSHED
	seen       uint16 // the newest count that was dropped
	seenKey    key    // the session key that belongs to it
	needReset  bool

	flushChangesKey bool // the peer changes its key before every FLUSHED packet
}

// ahead is how far count lies ahead of last, 0 for late or repeated.
func ahead(last, count uint16) int {
	d := int((count - last) & countMask)
	if d > maxAhead {
		return 0
	}
	return d
}

// stateless receives one packet: RFC 3078 section 8.1.
func (r *receiver) stateless(dst, src []byte, count uint16, flushed bool, c *Counters) bool {
	if !flushed {
		c.NotFlushed++ // "this bit MUST be set on every encrypted packet" (section 3.1)
		return false
	}
	steps := ahead(r.last, count)
	if steps == 0 {
		// Before any key change: section 8.1 knows only counts that grow,
		// and forward key changes cannot be taken back.
		c.Late++
		return false
	}
	before := r.keys.session()
	for range steps {
		r.keys.change(&r.rc4)
	}
	r.keys.load(&r.rc4)
	xorKeyStream(&r.rc4, dst, src)
	if steps > 1 && r.doubts < maxDoubts && judge(dst, len(dst)) == nonsense {
		// A damaged or forged count (section 9) would cost us all packets
		// up to it. The owner sees the nonsense; we stay where we were.
		r.keys.setSession(before)
		r.doubts++
		c.Doubtful++
		return true
	}
	r.last = count
	r.doubts = 0
	c.Lost += uint64(steps - 1)
	return true
}

// expected changes the key for the packet that is next in order, as stateless
// does. The key is to be loaded.
func (r *receiver) expected() {
	r.keys.change(&r.rc4)
	r.last = (r.last + 1) & countMask
	r.doubts = 0
}

// stateful receives one packet: RFC 3078 section 8.2.
func (r *receiver) stateful(dst, src []byte, count uint16, flushed bool, c *Counters) bool {
	steps := ahead(r.last, count)
	if steps == 0 && !r.discarding {
		c.Late++
		return false
	}
	if flushed {
		return r.flushed(dst, src, count, c)
	}
	if r.discarding || steps != 1 {
		r.discard(count, c)
		return false
	}
	if isFlag(count) {
		r.keys.change(&r.rc4)
		r.keys.load(&r.rc4)
	}
	xorKeyStream(&r.rc4, dst, src)
	r.last = count
	return true
}

// discard drops a packet that cannot be decrypted and asks for a reset. The
// count and key of the newest one are kept beside the last good ones, so that
// flag packets are counted right however long it takes ("perform the number of
// key changes necessary", section 8.2), yet a damaged count does no harm.
func (r *receiver) discard(count uint16, c *Counters) {
	if !r.discarding {
		r.discarding = true
		r.seen, r.seenKey = r.last, r.keys.session()
	}
	good := r.keys.session()
	r.keys.setSession(r.seenKey)
	if steps := ahead(r.seen, count); steps > 0 {
		r.skip(r.seen, steps)
		r.seen, r.seenKey = count, r.keys.session()
	}
	r.keys.setSession(good)
	r.needReset = true
	c.Discarded++
}

// skip changes the key once for every flag packet among the steps counts
// behind from.
func (r *receiver) skip(from uint16, steps int) {
	first := int(from) + 1
	for range (first+steps)>>8 - first>>8 {
		r.keys.change(&r.rc4)
	}
}
