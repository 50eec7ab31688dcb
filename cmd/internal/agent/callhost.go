package agent

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"dun/board/netcfg"
	"dun/board/tun"
	"dun/dialup"
	"dun/dialup/path"
	"dun/dialup/phonebook"
)

// callHost gives an entry's connections their interface, addresses, routes
// and name servers, one connection after another. Between two of them, and
// before the first where packets dial, what is sent there waits (path.Backlog).
type callHost struct {
	agent *Agent
	stays func() bool // the interface outlives a connection; nil: never
	wake  func()      // told by the packet loop that a packet waits; nil with stays

	mu    sync.Mutex
	entry phonebook.Entry
	busy  bool // a connection is there, or about to be
	tun   *tun.Device
	last  dialup.Network // as it was applied last, valid with tun
	queue *path.Backlog  // of tun, for the time without a connection; nil with stays
	shown atomic.Pointer[hostStatus]
	// Packets thrown away: since their address had become another, since
	// the call that they asked for failed or too many waited, and those that
	// ask for no call.
	stale, dropped, ignored uint64
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
		if h.stays != nil {
			h.queue = path.NewBacklog(t, h.wake)
		}
	} else if h.last.Local != n.Local {
		h.stale += h.forget()
	}
	s.Rebind = h.stays != nil
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
		s.DNS, s.Rebind = nil, true
		if h.agent.cfg.Net.Set(h.entry.Name, s) == nil && h.keep() == nil {
			return
		}
	}
	h.clear()
}

// dummy is the address of a machine that has none (RFC 7600 section 4.8): what
// an interface has before its first connection.
var dummy = netip.AddrFrom4([4]byte{192, 0, 0, 8})

// await makes, for packets that dial, an interface as e wants it, with the
// address and the name servers of the last connection if there was one.
func (h *callHost) await(e phonebook.Entry) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy {
		return nil // it is being dialed
	}
	if e.Interface != h.entry.Interface && h.tun != nil {
		h.clear()
	}
	h.entry = e
	n := h.last
	if h.tun == nil {
		n = dialup.Network{Local: e.Address, Remote: e.Remote, MTU: e.MTU}
		if !n.Local.IsValid() {
			n.Local = dummy
		}
		if n.MTU == 0 && e.Device == phonebook.DeviceVPN {
			n.MTU = 1400 // fits through most tunnels
		}
	}
	if err := h.apply(n, stateOf(e, "", n)); err != nil {
		if h.tun != nil {
			h.clear()
		}
		return err
	}
	if err := h.keep(); err != nil {
		h.clear()
		return err
	}
	return nil
}

// keep has packets wait from now on.
func (h *callHost) keep() (err error) {
	if !h.agent.loop().Do(func(time.Time) { err = h.agent.loop().Keep(h.queue) }) {
		return errClosed
	}
	return err
}

// asked reports whether somebody waits for a connection.
func (h *callHost) asked() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.queue != nil && h.queue.Waiting() > 0
}

// giveUp throws away what waits: its senders are to ask again.
func (h *callHost) giveUp() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.busy && h.queue != nil {
		h.forget()
	}
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
	if queue := h.queue; queue != nil {
		h.agent.loop().Do(func(time.Time) { h.agent.loop().Drop(queue) })
		h.dropped, h.ignored = h.dropped+queue.Dropped(), h.ignored+queue.Ignored()
		h.queue = nil
	}
	h.tun.Close()
	h.tun, h.last = nil, dialup.Network{}
	h.show()
}

// forget throws away what waits for the interface.
func (h *callHost) forget() (packets uint64) {
	if queue := h.queue; queue != nil {
		h.agent.loop().Do(func(time.Time) { packets = queue.Forget() })
	}
	return packets
}

// hostStatus is what a callHost shows without making anyone wait.
type hostStatus struct {
	ifname, local           string // "" without an interface
	queue                   *path.Backlog
	stale, dropped, ignored uint64
}

func (h *callHost) show() {
	s := &hostStatus{queue: h.queue, stale: h.stale, dropped: h.dropped, ignored: h.ignored}
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
