package vpn

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync"
	"time"

	"dun/board/sock"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/vpn/pptp"
)

const (
	// firstCall is how long a control connection may be without a call: what
	// connects to the port and asks for nothing holds its place no longer.
	firstCall = 10 * time.Second
	// acceptPause follows a failed accept: the process is out of
	// descriptors, say, and would try in vain at full speed.
	acceptPause = 100 * time.Millisecond
)

// ListenConfig is how calls are taken.
type ListenConfig struct {
	Config
	// Sockets are those of several loops (see OpenSockets): a call goes to the
	// one with the fewest. Without any it goes to Config.Socket.
	Sockets     []*Socket
	Addrs       []netip.Addr
	Port        uint16 // 0 = 1723
	MaxCalls    int    // calls at one time, 0 = 100
	MaxHalfOpen int    // control connections without a call at one time, 0 = 16; see dialup.Places
}

func (c ListenConfig) withDefaults() ListenConfig {
	c.Config = c.Config.withDefaults()
	if len(c.Sockets) == 0 {
		c.Sockets = []*Socket{c.Socket}
	}
	if c.Port == 0 {
		c.Port = pptp.Port
	}
	if c.MaxCalls == 0 {
		c.MaxCalls = 100
	}
	if c.MaxHalfOpen == 0 {
		c.MaxHalfOpen = 16
	}
	return c
}

// port is a TCP port that is open.
type port interface {
	Accept() (stream, error)
	Close() error
}

type tcpPort struct{ *sock.Listener }

func (p tcpPort) Accept() (stream, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// Listener takes PPTP calls: receiver and PAC (dialup.Listener).
type Listener struct {
	cfg    ListenConfig
	tcp    []port
	places *dialup.Places // for control connections without a call
	links  chan *tunnel
	quit   context.Context
	cancel context.CancelFunc
	accept sync.WaitGroup // goroutines that accept
	answer sync.WaitGroup // goroutines of control connections

	mu        sync.Mutex
	answerers map[*answerer]struct{}
	calls     int // accepted or being so, of all control connections
}

var _ dialup.Listener = (*Listener)(nil)

// Listen opens the TCP ports.
func Listen(cfg ListenConfig) (*Listener, error) {
	cfg = cfg.withDefaults()
	var tcp []port
	for _, addr := range cfg.Addrs {
		one, err := sock.ListenTCP(netip.AddrPortFrom(addr, cfg.Port))
		if err != nil {
			for _, open := range tcp {
				open.Close()
			}
			return nil, cause.New(cause.NetworkSetup, "listening on %v: %v", addr, innermost(err))
		}
		tcp = append(tcp, tcpPort{one})
	}
	return serve(cfg, tcp), nil
}

// serve takes calls from ports that are open.
func serve(cfg ListenConfig, tcp []port) *Listener {
	l := &Listener{
		cfg: cfg, tcp: tcp,
		places:    dialup.NewPlaces(cfg.MaxHalfOpen),
		links:     make(chan *tunnel),
		answerers: make(map[*answerer]struct{}),
	}
	l.quit, l.cancel = context.WithCancel(context.Background())
	for _, one := range tcp {
		l.accept.Go(func() { l.acceptFrom(one) })
	}
	return l
}

// Accept waits for the next call (dialup.Listener).
func (l *Listener) Accept(ctx context.Context) (dialup.Link, error) {
	select {
	case t := <-l.links:
		return t, nil
	case <-ctx.Done():
		return nil, cancelled(ctx)
	case <-l.quit.Done():
		return nil, cause.New(cause.UserRequest, "the listener was closed")
	}
}

// Close closes the ports (dialup.Listener). Calls that were accepted go on;
// control connections without one are ended, see Wait.
func (l *Listener) Close() error {
	l.cancel()
	for _, tcp := range l.tcp {
		tcp.Close()
	}
	l.accept.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for a := range l.answerers {
		l.answer.Go(func() {
			a.control.do(context.Background(), func(now time.Time) { a.closeIfIdle(now, cause.UserRequest) })
		})
	}
	return nil
}

// Wait waits after Close until the control connections have ended, which they
// do in order when their last call has.
func (l *Listener) Wait() { l.answer.Wait() }

func (l *Listener) acceptFrom(tcp port) {
	for {
		conn, err := tcp.Accept()
		switch {
		case err == nil:
			l.admit(conn)
		case l.quit.Err() != nil || errors.Is(err, os.ErrClosed):
			return
		default:
			select {
			case <-time.After(acceptPause):
			case <-l.quit.Done():
			}
		}
	}
}

// admit begins a control connection, if there is room for it.
func (l *Listener) admit(conn stream) {
	a, err := newAnswerer(l, conn)
	if err == nil {
		err = a.takePlace()
	}
	if err != nil {
		conn.Close()
		return
	}
	l.mu.Lock()
	l.answerers[a] = struct{}{}
	l.mu.Unlock()
	l.answer.Go(func() {
		a.run()
		l.mu.Lock()
		delete(l.answerers, a)
		l.mu.Unlock()
	})
}

// reserve makes room for one more call, which unreserve gives back.
func (l *Listener) reserve() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls >= l.cfg.MaxCalls {
		return false
	}
	l.calls++
	return true
}

func (l *Listener) unreserve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls--
}
