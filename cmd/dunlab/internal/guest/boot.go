package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"dun/cmd/dunlab/internal/netns"
)

// controlBridge is the bridge of the control network in the hub, and
// controlBase its network.
const controlBridge = "control"

var controlBase = netip.MustParsePrefix("10.255.255.0/24")

// controlPort is where agents listen.
const controlPort = 17

// Rack is where guests run: a hub with bridges, and a folder for logs.
type Rack struct {
	hub     *netns.Host
	dir     string
	preload string // see compilePreload

	mu    sync.Mutex
	count int
}

// NewRack prepares a hub for guests. dir takes their logs.
func NewRack(hub *netns.Host, dir string) (*Rack, error) {
	err := errors.Join(hub.Bridge(controlBridge),
		hub.Address(controlBridge, netip.PrefixFrom(controlBase.Addr().Next(), controlBase.Bits())))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	preload, err := compilePreload(dir)
	if err != nil {
		return nil, err
	}
	return &Rack{hub: hub, dir: dir, preload: preload}, nil
}

// Guest is a running guest.
type Guest struct {
	name    string
	hub     *netns.Host
	control netip.AddrPort
	kernel  *netns.Process
	taps    []string
	console *console
	log     *os.File
}

// Boot starts a guest and waits until its services run, at the latest until
// ctx ends.
func (r *Rack) Boot(ctx context.Context, s Spec) (*Guest, error) {
	r.mu.Lock()
	r.count++
	number := r.count
	r.mu.Unlock()
	if number > 200 {
		return nil, errors.New("guest: too many guests on one rack")
	}
	base := controlBase.Addr().As4()
	base[3] = byte(number + 9)
	s.Control = netip.AddrPortFrom(netip.AddrFrom4(base), controlPort)

	g := &Guest{name: s.Name, hub: r.hub, control: s.Control}
	err := g.start(s, r, number)
	if err == nil {
		err = g.awaitReady(ctx)
	}
	if err != nil {
		g.Close()
		return nil, fmt.Errorf("guest %s: %w", s.Name, err)
	}
	return g, nil
}

func (g *Guest) start(s Spec, r *Rack, number int) (err error) {
	specFile := filepath.Join(r.dir, s.Name+".json")
	if specFile, err = filepath.Abs(specFile); err != nil {
		return err
	}
	if err := s.save(specFile); err != nil {
		return err
	}
	if g.log, err = os.Create(filepath.Join(r.dir, s.Name+".log")); err != nil {
		return err
	}
	kernel, err := exec.LookPath(kernelProgram)
	if err != nil {
		return fmt.Errorf("%w (Debian package user-mode-linux)", err)
	}
	argv := []string{kernel, "rootfstype=hostfs", "rootflags=/", "ro", "quiet", "loglevel=4",
		fmt.Sprintf("mem=%dM", s.memory()), "con=null", "con0=null,fd:1", "ssl=null",
		"umid=" + s.Name, "uml_dir=" + filepath.Dir(specFile) + "/uml/", "panic=1"}
	for i, nic := range append([]NIC{{Bridge: controlBridge}}, s.NICs...) {
		tap := fmt.Sprintf("tap%d-%d", number, i)
		if err := g.hub.Tap(tap, nic.Bridge); err != nil {
			return err
		}
		g.taps = append(g.taps, tap)
		argv = append(argv, "eth"+strconv.Itoa(i)+"=tuntap,"+tap)
	}
	// Words of the form KEY=value become the first process's environment.
	argv = append(argv, "init="+g.hub.Self(), specEnv+"="+specFile)
	argv = append(argv, guestEnv...)
	g.console = newConsole(g.log)
	// The kernel's memory is a file in TMPDIR.
	env := []string{"TMPDIR=" + memoryDir(), "HOME=" + filepath.Dir(specFile), "LD_PRELOAD=" + r.preload}
	g.kernel, err = g.hub.Start(argv, env, g.console, g.console)
	return err
}

// memoryDir is a folder in memory where the system has one.
func memoryDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

func (g *Guest) awaitReady(ctx context.Context) error {
	select {
	case <-g.console.ready:
		return nil
	case <-g.console.failed:
		return errors.New(g.console.reason)
	case <-g.kernel.Done():
		return fmt.Errorf("the kernel ended while booting: %v; its last words: %s", g.kernel.Err(), g.console.last())
	case <-ctx.Done():
		return fmt.Errorf("not ready in time: %w; its last words: %s", ctx.Err(), g.console.last())
	}
}

// Close ends the guest at once and takes its taps away.
func (g *Guest) Close() error {
	if g.kernel != nil {
		g.kernel.Kill()
		<-g.kernel.Done()
	}
	var errs []error
	for _, tap := range g.taps {
		errs = append(errs, g.hub.Remove(tap))
	}
	g.taps = nil
	if g.log != nil {
		g.log.Close()
		g.log = nil
	}
	return errors.Join(errs...)
}

// console looks through what a guest prints and keeps it in a log.
type console struct {
	io.Writer
	ready, failed chan struct{}

	mu     sync.Mutex
	lines  []string // the last ones
	reason string   // before failed is closed
}

func newConsole(log io.Writer) *console {
	c := &console{ready: make(chan struct{}), failed: make(chan struct{})}
	c.Writer = io.MultiWriter(log, &prefixed{to: lineFunc(c.line)})
	return c
}

type lineFunc func(string)

func (f lineFunc) Write(b []byte) (int, error) {
	f(strings.TrimRight(string(b), "\r\n"))
	return len(b), nil
}

func (c *console) line(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lines = append(c.lines, s); len(c.lines) > 5 {
		c.lines = c.lines[1:]
	}
	if s == readyWord {
		closeOnce(c.ready)
	}
	if reason, ok := strings.CutPrefix(s, failedWord); ok && c.reason == "" {
		c.reason = reason
		closeOnce(c.failed)
	}
}

func (c *console) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.lines, " | ")
}

func closeOnce(ch chan struct{}) {
	select {
	case <-ch:
	default:
		close(ch)
	}
}
