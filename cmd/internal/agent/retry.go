package agent

import (
	"time"

	"dun/dialup/cause"
)

// The pauses between attempts.
const (
	leastPause = time.Second
	mostPause  = time.Minute
	// linePause is the first one after a telephone call that came to nothing,
	// and mostLinePause the longest: somebody may be there whose telephone
	// rings, and exchanges and modems lock out who calls too often.
	linePause     = 10 * time.Second
	mostLinePause = 5 * time.Minute
	// steady is how long a connection has to last before its loss counts as
	// the first failure again.
	steady = time.Minute
)

// retry is the policy by which an entry is dialed again: the failures in a row
// are about all that it knows. Time and chance are arguments.
type retry struct {
	failures int
	last     time.Duration // pause, without chance
	atOnce   bool          // used up the attempt that follows a loss without a pause
}

// verdict says what to do after an attempt.
type verdict struct {
	Stop  bool          // until a person does something
	Wait  bool          // until there is traffic
	After time.Duration // the pause before the next attempt, 0 = none
}

// onDemand is what follows where only packets dial.
func (v verdict) onDemand() verdict {
	if !v.Stop && v.After == 0 {
		v.Wait = true
	}
	return v
}

// tryNext reports whether another number or address is worth trying within
// the same attempt: a wrong password is wrong there too, and a third one would
// lock the account.
func tryNext(why cause.Cause) bool { return why.Info().Retry != cause.RetryNever }

// after decides what follows an attempt that ended because of why. lasted is
// how long its network was up, 0 = it never was. chance is any number in [0, 1).
func (r *retry) after(why cause.Cause, lasted time.Duration, chance float64) verdict {
	if lasted >= steady {
		*r = retry{}
	}
	switch why {
	case cause.IdleTimeout:
		*r = retry{}
		return verdict{Wait: true}
	case cause.TimeLimit: // not a failure: a new session begins
		*r = retry{}
		return verdict{}
	}
	info := why.Info()
	if info.Retry == cause.RetryNever && !comesLate(why) {
		*r = retry{}
		return verdict{Stop: true}
	}
	if info.Retry == cause.RetryAtOnce && r.failures == 0 && !r.atOnce {
		r.atOnce = true
		return verdict{}
	}
	r.failures++
	first, most := bounds(why)
	switch {
	case r.failures <= 2:
		r.last = first
	case most == mostLinePause || lasted > 0:
		r.last *= 2 // somebody is there, and is troubled each time
	default:
		// A server that comes back is called after at most a quarter of the
		// time for which it was away.
		r.last += r.last / 4
	}
	r.last = min(max(r.last, first), most)
	return verdict{After: spread(r.last, most, chance)}
}

// spread makes a pause a fifth more or less, so that the devices of a fleet
// whose server was away do not all come back in one moment.
func spread(d, most time.Duration, chance float64) time.Duration {
	d += time.Duration((chance - 0.5) * 0.4 * float64(d))
	return min(max(d, leastPause), most)
}

func bounds(why cause.Cause) (first, most time.Duration) {
	switch why {
	case cause.NoDialTone, cause.Busy, cause.NoAnswer, cause.NoCarrier, cause.Delayed, cause.Blacklisted, cause.DialTimeout:
		return linePause, mostLinePause
	}
	return leastPause, mostPause
}

// comesLate reports whether something of the machine is missing that may be
// there later without anybody's doing, as at power-on: a module, a device file
// and its rights. Another number is of no use then, another attempt is.
func comesLate(why cause.Cause) bool { return why == cause.NoTUN || why == cause.NoPermission }

// hopeless reports whether another attempt is of no use, and may do harm, until
// somebody changes something.
func hopeless(why cause.Cause) bool {
	switch why {
	case cause.UserRequest, cause.Cancelled, cause.IdleTimeout, cause.TimeLimit:
		return false
	}
	return why.Info().Retry == cause.RetryNever && !comesLate(why)
}
