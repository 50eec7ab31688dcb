package netns

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ErrClosed is what a Host says after Close.
var ErrClosed = errors.New("netns: host is closed")

// Host is one machine of a network.
type Host struct {
	*Net
	work chan func()
	stop chan struct{} // closed to end the thread
	gone chan struct{} // the thread has ended
	ns   *os.File      // the network namespace

	mu        sync.Mutex
	closed    bool
	processes map[*Process]struct{}
}

// Options of a Host.
type Options struct {
	// Private gives the host an /etc, /run and /var/lock of its own, as dun
	// writes there. Files are what its /etc holds beside the machine's
	// user names and protocols; names have no "/etc/".
	Private bool
	Files   map[string]string
}

// New makes a host that is connected to nothing. It needs an inside process
// (see Enter).
func New(name string, o Options) (*Host, error) {
	h := &Host{Net: &Net{name: name}, work: make(chan func()), stop: make(chan struct{}), gone: make(chan struct{}), processes: map[*Process]struct{}{}}
	ready := make(chan error)
	go h.thread(o, ready)
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("host %s: %w", name, Explain(err))
	}
	if err := h.Up("lo"); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// thread lives in the host's namespaces. It never unlocks, so it ends with
// its goroutine, and no other goroutine ever runs in these namespaces.
func (h *Host) thread(o Options, ready chan<- error) {
	defer close(h.gone)
	runtime.LockOSThread()
	if err := h.unshare(o); err != nil {
		ready <- err
		return
	}
	ready <- nil
	for {
		select {
		case f := <-h.work:
			f()
		case <-h.stop:
			return
		}
	}
}

func (h *Host) unshare(o Options) error {
	// A thread shares its working directory with the others until told
	// not to; without that it may have no mounts of its own.
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Sethostname([]byte(h.name)); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if o.Private {
		if err := MountPrivate(o.Files); err != nil {
			return err
		}
	}
	var err error
	if h.ns, err = os.Open("/proc/thread-self/ns/net"); err != nil {
		return err
	}
	// Sockets belong to the namespace of the thread that opens them.
	h.nl, err = netlink.NewHandle(unix.NETLINK_ROUTE)
	return err
}

// Name is the host's name.
func (h *Host) Name() string { return h.name }

// Do runs f in the host. Sockets that f opens and processes that it starts
// are the host's; f must not wait for another Do.
func (h *Host) Do(f func() error) error {
	done := make(chan error, 1)
	select {
	case h.work <- func() { done <- f() }:
		return <-done
	case <-h.gone:
		return ErrClosed
	}
}

// Close ends the host's processes and takes the host away. Its interfaces go
// with it.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	processes := make([]*Process, 0, len(h.processes))
	for p := range h.processes {
		processes = append(processes, p)
	}
	h.mu.Unlock()
	for _, p := range processes {
		p.Kill()
	}
	for _, p := range processes {
		<-p.Done()
	}
	close(h.stop)
	<-h.gone
	h.nl.Close()
	return h.ns.Close()
}
