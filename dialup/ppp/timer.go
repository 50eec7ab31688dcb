package ppp

import "time"

// timerKind names a deadline.
type timerKind uint8

const (
	timerLCP       timerKind = iota // restart timers of the automatons (RFC 1661 section 4.6)
	timerIPCP                       //
	timerIPV6CP                     //
	timerCCP                        //
	timerPhase                      // deadline of the phase
	timerProve                      // repeat of our PAP request or CHAP response
	timerChallenge                  // repeat of our CHAP challenge
	timerEcho                       // LCP echo
	timerEncrypt                    // CCP has to come to an end, see encryption.go
	timerMismatch                   // both directions of CCP have to meet, see encryption.go
	numTimers
)

// timers holds the deadlines, the zero time meaning none.
type timers [numTimers]time.Time

func (t *timers) set(k timerKind, at time.Time) { t[k] = at }

func (t *timers) stop(k timerKind) { t[k] = time.Time{} }

func (t *timers) running(k timerKind) bool { return !t[k].IsZero() }

// next is the earliest deadline.
func (t *timers) next() (at time.Time, ok bool) {
	for _, d := range t {
		if !d.IsZero() && (!ok || d.Before(at)) {
			at, ok = d, true
		}
	}
	return at, ok
}

// due takes the first kind whose deadline has come, and stops it.
func (t *timers) due(now time.Time) (k timerKind, ok bool) {
	for k := range numTimers {
		if d := t[k]; !d.IsZero() && !d.After(now) {
			t.stop(k)
			return k, true
		}
	}
	return 0, false
}
