package vpn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"dun/vpn/pptp"
)

// peer is the other end of a control connection, in the hands of a test.
type peer struct {
	t    *testing.T
	conn net.Conn
}

// send writes messages in one go.
func (p *peer) send(messages ...pptp.Message) {
	p.t.Helper()
	var b []byte
	for _, m := range messages {
		var err error
		if b, err = m.AppendBinary(b); err != nil {
			p.t.Fatal(err)
		}
	}
	p.write(b)
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Errorf("writing: %v", err)
	}
}

// next reads one message; nil at the end of the connection.
func (p *peer) next() pptp.Message {
	p.t.Helper()
	head := make([]byte, 12)
	if _, err := io.ReadFull(p.conn, head); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.t.Fatal("no message in time")
		}
		return nil
	}
	b := append(head, make([]byte, int(head[0])<<8+int(head[1])-12)...)
	if _, err := io.ReadFull(p.conn, b[12:]); err != nil {
		p.t.Fatal(err)
	}
	m, err := pptp.Parse(b)
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// expect reads one message of a type.
func expect[M pptp.Message](p *peer) M {
	p.t.Helper()
	got := p.next()
	m, is := got.(M)
	if !is {
		p.t.Fatalf("got %#v, want %T", got, m)
	}
	return m
}

// end reads until the other end has closed.
func (p *peer) end() {
	p.t.Helper()
	for p.next() != nil {
	}
	p.conn.Close()
}

// finish is end, for a peer with manners: it confirms a Stop.
func (p *peer) finish() {
	p.t.Helper()
	for m := p.next(); m != nil; m = p.next() {
		if m.Type() == pptp.TypeStopRequest {
			p.send(pptp.StopReply{Result: 1})
		}
	}
	p.conn.Close()
}

// reset closes with an RST.
func (p *peer) reset() {
	p.conn.(*net.TCPConn).SetLinger(0)
	p.conn.Close()
}

var (
	startRequest = pptp.StartRequest{Version: pptp.Version, Framing: pptp.FramingEither, Bearer: pptp.BearerAny, HostName: "client"}
	startReply   = pptp.StartReply{Version: pptp.Version, Result: pptp.StartOK, HostName: "server"}
)

func callRequest(id uint16) pptp.OutgoingCallRequest {
	return pptp.OutgoingCallRequest{CallID: id, Serial: id, MinBPS: 300, MaxBPS: 1e8, Bearer: pptp.BearerAny, Framing: pptp.FramingEither, Window: 64}
}

// client connects to a rig's listener from an address and starts the control
// connection.
func (r *rig) client(from string) *peer {
	r.t.Helper()
	p := r.connect(from)
	p.send(startRequest)
	expect[pptp.StartReply](p)
	return p
}

func (r *rig) connect(from string) *peer {
	r.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: netip.MustParseAddr(from).AsSlice()}}
	conn, err := d.Dial("tcp4", "127.0.0.1:1723")
	if err != nil {
		r.t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	r.t.Cleanup(func() { conn.Close() })
	return &peer{r.t, conn}
}

// scripted is a server whose every connection is given to script.
func scripted(t *testing.T, script func(p *peer)) (target string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.SetReadDeadline(time.Now().Add(patience))
			script(&peer{t, conn})
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// pipeListener is a TCP port in memory, for virtual time.
type pipeListener struct {
	conns  chan stream
	fail   func() error // where set, instead of a connection
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan stream), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (stream, error) {
	if l.fail != nil {
		select {
		case <-l.closed:
		default:
			return nil, l.fail()
		}
	}
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, os.ErrClosed
	}
}

func (l *pipeListener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

// addrConn is a connection in memory that has addresses.
type addrConn struct {
	net.Conn
	remote netip.AddrPort
}

func (c addrConn) LocalAddr() netip.AddrPort  { return netip.MustParseAddrPort("192.0.2.1:1723") }
func (c addrConn) RemoteAddr() netip.AddrPort { return c.remote }

// connect calls from an address.
func (l *pipeListener) connect(t *testing.T, from netip.Addr) *peer {
	ours, theirs := net.Pipe()
	l.conns <- addrConn{theirs, netip.AddrPortFrom(from, 50000)}
	return &peer{t, ours}
}
