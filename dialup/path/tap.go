package path

import (
	"time"

	"dun/dialup/mppe"
	"dun/dialup/ppp"
)

// Tap sees what passes a link, in the loop's goroutine; all octets are
// borrowed. It must not block.
type Tap interface {
	// Frame is a PPP frame, before encryption and after decryption: protocol,
	// and the information field in two pieces. Unread is one that could not be
	// decrypted.
	Frame(now time.Time, sent, unread bool, p ppp.Protocol, head, rest []byte)
	// Packet is the same as its carrier has it, on a carrier of packets: an IP
	// packet in two pieces, with the PPP frame as the second.
	Packet(now time.Time, sent bool, head, frame []byte)
}

// TappedWire is a wire that shows the packets of its carrier.
type TappedWire interface {
	Wire
	// SetTap sets who sees them, nil for nobody.
	SetTap(Tap)
}

// SetTap sets who sees what passes the link, nil for nobody. It belongs to the
// loop's goroutine, also before the link is opened.
func (l *Link) SetTap(t Tap) {
	l.tap = t
	if w, can := l.wire.(TappedWire); can {
		w.SetTap(t)
	}
}

// tapControl shows a frame that is not data.
func (l *Link) tapControl(now time.Time, sent bool, frame []byte) {
	if p, info, ok := ppp.ParseHeader(frame); ok {
		l.tap.Frame(now, sent, false, p, info, nil)
	}
}

// tapOutbox shows the frames of the outbox, which are about to be sealed.
func (l *Link) tapOutbox(now time.Time) {
	o := &l.loop.out
	for i := range o.packets {
		p := &o.packets[i]
		room := o.frames[i].Room()
		l.tap.Frame(now, true, false, ppp.Protocol(p.Protocol), room[2+l.overhead:][:p.Head], p.Src)
	}
}

// tapArrived shows what was in a data frame.
func (l *Link) tapArrived(now time.Time, p *mppe.Packet, isClear bool) {
	switch {
	case isClear:
		l.tap.Frame(now, false, false, protocolOf(p.Src), p.Src, nil)
	case !p.OK:
		l.tap.Frame(now, false, true, ppp.ProtoCompressed, p.Src, nil)
	default:
		if inner, packet, ok := ppp.ParseHeader(p.Dst[:p.N]); ok {
			l.tap.Frame(now, false, false, inner, packet, nil)
		}
	}
}
