package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// insideEnv marks a process that Enter started; its value says how.
const insideEnv = "DUNLAB_INSIDE"

const (
	insideWithPIDs = "pids" // with process ids of its own
	insidePlain    = "plain"
)

// exitNoProc is how an inside process says that it may not mount /proc, so
// that a PID namespace of its own is of no use.
const exitNoProc = 250

// grace is what an inside process gets to clean up after an interrupt.
const grace = 15 * time.Second

// Inside reports whether this process is one that Enter started.
func Inside() bool { return os.Getenv(insideEnv) != "" }

// Enter puts the program into namespaces of its own. Outside it runs the
// program again with the same arguments and gives its exit code; inside is
// then false. In that second process it prepares the namespaces and returns
// inside = true: the caller goes on there.
func Enter(ctx context.Context) (inside bool, code int, err error) {
	if how := os.Getenv(insideEnv); how != "" {
		return true, 0, prepare(how)
	}
	code, err = again(ctx, insideWithPIDs)
	if err == nil && code == exitNoProc {
		code, err = again(ctx, insidePlain)
	}
	if err != nil {
		err = Explain(err)
	}
	return false, code, err
}

// again starts the program inside and waits for it.
func again(ctx context.Context, how string) (int, error) {
	// The death signal comes when the thread that forked ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), insideEnv+"="+how)
	cmd.SysProcAttr = attributes(how)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	stop := forward(ctx, cmd.Process)
	defer stop()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if s := exit.Sys().(syscall.WaitStatus); s.Signaled() {
			return 128 + int(s.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	return 0, err
}

func attributes(how string) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	if how == insideWithPIDs {
		a.Cloneflags |= syscall.CLONE_NEWPID
	}
	if os.Geteuid() != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return a
}

// forward gives signals on, and ends the process when ctx does. A terminal
// sends its own to both, which does no harm.
func forward(ctx context.Context, p *os.Process) (stop func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	ended := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancelled := ctx.Done()
		var deadline <-chan time.Time
		for {
			select {
			case s := <-signals:
				p.Signal(s)
			case <-cancelled:
				p.Signal(unix.SIGTERM)
				cancelled, deadline = nil, time.After(grace)
			case <-deadline:
				p.Kill()
			case <-ended:
				return
			}
		}
	}()
	return func() {
		close(ended)
		<-done
		signal.Stop(signals)
	}
}

// prepare makes the namespaces of an inside process usable.
func prepare(how string) error {
	// Nothing that we mount may reach the machine.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return Explain(fmt.Errorf("making the mounts private: %w", err))
	}
	if how == insideWithPIDs {
		if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			os.Exit(exitNoProc)
		}
	}
	return nil
}
