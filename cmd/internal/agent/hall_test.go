package agent

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/vpn"
)

// hall is a server in the test's own network, and a namespace full of callers.
type hall struct {
	*device
	callers *netnstest.NS
	served  chan error
	stop    context.CancelFunc
}

// newHall starts to serve; edit, if not nil, changes the configuration.
func newHall(t *testing.T, secrets string, edit func(*ServerConfig)) *hall {
	t.Helper()
	h := &hall{callers: netnstest.NewNS(t), served: make(chan error, 1)}
	netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "203.0.113.10/24"}, netnstest.End{NS: h.callers, Name: "eth0", Addr: "203.0.113.5/24"})
	h.device = newDevice(t, "", secrets, nil)
	cfg := ServerConfig{
		Listen: []netip.Addr{officeOuter}, Local: officeLocal, Pool: poolOf(t, "10.0.0.100-10.0.0.109"), Auth: []ppp.Auth{ppp.AuthMSCHAPv2},
		MaxCalls: 10, MaxHalfOpen: 10, Name: "hall", KeepDomain: true,
	}
	if edit != nil {
		edit(&cfg)
	}
	var ctx context.Context
	ctx, h.stop = context.WithCancel(t.Context())
	ready := make(chan struct{})
	go func() { h.served <- h.Serve(ctx, cfg, ready) }()
	select {
	case <-ready:
	case err := <-h.served:
		t.Fatal(err)
	}
	return h
}

func poolOf(t *testing.T, text string) *dialup.Pool {
	t.Helper()
	r, err := dialup.ParseAddrRange(text)
	if err != nil {
		t.Fatal(err)
	}
	return dialup.NewPool([]dialup.AddrRange{r})
}

// calls waits until the server has calls in the phases given.
func (h *hall) calls(want ...string) (calls []ConnectionStatus) {
	h.t.Helper()
	slices.Sort(want)
	agenttest.Eventually(h.t, func() error {
		calls = h.Status().Server.Calls
		phases := []string{}
		for _, c := range calls {
			phases = append(phases, c.Phase)
		}
		slices.Sort(phases)
		if !slices.Equal(phases, want) {
			return fmt.Errorf("calls in the phases %v, want %v", phases, want)
		}
		return nil
	})
	return calls
}

// caller is one who calls the hall, without an interface of his own.
type caller struct {
	t      *testing.T
	loop   *path.Loop
	socket *vpn.Socket
	link   dialup.Link
	cancel context.CancelFunc
	up     chan dialup.Network
	done   chan struct{}
	err    error
	pipe   *agenttest.Pipe
}

// ring lays a tunnel and says no PPP yet.
func (h *hall) ring() (*caller, error) {
	h.t.Helper()
	c := &caller{t: h.t, up: make(chan dialup.Network, 1), done: make(chan struct{}), cancel: func() {}}
	var err error
	if c.loop, err = path.NewLoop(path.Config{}); err != nil {
		h.t.Fatal(err)
	}
	h.callers.Do(h.t, func() {
		var seed [2]byte
		random(seed[:])
		if c.socket, err = vpn.OpenSocket(c.loop, binary.BigEndian.Uint16(seed[:])); err == nil {
			c.link, err = vpn.NewDevice(vpn.Config{Socket: c.socket}).Dial(h.t.Context(), officeOuter.String(), nil)
		}
	})
	h.t.Cleanup(func() {
		c.cancel()
		if c.link != nil {
			if c.pipe != nil || c.err != nil {
				<-c.done
			}
			closeLink(c.link, cause.UserRequest)
		}
		c.socket.Close()
		c.loop.Close()
	})
	return c, err
}

// call rings and logs in.
func (h *hall) call(user, password string) *caller {
	h.t.Helper()
	c, err := h.ring()
	if err != nil {
		h.t.Fatal(err)
	}
	conn, err := dialup.NewConnection(dialup.ConnectionConfig{
		Loop: c.loop,
		PPP: ppp.Config{
			Random: random, Name: user, Secret: ppp.Secret{Password: password}, Accept: []ppp.Auth{ppp.AuthMSCHAPv2},
		},
		Host: &agenttest.PipeHost{Use: func(p *agenttest.Pipe, n dialup.Network) {
			c.pipe = p
			c.up <- n
		}},
	}, c.link)
	if err != nil {
		h.t.Fatal(err)
	}
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(c.done)
		c.err = conn.Run(ctx)
	}()
	return c
}

// address waits for the network and gives the caller's address.
func (c *caller) address() netip.Addr {
	c.t.Helper()
	select {
	case n := <-c.up:
		return n.Local
	case <-c.done:
		c.t.Fatalf("it ended: %v", c.err)
	case <-time.After(agenttest.Patience):
		c.t.Fatal("it does not come up")
	}
	return netip.Addr{}
}

// ends waits for the end and wants one of causes.
func (c *caller) ends(causes ...cause.Cause) {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(agenttest.Patience):
		c.t.Fatal("it does not end")
	}
	if !slices.Contains(causes, cause.Of(c.err)) {
		c.t.Errorf("ended with %v, want %v", c.err, causes)
	}
}

// send sends a UDP datagram from the caller's address into the tunnel.
func (c *caller) send(from, to netip.AddrPort, payload string) {
	b := make([]byte, 28+len(payload))
	b[0], b[8], b[9] = 0x45, 64, unix.IPPROTO_UDP
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[12:], from.Addr().AsSlice())
	copy(b[16:], to.Addr().AsSlice())
	binary.BigEndian.PutUint16(b[20:], from.Port())
	binary.BigEndian.PutUint16(b[22:], to.Port())
	binary.BigEndian.PutUint16(b[24:], uint16(8+len(payload))) // UDP checksum 0: none
	copy(b[28:], payload)
	binary.BigEndian.PutUint16(b[10:], headerSum(b[:20]))
	unix.Write(c.pipe.Theirs, b)
}

func headerSum(h []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(h); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// reaches wants a datagram of the caller's to arrive at the server's own
// address, and the answer to arrive here.
func (c *caller) reaches(from netip.Addr) {
	c.t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(officeLocal, 0)))
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	to := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	c.send(netip.AddrPortFrom(from, 4000), netip.AddrPortFrom(officeLocal, to.Port()), "hello")
	b := make([]byte, 100)
	conn.SetReadDeadline(time.Now().Add(agenttest.Patience))
	n, peer, err := conn.ReadFromUDPAddrPort(b)
	if err != nil || string(b[:n]) != "hello" || peer.Addr().Unmap() != from {
		c.t.Fatalf("the server heard %q of %v, %v", b[:n], peer, err)
	}
	if _, err := conn.WriteToUDPAddrPort([]byte("welcome"), peer); err != nil {
		c.t.Fatal(err)
	}
	patience := unix.NsecToTimeval(agenttest.Patience.Nanoseconds())
	unix.SetsockoptTimeval(c.pipe.Theirs, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience)
	for n, err = unix.Read(c.pipe.Theirs, b); err == unix.EINTR; {
		n, err = unix.Read(c.pipe.Theirs, b)
	}
	if err != nil || !strings.HasSuffix(string(b[:n]), "welcome") {
		c.t.Fatalf("the caller heard %q, %v", b[:n], err)
	}
}
