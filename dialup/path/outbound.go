package path

import (
	"encoding/binary"
	"time"

	"dun/dialup/mppe"
	"dun/dialup/ppp"
)

// maxTurn is how many packets a link takes from its interface in one call of
// Ready before it lets the others have their turn; what is read at once counts
// as the packets that it is cut into.
const maxTurn = 128

// outbox is the frames that one link makes ready in a turn: they are sealed
// side by side and sent together. It is empty between two calls of Ready.
type outbox struct {
	frames  []*Buffer     // with the protocol field in place
	packets []mppe.Packet // what is to be put behind it, of each frame
	held    []*Buffer     // what packets refer to
	cut     splitter
}

func (o *outbox) init(c Config) {
	o.frames = make([]*Buffer, 0, c.Batch)
	o.packets = make([]mppe.Packet, 0, c.Batch)
	o.held = make([]*Buffer, 0, c.Large)
}

// batcher is a compressor that takes several packets at once.
type batcher interface {
	CompressBatch(*mppe.Batch, []mppe.Packet)
	DecompressBatch(*mppe.Batch, []mppe.Packet)
}

// Ready moves packets from the TUN to the wire (Handler).
func (l *Link) Ready(now time.Time, events int) {
	l.touch()
	if events&HangUp != 0 && l.tun != nil {
		l.loseTUN(now)
	}
	for moved := 0; moved < maxTurn && l.tun != nil; {
		if len(l.unsent) > 0 || !l.wire.Ready() {
			l.pauseTUN(true)
			break
		}
		b := l.readBuffer(now)
		if b == nil {
			l.Counters.Dropped.NoBuffer++
			break
		}
		n, shape, err := l.source.read(b.Room())
		if err != nil || n == 0 {
			l.loop.large.put(b)
			if err != ErrWouldBlock {
				l.flush(now)
				l.loseTUN(now)
			}
			break
		}
		b.SetLen(n)
		moved += l.transmit(now, b, shape)
		// A line takes packets one by one: Ready shall say no in time. A
		// batch that is half full may not hold what is read next.
		if l.fast == nil || len(l.loop.out.frames) > l.loop.cfg.Batch/2 {
			l.flush(now)
		}
	}
	l.flush(now)
}

// readBuffer gives a buffer to read into. What was read and is not sealed yet
// keeps its own.
func (l *Link) readBuffer(now time.Time) *Buffer {
	if len(l.loop.large.idle) == 0 {
		l.flush(now)
	}
	return l.loop.large.get(0)
}

// transmit makes frames of one packet of the system's, which are complete
// after flush, and tells how many. It takes b over.
func (l *Link) transmit(now time.Time, b *Buffer, shape Shape) (frames int) {
	defer l.loop.hold(b)
	packet := b.Bytes()
	p := protocolOf(packet)
	if !l.carries(p) {
		l.Counters.Dropped.NotCarried++
		return 1
	}
	l.note(now, packet)
	o := &l.loop.out
	if !o.cut.start(packet, shape) {
		l.Counters.Dropped.BadShape++
		return 1
	}
	// RFC 1661 section 6.1: no information field longer than the peer's MRU.
	// Looked at before the compressor counts the packet.
	if n := o.cut.longest() + l.overhead; n > l.framing.MRU || n > SmallSize-maxHead {
		l.Counters.Dropped.TooLong++
		return 1
	}
	if shape.Kind == Whole {
		clampMSS(packet, l.mtu)
	}
	for l.seal(now, p) {
		frames++
	}
	return frames
}

// hold keeps what was read until the frames that refer to it are sealed.
func (l *Loop) hold(b *Buffer) {
	o := &l.out
	if n := len(o.packets); n > 0 && len(o.packets[n-1].Src) > 0 {
		o.held = append(o.held, b)
		return
	}
	l.large.put(b)
}

// seal makes one frame of the next piece, without its cipher; false when there
// is no more.
func (l *Link) seal(now time.Time, p ppp.Protocol) bool {
	o := &l.loop.out
	if len(o.cut.packet) == 0 {
		return false
	}
	if len(o.frames) == cap(o.frames) {
		l.seals(now)
	}
	frame := l.loop.small.get(aligned(l.wire.Headroom()))
	if frame == nil {
		l.seals(now)
		if frame = l.loop.small.get(aligned(l.wire.Headroom())); frame == nil {
			o.cut.packet = nil
			l.Counters.Dropped.NoBuffer++
			return false
		}
	}
	room := frame.Room()
	sealed := mppe.Packet{Protocol: uint16(p)}
	if l.compressor != nil {
		p = ppp.ProtoCompressed
		sealed.Dst = room[2:]
	}
	binary.BigEndian.PutUint16(room, uint16(p))
	var ok bool
	sealed.Head, sealed.Src, ok = o.cut.next(room[2+l.overhead:], l.batcher == nil)
	if !ok {
		l.loop.small.put(frame)
		return false
	}
	sealed.N = sealed.Head
	o.frames = append(o.frames, frame)
	o.packets = append(o.packets, sealed)
	return true
}

// protocolOf tells a packet's protocol by its version, 0 for neither.
func protocolOf(packet []byte) ppp.Protocol {
	switch {
	case len(packet) >= 20 && packet[0]>>4 == 4:
		return ppp.ProtoIPv4
	case len(packet) >= 40 && packet[0]>>4 == 6:
		return ppp.ProtoIPv6
	}
	return 0
}
