package dialup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
)

// TestReportTellsAPhaseOnce: the hang-up is begun by us, by the session and by
// the end of Run, and is one phase all the same.
func TestReportTellsAPhaseOnce(t *testing.T) {
	var phases []Phase
	events := 0
	c := &Connection{cfg: ConnectionConfig{Report: func(r Report) {
		phases = append(phases, r.Phase)
		if r.Event != nil {
			events++
		}
	}}}
	c.report(Report{Phase: PhaseUp, Network: &Network{}})
	c.report(Report{Phase: PhaseUp, Network: &Network{}}) // another address
	c.report(Report{Phase: PhaseHangUp})
	c.report(Report{Phase: PhaseHangUp, Event: ppp.PhaseChanged{Phase: ppp.PhaseTerminate}})
	c.report(Report{Phase: PhaseHangUp})
	c.report(Report{})
	c.report(Report{Phase: PhaseDown})
	want := []Phase{PhaseUp, PhaseUp, PhaseHangUp, PhaseNone, PhaseDown}
	if !slices.Equal(phases, want) {
		t.Errorf("told %v, want %v", phases, want)
	}
	if events != 1 {
		t.Errorf("told %d events, want 1", events)
	}
}

// deafLink is a link whose peer never says anything.
type deafLink struct {
	begun chan struct{} // closed with the first frame
	once  sync.Once

	mu    sync.Mutex
	codes []byte        // of the LCP packets that were sent
	room  time.Duration // that Close was given
}

func (l *deafLink) Info() LinkInfo        { return LinkInfo{MTU: 1400} }
func (l *deafLink) Wire() path.Wire       { return l }
func (l *deafLink) Done() <-chan struct{} { return nil }
func (l *deafLink) Err() error            { return nil }

func (l *deafLink) Close(ctx context.Context, _ cause.Cause) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	deadline, _ := ctx.Deadline()
	l.room = time.Until(deadline)
	return nil
}

func (l *deafLink) Send(_ time.Time, b *path.Buffer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := b.Bytes(); len(f) > 2 && f[0] == 0xc0 && f[1] == 0x21 {
		l.codes = append(l.codes, f[2])
	}
	l.once.Do(func() { close(l.begun) })
	return nil
}

func (l *deafLink) Start(time.Time, *path.Loop, *path.Link) error { return nil }
func (l *deafLink) Stop()                                         {}
func (l *deafLink) Headroom() int                                 { return 0 }
func (l *deafLink) Tailroom() int                                 { return 0 }
func (l *deafLink) Ready() bool                                   { return true }
func (l *deafLink) SetFraming(ppp.Framing)                        {}
func (l *deafLink) HandleTimeout(time.Time)                       {}
func (l *deafLink) PollTimeout() (time.Time, bool)                { return time.Time{}, false }
func (l *deafLink) Counters(func(string, uint64))                 {}

type noHost struct{ Host }

func (noHost) NetworkDown() {}

// TestLowerLinkDown: a peer that cannot be reached any more is not asked to
// agree to the end, which would take its time before each redial.
func TestLowerLinkDown(t *testing.T) {
	const terminate = 5 // Terminate-Request (RFC 1661 section 5)
	for why, asked := range map[cause.Cause]bool{cause.LowerLinkDown: false, cause.UserRequest: true} {
		loop, err := path.NewLoop(path.Config{})
		if err != nil {
			t.Fatal(err)
		}
		l := &deafLink{begun: make(chan struct{})}
		c, err := NewConnection(ConnectionConfig{
			Loop: loop, Host: noHost{},
			PPP: ppp.Config{
				Random: func(b []byte) { clear(b) }, Encryption: ppp.Deny, Name: "me",
				Secret: ppp.Secret{Password: "x"}, Accept: []ppp.Auth{ppp.AuthPAP},
				Timers: ppp.Timers{Restart: 50 * time.Millisecond},
			},
		}, l)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-l.begun; cancel(why) }()
		if got := cause.Of(c.Run(ctx)); got != why {
			t.Errorf("%v: ended by %v", why, got)
		}
		loop.Close()
		if has := slices.Contains(l.codes, terminate); has != asked {
			t.Errorf("%v: Terminate-Request sent %v, want %v", why, has, asked)
		}
		if want := map[bool]time.Duration{false: defaultTimes.cutOff, true: defaultTimes.hangUp}[asked]; l.room > want {
			t.Errorf("%v: the link was given %v to close, want at most %v", why, l.room, want)
		}
	}
}

func TestConnectionComesUpAndEnds(t *testing.T) {
	for _, callerEnds := range []bool{true, false} {
		r := newRig(t, nil).up()
		want := []Phase{PhaseLink, PhaseAuthenticate, PhaseNetwork, PhaseUp}
		if got := r.a.told(); !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		s, ok := r.a.Status()
		if !ok || !s.PPP.Encrypted || s.Wire["mem"] != 1 || s.Counters.FramesIn == 0 {
			t.Errorf("status %+v", s)
		}
		first, other := r.a, r.b
		if !callerEnds {
			first, other = r.b, r.a
		}
		first.cancel(cause.IdleTimeout)
		if err := r.end(first); cause.Of(err) != cause.IdleTimeout {
			t.Errorf("ended with %v", err)
		}
		if err := r.end(other); cause.Of(err) != cause.PeerHangup {
			t.Errorf("the other one ended with %v", err)
		}
	}
}

// obstacles keep a connection in each of its phases.
var obstacles = []struct {
	name  string
	phase Phase
	lose  uint32 // frames of the answerer's that do not arrive
}{
	{"link", PhaseLink, 1},
	{"authenticate", PhaseAuthenticate, uint32(ppp.ProtoCHAP)},
	{"encrypt", PhaseNetwork, uint32(ppp.ProtoCCP)},
	{"network", PhaseNetwork, uint32(ppp.ProtoIPCP)},
	{"up", PhaseUp, 2},
}

// stuck runs both sides until the caller is in its phase.
func stuck(t *testing.T, lose uint32, phase Phase) *rig {
	r := newRig(t, nil)
	r.b.link.lose.Store(lose)
	r.a.run()
	r.b.run()
	r.wait(r.a.link.first, "the first frame")
	r.wait(r.a.phases[phase], phase.String())
	return r
}

// TestEveryEndInEveryPhase: whatever ends a connection, whenever it does.
func TestEveryEndInEveryPhase(t *testing.T) {
	for _, o := range obstacles {
		for _, c := range []struct {
			name string
			end  func(r *rig)
			want cause.Cause
			text string // in the error
		}{
			{"cancelled", func(r *rig) { r.a.cancel(nil) }, cause.UserRequest, ""},
			{"cancelled for a reason", func(r *rig) { r.a.cancel(cause.TimeLimit) }, cause.TimeLimit, ""},
			{"lower link", func(r *rig) { r.a.cancel(cause.LowerLinkDown) }, cause.LowerLinkDown, ""},
			{"link, with a cause", func(r *rig) { r.a.link.fail(cause.New(cause.CallCleared, "by hand")) }, cause.CallCleared, "by hand"},
			{"link, a bare cause", func(r *rig) { r.a.link.fail(cause.ControlLost) }, cause.ControlLost, ""},
			{"link, the system", func(r *rig) { r.a.link.fail(unix.ENODEV) }, cause.CarrierLost, "no such device"},
			{"link, in silence", func(r *rig) { r.a.link.fail(nil) }, cause.CarrierLost, ""},
			{"loop", func(r *rig) { r.loop.Close() }, cause.Internal, "loop"},
			{"wire", func(r *rig) {
				r.loop.Do(func(now time.Time) { r.a.link.link.Load().Down(now, cause.PortFault, "unplugged") })
			}, cause.PortFault, "unplugged"},
			{"peer hangs up", func(r *rig) { r.b.cancel(nil) }, cause.PeerHangup, ""},
		} {
			if o.lose == 1 && c.name == "peer hangs up" {
				continue // it cannot say so
			}
			t.Run(o.name+"/"+c.name, func(t *testing.T) {
				r := stuck(t, o.lose, o.phase)
				c.end(r)
				err := r.end(r.a)
				if cause.Of(err) != c.want || !strings.Contains(err.Error(), c.text) {
					t.Errorf("ended with %v: %v", cause.Of(err), err)
				}
				r.b.cancel(cause.LowerLinkDown)
				r.end(r.b)
			})
		}
	}
}

// TestEndsWithoutAnswer: neither a peer that says nothing nor a device that
// hangs in its hang-up keeps us longer than it may.
func TestEndsWithoutAnswer(t *testing.T) {
	r := newRig(t, func(a, _ *ppp.Config) { a.Timers.MaxTerminate = 100 }).up()
	r.b.link.lose.Store(1)
	r.a.times.terminate, r.a.times.hangUp = 50*time.Millisecond, 50*time.Millisecond
	r.a.link.closeFor = func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	r.a.cancel(nil)
	if err := r.end(r.a); cause.Of(err) != cause.UserRequest || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
	r.b.cancel(cause.LowerLinkDown)
	r.end(r.b)
}

func TestWireDoesNotStart(t *testing.T) {
	r := newRig(t, nil)
	r.a.link.startErr = cause.New(cause.PortBusy, "ttyS1")
	r.a.run()
	if err := r.end(r.a); cause.Of(err) != cause.PortBusy || !strings.Contains(err.Error(), "ttyS1") {
		t.Errorf("ended with %v", err)
	}
	r.loop.Close()
	r.b.run()
	if err := r.end(r.b); cause.Of(err) != cause.Internal {
		t.Errorf("ended with %v", err)
	}
}

func TestHostFails(t *testing.T) {
	for _, c := range []struct {
		err  error
		want cause.Cause
		text string
	}{
		{cause.New(cause.NoTUN, "no device file"), cause.NoTUN, "no device file"},
		{fmt.Errorf("setting up: %w", cause.New(cause.NetworkSetup, "route exists")), cause.NetworkSetup, "route exists"},
		{unix.ENOMEM, cause.Internal, "cannot allocate"},
	} {
		r := newRig(t, nil)
		r.a.host.up = func(context.Context, Network) error { return c.err }
		r.a.run()
		r.b.run()
		if err := r.end(r.a); cause.Of(err) != c.want || !strings.Contains(err.Error(), c.text) {
			t.Errorf("ended with %v", err)
		}
		if err := r.end(r.b); cause.Of(err) != cause.PeerHangup { // we said goodbye
			t.Errorf("the peer ended with %v", err)
		}
		if slices.Contains(r.a.told(), PhaseUp) {
			t.Error("said to be up")
		}
	}
}

// TestCancelledInNetworkUp: the host is told by its context, and what comes up
// too late is not applied.
func TestCancelledInNetworkUp(t *testing.T) {
	r := newRig(t, nil)
	r.a.host.up = func(ctx context.Context, _ Network) error {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	r.a.run()
	r.b.run()
	r.wait(r.a.host.begun, "NetworkUp")
	r.a.cancel(cause.TimeLimit)
	if err := r.end(r.a); cause.Of(err) != cause.TimeLimit {
		t.Errorf("ended with %v", err)
	}
	r.end(r.b)
}

// TestEventFlood: a peer that negotiates faster than the host can follow does
// not fill the memory.
func TestEventFlood(t *testing.T) {
	r := newRig(t, nil)
	goOn := make(chan struct{})
	r.a.host.up = func(context.Context, Network) error { <-goOn; return nil }
	r.a.run()
	r.b.run()
	r.wait(r.a.host.begun, "NetworkUp")
	for range 10 * maxEvents {
		r.a.events.push(ppp.IPv4Down{})
	}
	r.a.events.push(ppp.Closed{Cause: cause.PeerHangup})
	if n := len(r.a.events.events); n != maxEvents+1 {
		t.Errorf("%d events wait", n)
	}
	close(goOn)
	if err := r.end(r.a); cause.Of(err) != cause.OutOfBuffers {
		t.Errorf("ended with %v", err)
	}
	r.b.cancel(cause.LowerLinkDown)
	r.end(r.b)
}

// explainer knows better.
type explainer struct{ *memLink }

func (explainer) Explain(c cause.Cause) (cause.Cause, string) {
	if c == cause.LCPTimeout {
		return cause.NoGRE, "nothing came"
	}
	return c, ""
}

func TestExplain(t *testing.T) {
	r := newRig(t, func(a, _ *ppp.Config) { a.Timers.Link = 50 * time.Millisecond })
	r.a.Connection.link = explainer{r.a.link}
	r.a.run()
	if err := r.end(r.a); cause.Of(err) != cause.NoGRE || !strings.Contains(err.Error(), "nothing came") {
		t.Errorf("ended with %v", err)
	}
}

func TestBadPPPConfig(t *testing.T) {
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	if _, err := NewConnection(ConnectionConfig{Loop: loop}, newMemLink(loop)); cause.Of(err) != cause.BadConfig {
		t.Errorf("got %v", err)
	}
}
