package mppe

// Packet is one of a batch. Its memory is borrowed for the call.
type Packet struct {
	// Dst and Src are as for Compress or Decompress. No Dst overlaps memory
	// of another packet.
	Dst, Src []byte
	// Head is for CompressBatch: so many octets of the packet stand in Dst
	// already, from the fifth on, and Src is what follows them.
	Head     int
	Protocol uint16 // PPP protocol of the packet, for CompressBatch
	N        int    // set: octets written to Dst
	OK       bool   // set: false when the packet is to be dropped
}

// Batch is working memory for packets that are ciphered side by side: with a
// key for each packet (stateless mode) they do not depend on one another. The
// zero Batch is ready. One serves any number of Codecs, one after the other.
type Batch struct {
	state    [lanes]state
	key      [lanes]key    // repeated to 16 octets
	lead     [lanes][]byte // ciphered in place before src
	dst, src [lanes][]byte
	used     int
}

// add fills a lane, and runs them all when it was the last.
func (b *Batch) add(k *keySchedule, lead, dst, src []byte) {
	n := b.used
	b.key[n] = expand(k.current())
	b.lead[n], b.dst[n], b.src[n] = lead, dst, src
	if b.used++; b.used < lanes {
		return
	}
	setKeys(&b.state, &b.key)
	if b.even() {
		xorLanes(&b.state, &b.lead, &b.lead)
		xorLanes(&b.state, &b.dst, &b.src)
	} else {
		for n := range b.used {
			xorKeyStream(&b.state[n], b.lead[n], b.lead[n])
			xorKeyStream(&b.state[n], b.dst[n], b.src[n])
		}
	}
	b.forget()
}

// even reports whether all lanes are at the same octet after their leads.
func (b *Batch) even() bool {
	for _, l := range b.lead[1:] {
		if len(l) != len(b.lead[0]) {
			return false
		}
	}
	return true
}

// rest runs lanes that are not all filled.
func (b *Batch) rest() {
	for n := range b.used {
		s := &b.state[n]
		s.setKey(b.key[n][:])
		xorKeyStream(s, b.lead[n], b.lead[n])
		xorKeyStream(s, b.dst[n], b.src[n])
	}
	b.forget()
}

// forget lets go of the memory of packets.
func (b *Batch) forget() {
	b.lead, b.dst, b.src = [lanes][]byte{}, [lanes][]byte{}, [lanes][]byte{}
	b.used = 0
}

// leadLen is what a batch ciphers in place at least, the protocol field and
// the first of the packet: whole blocks of xorLanes, and the same for packets
// whose headers differ in length, so that their lanes stay side by side.
const leadLen = 64

// CompressBatch does for every packet, in order, what Compress does with Head
// and Src as one. N is 0 and OK false where Dst has too little room; then the
// packet is not sent.
func (c *Codec) CompressBatch(b *Batch, packets []Packet) {
	for k := range packets {
		p := &packets[k]
		p.N = overhead + p.Head + len(p.Src)
		if p.OK = len(p.Dst) >= p.N; !p.OK {
			p.N = 0
			continue
		}
		dst, src := p.Dst[:p.N], p.Src
		if !c.stateless || lanes == 1 {
			c.compress(dst, p.Head, p.Protocol, src)
			continue
		}
		at := overhead + p.Head
		if n := min(headerLen+leadLen-at, len(src)); n > 0 {
			at += copy(dst[at:], src[:n])
			src = src[n:]
		}
		putHeader(dst, c.send.advance(true, &c.counters), p.Protocol)
		b.add(&c.send.keys, dst[headerLen:at], dst[at:], src)
		c.counters.Sent++
	}
	b.rest()
}

// DecompressBatch does for every packet, in order, what Decompress does.
func (c *Codec) DecompressBatch(b *Batch, packets []Packet) {
	for k := range packets {
		p := &packets[k]
		if lanes == 1 || !c.expects(p.Src) || len(p.Dst) < len(p.Src)-headerLen {
			b.rest()
			p.N, p.OK = c.Decompress(p.Dst, p.Src)
			continue
		}
		p.N, p.OK = len(p.Src)-headerLen, true
		c.recv.expected()
		b.add(&c.recv.keys, nil, p.Dst[:p.N], p.Src[headerLen:])
		c.counters.Received++
	}
	b.rest()
}

// expects reports whether src is the one packet whose key depends on nothing
// but the key before: stateless, well-formed and next in order.
func (c *Codec) expects(src []byte) bool {
	if !c.stateless || len(src) <= headerLen {
		return false
	}
	head := uint16(src[0])<<8 | uint16(src[1])
	const both = (bitFlushed | bitEncrypted) << 8
	return head&both == both && head&countMask == (c.recv.last+1)&countMask
}
