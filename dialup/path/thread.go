package path

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// takeThread gives the loop a thread of its own, for as long as its goroutine
// runs, with SCHED_BATCH unless the Config or the system says no; it returns
// the policy in force. The thread is taken first: otherwise other goroutines
// would run on it, and new threads and children inherit its policy. While it
// is taken, the runtime starts both from other threads, and with the end of
// the goroutine the thread ends.
func (l *Loop) takeThread() (policy string) {
	runtime.LockOSThread()
	was, _, err := unix.RawSyscall(unix.SYS_SCHED_GETSCHEDULER, 0, 0, 0)
	if err != 0 {
		return "unknown"
	}
	// Whoever started us with another policy than the ordinary one wants it.
	if was == unix.SCHED_NORMAL && !l.cfg.Ordinary {
		var priority int32 // struct sched_param; it has none here
		_, _, err := unix.RawSyscall(unix.SYS_SCHED_SETSCHEDULER, 0, unix.SCHED_BATCH, uintptr(unsafe.Pointer(&priority)))
		if err == 0 {
			was = unix.SCHED_BATCH
		}
	}
	return policyName(was)
}

// policyName is what sched(7) calls a policy, in lower case.
func policyName(policy uintptr) string {
	switch policy &^ resetOnFork {
	case unix.SCHED_NORMAL:
		return "other"
	case unix.SCHED_BATCH:
		return "batch"
	case unix.SCHED_IDLE:
		return "idle"
	case unix.SCHED_FIFO:
		return "fifo"
	case unix.SCHED_RR:
		return "rr"
	}
	return "unknown"
}

// resetOnFork is the flag in what sched_getscheduler gives.
const resetOnFork = 0x40000000
