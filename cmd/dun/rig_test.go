package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agent"
	"dun/cmd/internal/agenttest"
)

// In a child of the test these say what it is: dun itself, or one that gives
// up all rights but two and becomes dun.
const (
	dunEnv  = "DUN_TEST_IS_DUN"
	capsEnv = "DUN_TEST_TWO_CAPABILITIES"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(capsEnv) != "":
		becomeWithTwoCapabilities()
	case os.Getenv(dunEnv) != "":
		main()
		os.Exit(0)
	}
	// What nohup, or a shell's background, has us ignore our children would
	// ignore too. What is caught is not passed on.
	for _, s := range []os.Signal{unix.SIGINT, unix.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	os.Exit(m.Run())
}

// program is a dun that runs, with what it has printed.
type program struct {
	t    *testing.T
	args []string
	cmd  *exec.Cmd
	done chan struct{}

	mu       sync.Mutex
	out, err bytes.Buffer
}

// half is one of a program's outputs.
type half struct {
	p *program
	b *bytes.Buffer
}

func (h half) Write(b []byte) (int, error) {
	h.p.mu.Lock()
	defer h.p.mu.Unlock()
	return h.b.Write(b)
}

// machine is where duns run: a namespace and a configuration.
type machine struct {
	t   *testing.T
	ns  *netnstest.NS
	dir string
	env []string
}

// newMachine writes the configuration files given.
func newMachine(t *testing.T, ns *netnstest.NS, files map[string]string) *machine {
	t.Helper()
	m := &machine{t: t, ns: ns, dir: t.TempDir()}
	for name, text := range files {
		m.write(name, text)
	}
	return m
}

func (m *machine) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// start starts dun on the machine.
func (m *machine) start(args ...string) *program {
	m.t.Helper()
	return m.startWith(nil, args...)
}

// startWith is start with changes to the command.
func (m *machine) startWith(edit func(*exec.Cmd), args ...string) *program {
	m.t.Helper()
	p := &program{t: m.t, args: args, done: make(chan struct{})}
	p.cmd = exec.Command("/proc/self/exe", args...)
	p.cmd.Env = append(os.Environ(), dunEnv+"=1", "DUN_CONFIG="+m.dir, "DUN_RUNTIME_DIR="+filepath.Join(m.dir, "run"))
	p.cmd.Env = append(p.cmd.Env, m.env...)
	p.cmd.Stdout, p.cmd.Stderr = half{p, &p.out}, half{p, &p.err}
	if edit != nil {
		edit(p.cmd)
	}
	var err error
	m.ns.Do(m.t, func() { err = p.cmd.Start() })
	if err != nil {
		m.t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	m.t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
		if m.t.Failed() {
			m.t.Logf("dun %v, exit code %d:\n%s%s", args, p.cmd.ProcessState.ExitCode(), p.stdout(), p.stderr())
		}
	})
	return p
}

// run runs dun to its end.
func (m *machine) run(args ...string) *program {
	m.t.Helper()
	p := m.start(args...)
	p.wait()
	return p
}

func (p *program) stdout() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *program) stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err.String()
}

// wait waits for the end and gives the exit code.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(agenttest.Patience):
		p.t.Fatalf("dun %v does not end; it printed:\n%s%s", p.args, p.stdout(), p.stderr())
	}
	return p.cmd.ProcessState.ExitCode()
}

// exits wants an exit code.
func (p *program) exits(code int) *program {
	p.t.Helper()
	if got := p.wait(); got != code {
		p.t.Errorf("dun %v ended with exit code %d, want %d:\n%s%s", p.args, got, code, p.stdout(), p.stderr())
	}
	return p
}

// says waits until the program has printed text.
func (p *program) says(text string) {
	p.t.Helper()
	agenttest.Eventually(p.t, func() error {
		if strings.Contains(p.stdout()+p.stderr(), text) {
			return nil
		}
		select {
		case <-p.done:
			if !strings.Contains(p.stdout()+p.stderr(), text) {
				p.t.Fatalf("dun %v ended and never said %q:\n%s%s", p.args, text, p.stdout(), p.stderr())
			}
		default:
		}
		return fmt.Errorf("dun %v does not say %q:\n%s%s", p.args, text, p.stdout(), p.stderr())
	})
}

func (p *program) signal(s unix.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// status asks a running dun.
func (m *machine) status() (s agent.Status) {
	m.t.Helper()
	p := m.run("--json", "status").exits(0)
	if err := json.Unmarshal([]byte(p.stdout()), &s); err != nil {
		m.t.Fatalf("%v: %s", err, p.stdout())
	}
	return s
}

// mustContain and mustNotContain look at a text.
func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

func mustNotContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q in:\n%s", part, text)
		}
	}
}

func errText(format string, args ...any) error { return fmt.Errorf(format, args...) }

// squeezed is text with one blank where there are several: the width of a
// column depends on what is in it.
func squeezed(text string) string { return regexp.MustCompile(` +`).ReplaceAllString(text, " ") }
