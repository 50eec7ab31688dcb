package modem

import (
	"context"
	"crypto/rand"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/modem/at"
	"dun/modem/modemtest"
)

// patience bounds a wait for something that does happen; no test depends on
// how long it takes.
const patience = 60 * time.Second

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// newModem makes an emulated modem and the Config that drives it: no guard
// time, and seconds of 10 ms.
func newModem(t *testing.T, x *modemtest.Exchange, c modemtest.Config) (*modemtest.Modem, Config) {
	t.Helper()
	c.NoGuard, c.Second, c.RingInterval = true, 10*time.Millisecond, 10*time.Millisecond
	m, err := modemtest.New(x, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m, Config{
		Port:    m.Path(),
		LockDir: t.TempDir(),
		Profile: at.Profile{
			// An answer that is late on a busy machine is no failure.
			SyncTimeout: 2 * time.Second, CommandTimeout: patience, DialTimeout: patience,
			Guard: time.Millisecond, CommandDelay: -1,
		},
	}
}

func newExchange(t *testing.T) *modemtest.Exchange {
	x := modemtest.NewExchange()
	t.Cleanup(x.Close)
	return x
}

func wantCause(t *testing.T, err error, want cause.Cause) {
	t.Helper()
	if got := cause.Of(err); got != want {
		t.Fatalf("cause %v (%v), want %v", got, err, want)
	}
}

// wantUnlocked checks that a port was let go.
func wantUnlocked(t *testing.T, cfg Config) {
	t.Helper()
	left, _ := filepath.Glob(filepath.Join(cfg.LockDir, "*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	filled, _ := cfg.withDefaults()
	p, err := openPort(&filled)
	if err != nil {
		t.Fatalf("the port was not let go: %v", err)
	}
	p.close()
}

// end is one end of a PPP connection in a loop.
type end struct {
	t      *testing.T
	link   dialup.Link
	path   *path.Link
	loop   *path.Loop
	events chan ppp.Event
}

func newLoop(t *testing.T) *path.Loop {
	t.Helper()
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(loop.Close)
	return loop
}

// newEnd puts link into loop with a session of its own.
func newEnd(t *testing.T, loop *path.Loop, link dialup.Link, answer bool, accm uint32) *end {
	t.Helper()
	cfg := ppp.Config{
		Answer: answer, Random: func(b []byte) { rand.Read(b) }, Async: link.Info().Async, ACCM: accm,
		Encryption: ppp.Deny,
	}
	if answer {
		cfg.IPv4.Local, cfg.IPv4.Remote = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	}
	session, err := ppp.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e := &end{t: t, link: link, loop: loop, events: make(chan ppp.Event, 1000)}
	e.path = path.NewLink(path.LinkConfig{Wire: link.Wire(), Session: session, Notify: func(ev ppp.Event) { e.events <- ev }})
	loop.Do(func(now time.Time) { err = loop.Open(now, e.path) })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// wait reads events up to the first of type E.
func wait[E ppp.Event](e *end) E {
	e.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case ev := <-e.events:
			if want, ok := ev.(E); ok {
				return want
			}
			if c, ok := ev.(ppp.Closed); ok {
				e.t.Fatalf("closed: %v %s", c.Cause, c.Detail)
			}
		case <-deadline:
			var want E
			e.t.Fatalf("no %T", want)
		}
	}
}

// close takes the link out of the loop and hangs up.
func (e *end) close() {
	e.t.Helper()
	e.loop.Do(func(time.Time) { e.loop.Remove(e.path) })
	if err := e.link.Close(testContext(e.t), cause.UserRequest); err != nil {
		e.t.Errorf("hanging up: %v", err)
	}
}
