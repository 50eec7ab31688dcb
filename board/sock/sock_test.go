package sock

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds what does happen.
const patience = 20 * time.Second

func loopback(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// pair is a connection with both its ends.
func pair(t *testing.T, l *Listener, dial func() (*Conn, error)) (near, far *Conn) {
	t.Helper()
	near, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	for _, c := range []*Conn{near, far} {
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	}
	return near, far
}

// talk says something both ways, and ends one after the other.
func talk(t *testing.T, near, far *Conn) {
	t.Helper()
	b := make([]byte, 16)
	for _, c := range [][2]*Conn{{near, far}, {far, near}} {
		if _, err := c[0].Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if n, err := c[1].Read(b); err != nil || string(b[:n]) != "hello" {
			t.Fatalf("%q, %v", b[:n], err)
		}
	}
	if err := near.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Read(b); err != io.EOF {
		t.Errorf("the end is %v", err)
	}
	if _, err := far.Write([]byte("bye")); err != nil {
		t.Error(err)
	}
	far.Close()
	if all, err := io.ReadAll(near); err != nil || string(all) != "bye" {
		t.Errorf("%q, %v", all, err)
	}
}

func port(t *testing.T) *Listener {
	t.Helper()
	l, err := ListenTCP(loopback(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestTCP(t *testing.T) {
	six := netip.AddrPortFrom(netip.IPv6Loopback(), 0)
	for _, at := range []netip.AddrPort{loopback(0), netip.MustParseAddrPort("[::ffff:127.0.0.1]:0"), six} {
		l, err := ListenTCP(at)
		if at == six && (errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)) {
			continue // a machine without IPv6
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		near, far := pair(t, l, func() (*Conn, error) { return DialTCP(context.Background(), l.Addr(), "lo") })
		if l.Addr().Port() == 0 || near.RemoteAddr() != l.Addr() || far.LocalAddr() != l.Addr() || near.LocalAddr() != far.RemoteAddr() || !near.LocalAddr().IsValid() {
			t.Errorf("at %v: %v to %v, %v from %v", l.Addr(), near.LocalAddr(), near.RemoteAddr(), far.LocalAddr(), far.RemoteAddr())
		}
		for _, c := range []*Conn{near, far} {
			for option, want := range map[[2]int]int{{unix.IPPROTO_TCP, unix.TCP_NODELAY}: 1, {unix.SOL_SOCKET, unix.SO_KEEPALIVE}: 0} {
				if err := c.control(func(fd int) error {
					v, err := unix.GetsockoptInt(fd, option[0], option[1])
					if v != want {
						t.Errorf("option %v is %d", option, v)
					}
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		}
		talk(t, near, far)
	}
}

// TestPortAgain: a port with connections that have just ended is free.
func TestPortAgain(t *testing.T) {
	l := port(t)
	near, far := pair(t, l, func() (*Conn, error) { return DialTCP(context.Background(), l.Addr(), "") })
	far.Close() // the side that closes first keeps the address for a while
	near.Close()
	l.Close()
	again, err := ListenTCP(l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := ListenTCP(again.Addr()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port that is taken: %v", err)
	}
}

func TestDialFails(t *testing.T) {
	l := port(t)
	gone := l.Addr()
	l.Close()
	if _, err := DialTCP(context.Background(), gone, ""); !errors.Is(err, syscall.ECONNREFUSED) || err.Error() != "connect: connection refused" {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := DialTCP(context.Background(), gone, "none0"); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("an interface that is not: %v", err)
	}
	if _, err := DialTCP(context.Background(), netip.MustParseAddrPort("255.255.255.255:9"), ""); err == nil {
		t.Error("a broadcast address connects")
	}
	if _, err := DialUDP(context.Background(), netip.MustParseAddrPort("[fe80::1%none0]:53"), ""); !errors.Is(err, syscall.ENODEV) && !errors.Is(err, syscall.EAFNOSUPPORT) {
		t.Errorf("a zone that is not: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := DialTCP(ctx, gone, ""); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("too late: %v", err)
	}
}

// TestDialGivesUp: a connection that is neither made nor refused ends with its
// context. The port's queue is full, so the kernel does not answer.
func TestDialGivesUp(t *testing.T) {
	fd, err := open(unix.AF_INET, unix.SOCK_STREAM)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // some fit into the queue
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		c, err := DialTCP(ctx, addrPort(sa), "")
		if err == nil {
			defer c.Close()
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() == nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
		return
	}
	t.Error("twenty connections fit into a queue for none")
}

func TestUDP(t *testing.T) {
	a, err := DialUDP(context.Background(), loopback(9), "")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := DialUDP(context.Background(), a.LocalAddr(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.SetDeadline(time.Now().Add(patience))
	if _, err := b.Write([]byte("not from the other end")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(make([]byte, 16)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a takes from port 9 only; b is told %v", err)
	}
}

// TestUntil: the end of a context ends a read, and so does Close.
func TestUntil(t *testing.T) {
	l := port(t)
	near, far := pair(t, l, func() (*Conn, error) { return DialTCP(context.Background(), l.Addr(), "") })
	ctx, cancel := context.WithCancel(context.Background())
	stop := near.Until(ctx)
	go cancel()
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read of who gave up: %v", err)
	}
	if stop() {
		t.Error("it says that it has not begun")
	}
	go far.Close()
	if _, err := far.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) && err != io.EOF {
		t.Errorf("a read of what is closed: %v", err)
	}
}

func TestAcceptEnds(t *testing.T) {
	l := port(t)
	go l.Close()
	if c, err := l.Accept(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := l.Accept(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after that: %v", err)
	}
}

func TestUnix(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sock")
	if _, err := DialUnix(name); !errors.Is(err, fs.ErrNotExist) || err.Error() != "dial unix "+name+": connect: no such file or directory" {
		t.Errorf("before it is there: %v", err)
	}
	l, err := ListenUnix(name, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, err := os.Stat(name); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := ListenUnix(name, 0o600); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a name that is taken: %v", err)
	}
	near, far := pair(t, l, func() (*Conn, error) { return DialUnix(name) })
	talk(t, near, far)
	l.Close()
	if _, err := DialUnix(name); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("when nobody listens any more: %v", err)
	}
}
