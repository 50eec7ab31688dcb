package dialup

import (
	"time"

	"dun/dialup/path"
	"dun/dialup/ppp"
)

// Phase is where a connection is.
type Phase uint8

const (
	PhaseNone Phase = iota
	PhaseDial
	PhaseLink
	PhaseAuthenticate
	PhaseNetwork
	PhaseUp
	PhaseHangUp
	PhaseDown
)

var phaseNames = [...]string{"", "dial", "link", "authenticate", "network", "up", "hang-up", "down"}

func (p Phase) String() string { return phaseNames[p] }

// MarshalText writes the phase's name.
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Report is one thing that a connection tells of itself. A field that is zero
// says nothing.
type Report struct {
	Phase   Phase
	Step    Step
	Event   ppp.Event
	Network *Network // with PhaseUp
	Err     error
}

// Status is a snapshot of a running connection.
type Status struct {
	PPP      ppp.Status
	Counters path.Counters
	Wire     map[string]uint64 // counters of the wire and of its encryption
	LinkRTT  time.Duration     // of the link itself (Measurer), 0 = unknown
	Offload  []string          // see path.Link; nil without an interface
}

// Status takes the snapshot; ok is false once the connection is gone, and the
// snapshot then the last that there was.
func (c *Connection) Status() (s Status, ok bool) {
	if c.gone.Load() {
		return c.final, false
	}
	ok = c.cfg.Loop.Do(func(time.Time) { s = c.snapshot() })
	if m, measures := c.link.(Measurer); measures {
		s.LinkRTT = m.RTT()
	}
	return s, ok
}

// snapshot belongs to the loop's goroutine.
func (c *Connection) snapshot() Status {
	s := Status{
		PPP: c.path.Session().Status(), Counters: c.path.Counters,
		Wire: make(map[string]uint64), Offload: c.path.Offload(),
	}
	add := func(name string, n uint64) { s.Wire[name] = n }
	c.path.Wire().Counters(add)
	c.path.Encryption(add)
	return s
}

// SetTap sets who sees what passes the link, nil for nobody.
func (c *Connection) SetTap(t path.Tap) {
	c.cfg.Loop.Do(func(time.Time) { c.path.SetTap(t) })
}

// report tells r. A phase that lasts is not told again, unless the network is
// another one.
func (c *Connection) report(r Report) {
	if r.Phase == c.phase && r.Network == nil {
		r.Phase = PhaseNone
	}
	if r.Phase != PhaseNone {
		c.phase = r.Phase
	}
	if c.cfg.Report != nil && r != (Report{}) {
		c.cfg.Report(r)
	}
}
