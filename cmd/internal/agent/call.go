package agent

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// Call is one entry's connection from the first dialing to its end.
type Call struct {
	agent    *Agent
	keeper   *keeper // nil: nobody dials it again
	entry    phonebook.Entry
	herald   *herald
	password string // of someone who dialed, "" = the stored one
	cancel   context.CancelCauseFunc
	up       chan struct{} // closed when the network is up for the first time
	falls    chan struct{} // closed when a network that was up begins to end
	pins     pinning
	done     chan struct{} // closed when all is taken back

	// Under the agent's mu.
	wanted bool // for itself, not only for what runs over it
	users  int  // calls that run over it, or wait for it

	mu      sync.Mutex
	phase   dialup.Phase
	since   time.Time // the network came up, zero: never
	target  string
	below   *Call // what it runs over, nil for the machine's own network
	conn    *dialup.Connection
	network *dialup.Network
	err     error
}

// newCall is called under the agent's mu.
func newCall(a *Agent, e phonebook.Entry, cancel context.CancelCauseFunc) *Call {
	return &Call{
		agent: a, entry: e, herald: newHerald(a, e), cancel: cancel,
		up: make(chan struct{}), falls: make(chan struct{}), done: make(chan struct{}),
	}
}

// Up is closed when the network is up, Done when the call has ended.
func (c *Call) Up() <-chan struct{}   { return c.up }
func (c *Call) Done() <-chan struct{} { return c.done }

// Err is why the call ended; it is never nil after Done.
func (c *Call) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// report keeps the state for Status and tells the subscribers. It is called by
// the call's goroutine and, for steps, by that of a device.
func (c *Call) report(r dialup.Report) {
	if r.Phase == dialup.PhaseDown {
		return // the call goes on with another target, or its end says it
	}
	c.mu.Lock()
	conn, told := c.conn, r
	c.phase = enter(&r, c.phase)
	if r.Network != nil {
		n := *r.Network
		if c.network == nil {
			c.since = time.Now()
		}
		c.network = &n
	}
	c.mu.Unlock()
	c.agent.emit(c.entry.Name, r)
	c.herald.follow(told, conn)
	switch {
	case r.Phase == dialup.PhaseUp && !isClosed(c.up):
		close(c.up)
		c.agent.tallies.up(c.entry.Name)
		c.agent.belowIsUp(c.entry.Name)
		if c.keeper != nil {
			c.keeper.wayIs(c.lowerCall())
		}
	case r.Phase == dialup.PhaseHangUp && isClosed(c.up) && !isClosed(c.falls):
		close(c.falls)
	}
}

// enter gives the phase after a report in phase was, and takes out of the
// report what is no new phase: one that lasts, and one that was on its way when
// the hang-up began.
func enter(r *dialup.Report, was dialup.Phase) dialup.Phase {
	again := r.Phase == was && r.Network == nil
	late := was == dialup.PhaseHangUp && r.Phase != dialup.PhaseDial && r.Phase != dialup.PhaseDown
	if again || late {
		r.Phase = dialup.PhaseNone
	}
	if r.Phase == dialup.PhaseNone {
		return was
	}
	return r.Phase
}

// finish ends the call's story.
func (c *Call) finish(err error) {
	c.mu.Lock()
	c.err, c.phase, c.below = err, dialup.PhaseDown, nil
	c.mu.Unlock()
	c.agent.tallies.ended(c.entry.Name, err)
	c.agent.events.send(endOf(c.entry.Name, err))
	if c.keeper == nil || !c.keeper.goesOn() {
		c.agent.captures.over(c.entry.Name)
	}
	close(c.done)
}

// lasted is how long the network was up, 0 = it never was.
func (c *Call) lasted() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return 0
	}
	return max(time.Since(c.since), 1)
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// phaseNow is the phase; a call that waits for a password is about to dial.
func (c *Call) phaseNow() dialup.Phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.phase, dialup.PhaseDial)
}

func (c *Call) lowerCall() *Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.below
}

// lower is what a tunnel runs over. The zero lower is the machine's own
// network.
type lower struct {
	name, ifname string
	dns          []string // name servers, IP addresses
}

// asLower is c for those who run over it; false when its network is not up, or
// not any more.
func (c *Call) asLower() (lower, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.network == nil || isClosed(c.falls) {
		return lower{}, false
	}
	servers := c.entry.DNSServers
	if len(servers) == 0 {
		servers = c.network.DNS
	}
	l := lower{name: c.entry.Name, ifname: c.network.Interface}
	for _, addr := range servers {
		if addr.IsValid() && !slices.Contains(l.dns, addr.String()) {
			l.dns = append(l.dns, addr.String())
		}
	}
	return l, true
}

// endError is why a call over ctx ended: what ctx was cancelled with, which
// may know more than err, or err.
func endError(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	why := context.Cause(ctx)
	if cause.Of(why) == cause.Internal { // cancelled without a cause
		why = cause.Cancelled
	}
	if err == nil || errors.Is(err, context.Canceled) || cause.Of(err) == cause.Cancelled {
		return why
	}
	if cause.Of(err) == cause.Of(why) && detailOf(err) == "" {
		return why
	}
	return err // something else was faster
}
