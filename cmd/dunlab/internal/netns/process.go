package netns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a program that runs in a host.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // after done
}

// Start starts a program in the host. stdout and stderr may be nil; env is
// added to the environment. The program ends with the host at the latest.
func (h *Host) Start(argv []string, env []string, stdout, stderr io.Writer) (*Process, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(cleanEnv(os.Environ()), env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second // a grandchild may hold the pipes
	p := &Process{cmd: cmd, done: make(chan struct{})}
	err := h.Do(func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.closed {
			return ErrClosed
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		h.processes[p] = struct{}{}
		return nil
	})
	if err != nil {
		return nil, h.fail(err, "start "+argv[0])
	}
	go func() {
		p.err = cmd.Wait()
		h.mu.Lock()
		delete(h.processes, p)
		h.mu.Unlock()
		close(p.done)
	}()
	return p, nil
}

// Run runs a program in the host to its end; when ctx ends first it is
// killed. The error holds the last lines of its standard error.
func (h *Host) Run(ctx context.Context, argv ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	p, err := h.Start(argv, nil, &stdout, &stderr)
	if err != nil {
		return nil, err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Kill()
		<-p.Done()
		return stdout.Bytes(), h.fail(ctx.Err(), argv[0])
	}
	if p.Err() != nil {
		err = fmt.Errorf("%w: %s", p.Err(), LastLines(stderr.String(), 3))
	}
	return stdout.Bytes(), err
}

// Self is the path of this program.
func (h *Host) Self() string {
	self, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return self
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the program ended, after Done: nil for exit code 0.
func (p *Process) Err() error { return p.err }

// ExitCode is the program's, after Done: -1 when a signal ended it.
func (p *Process) ExitCode() int { return p.cmd.ProcessState.ExitCode() }

// Signal sends a signal to the program alone.
func (p *Process) Signal(s unix.Signal) { p.cmd.Process.Signal(s) }

// Kill ends the program and what it started.
func (p *Process) Kill() { unix.Kill(-p.PID(), unix.SIGKILL) }

// Stop asks the program to end (SIGTERM), and kills it when it has not done
// so within the time; the error then says so.
func (p *Process) Stop(within time.Duration) error {
	p.Signal(unix.SIGTERM)
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		p.Kill()
		<-p.done
		return errors.New("it did not end within " + within.String())
	}
}

// LastLines gives the last n lines of s, joined by " | ".
func LastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// cleanEnv drops what belongs to this process alone.
func cleanEnv(env []string) []string {
	var clean []string
	for _, e := range env {
		if !strings.HasPrefix(e, insideEnv+"=") {
			clean = append(clean, e)
		}
	}
	return clean
}
