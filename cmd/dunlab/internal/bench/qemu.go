package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"dun/cmd/dunlab/internal/netns"
)

// machine is a guest under qemu.
type machine struct {
	program string // qemu-system-x86_64
	accel   string // tcg, kvm, or icount: TCG with a clock that counts instructions
	cpu     string
	cpus    int
	memory  int // MiB
	extra   []string
	console string // of the kernel: ttyS0
}

// guestX86 is the machine that dun is measured in beside its peers.
func guestX86(accel string) machine {
	cpu := "qemu64"
	if accel == "kvm" {
		cpu = "host"
	}
	return machine{program: "qemu-system-x86_64", accel: accel, cpu: cpu, cpus: 1, memory: 512, console: "ttyS0"}
}

// guestARM is a handheld: a processor of its time with little memory.
func guestARM() machine {
	return machine{program: "qemu-system-arm", accel: "tcg", cpu: "cortex-a15", cpus: 1, memory: 128, console: "ttyAMA0", extra: []string{"-M", "virt"}}
}

// argv is the command line that boots a kernel with a first file system.
func (m machine) argv(kernel, initrd, words string) []string {
	accel := []string{"-accel", m.accel}
	switch m.accel {
	case "tcg":
		accel = []string{"-accel", "tcg,thread=multi"}
	case "icount": // an instruction takes a nanosecond
		accel = []string{"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"}
	}
	argv := append([]string{m.program}, accel...)
	argv = append(argv, "-smp", fmt.Sprint(m.cpus), "-cpu", m.cpu, "-m", fmt.Sprint(m.memory),
		"-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio", "-kernel", kernel, "-initrd", initrd,
		"-append", fmt.Sprintf("console=%s quiet mitigations=off nokaslr panic=-1 tsc=reliable rootfstype=ramfs %s", m.console, words))
	return append(argv, m.extra...)
}

// boot runs the guest to its end and gives its samples. What it prints is
// shown on out.
func (m machine) boot(ctx context.Context, kernel, initrd, words string, out io.Writer) ([]Sample, error) {
	argv := m.argv(kernel, initrd, words)
	if _, err := exec.LookPath(argv[0]); err != nil {
		return nil, fmt.Errorf("%w (Debian packages qemu-system-x86, qemu-system-arm)", err)
	}
	// A little before the others, so that a busy machine disturbs less.
	argv = append([]string{"nice", "-n", "-5"}, argv...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	used := func() (time.Duration, error) { return exactProcessTime(cmd.Process.Pid) }
	if m.accel == "icount" {
		used = nil
	}
	console := newGuestConsole(out, used)
	read := make(chan struct{})
	go func() {
		io.Copy(console, r)
		close(read)
	}()
	err := cmd.Wait()
	w.Close()
	<-read
	text := console.text()
	if i := strings.Index(text, guestFailed); err == nil && i >= 0 {
		line, _, _ := strings.Cut(text[i:], "\n")
		err = errors.New(strings.TrimSpace(line))
	}
	if err == nil && !strings.Contains(text, guestDone) {
		err = errors.New("the guest ended early")
	}
	if err != nil {
		err = fmt.Errorf("guest: %w; its last words: %s", err, netns.LastLines(text, 4))
	}
	return console.samples, err
}

// Words on a guest's console.
const (
	guestDone   = "DUNLAB-BENCH-DONE"
	guestFailed = "DUNLAB-BENCH-FAILED "
)
