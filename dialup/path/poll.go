package path

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// What a watched descriptor is ready for.
const (
	Readable = 1 << iota
	Writable
	HangUp // the other end is gone, or the descriptor failed
)

// Handler is called when a watched descriptor is ready. It may find that it is
// not: the descriptor must not block.
type Handler interface {
	Ready(now time.Time, events int)
}

// poller knows who waits for which descriptor.
type poller struct {
	waiter
	watched map[int]watch // by descriptor
	serial  int32         // of the latest watch
}

// watch is one descriptor that is waited for. Its serial number travels with
// the events: the number of a closed descriptor is soon that of another one,
// for which events that were fetched before mean nothing.
type watch struct {
	handler Handler
	events  int
	serial  int32
}

func (p *poller) open(linger time.Duration) error {
	p.watched = make(map[int]watch)
	return p.waiter.open(linger)
}

// Watch adds fd for events, level triggered, or changes what it is watched
// for. HangUp is always reported; as it does not go away, the handler must
// Unwatch then. The owner of fd calls Unwatch before closing it.
func (p *poller) Watch(fd int, events int, h Handler) error {
	w, known := p.watched[fd]
	op := unix.EPOLL_CTL_MOD
	if !known {
		op = unix.EPOLL_CTL_ADD
		p.serial++
		w.serial = p.serial
	}
	w.handler, w.events = h, events
	ev := unix.EpollEvent{Fd: int32(fd), Pad: w.serial}
	if events&Readable != 0 {
		ev.Events |= unix.EPOLLIN
	}
	if events&Writable != 0 {
		ev.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(p.epoll, op, fd, &ev); err != nil {
		return fmt.Errorf("packet loop: watch descriptor %d: %w", fd, err)
	}
	p.watched[fd] = w
	return nil
}

// Unwatch takes fd out; harmless when it is not in.
func (p *poller) Unwatch(fd int) {
	if _, known := p.watched[fd]; known {
		delete(p.watched, fd)
		unix.EpollCtl(p.epoll, unix.EPOLL_CTL_DEL, fd, nil)
	}
}

// dispatch calls the handler of event i, unless it was unwatched earlier in
// this turn or does not wait for that any more.
func (p *poller) dispatch(now time.Time, i int) {
	ev := p.ready[i]
	w, known := p.watched[int(ev.Fd)]
	if !known || w.serial != ev.Pad {
		return
	}
	var is int
	if ev.Events&unix.EPOLLIN != 0 {
		is |= Readable
	}
	if ev.Events&unix.EPOLLOUT != 0 {
		is |= Writable
	}
	is &= w.events
	if ev.Events&(unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		is |= HangUp
	}
	if is != 0 {
		w.handler.Ready(now, is)
	}
}
