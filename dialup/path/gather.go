package path

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// dense is how many packets of one turn are the beginning of more.
	dense = 8
	// maxRest bounds the wait for them. What other goroutines post waits too.
	maxRest = 5 * time.Millisecond
)

// gather lets packets come together after a turn that moved several and found
// no more. Who sends and who receives them has the processor meanwhile in one
// piece, and the next turn does with one wake-up, one batch and one merged
// packet what would take several of each: on a processor that all share, a
// third of the switches between them went away.
func (l *Loop) gather() {
	moved := l.moved
	l.moved = 0
	if moved < dense || l.linger == 0 {
		return
	}
	if d := l.rest(moved, time.Since(l.now), l.untilDeadline(l.now)); d > 0 {
		t := unix.NsecToTimespec(int64(d))
		// A signal ends it, most often the scheduler's own.
		unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
	}
}

// rest is how long, 0 = not at all: at most as long as the turn took, so that
// packets wait twice as long as they do anyway and not more. A full batch has
// left some behind; a deadline (negative: there is none) comes first.
func (l *Loop) rest(moved int, took, deadline time.Duration) time.Duration {
	d := min(took, maxRest)
	if moved < dense || moved >= l.cfg.Batch || deadline >= 0 && deadline < d {
		return 0
	}
	return d
}
