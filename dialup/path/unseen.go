package path

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ReadUnseen is read(2) on a descriptor that does not block, without a word to
// Go's scheduler; so is every system call that moves packets. Where a call
// takes longer than 20 us, as on a small processor most do, the runtime's
// monitor thread would take the processor away from the loop in each of them,
// and for that not sleep any more: it woke up 2,000 times a second in the
// middle of a batch. The loop shows itself to the scheduler in its waits.
func ReadUnseen(fd int, b []byte) (int, unix.Errno) {
	return unseen(unix.SYS_READ, fd, b)
}

// WriteUnseen is write(2) in the same way.
func WriteUnseen(fd int, b []byte) (int, unix.Errno) {
	return unseen(unix.SYS_WRITE, fd, b)
}

func unseen(trap uintptr, fd int, b []byte) (int, unix.Errno) {
	n, _, err := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}
