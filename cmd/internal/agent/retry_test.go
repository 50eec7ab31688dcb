package agent

import (
	"slices"
	"testing"
	"time"

	"dun/dialup/cause"
)

// TestRetryStops: what only a person can change is not tried again.
func TestRetryStops(t *testing.T) {
	for _, why := range cause.All() {
		var r retry
		v := r.after(why, 0, 0.5)
		limit := why == cause.IdleTimeout || why == cause.TimeLimit
		late := why == cause.NoTUN || why == cause.NoPermission // the machine is still starting
		if want := why.Info().Retry == cause.RetryNever && !limit && !late; v.Stop != want || late && v.After == 0 {
			t.Errorf("%v: %+v, stop wanted: %v", why, v, want)
		}
		if tryNext(why) == (why.Info().Retry == cause.RetryNever) {
			t.Errorf("%v: another number is tried: %v", why, tryNext(why))
		}
	}
	var r retry
	if v := r.after(cause.IdleTimeout, time.Hour, 0.5); !v.Wait {
		t.Errorf("after idling: %+v", v)
	}
	if v := r.after(cause.TimeLimit, time.Hour, 0.5); v != (verdict{}) {
		t.Errorf("after the time limit: %+v", v)
	}
}

// TestRetryDay follows an entry through a day of an office that is away,
// in virtual time: at once, then with growing pauses, without end.
func TestRetryDay(t *testing.T) {
	var r retry
	if v := r.after(cause.CarrierLost, time.Hour, 0.5); v != (verdict{}) {
		t.Fatalf("a loss is not followed at once: %+v", v)
	}
	var clock, last time.Duration
	attempts := 0
	for clock < 24*time.Hour {
		v := r.after(cause.ConnectTimeout, 0, 0.5)
		if v.Stop || v.Wait {
			t.Fatalf("it gave up after %v: %+v", clock, v)
		}
		if v.After < last || v.After < leastPause || v.After > mostPause {
			t.Fatalf("a pause of %v after one of %v", v.After, last)
		}
		clock, last = clock+v.After, v.After
		attempts++
	}
	if last != mostPause || attempts < 24*60 || attempts > 24*60+40 {
		t.Errorf("%d attempts, the last pause %v", attempts, last)
	}
	// What comes up and falls at once does not count as a recovery.
	if v := r.after(cause.PeerHangup, time.Second, 0.5); v.After != mostPause {
		t.Errorf("after a second of being up: %+v", v)
	}
	if v := r.after(cause.PeerHangup, steady, 0.5); v != (verdict{}) {
		t.Errorf("after being up for long: %+v", v)
	}
	if v := r.after(cause.PeerHangup, 0, 0.5); v.After != leastPause {
		t.Errorf("the second time: %+v", v)
	}
}

// TestRetryFlaps: a peer that takes the call and drops it at once is not
// called without a pause for ever.
func TestRetryFlaps(t *testing.T) {
	var r retry
	var sum time.Duration
	for range 10 {
		sum += r.after(cause.PeerHangup, 2*time.Second, 0.5).After
	}
	if sum < 2*time.Minute {
		t.Errorf("ten calls within %v", sum)
	}
}

// TestPauses: a fifth more or less, within the bounds; a server that comes back
// is called soon; the telephone waits longer.
func TestPauses(t *testing.T) {
	var low, high, mean retry
	var away time.Duration
	for i := range 40 {
		l, h, d := low.after(cause.NoGRE, 0, 0).After, high.after(cause.NoGRE, 0, 0.999).After, mean.after(cause.NoGRE, 0, 0.5).After
		if (l-max(d*8/10, leastPause)).Abs() > time.Microsecond || h > min(d*12/10+time.Microsecond, mostPause) || h < d && d < mostPause {
			t.Errorf("pause %d is from %v to %v", i, l, h)
		}
		if d > max(away/4+leastPause, leastPause) || i > 30 && d != mostPause {
			t.Errorf("a pause of %v after %v", d, away)
		}
		away += d
	}
	for _, why := range []cause.Cause{cause.Busy, cause.NoAnswer, cause.NoDialTone, cause.Blacklisted} {
		var r retry
		var got []time.Duration
		for range 8 {
			got = append(got, r.after(why, 0, 0.5).After/time.Second)
		}
		if want := []time.Duration{10, 10, 20, 40, 80, 160, 300, 300}; !slices.Equal(got, want) {
			t.Errorf("%v: %d, want %d", why, got, want)
		}
	}
}

// TestRetryOnDemand: an entry that packets dial waits for one, at once after a
// loss and with pauses after failures.
func TestRetryOnDemand(t *testing.T) {
	var r retry
	for _, c := range []struct {
		why    cause.Cause
		lasted time.Duration
		want   verdict
	}{
		{cause.CarrierLost, time.Hour, verdict{Wait: true}},
		{cause.ConnectTimeout, 0, verdict{After: time.Second}},
		{cause.ConnectTimeout, 0, verdict{After: time.Second}},
		{cause.ConnectTimeout, 0, verdict{After: 1250 * time.Millisecond}},
		{cause.IdleTimeout, time.Second, verdict{Wait: true}},
		{cause.TimeLimit, time.Hour, verdict{Wait: true}},
		{cause.AuthFailed, 0, verdict{Stop: true}},
	} {
		if v := r.after(c.why, c.lasted, 0.5).onDemand(); v != c.want {
			t.Errorf("%v: %+v, want %+v", c.why, v, c.want)
		}
	}
}
