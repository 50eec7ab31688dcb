package agent

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"dun/board/netcfg"
	"dun/board/tun"
	"dun/dialup"
	"dun/dialup/path"
	"dun/dialup/phonebook"
)

// callHost gives an entry's connections their interface, addresses, routes
// and name servers, one connection after another.
type callHost struct {
	agent *Agent
	stays func() bool // the interface outlives a connection; nil: never

	mu    sync.Mutex
	entry phonebook.Entry
	busy  bool // a connection is there, or about to be
	tun   *tun.Device
	last  dialup.Network // as it was applied last, valid with tun
	shown atomic.Pointer[hostStatus]
	stale uint64 // packets thrown away since their address had become another
}

// begin tells of the next connection, and the entry as it is now.
func (h *callHost) begin(e phonebook.Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = true
	if e.Interface != h.entry.Interface && h.tun != nil {
		h.clear()
	}
	h.entry = e
}

// NetworkUp applies the entry's policy to what was negotiated (dialup.Host).
func (h *callHost) NetworkUp(_ context.Context, n dialup.Network) (path.TUN, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.apply(n, stateOf(h.entry, "", n)); err != nil {
		return nil, err
	}
	return h.tun, nil
}

// apply makes the interface, where there is none yet, be as s says.
func (h *callHost) apply(n dialup.Network, s netcfg.State) error {
	if h.tun == nil {
		t, err := tun.Open(h.entry.Interface, h.agent.tunOptions())
		if err != nil {
			return err
		}
		h.tun = t
	} else if h.last.Local != n.Local {
		h.stale += h.discard()
	}
	s.Interface = h.tun.Name()
	if err := h.agent.cfg.Net.Set(h.entry.Name, s); err != nil {
		return err
	}
	h.last = n
	h.show()
	return nil
}

// NetworkDown takes interface, routes and name servers back, or the name
// servers alone where the entry is dialed again: nobody can ask them now.
func (h *callHost) NetworkDown() {
	stays := h.stays != nil && h.stays()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = false
	if h.tun == nil {
		return
	}
	if stays {
		s := stateOf(h.entry, h.tun.Name(), h.last)
		s.DNS = nil
		if h.agent.cfg.Net.Set(h.entry.Name, s) == nil {
			return
		}
	}
	h.clear()
}

// takeDown takes back what a connection left, unless there is one again.
func (h *callHost) takeDown() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.busy && h.tun != nil {
		h.clear()
	}
}

func (h *callHost) clear() {
	if err := h.agent.cfg.Net.Clear(h.entry.Name); err != nil {
		h.agent.emitText(h.entry.Name, "not all was taken back: %v", err)
	}
	h.tun.Close()
	h.tun, h.last = nil, dialup.Network{}
	h.show()
}

// discard empties the interface's queue: what waits there has an address that
// is not ours any more.
func (h *callHost) discard() (packets uint64) {
	var b [64]byte // the rest of each packet goes as well
	for {
		switch _, err := unix.Read(h.tun.FD(), b[:]); err {
		case nil:
			packets++
		case unix.EINTR:
		default:
			return packets
		}
	}
}

// hostStatus is what a callHost shows without making anyone wait.
type hostStatus struct {
	ifname, local string // "" without an interface
	stale         uint64
}

func (h *callHost) show() {
	s := &hostStatus{stale: h.stale}
	if h.tun != nil {
		s.ifname, s.local = h.tun.Name(), text(h.last.Local)
	}
	h.shown.Store(s)
}

func (h *callHost) status() hostStatus {
	if s := h.shown.Load(); s != nil {
		return *s
	}
	return hostStatus{}
}
