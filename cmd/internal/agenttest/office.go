package agenttest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/vpn"
)

// OfficeConfig is what an office's PPTP server is like.
type OfficeConfig struct {
	NS     *netnstest.NS
	Addrs  []netip.Addr // to be called on
	Users  Users
	Remote netip.Addr // the caller's address, one for all
	Local  netip.Addr
}

// Office is a PPTP server without an interface: it echoes every UDP datagram
// of its callers, to whatever address it was sent.
type Office struct {
	listener *vpn.Listener

	mu    sync.Mutex
	links []dialup.Link
}

// StartOffice answers calls until the test ends.
func StartOffice(t testing.TB, cfg OfficeConfig) *Office {
	t.Helper()
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	o := new(Office)
	var socket *vpn.Socket
	cfg.NS.Do(t, func() {
		if socket, err = vpn.OpenSocket(loop, 1000); err == nil {
			o.listener, err = vpn.Listen(vpn.ListenConfig{
				Config: vpn.Config{Socket: socket}, Addrs: cfg.Addrs, MaxCalls: 20, MaxHalfOpen: 20,
			})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for {
			link, err := o.listener.Accept(ctx)
			if err != nil {
				return
			}
			o.mu.Lock()
			o.links = append(o.links, link)
			o.mu.Unlock()
			conn, err := dialup.NewConnection(dialup.ConnectionConfig{
				Loop: loop, Host: new(PipeHost),
				PPP: ppp.Config{
					Answer: true, Random: func(b []byte) { rand.Read(b) }, Name: "office",
					Require: []ppp.Auth{ppp.AuthMSCHAPv2}, Users: cfg.Users,
					IPv4: ppp.IPv4Config{Local: cfg.Local, Remote: cfg.Remote},
				},
			}, link)
			if err != nil {
				t.Error(err)
				return
			}
			all.Go(func() { conn.Run(ctx) })
		}
	})
	t.Cleanup(func() {
		cancel()
		all.Wait()
		o.listener.Close()
		o.listener.Wait()
		socket.Close()
		loop.Close()
	})
	return o
}

// Calls is how many calls there were.
func (o *Office) Calls() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.links)
}

// HangUp cuts the newest call, as a server that dies does.
func (o *Office) HangUp() {
	o.mu.Lock()
	link := o.links[len(o.links)-1]
	o.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	link.Close(ctx, cause.PeerHangup)
}

// PipeHost gives a connection a Pipe instead of an interface. With a nil Use
// the Pipe echoes.
type PipeHost struct {
	Use  func(p *Pipe, n dialup.Network)
	pipe *Pipe
}

// NetworkUp implements dialup.Host.
func (h *PipeHost) NetworkUp(_ context.Context, n dialup.Network) (path.TUN, error) {
	if h.pipe == nil {
		p, err := newPipe()
		if err != nil {
			return nil, err
		}
		h.pipe = p
		if h.Use != nil {
			h.Use(p, n)
		} else {
			p.echo()
		}
	}
	return h.pipe, nil
}

// NetworkDown implements dialup.Host.
func (h *PipeHost) NetworkDown() {
	if h.pipe != nil {
		h.pipe.end()
	}
}

// Pipe is an interface whose other side is ours: packets are sent and
// received on Theirs, a packet socket.
type Pipe struct {
	ours, Theirs int
	echoing      sync.WaitGroup
}

func newPipe() (*Pipe, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &Pipe{ours: fds[0], Theirs: fds[1]}, unix.SetNonblock(fds[0], true)
}

// echo sends UDP datagrams back, until end.
func (p *Pipe) echo() {
	p.echoing.Go(func() {
		b := make([]byte, 65536)
		for {
			n, err := unix.Read(p.Theirs, b)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil || n == 0 {
				return
			}
			if packet := b[:n]; n >= 28 && packet[0] == 0x45 && packet[9] == unix.IPPROTO_UDP {
				swap(packet[12:16], packet[16:20])
				swap(packet[20:22], packet[22:24])
				unix.Write(p.Theirs, packet)
			}
		}
	})
}

func swap(a, b []byte) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

func (p *Pipe) end() {
	unix.Shutdown(p.Theirs, unix.SHUT_RDWR)
	p.echoing.Wait()
	unix.Close(p.ours)
	unix.Close(p.Theirs)
}

// Name, FD, Read, Write and Close implement path.TUN.
func (p *Pipe) Name() string { return "pipe" }
func (p *Pipe) FD() int      { return p.ours }
func (p *Pipe) Close() error { return nil }

func (p *Pipe) Read(b []byte) (int, error) {
	n, err := unix.Read(p.ours, b)
	if err == unix.EAGAIN {
		err = path.ErrWouldBlock
	}
	return n, err
}

func (p *Pipe) Write(b []byte) (int, error) { return unix.Write(p.ours, b) }
