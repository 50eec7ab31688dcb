package load

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// schedParam is struct sched_param.
type schedParam struct{ priority int32 }

// Soak takes the processor time that nobody else wants and counts its turns,
// each of the same length. What is missing beside an idle machine is the
// time that others had, interrupts included, whatever the kernel's own
// accounting says of it. It serves machines with one processor.
func Soak(turns *Counter) error {
	runtime.LockOSThread()
	p := schedParam{}
	if _, _, errno := unix.RawSyscall(unix.SYS_SCHED_SETSCHEDULER, 0, unix.SCHED_IDLE, uintptr(unsafe.Pointer(&p))); errno != 0 {
		return fmt.Errorf("SCHED_IDLE: %w", errno)
	}
	x := uint32(1)
	for {
		for range 1000 {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
		}
		if x == 0 { // never: xorshift has no way to 0
			return nil
		}
		turns.Add(1)
	}
}

// nap sleeps without a word to Go's scheduler.
func nap(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
}
