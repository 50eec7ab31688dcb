package pptp

import (
	"time"

	"dun/dialup/cause"
)

// timerKind is a deadline of the control connection; calls have their own.
type timerKind int

const (
	timerStart      timerKind = iota // RFC 2637 section 3.1.4, case 1
	timerEchoIdle                    // case 2: time for an Echo-Request
	timerEchoAnswer                  // case 2: it should have been answered
	timerStop                        // the Stop-Control-Connection-Reply is due
	numTimers
)

// timers is a table of deadlines; zero is none.
type timers [numTimers]time.Time

// set sets a deadline; a negative time is never.
func (t *timers) set(k timerKind, now time.Time, d time.Duration) {
	if d < 0 {
		t[k] = time.Time{}
		return
	}
	t[k] = now.Add(d)
}

func (t *timers) clear(k timerKind) { t[k] = time.Time{} }

func (t *timers) running(k timerKind) bool { return !t[k].IsZero() }

// take clears k and reports true if it is due.
func (t *timers) take(k timerKind, now time.Time) bool {
	if !due(t[k], now) {
		return false
	}
	t.clear(k)
	return true
}

func (t *timers) next() (first time.Time) {
	for _, d := range t {
		if earlier(d, first) {
			first = d
		}
	}
	return first
}

// earlier reports whether deadline a is before b; zero is never.
func earlier(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}

func due(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// expired does what is due for timer k.
func (c *Conn) expired(now time.Time, k timerKind) {
	switch k {
	case timerStart:
		missing := TypeStartRequest
		if c.cfg.Originate {
			missing = TypeStartReply
		}
		c.step(now, inTimeout, reason{cause: cause.ControlTimeout, detail: "no " + missing.String() + " came"})
	case timerEchoIdle:
		c.echoID++
		c.echoAt = now
		c.send(EchoRequest{Identifier: c.echoID})
		c.timers.set(timerEchoAnswer, now, c.cfg.Timers.EchoAnswer)
	case timerEchoAnswer:
		c.step(now, inTimeout, reason{cause: cause.ControlTimeout, detail: "an Echo-Request was not answered"})
	case timerStop:
		c.step(now, inTimeout, reason{})
	}
}

// heard notes that the peer is there (RFC 2637 section 3.1.4). Only an
// Echo-Reply stops the clock of an Echo-Request.
func (c *Conn) heard(now time.Time) {
	if c.state == StateEstablished && !c.timers.running(timerEchoAnswer) {
		c.timers.set(timerEchoIdle, now, c.cfg.Timers.EchoIdle)
	}
}
