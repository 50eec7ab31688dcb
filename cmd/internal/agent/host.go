package agent

import (
	"context"
	"net/netip"
	"sync"

	"dun/board/netcfg"
	"dun/board/tun"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/phonebook"
)

// stateOf is the desired state of the system for an entry that is up.
func stateOf(e phonebook.Entry, ifname string, n dialup.Network) netcfg.State {
	s := netcfg.State{
		Interface:    ifname,
		MTU:          n.MTU,
		Queue:        n.Queue,
		Local:        n.Local,
		Remote:       n.Remote,
		LinkLocal:    n.IPv6Local,
		Rank:         rankOf(e),
		Routes:       e.Routes,
		DefaultRoute: e.DefaultRoute,
		// A tunnel without IPv6 that takes the default route must not let
		// IPv6 go around it.
		BlockIPv6: e.Device == phonebook.DeviceVPN && e.DefaultRoute && e.IPv6 != phonebook.IPv6Leave && !n.IPv6Local.IsValid(),
	}
	switch {
	case len(e.DNSServers) > 0:
		s.DNS = e.DNSServers
	case e.DNSPeer:
		s.DNS = n.DNS
	}
	return s
}

// callerHost gives a caller of ours its interface.
type callerHost struct {
	agent   *Agent
	name    string // of the desired state
	ifname  string // pattern
	forward bool
	lan     []string // that the caller may reach, empty = by its address
	first   func()   // called before the system's state is set
	mu      sync.Mutex
	tun     *tun.Device
	yielded bool // a newer call has taken our address
}

// NetworkUp makes the interface towards the caller (dialup.Host).
func (h *callerHost) NetworkUp(_ context.Context, n dialup.Network) (path.TUN, error) {
	h.first()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.yielded {
		return nil, cause.New(cause.UserRequest, "a newer call has the address")
	}
	if h.tun == nil {
		t, err := tun.Open(h.ifname, h.agent.tunOptions())
		if err != nil {
			return nil, err
		}
		h.tun = t
	}
	s := netcfg.State{
		Interface: h.tun.Name(), MTU: n.MTU, Queue: n.Queue,
		Local: n.Local, Remote: n.Remote, LinkLocal: n.IPv6Local,
		Forward: h.forward, LAN: h.lan,
	}
	if h.forward {
		s.ProxyARP = []netip.Addr{n.Remote}
	}
	if err := h.agent.cfg.Net.Set(h.name, s); err != nil {
		return nil, err
	}
	return h.tun, nil
}

// yield takes addresses and routes back while the connection is still ending.
func (h *callerHost) yield() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.yielded = true
	h.clear()
}

// NetworkDown takes the interface back.
func (h *callerHost) NetworkDown() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.yielded {
		h.clear()
	}
	if h.tun != nil {
		h.tun.Close()
		h.tun = nil
	}
}

func (h *callerHost) clear() {
	if err := h.agent.cfg.Net.Clear(h.name); err != nil {
		h.agent.emitText(serverEntry, "not all was taken back of %s: %v", h.name, err)
	}
}
