package dialup

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
)

// memLink is one end of a link in memory.
type memLink struct {
	info LinkInfo
	loop *path.Loop
	peer *memLink
	link atomic.Pointer[path.Link] // nil while the wire is stopped

	lose  atomic.Uint32 // frames of this protocol, PPP's number, do not arrive; 1 = of any
	first chan struct{} // closed when the first frame goes out
	once  sync.Once

	startErr error
	closeFor func(ctx context.Context) error

	mu        sync.Mutex
	done      chan struct{}
	err       error
	closes    []cause.Cause
	openAtEnd bool // Close was called with the wire in the loop
}

func newMemLink(loop *path.Loop) *memLink {
	return &memLink{loop: loop, info: LinkInfo{MTU: 1460}, first: make(chan struct{}), done: make(chan struct{})}
}

func (l *memLink) Info() LinkInfo        { return l.info }
func (l *memLink) Wire() path.Wire       { return l }
func (l *memLink) Done() <-chan struct{} { return l.done }

func (l *memLink) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// fail ends the link for a reason that the wire does not see.
func (l *memLink) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	close(l.done)
}

func (l *memLink) Close(ctx context.Context, why cause.Cause) error {
	l.mu.Lock()
	l.closes = append(l.closes, why)
	l.openAtEnd = l.openAtEnd || l.link.Load() != nil
	l.mu.Unlock()
	if l.closeFor != nil {
		return l.closeFor(ctx)
	}
	return nil
}

func (l *memLink) Start(_ time.Time, _ *path.Loop, link *path.Link) error {
	if l.startErr == nil {
		l.link.Store(link)
	}
	return l.startErr
}

func (l *memLink) Send(_ time.Time, b *path.Buffer) error {
	l.once.Do(func() { close(l.first) })
	f := slices.Clone(b.Bytes())
	if p, _, _ := ppp.ParseHeader(f); l.peer == nil || l.lose.Load() == 1 || l.lose.Load() == uint32(p) {
		return nil
	}
	l.loop.Post(func(now time.Time) {
		if to := l.peer.link.Load(); to != nil {
			to.Input(now, f)
		}
	})
	return nil
}

func (l *memLink) Stop()                              { l.link.Store(nil) }
func (l *memLink) Headroom() int                      { return 4 }
func (l *memLink) Tailroom() int                      { return 0 }
func (l *memLink) Ready() bool                        { return true }
func (l *memLink) SetFraming(ppp.Framing)             {}
func (l *memLink) HandleTimeout(time.Time)            {}
func (l *memLink) PollTimeout() (t time.Time, _ bool) { return t, false }
func (l *memLink) Counters(add func(string, uint64))  { add("mem", 1) }

// fakeTUN is a descriptor that never has a packet.
type fakeTUN int

func (f fakeTUN) Name() string              { return "fake0" }
func (f fakeTUN) FD() int                   { return int(f) }
func (f fakeTUN) Read([]byte) (int, error)  { return 0, path.ErrWouldBlock }
func (f fakeTUN) Write([]byte) (int, error) { return 0, nil }
func (f fakeTUN) Close() error              { return nil }

// fakeHost remembers what it was asked for.
type fakeHost struct {
	t     *testing.T
	tun   fakeTUN
	begun chan struct{} // has a token when NetworkUp was called
	up    func(ctx context.Context, n Network) error

	mu       sync.Mutex
	networks []Network
	downs    int
}

func newFakeHost(t *testing.T) *fakeHost {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return &fakeHost{t: t, tun: fakeTUN(fd), begun: make(chan struct{}, 100)}
}

func (h *fakeHost) NetworkUp(ctx context.Context, n Network) (path.TUN, error) {
	h.mu.Lock()
	h.networks = append(h.networks, n)
	if h.downs > 0 {
		h.t.Error("NetworkUp after NetworkDown")
	}
	h.mu.Unlock()
	h.begun <- struct{}{}
	if h.up != nil {
		if err := h.up(ctx, n); err != nil {
			return nil, err
		}
	}
	return h.tun, nil
}

func (h *fakeHost) NetworkDown() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.downs++
}

// side is one connection of a rig.
type side struct {
	*Connection
	link   *memLink
	host   *fakeHost
	cancel context.CancelCauseFunc
	ctx    context.Context
	ended  chan struct{}
	err    error
	ups    chan struct{} // a token each time that the network was told

	mu      sync.Mutex
	reports []Report
	phases  map[Phase]chan struct{} // closed when the phase was told
}

// rig is two connections over a link in memory.
type rig struct {
	t    *testing.T
	loop *path.Loop
	a, b *side // caller, answerer
}

// quick is what both ends have in common.
func quick(c *ppp.Config) {
	c.Timers.Restart = 50 * time.Millisecond
	c.Random = func(b []byte) { rand.Read(b) }
}

func newRig(t *testing.T, change func(a, b *ppp.Config)) *rig {
	t.Helper()
	goroutines := runtime.NumGoroutine()
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, loop: loop}
	a := ppp.Config{
		Name: "alice", Secret: ppp.Secret{Password: "secret"}, Accept: []ppp.Auth{ppp.AuthMSCHAPv2}, IPv4: ppp.IPv4Config{AskDNS: true},
	}
	b := ppp.Config{
		Answer: true, Name: "office", Users: alice{}, Require: []ppp.Auth{ppp.AuthMSCHAPv2},
		IPv4: ppp.IPv4Config{
			Local: netip.MustParseAddr("10.0.0.1"), Remote: netip.MustParseAddr("10.0.0.2"),
			DNS: []netip.Addr{netip.MustParseAddr("10.0.0.53")},
		},
	}
	quick(&a)
	quick(&b)
	if change != nil {
		change(&a, &b)
	}
	r.a, r.b = r.side(a), r.side(b)
	r.a.link.peer, r.b.link.peer = r.b.link, r.a.link
	t.Cleanup(func() {
		loop.Close()
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<16)
				t.Fatalf("goroutines are left:\n%s", buf[:runtime.Stack(buf, true)])
			}
		}
	})
	return r
}

type alice struct{}

func (alice) Find(name string) (ppp.Secret, bool) {
	return ppp.Secret{Password: "secret"}, name == "alice"
}

func (r *rig) side(cfg ppp.Config) *side {
	r.t.Helper()
	s := &side{link: newMemLink(r.loop), host: newFakeHost(r.t), ended: make(chan struct{}), ups: make(chan struct{}, 100), phases: make(map[Phase]chan struct{})}
	for p := PhaseNone; p <= PhaseDown; p++ {
		s.phases[p] = make(chan struct{})
	}
	conn, err := NewConnection(ConnectionConfig{Loop: r.loop, PPP: cfg, Host: s.host, Report: s.take}, s.link)
	if err != nil {
		r.t.Fatal(err)
	}
	s.Connection = conn
	s.times = times{terminate: time.Second, hangUp: time.Second, cutOff: time.Second, alone: 20 * time.Millisecond}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s
}

func (s *side) take(r Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, r)
	if r.Network != nil {
		s.ups <- struct{}{}
	}
	if c := s.phases[r.Phase]; c != nil {
		select {
		case <-c:
		default:
			close(c)
		}
	}
}

// told lists the phases that were told.
func (s *side) told() (phases []Phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.reports {
		if r.Phase != PhaseNone {
			phases = append(phases, r.Phase)
		}
	}
	return phases
}

func (s *side) run() {
	go func() {
		defer close(s.ended)
		s.err = s.Run(s.ctx)
	}()
}

// wait waits for c, or fails.
func (r *rig) wait(c <-chan struct{}, what string) {
	r.t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		buf := make([]byte, 1<<16)
		r.t.Fatalf("%s did not happen:\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

// end waits until s has ended, and looks at what must be true of every end.
func (r *rig) end(s *side) error {
	r.t.Helper()
	r.wait(s.ended, "the end")
	if s.err == nil || cause.Of(s.err) == cause.None {
		r.t.Errorf("ended with %v", s.err)
	}
	if s.host.downs != 1 {
		r.t.Errorf("NetworkDown was called %d times", s.host.downs)
	}
	if len(s.link.closes) != 1 || s.link.closes[0] != cause.Of(s.err) {
		r.t.Errorf("the link was closed for %v, want %v", s.link.closes, cause.Of(s.err))
	}
	if s.link.openAtEnd || s.link.link.Load() != nil {
		r.t.Error("the wire was still in the loop when the link was closed")
	}
	phases := s.told()
	if n := len(phases); n < 3 || phases[0] != PhaseLink || phases[n-2] != PhaseHangUp || phases[n-1] != PhaseDown {
		r.t.Errorf("told %v", phases)
	}
	if last := s.reports[len(s.reports)-1]; !errors.Is(last.Err, s.err) && last.Err != s.err {
		r.t.Errorf("the last report says %v, Run %v", last.Err, s.err)
	}
	if _, ok := s.Status(); ok {
		r.t.Error("there is a status after the end")
	}
	return s.err
}

// up runs both sides until both networks are up.
func (r *rig) up() *rig {
	r.t.Helper()
	r.a.run()
	r.b.run()
	r.wait(r.a.phases[PhaseUp], "the caller's network")
	r.wait(r.b.phases[PhaseUp], "the answerer's network")
	return r
}
