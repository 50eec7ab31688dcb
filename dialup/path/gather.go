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

// gather lets packets come together: after a turn that moved several and found
// no more, and between the packets of a steady flow. Who sends and who receives
// them has the processor meanwhile in one piece, and the next turn does with one
// wake-up, one batch and one merged packet what would take several of each: on
// a processor that all share, a third of the switches between them went away.
func (l *Loop) gather() {
	moved := l.moved
	l.moved = 0
	if moved == 0 || l.linger == 0 {
		return
	}
	steady := l.steady.passed(l.now, moved)
	if moved < dense && !steady {
		return
	}
	took := time.Since(l.now)
	if d := l.rest(moved, steady, took, l.untilDeadline(l.now.Add(took))); d > 0 {
		t := unix.NsecToTimespec(int64(d))
		// A signal ends it, most often the scheduler's own.
		unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
	}
}

// rest is how long, 0 = not at all. Packets of a dense flow wait as long as the
// turn took at most, so twice as long as they do anyway and not more. A full
// batch has left some behind; a deadline (negative: there is none) comes first.
func (l *Loop) rest(moved int, steady bool, took, deadline time.Duration) (d time.Duration) {
	if moved >= dense {
		d = min(took, maxRest)
	}
	if steady {
		d = max(d, steadyRest)
	}
	if moved >= l.cfg.Batch || deadline >= 0 && deadline < d {
		return 0
	}
	return d
}
