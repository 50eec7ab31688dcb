package path

import (
	"sync/atomic"
	"time"
)

// What a backlog keeps at most: a look-up and the first packet of several
// connections, or one packet as the system leaves it to us.
const (
	maxKept       = 16
	maxKeptOctets = 64 << 10
)

// Backlog reads an interface that no link has, since its connection fell or is
// not dialed yet: packets that somebody sent (see IsTraffic) wait for the link
// that gets the interface next, the newest few of them. Its counters may be
// read by any goroutine.
type Backlog struct {
	loop  *Loop // while it reads
	tun   TUN
	wake  func()
	from  source
	kept  []kept // the oldest first
	size  int    // octets of kept
	count struct{ waiting, dropped, ignored atomic.Uint64 }
}

// kept is one packet that waits.
type kept struct {
	packet []byte
	shape  Shape
}

// NewBacklog is the backlog of tun. wake is called in the loop's goroutine for
// each packet that is kept, and when the interface is gone; it must not block.
func NewBacklog(tun TUN, wake func()) *Backlog { return &Backlog{tun: tun, wake: wake} }

// Keep has the loop read the interface until a link gets it, or Drop; harmless
// when it does so already. It belongs to the loop's goroutine, as do Drop and
// Forget.
func (l *Loop) Keep(b *Backlog) error {
	if l.backlogs[b.tun] != nil {
		return nil
	}
	if err := l.Watch(b.tun.FD(), Readable, b); err != nil {
		return err
	}
	if l.backlogs == nil {
		l.backlogs = make(map[TUN]*Backlog)
	}
	l.backlogs[b.tun] = b
	b.loop, b.from = l, sourceOf(b.tun)
	return nil
}

// Drop ends a backlog that may be active; what waits in it is thrown away.
func (l *Loop) Drop(b *Backlog) {
	b.drop(len(b.kept))
	l.takeBacklog(b.tun)
}

// Forget throws away what waits, there and in the interface, and tells how many
// packets it were.
func (b *Backlog) Forget() (packets uint64) {
	before := b.count.dropped.Load()
	if b.loop != nil {
		b.Ready(b.loop.now, Readable)
	}
	b.drop(len(b.kept))
	return b.count.dropped.Load() - before
}

// Waiting is how many packets wait; Dropped how many were thrown away, because
// newer ones came or because they were forgotten; Ignored how many nobody
// would dial for.
func (b *Backlog) Waiting() uint64 { return b.count.waiting.Load() }
func (b *Backlog) Dropped() uint64 { return b.count.dropped.Load() }
func (b *Backlog) Ignored() uint64 { return b.count.ignored.Load() }

// Ready takes what the interface has (Handler).
func (b *Backlog) Ready(_ time.Time, events int) {
	if b.loop == nil {
		return
	}
	if events&HangUp != 0 {
		b.lost()
		return
	}
	for range maxTurn {
		buffer := b.loop.large.get(0)
		if buffer == nil {
			return // it stays where it is
		}
		n, shape, err := b.from.read(buffer.Room())
		buffer.SetLen(max(n, 0))
		if err == nil && n > 0 {
			b.take(buffer.Bytes(), shape)
		}
		b.loop.large.put(buffer)
		if err == ErrWouldBlock {
			return
		}
		if err != nil || n == 0 {
			b.lost()
			return
		}
	}
}

// lost is for an interface that somebody removed: whoever wants it next is to
// find out.
func (b *Backlog) lost() {
	b.loop.Unwatch(b.tun.FD())
	b.wake()
}

// take keeps one packet. The oldest make room: their senders have given up, or
// sent them again.
func (b *Backlog) take(packet []byte, shape Shape) {
	if !IsTraffic(packet) {
		b.count.ignored.Add(1)
		return
	}
	for len(b.kept) == maxKept || len(b.kept) > 0 && b.size+len(packet) > maxKeptOctets {
		b.drop(1)
	}
	b.kept = append(b.kept, kept{append([]byte(nil), packet...), shape})
	b.size += len(packet)
	b.count.waiting.Store(uint64(len(b.kept)))
	b.wake()
}

// drop throws the oldest n away.
func (b *Backlog) drop(n int) {
	for i := range n {
		b.size -= len(b.kept[i].packet)
	}
	b.kept = append(b.kept[:0], b.kept[n:]...)
	clear(b.kept[len(b.kept) : len(b.kept)+n])
	b.count.dropped.Add(uint64(n))
	b.count.waiting.Store(uint64(len(b.kept)))
}

// takeBacklog ends the backlog of tun and gives what waited there.
func (l *Loop) takeBacklog(tun TUN) []kept {
	b := l.backlogs[tun]
	if b == nil {
		return nil
	}
	delete(l.backlogs, tun)
	l.Unwatch(tun.FD())
	waited := b.kept
	b.loop, b.kept, b.size = nil, nil, 0
	b.count.waiting.Store(0)
	return waited
}
