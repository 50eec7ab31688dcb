package guest

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// kernelProgram is User Mode Linux.
const kernelProgram = "linux.uml"

//go:embed c/xstate.c
var xstateSource []byte

// compilePreload makes the library that User Mode Linux is started with.
//
// User Mode Linux keeps its processes' registers by PTRACE_GETREGSET in 2 KiB
// and dies ("ptrace set fp regs failed") on processors that have more: those
// with AMX, for one. When the call is refused it goes back to
// PTRACE_GETFPREGS, which every processor has. So the library refuses it, on
// all machines alike. (A system call filter would do as well, but the
// laboratory attaches no filters to the kernel that it runs on.) The price is
// that AVX registers do not outlive a page fault or a switch of threads in
// the guest: see guestEnv.
func compilePreload(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	source, library := filepath.Join(dir, "xstate.c"), filepath.Join(dir, "xstate.so")
	if err := os.WriteFile(source, xstateSource, 0o644); err != nil {
		return "", err
	}
	if out, err := exec.Command("gcc", "-O", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("gcc: %w (Debian packages gcc, libc6-dev): %s", err, out)
	}
	return library, nil
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
