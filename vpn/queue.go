package vpn

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// queueDrops is how many packets the system has thrown away because the
// socket's buffer was full; 0 where it does not tell (before Linux 4.12).
func (s *Socket) queueDrops() uint64 {
	var info [9]uint32 // struct of SO_MEMINFO; the last is SK_MEMINFO_DROPS
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0
	}
	return uint64(info[8])
}
