package path

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// mailbox is how other goroutines reach a loop.
type mailbox struct {
	mu     sync.Mutex
	posted []func(now time.Time)
	closed bool
	wake   int // eventfd: there is something in it; written with mu held
}

func (m *mailbox) open() (err error) {
	m.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return os.NewSyscallError("packet loop: eventfd", err)
}

func (m *mailbox) close() { unix.Close(m.wake) }

// Post runs f in the loop's goroutine soon, in the order of posting; false
// when the loop has ended and f will not run.
func (m *mailbox) Post(f func(now time.Time)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.posted = append(m.posted, f)
	if len(m.posted) == 1 {
		m.ring()
	}
	return true
}

// shut accepts no more, and makes the loop end once the rest has run.
func (m *mailbox) shut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		m.ring()
	}
}

// ring wakes the loop. It does not block, and is called with mu held and
// nothing after closed: the descriptor cannot be another one's yet.
func (m *mailbox) ring() {
	one := [8]byte{1, 1, 1, 1, 1, 1, 1, 1} // any value above 0, in either byte order
	for {
		if _, err := unix.Write(m.wake, one[:]); err != unix.EINTR {
			return // EAGAIN: it rings already
		}
	}
}

// bell is the eventfd as a Handler.
type bell int

// Ready stops the ringing; deliverPosted follows in the same turn.
func (fd bell) Ready(time.Time, int) {
	var b [8]byte
	ReadUnseen(int(fd), b[:])
}

// deliverPosted runs what was posted, not what is posted meanwhile; false when
// nothing more can come.
func (m *mailbox) deliverPosted(now time.Time) (goOn bool) {
	m.mu.Lock()
	posted := m.posted
	m.posted = nil
	goOn = !m.closed
	m.mu.Unlock()
	for _, f := range posted {
		f(now)
	}
	return goOn
}
