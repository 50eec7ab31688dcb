package path

import (
	"slices"
	"time"
)

// aligned is the first place from headroom on for a frame whose packet shall
// begin on a word boundary, with a compressor's four octets before it or not.
// Ciphers and sums are about twice as fast there on small processors.
func aligned(headroom int) int { return (headroom+1)&^3 + 2 }

// flush seals and sends what the outbox has.
func (l *Link) flush(now time.Time) {
	o := &l.loop.out
	if len(o.frames) > 0 {
		l.seals(now)
	}
	for _, b := range o.held {
		l.loop.large.put(b)
	}
	o.held = o.held[:0]
}

// seals seals and sends the frames of the outbox.
func (l *Link) seals(now time.Time) {
	o := &l.loop.out
	if l.tap != nil {
		l.tapOutbox(now)
	}
	switch {
	case l.batcher != nil:
		l.batcher.CompressBatch(&l.loop.cipher, o.packets)
	case l.compressor != nil:
		l.sealOneByOne()
	}
	for i, frame := range o.frames {
		frame.SetLen(2 + o.packets[i].N)
		if l.compressor != nil {
			pass(o.packets[i].N)
		}
	}
	l.queueOrSend(now, o.frames)
	o.frames = o.frames[:0]
	o.packets = o.packets[:0]
}

// sealOneByOne is for a compressor that does not work in place: packets stand
// where the frame will, and make way.
func (l *Link) sealOneByOne() {
	packets := l.loop.out.packets
	for i := range packets {
		p := &packets[i]
		p.N = 0
		if b := l.loop.small.get(0); b != nil {
			src := b.Room()[:copy(b.Room(), p.Dst[l.overhead:l.overhead+p.Head])]
			pass(len(src))
			p.N = l.compressor.Compress(p.Dst, p.Protocol, src)
			l.loop.small.put(b)
		} else {
			l.Counters.Dropped.NoBuffer++
		}
	}
}

// queueOrSend sends frames, behind those that could not be sent before. It
// takes them over.
func (l *Link) queueOrSend(now time.Time, frames []*Buffer) {
	taken := 0
	if len(l.unsent) == 0 {
		taken = l.sendFrames(now, frames, 0)
	}
	for _, b := range frames[taken:] {
		if len(l.unsent) == l.loop.cfg.Batch {
			l.dropOldest()
		}
		l.unsent = append(l.unsent, b)
	}
	if len(l.unsent) > 0 {
		l.wire.Ready() // it will tell when it is
	}
}

// dropOldest makes room among the frames that wait: the oldest that is data
// goes, its receiver learns of the congestion soonest.
func (l *Link) dropOldest() {
	at := min(l.urgent, len(l.unsent)-1)
	l.loop.small.put(l.unsent[at])
	l.unsent = slices.Delete(l.unsent, at, at+1)
	l.urgent = min(l.urgent, len(l.unsent))
	l.Counters.Dropped.Waited++
}

// sendFrames sends frames as far as the wire takes them, and gives the buffers
// back of those that it took. The first of them are control frames.
func (l *Link) sendFrames(now time.Time, frames []*Buffer, control int) (taken int) {
	sent, octets := 0, uint64(0)
	for _, b := range frames[control:] {
		octets += uint64(b.Len() - 2 - l.overhead)
	}
	if l.fast != nil {
		taken, sent = l.fast.SendBatch(now, frames)
	} else {
		for taken < len(frames) && (taken == 0 || l.wire.Ready()) {
			if l.wire.Send(now, frames[taken]) == nil {
				sent++
			}
			taken++
		}
	}
	for _, b := range frames[max(taken, control):] {
		octets -= uint64(b.Len() - 2 - l.overhead)
	}
	l.Counters.Dropped.WireRefused += uint64(taken - sent)
	l.Counters.FramesOut += uint64(sent)
	l.loop.moved += sent
	l.Counters.PacketsOut += uint64(max(0, sent-control))
	if sent == taken {
		l.Counters.BytesOut += octets
	}
	for _, b := range frames[:taken] {
		l.loop.small.put(b)
	}
	return taken
}

// sendUnsent sends what the wire did not take before, and reports whether it
// takes more.
func (l *Link) sendUnsent(now time.Time) bool {
	if len(l.unsent) == 0 {
		return true
	}
	taken := l.sendFrames(now, l.unsent, l.urgent)
	l.unsent = slices.Delete(l.unsent, 0, taken)
	l.urgent = max(0, l.urgent-taken)
	return len(l.unsent) == 0 && l.wire.Ready()
}

// dropUnsent gives up what the wire did not take.
func (l *Link) dropUnsent() {
	for _, b := range l.unsent[l.urgent:] {
		l.loop.small.put(b)
		l.Counters.Dropped.Waited++
	}
	l.unsent = l.unsent[:l.urgent]
}

// sendControl sends the session's frames, whether or not the wire is ready for
// data. One that the system does not take goes before all data as soon as it
// takes something.
func (l *Link) sendControl(now time.Time) {
	for !l.stopped {
		b := l.loop.control
		b.Reset(aligned(l.wire.Headroom()))
		n, ok := l.session.PollTransmit(b.Room())
		if !ok {
			return
		}
		b.SetLen(n)
		if l.trace != nil {
			l.trace(now, true, b.Bytes())
		}
		if l.tap != nil {
			l.tapControl(now, true, b.Bytes())
		}
		again := l.loop.small.get(aligned(l.wire.Headroom()))
		if again != nil {
			again.SetLen(copy(again.Room(), b.Bytes()))
		}
		switch {
		case l.wire.Send(now, b) == nil:
			l.Counters.FramesOut++
		case again != nil && !l.wire.Ready() && !l.stopped && l.urgent < maxUrgent:
			if len(l.unsent) == l.loop.cfg.Batch {
				l.dropOldest()
			}
			l.unsent = slices.Insert(l.unsent, l.urgent, again)
			l.urgent++
			again = nil
		}
		if again != nil {
			l.loop.small.put(again)
		}
	}
}

// maxUrgent bounds the session's frames that wait: it repeats what matters.
const maxUrgent = 8
