package path

import (
	"bytes"
	"time"

	"dun/dialup/mppe"
	"dun/dialup/ppp"
)

// arrivals are data frames of one link in one batch, in order. They are
// deciphered side by side, and before any frame behind them is looked at that
// is not data.
type arrivals struct {
	packets []mppe.Packet // Src is the frame's information field
	buffers []*Buffer     // what was inside goes here
	clear   bool          // they are not enciphered: Src is the packet
}

func (a *arrivals) init(c Config) {
	a.packets = make([]mppe.Packet, 0, c.Batch)
	a.buffers = make([]*Buffer, 0, c.Batch)
}

// Input takes one received frame (see ppp.ParseHeader), FCS removed. b is
// borrowed and may be overwritten. Data frames go straight on, all others to
// the session.
func (l *Link) Input(now time.Time, b []byte) {
	l.take(now, b)
	l.open(now)
}

// Collect is Input for one of several frames that are received together. The
// memory of b stays as it is until Loop.Flush, or the next Input of the link.
func (l *Link) Collect(now time.Time, b []byte) {
	l.take(now, b)
	if len(l.arrived.packets) > 0 && !l.listed {
		l.listed = true
		l.loop.collected = append(l.loop.collected, l)
	}
}

func (l *Link) take(now time.Time, b []byte) {
	if l.stopped {
		return
	}
	l.touch()
	l.Counters.FramesIn++
	p, info, ok := ppp.ParseHeader(b)
	switch {
	case ok && p == ppp.ProtoCompressed && l.compressor != nil:
		l.collect(now, info, false)
	case ok && l.plain && l.carries(p):
		if protocolOf(info) != p {
			l.session.Heard(now)
			l.Counters.Dropped.NotNetwork++
			return
		}
		l.collect(now, info, true)
	default:
		l.open(now)
		if l.stopped {
			return
		}
		if l.trace != nil {
			l.trace(now, false, b)
		}
		if l.tap != nil {
			l.tapControl(now, false, b)
		}
		l.session.Input(now, b)
		l.drain(now)
	}
}

// Flush lets the links have all that was collected.
func (l *Loop) Flush(now time.Time) {
	for _, link := range l.collected {
		link.listed = false
		link.open(now)
	}
	clear(l.collected)
	l.collected = l.collected[:0]
}

// collect notes the information field of a data frame.
func (l *Link) collect(now time.Time, info []byte, isClear bool) {
	a := &l.arrived
	if len(a.packets) > 0 && (a.clear != isClear || len(a.packets) == cap(a.packets)) {
		l.open(now)
		if l.stopped || !isClear && l.compressor == nil {
			l.Counters.Dropped.Undecryptable++
			return
		}
	}
	packet := mppe.Packet{Src: info}
	if !isClear {
		b := l.loop.small.get(2) // the packet itself begins on a word boundary
		if b == nil {
			l.open(now) // gives some back
			if b = l.loop.small.get(2); b == nil || l.stopped || l.compressor == nil {
				l.Counters.Dropped.NoBuffer++
				if b != nil {
					l.loop.small.put(b)
				}
				return
			}
		}
		if packet.Dst = b.Room(); len(info) > len(packet.Dst) {
			l.loop.small.put(b)
			l.Counters.Dropped.TooLong++
			return
		}
		a.buffers = append(a.buffers, b)
	}
	a.clear = isClear
	a.packets = append(a.packets, packet)
}

// open deciphers what was collected and gives it to the system.
func (l *Link) open(now time.Time) {
	a := &l.arrived
	if len(a.packets) == 0 {
		return
	}
	l.session.Heard(now)
	l.loop.moved += len(a.packets)
	packets, buffers, by := a.packets, a.buffers, l.compressor
	a.packets, a.buffers = nil, nil // nothing is collected meanwhile
	switch {
	case a.clear:
	case l.batcher != nil:
		l.batcher.DecompressBatch(&l.loop.cipher, packets)
	default:
		for i := range packets {
			p := &packets[i]
			p.N, p.OK = by.Decompress(p.Dst, p.Src)
		}
	}
	for i := range packets {
		if l.tap != nil {
			l.tapArrived(now, &packets[i], a.clear)
		}
		switch p := &packets[i]; {
		case a.clear:
			l.deliver(now, p.Src)
		case l.compressor != by: // lost by what a packet before led to
			l.Counters.Dropped.Undecryptable++
		default:
			pass(p.N)
			l.inside(now, p)
		}
	}
	l.loop.merger.flush(l)
	for _, b := range buffers {
		l.loop.small.put(b)
	}
	a.packets, a.buffers = packets[:0], buffers[:0]
}

// dropArrived forgets what was collected.
func (l *Link) dropArrived() {
	for _, b := range l.arrived.buffers {
		l.loop.small.put(b)
	}
	l.arrived = arrivals{}
}

// inside takes what was in a compressed frame.
func (l *Link) inside(now time.Time, c *mppe.Packet) {
	if !c.OK {
		l.Counters.Dropped.Undecryptable++
		if l.compressor.NeedReset() {
			l.session.ResetCompressor(now)
			l.drain(now)
		}
		return
	}
	p, packet, ok := ppp.ParseHeader(c.Dst[:c.N])
	switch {
	case !ok || protocolOf(packet) != p:
		// Wrong keys, unless it is rare.
		l.Counters.Dropped.NotNetwork++
		l.session.GarbageInside(now)
		l.drain(now)
	case !l.carries(p):
		// The peer's IPCP is open already and ours not yet: its last packet
		// to us was lost or is still under way.
		l.Counters.Dropped.TooEarly++
	default:
		l.deliver(now, packet)
	}
}

// deliver gives one network packet to the system, or keeps it for the moment
// that takes the interface to be made.
func (l *Link) deliver(now time.Time, packet []byte) {
	switch {
	case l.sink != nil:
		l.sink.add(l, packet)
	case l.tun != nil:
		l.give(packet, Shape{})
	case l.stopped:
	case len(l.early) >= maxEarly:
		l.Counters.Dropped.NoInterface++
	default:
		l.early = append(l.early, bytes.Clone(packet))
	}
}

// give writes one packet as it is.
func (l *Link) give(packet []byte, shape Shape) {
	if l.tun == nil { // taken away meanwhile
		l.Counters.Dropped.NoInterface++
		return
	}
	clampMSS(packet, l.mtu)
	if l.source.shaped != nil {
		l.loop.merger.one[0] = packet
		l.write(shape, l.loop.merger.one[:], 1, len(packet))
		return
	}
	if _, err := l.tun.Write(packet); err != nil {
		l.Counters.Dropped.InterfaceRefused++
		return
	}
	l.Counters.PacketsIn++
	l.Counters.BytesIn += uint64(len(packet))
}

// write gives the system packets in one piece, of so many octets before they
// were merged.
func (l *Link) write(shape Shape, pieces [][]byte, packets, octets int) {
	if l.source.shaped == nil { // taken away meanwhile
		l.Counters.Dropped.NoInterface += uint64(packets)
		return
	}
	if err := l.source.shaped.WriteShaped(shape, pieces); err != nil {
		l.Counters.Dropped.InterfaceRefused += uint64(packets)
		return
	}
	l.Counters.PacketsIn += uint64(packets)
	l.Counters.BytesIn += uint64(octets)
}
