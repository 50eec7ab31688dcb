package dialup

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
)

// Connection takes one link through its phases, as caller or as answerer.
// Run does all of it; Status may be called from any goroutine meanwhile.
type Connection struct {
	cfg    ConnectionConfig
	link   Link
	path   *path.Link
	events *eventQueue
	times  times
	gone   atomic.Bool // path is out of the loop for good
	final  Status      // valid when gone

	// Owned by the goroutine in Run.
	phase   Phase       // the last that was reported
	mru     int         // the peer's, as LCP agreed on it
	network Network     // as it is being negotiated
	applied Network     // as the host made it, valid with tun
	tun     path.TUN    // nil until the host has made it
	alone   *time.Timer // runs while IPv6 is up and IPv4 might still come
	ending  *time.Timer // runs from the beginning of the hang-up
	life    lifetime
	closed  ppp.Closed   // with a cause when the session has ended
	failure *cause.Error // why we ended it ourselves, in more words than the session has
}

// times bounds what depends on others.
type times struct {
	terminate time.Duration // until the peer agrees to end PPP
	hangUp    time.Duration // for the device: a modem's guard times and escape take the most of it
	cutOff    time.Duration // the same for a device whose peer cannot be reached any more
	alone     time.Duration // that IPv6 waits for IPv4
}

var defaultTimes = times{terminate: 6 * time.Second, hangUp: 8 * time.Second, cutOff: time.Second / 2, alone: 10 * time.Second}

// ConnectionConfig says how a connection is made.
type ConnectionConfig struct {
	Loop *path.Loop // unless the link has one of its own
	// PPP is completed by what the link says of itself: Async, and MRU and
	// MaxMRU where they are zero.
	PPP ppp.Config
	// MTU is the most that the interface may have; 0 leaves it to the formula.
	MTU  int
	Host Host
	// Idle ends the connection after that long without traffic of the user's
	// (see path.IsTraffic), Limit that long after the network came up; 0 =
	// never. Busy, if set, says that somebody uses it all the same.
	Idle, Limit time.Duration
	Busy        func() bool
	// Report, if set, is told every phase and event, from Run's goroutine.
	Report func(Report)
	// Trace, if set, sees every control frame, in the loop's goroutine.
	Trace func(now time.Time, sent bool, frame []byte)
}

// NewConnection prepares a connection over link. When it fails, link is still
// the caller's to close.
func NewConnection(cfg ConnectionConfig, link Link) (*Connection, error) {
	c := &Connection{cfg: cfg, link: link, events: newEventQueue(), times: defaultTimes, mru: ppp.DefaultFraming.MRU}
	p := cfg.PPP
	info := link.Info()
	if info.Loop != nil {
		c.cfg.Loop = info.Loop
	}
	p.Async = info.Async
	if info.MTU > 0 && (p.MaxMRU == 0 || p.MaxMRU > info.MTU) {
		p.MaxMRU = info.MTU
	}
	if p.MRU == 0 && info.MTU > 0 {
		p.MRU = min(info.MTU, 1500)
	}
	p.NewCompressor = newCompressor
	session, err := ppp.New(p)
	if err != nil {
		return nil, cause.Wrap(cause.BadConfig, err, "")
	}
	c.path = path.NewLink(path.LinkConfig{
		Wire:    link.Wire(),
		Session: session,
		Notify:  c.events.push,
		Trace:   cfg.Trace,
	})
	return c, nil
}

// Run opens PPP, gives the system its interface once the network is up, and
// returns when the connection has ended and all is taken back. Cancelling ctx
// hangs up in order, for the reason in context.Cause where that is a
// cause.Cause. The error is never nil and always has a cause.
func (c *Connection) Run(ctx context.Context) error {
	c.report(Report{Phase: PhaseLink})
	var opened error
	ok := c.cfg.Loop.Do(func(now time.Time) { opened = c.cfg.Loop.Open(now, c.path) })
	switch {
	case !ok:
		c.closed = loopEnded
	case opened != nil:
		c.closed = closedBy(opened, cause.Internal)
	default:
		c.follow(ctx)
	}
	return c.end()
}

var loopEnded = ppp.Closed{Cause: cause.Internal, Detail: "the packet loop has ended"}

// follow acts on events until the session is closed.
func (c *Connection) follow(ctx context.Context) {
	hangUp, carrier := ctx.Done(), c.link.Done()
	defer stop(&c.alone)
	defer stop(&c.ending)
	defer c.life.stop()
	for {
		select {
		case <-c.events.ready:
			for _, ev := range c.events.take() {
				if c.handle(ctx, ev); c.closed.Cause != cause.None {
					return
				}
			}
		case <-hangUp:
			hangUp = nil
			why := hangUpCause(ctx)
			if why == cause.LowerLinkDown { // nobody would answer
				c.report(Report{Phase: PhaseHangUp})
				c.bound()
				c.post(func(now time.Time) { c.path.Down(now, why, "") })
				break
			}
			c.hangUp(why)
		case <-carrier:
			carrier = nil
			closed := closedBy(c.link.Err(), cause.CarrierLost)
			c.bound()
			c.post(func(now time.Time) { c.path.Down(now, closed.Cause, closed.Detail) })
		case <-expired(c.alone):
			stop(&c.alone)
			c.report(c.networkUp(ctx, Report{}))
		case <-expired(c.life.limit):
			stop(&c.life.limit)
			c.hangUp(cause.TimeLimit)
		case <-expired(c.life.idle):
			if c.idled() {
				stop(&c.life.idle)
				c.hangUp(cause.IdleTimeout)
			}
		case <-expired(c.ending):
			// The session closes at once, for the reason that it was ending.
			c.post(func(now time.Time) { c.path.Down(now, cause.PeerHangup, "the end was not confirmed") })
		case <-c.cfg.Loop.Done():
			c.closed = loopEnded
			return
		}
	}
}

// handle acts on one event.
func (c *Connection) handle(ctx context.Context, ev ppp.Event) {
	report := Report{Event: ev}
	switch ev := ev.(type) {
	case ppp.PhaseChanged:
		switch ev.Phase {
		case ppp.PhaseEstablish:
			report.Phase = PhaseLink
		case ppp.PhaseAuthenticate:
			report.Phase = PhaseAuthenticate
		case ppp.PhaseNetwork:
			report.Phase = PhaseNetwork
		case ppp.PhaseTerminate:
			report.Phase = PhaseHangUp
			c.bound()
		}
	case ppp.LinkOpened:
		c.mru = ev.Framing.MRU
	case ppp.EncryptionUp:
		c.network.Encryption, c.network.Encrypted = ev.Mode, true
		if c.tun != nil {
			// Encryption that comes after the network, where the peer asks
			// for it and we just allow it, takes its octets of every packet.
			report = c.networkUp(ctx, report)
		}
	case ppp.EncryptionDown:
		c.network.Encrypted = false
	case ppp.IPv4Up:
		stop(&c.alone)
		c.network.Local, c.network.Remote = ev.Local, ev.Remote
		c.network.DNS, c.network.NBNS = ev.DNS, ev.NBNS
		report = c.networkUp(ctx, report)
	case ppp.IPv6Up:
		c.network.IPv6Local, c.network.IPv6Remote = linkLocal(ev.Local), linkLocal(ev.Remote)
		if c.tun != nil || c.cfg.PPP.IPv4.Disable {
			report = c.networkUp(ctx, report)
		} else if c.alone == nil {
			c.alone = time.NewTimer(c.times.alone)
		}
	case ppp.Closed:
		c.closed = ev
		if c.closed.Cause == cause.None {
			c.closed.Cause = cause.PeerHangup
		}
	}
	c.report(report)
}

// end takes everything back, in the opposite order.
func (c *Connection) end() error {
	c.report(Report{Phase: PhaseHangUp})
	c.cfg.Loop.Do(func(time.Time) {
		c.cfg.Loop.Remove(c.path)
		c.final = c.snapshot()
	})
	c.gone.Store(true)
	c.cfg.Host.NetworkDown()
	if e, knows := c.link.(Explainer); knows {
		if better, detail := e.Explain(c.closed.Cause); better != c.closed.Cause {
			c.closed.Cause, c.closed.Detail = better, detail
		}
	}
	room := c.times.hangUp
	if c.closed.Cause == cause.LowerLinkDown {
		room = c.times.cutOff
	}
	ctx, cancel := context.WithTimeout(context.Background(), room)
	defer cancel()
	closeErr := c.link.Close(ctx, c.closed.Cause)
	err := cause.New(c.closed.Cause, "%s", c.closed.Detail)
	if c.failure != nil && c.failure.Cause == c.closed.Cause {
		err = c.failure
	} else if closeErr != nil && c.closed.Cause != cause.LowerLinkDown {
		err.Err = closeErr
	}
	c.report(Report{Phase: PhaseDown, Err: err})
	return err
}

// bound limits the time for an orderly end, once.
func (c *Connection) bound() {
	if c.ending == nil {
		c.ending = time.NewTimer(c.times.terminate)
	}
}

// post is for what needs no answer: if the loop has ended, follow sees it.
func (c *Connection) post(f func(now time.Time)) { c.cfg.Loop.Post(f) }

// closedBy makes an error the end of a session.
func closedBy(err error, otherwise cause.Cause) ppp.Closed {
	var e *cause.Error
	switch {
	case errors.As(err, &e):
		return ppp.Closed{Cause: e.Cause, Detail: e.Text()}
	case cause.Of(err) != cause.Internal && err != nil: // a bare one
		return ppp.Closed{Cause: cause.Of(err)}
	case err != nil:
		return ppp.Closed{Cause: otherwise, Detail: err.Error()}
	}
	return ppp.Closed{Cause: otherwise}
}

// hangUpCause is why ctx was cancelled.
func hangUpCause(ctx context.Context) cause.Cause {
	if why := cause.Of(context.Cause(ctx)); why != cause.Internal && why != cause.None {
		return why
	}
	return cause.UserRequest
}

// stop ends a timer that may not be there.
func stop(t **time.Timer) {
	if *t != nil {
		(*t).Stop()
		*t = nil
	}
}

// expired is a timer's channel, nil for one that is not there.
func expired(t *time.Timer) <-chan time.Time {
	if t == nil {
		return nil
	}
	return t.C
}
