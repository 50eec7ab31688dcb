package guest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelProgram is User Mode Linux.
const kernelProgram = "linux.uml"

// ExecKernel becomes User Mode Linux with the given arguments.
//
// User Mode Linux keeps its processes' registers by PTRACE_GETREGSET in 2 KiB
// and dies ("ptrace set fp regs failed") on processors that have more: those
// with AMX, for one. When the call is refused it goes back to
// PTRACE_GETFPREGS, which every processor has. So a filter refuses it here,
// on all machines alike. The price is that AVX registers do not outlive a
// page fault or a switch of threads in the guest: see guestEnv.
func ExecKernel(argv []string) error {
	program, err := exec.LookPath(kernelProgram)
	if err != nil {
		return fmt.Errorf("%w (Debian package user-mode-linux)", err)
	}
	runtime.LockOSThread() // the filter is the thread's, and exec keeps it
	if err := refuseXState(); err != nil {
		return fmt.Errorf("system call filter: %w", err)
	}
	return unix.Exec(program, append([]string{program}, argv...), os.Environ())
}

// guestEnv keeps the programs of a guest, the first one too, from using AVX:
// Go's runtime, the C library and OpenSSL (whose words are the AVX and OSXSAVE
// bits of CPUID leaf 1, and all of leaf 7). It stands on the kernel's command
// line and is inherited by all.
var guestEnv = []string{
	"GODEBUG=cpu.avx=off,cpu.avx2=off,cpu.avx512f=off,cpu.avx512bw=off,cpu.avx512vl=off",
	"GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512BW,-AVX512VL,-AVX_Fast_Unaligned_Load,-ERMS",
	"OPENSSL_ia32cap=~0x1800000000000000:0x0",
}

// Numbers of the filter (linux/seccomp.h, linux/elf.h).
const (
	seccompDataNr      = 0  // offsets in struct seccomp_data
	seccompDataRequest = 16 // args[0], the lower half
	seccompDataType    = 32 // args[2]
	ntX86XState        = 0x202
)

// refuseXState has ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE) fail with
// EIO from now on, in this thread and what it executes.
func refuseXState() error {
	const load, equal, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{
		{Code: load, K: seccompDataNr},
		{Code: equal, K: unix.SYS_PTRACE, Jf: 5},
		{Code: load, K: seccompDataRequest},
		{Code: equal, K: unix.PTRACE_GETREGSET, Jf: 3},
		{Code: load, K: seccompDataType},
		{Code: equal, K: ntX86XState, Jf: 1},
		{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EIO)},
		{Code: ret, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	return nil
}
