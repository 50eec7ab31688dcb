package agent

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/ppp"
)

// answered is one call that we took.
type answered struct {
	id      int
	server  *server
	remote  string
	started time.Time
	cancel  context.CancelCauseFunc
	leave   func() // its place among those that have not logged in
	host    *callerHost
	herald  *herald

	// Under the server's mu.
	leased   netip.Addr // its address out of the pool
	leasedTo string     // the user
	replaces []*answered

	mu      sync.Mutex
	user    string
	conn    *dialup.Connection
	network *dialup.Network
	phase   dialup.Phase
}

func newAnswered(s *server, id int, remote string, cancel context.CancelCauseFunc) *answered {
	c := &answered{id: id, server: s, remote: remote, started: time.Now(), cancel: cancel}
	var caller string
	if addr, err := netip.ParseAddrPort(remote); err == nil {
		caller = addr.Addr().String()
	}
	c.herald = &herald{runner: s.agent.hooks, entry: c.label(), link: serverEntry, tty: "pptp", param: caller}
	ifname := s.cfg.Interface
	if ifname == "" {
		ifname = "dun%d"
	}
	c.host = &callerHost{agent: s.agent, name: serverEntry + "/" + c.label(), ifname: ifname, forward: s.cfg.Forward, lan: s.cfg.LAN, first: c.takeOver}
	return c
}

// run takes the call through its phases.
func (c *answered) run(ctx context.Context, link dialup.Link) {
	defer c.cancel(nil)
	c.server.agent.emitText(c.label(), "from %s", c.remote)
	err := endError(ctx, c.connect(ctx, link))
	c.server.forget(c)
	c.server.agent.tallies.ended("", err)
	c.server.agent.events.send(endOf(c.label(), err))
	c.server.agent.captures.over(c.label())
}

func (c *answered) connect(ctx context.Context, link dialup.Link) error {
	s := c.server
	conn, err := dialup.NewConnection(dialup.ConnectionConfig{
		Loop:   s.agent.loop(), // where the link has none
		PPP:    c.answererPPP(),
		MTU:    s.cfg.MTU,
		Host:   c.host,
		Report: c.report,
		Trace:  s.agent.tracePPP(c.label()),
	}, link)
	if err != nil {
		closeLink(link, cause.Of(err))
		return err
	}
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
	defer s.agent.tallies.follow("", conn)()
	s.agent.captures.begins(conn, c.label())
	defer s.agent.captures.ends(conn)
	return conn.Run(ctx)
}

// answererPPP is what the server's configuration means for PPP.
func (c *answered) answererPPP() ppp.Config {
	s := c.server
	return ppp.Config{
		Answer:     true,
		Random:     random,
		MRU:        s.cfg.MRU,
		Require:    s.cfg.Auth,
		Name:       s.cfg.Name,
		Users:      s.users,
		HashDomain: s.cfg.HashDomain,
		Timers:     ppp.Timers{Echo: s.cfg.Keepalive.Interval, EchoFailures: s.cfg.Keepalive.Failures},
		Encryption: s.cfg.Encryption,
		MPPE:       s.cfg.MPPE,
		IPv4: ppp.IPv4Config{
			Local: s.cfg.Local, DNS: s.cfg.DNS, NBNS: s.cfg.NBNS,
			Lease: func(user string) (netip.Addr, bool) { return s.lease(c, user) },
		},
	}
}

// takeOver makes older calls of the same address give up their place in the
// system, before this one gets it; they end on their own.
func (c *answered) takeOver() {
	c.server.mu.Lock()
	older := c.replaces
	c.replaces = nil
	c.server.mu.Unlock()
	for _, o := range older {
		o.mu.Lock()
		conn := o.conn
		o.mu.Unlock()
		o.herald.networkGone(conn) // before they are told of this one
		o.host.yield()
	}
}

func (c *answered) report(r dialup.Report) {
	c.mu.Lock()
	conn, told, was := c.conn, r, c.phase
	loggedIn := r.Phase == dialup.PhaseNetwork // or nothing was asked for
	c.phase = enter(&r, c.phase)
	if r.Network != nil {
		n := *r.Network
		c.network = &n
	}
	if ev, is := r.Event.(ppp.Authenticated); is && ev.Peer {
		c.user, loggedIn = ev.Name, true
	}
	c.mu.Unlock()
	if loggedIn {
		c.leave()
	}
	if r.Phase == dialup.PhaseUp && was != dialup.PhaseUp {
		c.server.agent.tallies.up("")
	}
	if r.Phase == dialup.PhaseDown {
		return // the call's end says it
	}
	c.server.agent.emit(c.label(), r)
	c.herald.follow(told, conn)
}
