package agent

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"dun/board/tun"
	"dun/dialup"
	"dun/dialup/path"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

// Status is the whole agent at one moment, as 'dun status --json' prints it.
type Status struct {
	Version     string             `json:"version"`
	Connections []ConnectionStatus `json:"connections"`
	Server      *ServerStatus      `json:"server,omitempty"`
	Loops       []LoopStatus       `json:"loops"`
	Blocked     []string           `json:"blocked,omitempty"` // entries whose networks are blocked while they are down
}

// ConnectionStatus is one connection, dialed or answered.
type ConnectionStatus struct {
	Entry      string            `json:"entry"`
	Phase      string            `json:"phase"`
	Since      *time.Time        `json:"since,omitempty"` // of the network being up
	Target     string            `json:"target,omitempty"`
	Via        string            `json:"via,omitempty"`
	User       string            `json:"user,omitempty"`
	Interface  string            `json:"interface,omitempty"`
	Local      string            `json:"local,omitempty"`
	Remote     string            `json:"remote,omitempty"`
	IPv6       string            `json:"ipv6,omitempty"`
	DNS        []string          `json:"dns,omitempty"`
	MTU        int               `json:"mtu,omitempty"`
	Offload    []string          `json:"offload,omitzero"` // of the interface; [] = none, absent = no interface
	Auth       string            `json:"auth,omitempty"`
	Encryption string            `json:"encryption"`            // "none" or such as "mppe-128-stateless"
	EchoRTT    float64           `json:"echo-rtt-ms,omitempty"` // of the latest LCP echo
	Echoes     *EchoCount        `json:"echoes,omitempty"`
	LinkRTT    float64           `json:"link-rtt-ms,omitempty"` // of the latest echo below PPP: PPTP's
	Counters   *Counters         `json:"counters,omitempty"`
	Wire       map[string]uint64 `json:"wire,omitempty"`
	Kept       *KeptStatus       `json:"kept,omitempty"` // by the agent
}

// EchoCount counts our LCP Echo-Requests, and those that had no answer.
type EchoCount struct {
	Sent uint64 `json:"sent"`
	Lost uint64 `json:"lost"`
}

// KeptStatus is what the agent does about an entry that it dials by itself.
type KeptStatus struct {
	Tries int        `json:"tries"`              // since it was last up
	Next  *time.Time `json:"next-try,omitempty"` // in a pause
	Last  *Failure   `json:"last-end,omitempty"` // why it fell, or did not come up
	// Packets that wait for a connection, and those that were lost: because a
	// redial brought another address; because their call failed, or newer ones
	// came. Ignored ones ask for no call: broadcasts and the like.
	Waiting uint64 `json:"waiting-packets"`
	Stale   uint64 `json:"stale-packets"`
	Dropped uint64 `json:"dropped-packets"`
	Ignored uint64 `json:"ignored-packets"`
}

// Counters are a connection's packets, octets and drops by reason.
type Counters struct {
	PacketsIn  uint64            `json:"packets-in"`
	PacketsOut uint64            `json:"packets-out"`
	BytesIn    uint64            `json:"bytes-in"`
	BytesOut   uint64            `json:"bytes-out"`
	Dropped    map[string]uint64 `json:"dropped"` // those that are not 0
}

// ServerStatus is the answering side.
type ServerStatus struct {
	Listen   []string           `json:"listen"`
	Since    time.Time          `json:"since"`
	MaxCalls int                `json:"max-calls"`
	Calls    []ConnectionStatus `json:"calls"`
}

// Status takes the snapshot.
func (a *Agent) Status() Status {
	a.mu.Lock()
	calls := inOrder(a.calls)
	server := a.server
	a.mu.Unlock()
	s := Status{Version: a.cfg.Version, Connections: []ConnectionStatus{}, Loops: a.loopStatus(), Blocked: a.blocked()}
	for _, c := range calls {
		s.Connections = append(s.Connections, c.status())
	}
	s.Connections = a.keptStatus(s.Connections)
	if server != nil {
		s.Server = server.status()
	}
	return s
}

// inOrder gives the values of m by their keys.
func inOrder[K cmp.Ordered, V any](m map[K]V) []V {
	values := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[k])
	}
	return values
}

func (c *Call) status() ConnectionStatus {
	s := ConnectionStatus{Entry: c.entry.Name, Phase: c.phaseNow().String(), User: c.entry.User}
	c.mu.Lock()
	conn, network, below := c.conn, c.network, c.below
	s.Target = c.target
	if network != nil {
		since := c.since
		s.Since = &since
	}
	c.mu.Unlock()
	if below != nil {
		s.Via = below.entry.Name
	}
	s.fill(conn, network)
	return s
}

func (s *server) status() *ServerStatus {
	s.mu.Lock()
	calls := inOrder(s.calls)
	s.mu.Unlock()
	st := &ServerStatus{Since: s.started, MaxCalls: s.cfg.MaxCalls, Calls: []ConnectionStatus{}}
	for _, addr := range s.cfg.Listen {
		st.Listen = append(st.Listen, addr.String())
	}
	for _, c := range calls {
		c.mu.Lock()
		cs := ConnectionStatus{Entry: c.label(), Phase: c.phase.String(), Target: c.remote, User: c.user}
		since := c.started
		cs.Since = &since
		conn, network := c.conn, c.network
		c.mu.Unlock()
		cs.fill(conn, network)
		st.Calls = append(st.Calls, cs)
	}
	return st
}

// fill adds what the network phase and the packet loop know; both may be nil.
func (s *ConnectionStatus) fill(conn *dialup.Connection, network *dialup.Network) {
	s.Encryption = "none"
	if network != nil {
		s.Interface, s.MTU = network.Interface, network.MTU
		s.Local, s.Remote = text(network.Local), text(network.Remote)
		s.IPv6 = text(network.IPv6Local)
		for _, addr := range network.DNS {
			s.DNS = append(s.DNS, addr.String())
		}
	}
	if conn == nil {
		return
	}
	now, ok := conn.Status()
	if !ok {
		return
	}
	if now.PPP.Auth != ppp.AuthNone {
		s.Auth = phonebook.AuthName(now.PPP.Auth)
	}
	if now.PPP.Encrypted {
		s.Encryption = "mppe-" + now.PPP.Mode.String()
	}
	s.EchoRTT = milliseconds(now.PPP.EchoRTT)
	s.LinkRTT = milliseconds(now.LinkRTT)
	if e := now.PPP.Echoes; e.Sent > 0 {
		s.Echoes = &EchoCount{Sent: e.Sent, Lost: e.Lost}
	}
	s.Counters = countersOf(now.Counters, now.PPP.Dropped)
	if n := tun.Drops(s.Interface); n > 0 {
		s.Counters.Dropped["interface-queue-full"] = n
	}
	s.Wire, s.Offload = now.Wire, now.Offload
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func countersOf(c path.Counters, d ppp.Drops) *Counters {
	out := &Counters{
		PacketsIn: c.PacketsIn, PacketsOut: c.PacketsOut,
		BytesIn: c.BytesIn, BytesOut: c.BytesOut, Dropped: make(map[string]uint64),
	}
	eachDrop(c, d, func(name string, n uint64) {
		if n != 0 {
			out.Dropped[name] = n
		}
	})
	return out
}

// eachDrop calls add for every reason for which a connection drops anything.
func eachDrop(c path.Counters, d ppp.Drops, add func(reason string, n uint64)) {
	c.Dropped.Each(add)
	d.Each(add)
}

// text is empty for an address that is not there.
func text(addr interface {
	IsValid() bool
	String() string
}) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// keptStatus adds to connections, which are in order, what the keepers know,
// and the entries that rest.
func (a *Agent) keptStatus(connections []ConnectionStatus) []ConnectionStatus {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range inOrder(a.keepers) {
		i := slices.IndexFunc(connections, func(c ConnectionStatus) bool { return c.Entry >= k.name })
		if i < 0 {
			i = len(connections)
		}
		if i == len(connections) || connections[i].Entry != k.name {
			if k.rest == restNone {
				continue // it is being dialed this moment
			}
			connections = slices.Insert(connections, i, k.resting())
		}
		kept := k.host.status().kept()
		kept.Tries = k.tries
		if k.last != nil {
			kept.Last = FailureOf(k.last)
		}
		if k.rest == restPause {
			next := k.until
			kept.Next = &next
		}
		connections[i].Kept = kept
	}
	return connections
}

// kept is what a callHost has made of packets.
func (h hostStatus) kept() *KeptStatus {
	s := &KeptStatus{Stale: h.stale, Dropped: h.dropped, Ignored: h.ignored}
	if h.queue != nil {
		s.Waiting = h.queue.Waiting()
		s.Dropped += h.queue.Dropped()
		s.Ignored += h.queue.Ignored()
	}
	s.Dropped -= s.Stale // which are forgotten as well
	return s
}

// resting is the status of an entry without a call.
func (k *keeper) resting() ConnectionStatus {
	s := ConnectionStatus{Entry: k.name, Phase: k.rest.String(), Encryption: "none"}
	at := k.host.status()
	s.Interface, s.Local = at.ifname, at.local
	return s
}
