package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// programs are what an agent has started, by name.
type programs struct {
	console io.Writer // takes what they print, line by line with their name

	mu    sync.Mutex
	named map[string]*program
}

type program struct {
	cmd    *exec.Cmd
	output *tail
	done   chan struct{}
}

func newPrograms(console io.Writer) *programs {
	return &programs{console: console, named: map[string]*program{}}
}

func command(argv, env []string) (*exec.Cmd, error) {
	if len(argv) == 0 {
		return nil, errors.New("no program")
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(cmd.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	return cmd, nil
}

// run runs a program to its end, or until ctx ends.
func (p *programs) run(ctx context.Context, argv, env []string, r *reply) error {
	cmd, err := command(argv, env)
	if err != nil {
		return err
	}
	stdout, stderr := &tail{max: maxOutput}, &tail{max: maxOutput}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { unix.Kill(-cmd.Process.Pid, unix.SIGKILL) })
	defer stop()
	err = cmd.Wait()
	r.Stdout, r.Stderr = stdout.bytes(), stderr.bytes()
	return exit(cmd, err, r)
}

// start starts a program under a name and gives the time just before. A
// name is free again when its program has ended.
func (p *programs) start(name string, argv, env []string) (time.Time, error) {
	cmd, err := command(argv, env)
	if err != nil {
		return time.Time{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.named[name]; old != nil && !old.over() {
		return time.Time{}, fmt.Errorf("%s is running", name)
	}
	g := &program{cmd: cmd, output: &tail{max: maxOutput}, done: make(chan struct{})}
	out := io.MultiWriter(g.output, &prefixed{to: p.console, prefix: name + ": "})
	cmd.Stdout, cmd.Stderr = out, out
	at := time.Now()
	if err := cmd.Start(); err != nil {
		return at, fmt.Errorf("start %s: %w", name, err)
	}
	p.named[name] = g
	go func() {
		cmd.Wait()
		close(g.done)
	}()
	return at, nil
}

func (g *program) over() bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}

func (p *programs) find(name string) (*program, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g := p.named[name]; g != nil {
		return g, nil
	}
	return nil, fmt.Errorf("no program %q was started", name)
}

// wait gives a program's exit code and output when it has ended; when ctx
// ends first, its output so far with the error.
func (p *programs) wait(ctx context.Context, name string, r *reply) error {
	g, err := p.find(name)
	if err != nil {
		return err
	}
	select {
	case <-g.done:
		r.Stdout = g.output.bytes()
		r.Exit = g.cmd.ProcessState.ExitCode()
		return nil
	case <-ctx.Done():
		r.Stdout = g.output.bytes()
		return ctx.Err()
	}
}

func (p *programs) signal(name string, s unix.Signal) error {
	g, err := p.find(name)
	if err != nil {
		return err
	}
	if g.over() {
		return fmt.Errorf("%s has ended", name)
	}
	return g.cmd.Process.Signal(s)
}

// exit puts the exit code into r; other errors are errors.
func exit(cmd *exec.Cmd, err error, r *reply) error {
	var e *exec.ExitError
	if err != nil && !errors.As(err, &e) && !errors.Is(err, exec.ErrWaitDelay) {
		return err
	}
	r.Exit = cmd.ProcessState.ExitCode()
	return nil
}

// tail keeps the last max octets that were written.
type tail struct {
	mu  sync.Mutex
	max int
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - t.max; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(b), nil
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.buf)
}

// prefixed writes whole lines, each behind a prefix.
type prefixed struct {
	to      io.Writer
	prefix  string
	pending []byte
}

// maxPending is where an endless line is cut.
const maxPending = 4096

func (p *prefixed) Write(b []byte) (int, error) {
	p.pending = append(p.pending, b...)
	for {
		i := bytes.IndexByte(p.pending, '\n')
		if i < 0 && len(p.pending) < maxPending {
			return len(b), nil
		}
		if i < 0 {
			i = len(p.pending) - 1
		}
		line := append([]byte(p.prefix), p.pending[:i+1]...)
		p.pending = append(p.pending[:0], p.pending[i+1:]...)
		if _, err := p.to.Write(line); err != nil {
			return 0, err
		}
	}
}
