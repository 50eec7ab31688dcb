package dialup

import (
	"sync/atomic"
	"testing"
	"time"

	"dun/dialup/cause"
)

// TestIdle: a connection that nobody uses ends, not before its time and not
// while something runs over it.
func TestIdle(t *testing.T) {
	const idle = 100 * time.Millisecond
	r := newRig(t, nil)
	var asked atomic.Int32
	r.a.cfg.Idle = idle
	r.a.cfg.Busy = func() bool { return asked.Add(1) < 3 }
	begin := time.Now()
	r.up()
	if err := r.end(r.a); cause.Of(err) != cause.IdleTimeout {
		t.Errorf("ended with %v", err)
	}
	if took := time.Since(begin); asked.Load() != 3 || took < 3*idle {
		t.Errorf("asked %d times, ended after %v", asked.Load(), took)
	}
	if err := r.end(r.b); cause.Of(err) != cause.PeerHangup {
		t.Errorf("the other one ended with %v", err)
	}
}

// TestTimeLimit: whatever goes on, and not before its time.
func TestTimeLimit(t *testing.T) {
	const limit = 150 * time.Millisecond
	r := newRig(t, nil)
	r.a.cfg.Limit, r.a.cfg.Idle = limit, time.Hour
	begin := time.Now()
	r.up()
	if err := r.end(r.a); cause.Of(err) != cause.TimeLimit || time.Since(begin) < limit {
		t.Errorf("ended with %v after %v", err, time.Since(begin))
	}
	r.end(r.b)
}
