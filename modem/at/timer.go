package at

import "time"

type timerKind uint8

const (
	timerStep timerKind = iota // the current exchange
	timerCall                  // the whole call set-up
	timerRing                  // the caller who rings has given up
	timerCount
)

// timers is a table of deadlines; the zero Time is "not set".
type timers [timerCount]time.Time

func (t *timers) set(k timerKind, at time.Time) { t[k] = at }
func (t *timers) clear(k timerKind)             { t[k] = time.Time{} }

// due reports whether k's deadline has come, and forgets it then.
func (t *timers) due(k timerKind, now time.Time) bool {
	if t[k].IsZero() || now.Before(t[k]) {
		return false
	}
	t.clear(k)
	return true
}

func (t *timers) next() (first time.Time, ok bool) {
	for _, at := range t {
		if !at.IsZero() && (!ok || at.Before(first)) {
			first, ok = at, true
		}
	}
	return first, ok
}
