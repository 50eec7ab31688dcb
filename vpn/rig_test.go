package vpn

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
)

func TestMain(m *testing.M) { os.Exit(netnstest.Main(m)) }

var loopback = netip.MustParseAddr("127.0.0.1")

// pipe is a TUN whose other side the test holds: a pair of packet sockets.
type pipe struct{ ours, theirs int }

func newPipe(t *testing.T) *pipe {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return &pipe{fds[0], fds[1]}
}

func (p *pipe) Name() string { return "pipe" }
func (p *pipe) FD() int      { return p.ours }
func (p *pipe) Close() error { return nil }

func (p *pipe) Read(b []byte) (int, error) {
	n, err := unix.Read(p.ours, b)
	if err == unix.EAGAIN {
		err = path.ErrWouldBlock
	}
	return n, err
}

func (p *pipe) Write(b []byte) (int, error) { return unix.Write(p.ours, b) }

// receive waits for a packet on the test's side.
func (p *pipe) receive(t *testing.T) []byte {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(p.theirs), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 10_000)
		if err == unix.EINTR {
			continue
		}
		if n == 0 {
			t.Fatal("no packet came through")
		}
		b := make([]byte, 2048)
		n, err = unix.Read(p.theirs, b)
		if err != nil {
			t.Fatal(err)
		}
		return b[:n]
	}
}

// pipeHost gives a connection a pipe.
type pipeHost struct {
	pipe *pipe
	up   chan dialup.Network
	once sync.Once
}

func (h *pipeHost) NetworkUp(_ context.Context, n dialup.Network) (path.TUN, error) {
	h.once.Do(func() { h.up <- n })
	return h.pipe, nil
}

func (h *pipeHost) NetworkDown() {}

// users knows one user.
type users struct{ name, password string }

func (u users) Find(name string) (ppp.Secret, bool) {
	return ppp.Secret{Password: u.password}, name == u.name
}

func random(b []byte) { rand.Read(b) }

// rig is a loop with its GRE socket and a listener on the loopback interface.
type rig struct {
	t        *testing.T
	loop     *path.Loop
	socket   *Socket
	listener *Listener
	device   *Device
}

// newRig listens on the addresses of cfg, or 127.0.0.1. At the end nothing may
// be left of it.
func newRig(t *testing.T, cfg ListenConfig) *rig {
	t.Helper()
	goroutines := runtime.NumGoroutine()
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := OpenSocket(loop, 7)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Socket = socket
	if cfg.Addrs == nil {
		cfg.Addrs = []netip.Addr{loopback}
	}
	listener, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t, loop, socket, listener, NewDevice(cfg.Config)}
	t.Cleanup(func() {
		listener.Close()
		listener.Wait()
		loop.Do(func(time.Time) {
			if n := len(socket.calls); n != 0 {
				t.Errorf("%d calls are left on the socket", n)
			}
			if n := socket.store.Free(); n != storeSlots {
				t.Errorf("%d slots of %d are free", n, storeSlots)
			}
		})
		if listener.calls != 0 || listener.places.Held() != 0 || len(listener.answerers) != 0 {
			t.Errorf("%d calls, %d places, %d control connections are left", listener.calls, listener.places.Held(), len(listener.answerers))
		}
		socket.Close()
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

// patience guards against hanging: a busy machine may take long.
const patience = time.Minute

// soon fails the test unless c delivers.
func soon[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		buf := make([]byte, 1<<16)
		t.Fatalf("%s did not happen:\n%s", what, buf[:runtime.Stack(buf, true)])
	}
	return v
}

// accept takes the next call.
func (r *rig) accept() *tunnel {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	link, err := r.listener.Accept(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	return link.(*tunnel)
}

// links lays a tunnel, without PPP.
func (r *rig) links(target string) (caller, answerer *tunnel) {
	r.t.Helper()
	dialed := make(chan dialup.Link, 1)
	go func() {
		link, err := r.device.Dial(context.Background(), target, nil)
		if err != nil {
			r.t.Error(err)
			link = (*tunnel)(nil)
		}
		dialed <- link
	}()
	answerer = r.accept()
	caller = soon(r.t, dialed, "the call").(*tunnel)
	if caller == nil {
		r.t.FailNow()
	}
	r.t.Cleanup(func() { // after a test that failed half-way
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		caller.Close(ctx, cause.Cancelled)
		answerer.Close(ctx, cause.Cancelled)
	})
	return caller, answerer
}

// close hangs up, in order.
func (r *rig) close(links ...dialup.Link) {
	r.t.Helper()
	for _, l := range links {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if err := l.Close(ctx, cause.UserRequest); err != nil {
			r.t.Errorf("hanging up: %v", err)
		}
		cancel()
	}
}

// end is one end of a tunnel with PPP on it.
type end struct {
	link   *tunnel
	host   *pipeHost
	cancel func()
	done   chan error
	conn   *dialup.Connection
}

func (r *rig) start(t *testing.T, link dialup.Link, cfg ppp.Config) *end {
	t.Helper()
	e := &end{link: link.(*tunnel), host: &pipeHost{pipe: newPipe(t), up: make(chan dialup.Network, 1)}, done: make(chan error, 1)}
	conn, err := dialup.NewConnection(dialup.ConnectionConfig{Loop: r.loop, PPP: cfg, Host: e.host}, link)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	e.cancel = func() { cancel(nil) }
	e.conn = conn
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.done <- conn.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel(cause.LowerLinkDown)
		<-ended
	})
	return e
}

// pair lays a tunnel and opens PPP at both ends.
func (r *rig) pair(t *testing.T, mode ppp.MPPEMode) (caller, answerer *end) {
	t.Helper()
	return r.pairTo(t, "127.0.0.1", mode)
}

func (r *rig) pairTo(t *testing.T, target string, mode ppp.MPPEMode) (caller, answerer *end) {
	t.Helper()
	link, accepted := r.links(target)
	caller = r.start(t, link, ppp.Config{
		Random: random, Name: `CORP\alice`, Secret: ppp.Secret{Password: "secret"},
		Accept: []ppp.Auth{ppp.AuthMSCHAPv2}, MPPE: []ppp.MPPEMode{mode},
		IPv4: ppp.IPv4Config{AskDNS: true},
	})
	answerer = r.start(t, accepted, ppp.Config{
		Answer: true, Random: random, Name: "office", Users: users{`CORP\alice`, "secret"},
		Require: []ppp.Auth{ppp.AuthMSCHAPv2}, MPPE: []ppp.MPPEMode{mode},
		IPv4: ppp.IPv4Config{
			Local: netip.MustParseAddr("10.0.0.1"), Remote: netip.MustParseAddr("10.0.0.2"),
			DNS: []netip.Addr{netip.MustParseAddr("10.0.0.53")},
		},
	})
	return caller, answerer
}

// hangUp ends both ends in order.
func (e *end) hangUp(t *testing.T, other *end) {
	t.Helper()
	e.cancel()
	soon(t, e.done, "the end")
	soon(t, other.done, "the other end")
}

// packet is an IPv4 packet with a counter and a payload that depends on it.
func packet(n uint32, size int) []byte {
	b := make([]byte, size)
	b[0] = 0x45
	binary.BigEndian.PutUint16(b[2:], uint16(size))
	b[8], b[9] = 64, 17
	binary.BigEndian.PutUint32(b[20:], n)
	for i := 24; i < size; i++ {
		b[i] = byte(i * int(n+1))
	}
	return b
}
