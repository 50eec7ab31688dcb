package dialup

import (
	"time"

	"dun/dialup/cause"
)

// lifetime ends a connection that nobody uses, or that has lasted for as long
// as it may. Both count from the network's being up.
type lifetime struct {
	idle, limit *time.Timer // nil before, and without such a limit
}

// begin starts the clocks.
func (c *Connection) begin() {
	if c.cfg.Limit > 0 {
		c.life.limit = time.NewTimer(c.cfg.Limit)
	}
	if c.cfg.Idle > 0 {
		c.post(func(now time.Time) { c.path.WatchTraffic(now) })
		c.life.idle = time.NewTimer(c.cfg.Idle)
	}
}

func (l *lifetime) stop() {
	stop(&l.idle)
	stop(&l.limit)
}

// idled looks when the user last sent something, and sets the clock to when
// that will have been too long ago. It reports whether it is already.
func (c *Connection) idled() bool {
	var quiet time.Duration
	c.cfg.Loop.Do(func(now time.Time) { quiet = now.Sub(c.path.Traffic()) })
	if quiet < c.cfg.Idle {
		c.life.idle.Reset(c.cfg.Idle - quiet)
		return false
	}
	if c.cfg.Busy != nil && c.cfg.Busy() {
		c.life.idle.Reset(c.cfg.Idle)
		return false
	}
	return true
}

// Probe asks the peer whether it is still there (ppp.Session.Probe).
func (c *Connection) Probe() {
	c.post(func(now time.Time) { c.path.Probe(now) })
}

// hangUp ends the session in order, for a reason of ours.
func (c *Connection) hangUp(why cause.Cause) {
	c.report(Report{Phase: PhaseHangUp})
	c.bound()
	c.post(func(now time.Time) { c.path.Close(now, why) })
}
