package agent

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
)

// fakeSleep is a machine that sleeps when it is told to.
type fakeSleep struct {
	leaps chan time.Duration // each a leap of the time of day, with so much sleep
	slept time.Duration
}

func (f *fakeSleep) asleep() time.Duration { return f.slept }
func (f *fakeSleep) close()                { close(f.leaps) }

func (f *fakeSleep) wait() error {
	d, open := <-f.leaps
	if !open {
		return errors.New("closed")
	}
	f.slept += d
	return nil
}

// TestSleep: after a sleep a tunnel whose server has forgotten it is found dead
// at once and dialed again, long before its keepalive would have asked. A clock
// that was set is no sleep, and a tunnel that is alive stays.
func TestSleep(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		book := keptBook + "keepalive = '10m'\n"
		r := newRig(t, book, lanSecrets, nil)
		clock := &fakeSleep{leaps: make(chan time.Duration)}
		r.untilClosed(clock.close, func() { r.followSleep(clock) })
		r.keep()
		r.times("office", "up", 1)
		clock.leaps <- 0
		clock.leaps <- time.Hour
		slept := func(ev Event) bool { return ev.Entry == machineEntry && strings.HasPrefix(ev.Text, "slept for 1h0m0s") }
		r.story.wait(t, "the sleep", slept)
		if err := agenttest.RoundTrips(nil, t, echoHost, 5, 100); err != nil {
			t.Error(err)
		}
		if n := r.office.Calls(); n != 1 {
			t.Errorf("%d calls", n)
		}
		r.story.forget()
		setLink(t, "eth0", false) // nothing arrives, and nobody says so
		clock.leaps <- time.Hour
		end := r.story.wait(t, "the end", func(ev Event) bool { return ev.Entry == "office" && ev.End != nil })
		if end.End.Cause != cause.EchoTimeout.String() {
			t.Errorf("it ended with %+v", end.End)
		}
		setLink(t, "eth0", true)
		clock.leaps <- time.Hour
		r.times("office", "up", 1)
	})
}

// TestWakeTimer: the real one waits, and its end ends it.
func TestWakeTimer(t *testing.T) {
	w, err := newWakeTimer()
	if err != nil {
		t.Fatal(err)
	}
	if d := w.asleep(); d < 0 {
		t.Errorf("asleep for %v", d)
	}
	ended := make(chan error)
	go func() { ended <- w.wait() }()
	w.close()
	if err := <-ended; err == nil {
		t.Error("a closed timer tells of a leap")
	}
}

// TestNetworkChanges: a cable that comes back ends a pause, one that is pulled
// is noticed before a keepalive would, and the route to the server follows the
// machine's.
func TestNetworkChanges(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		r := newRig(t, keptBook+"keepalive = '10m'\n", lanSecrets, nil)
		r.Keep()
		r.times("office", "up", 1)
		setLink(t, "eth0", false)
		r.times("office", "pause", 1)
		agenttest.Eventually(t, func() error {
			r.mu.Lock()
			defer r.mu.Unlock()
			k := r.keepers["office"]
			if k.rest != restPause {
				return fmt.Errorf("it is %v", k.rest)
			}
			k.until = time.Now().Add(time.Hour) // it has failed for long
			k.poke()
			return nil
		})
		r.story.forget()
		setLink(t, "eth0", true)
		r.times("office", "up", 1)
		if err := agenttest.RoundTrips(nil, t, echoHost, 5, 100); err != nil {
			t.Error(err)
		}
	})
}
