package agent

import (
	"encoding/binary"
	"slices"
	"time"

	"dun/board/tun"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/vpn"
)

// FastPath says how packets are moved. The zero value suits one handheld.
type FastPath struct {
	Loop  path.Config // of each packet loop
	Loops int         // 0 = 1
	// NoFilter has each loop see the GRE packets of all, and ignore theirs.
	NoFilter bool
	// PlainTUN opens interfaces without offload.
	PlainTUN bool
}

// openLoops starts the packet loops.
func openLoops(f FastPath) ([]*path.Loop, error) {
	var loops []*path.Loop
	for range max(f.Loops, 1) {
		l, err := path.NewLoop(f.Loop)
		if err != nil {
			for _, open := range loops {
				open.Close()
			}
			return nil, cause.Wrap(cause.Internal, err, "")
		}
		loops = append(loops, l)
	}
	return loops, nil
}

// tunOptions is how interfaces are opened.
func (a *Agent) tunOptions() tun.Options { return tun.Options{Plain: a.cfg.FastPath.PlainTUN} }

// loop is the one for what we dial: one is enough for it.
func (a *Agent) loop() *path.Loop { return a.loops[0] }

// greSocket is that loop's GRE socket.
func (a *Agent) greSocket() (*vpn.Socket, error) {
	sockets, err := a.greSockets()
	if err != nil {
		return nil, err
	}
	return sockets[0], nil
}

// greSockets are the GRE sockets of the loops, opened when one is first needed.
func (a *Agent) greSockets() ([]*vpn.Socket, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gre == nil {
		var seed [2]byte
		random(seed[:])
		sockets, err := vpn.OpenSockets(a.loops, binary.BigEndian.Uint16(seed[:]), !a.cfg.FastPath.NoFilter)
		if err != nil {
			return nil, err
		}
		a.gre = sockets
	}
	return a.gre, nil
}

// closeLoops ends sockets and loops; nothing is on them any more.
func (a *Agent) closeLoops() {
	a.mu.Lock()
	gre := a.gre
	a.gre = nil
	a.mu.Unlock()
	for _, s := range gre {
		s.Close()
	}
	for _, l := range a.loops {
		l.Close()
	}
}

// LoopStatus is what one packet loop has of the fast path, and makes of it.
type LoopStatus struct {
	Waits    string       `json:"waits"`              // see path.Manner
	Policy   string       `json:"policy"`             // scheduling policy of its thread
	Batch    int          `json:"batch"`              // packets that move together, 1 = one at a time
	SendMMsg bool         `json:"sendmmsg,omitempty"` // and to and from the GRE socket with one system call
	Filtered bool         `json:"filtered,omitempty"` // the system keeps packets of other loops away
	Links    int          `json:"links"`
	Turns    uint64       `json:"turns"` // how often it woke up
	Small    path.Buffers `json:"small-buffers"`
	Large    path.Buffers `json:"large-buffers"`
	// GRE counts what came for no call of ours; nil without a socket.
	GRE map[string]uint64 `json:"gre,omitempty"`
}

// loopStatus asks each loop.
func (a *Agent) loopStatus() []LoopStatus {
	a.mu.Lock()
	gre := slices.Clone(a.gre)
	a.mu.Unlock()
	all := []LoopStatus{}
	for i, l := range a.loops {
		var s LoopStatus
		if !l.Do(func(time.Time) {
			m := l.Manner()
			s = LoopStatus{Waits: m.Waits, Policy: m.Policy, Batch: l.Batch(), Links: l.Links(), Turns: l.Turns()}
			s.Small, s.Large = l.Buffers()
			if i < len(gre) {
				s.SendMMsg, s.Filtered = gre[i].Batched(), gre[i].Filtered()
				s.GRE = make(map[string]uint64)
				gre[i].Counters(func(name string, n uint64) { s.GRE[name] = n })
			}
		}) {
			continue
		}
		all = append(all, s)
	}
	return all
}
