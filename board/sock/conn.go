package sock

import (
	"context"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is a connected socket. Its methods may be called from several
// goroutines.
type Conn struct {
	f             *os.File
	local, remote netip.AddrPort
}

// newConn owns fd, which is non-blocking and connected or about to be.
func newConn(fd int, name string) *Conn { return &Conn{f: os.NewFile(uintptr(fd), name)} }

// Read reads what has come; io.EOF at the end, and for an empty datagram.
func (c *Conn) Read(b []byte) (int, error) { return c.f.Read(b) }

// Write writes all of b.
func (c *Conn) Write(b []byte) (int, error) { return c.f.Write(b) }

// Close ends the connection, and what waits for it in other goroutines.
func (c *Conn) Close() error { return c.f.Close() }

// CloseWrite tells the other end that nothing more comes.
func (c *Conn) CloseWrite() error {
	return c.control(func(fd int) error {
		return os.NewSyscallError("shutdown", unix.Shutdown(fd, unix.SHUT_WR))
	})
}

// SetDeadline bounds reading and writing; past it they give
// os.ErrDeadlineExceeded. The zero time is none.
func (c *Conn) SetDeadline(t time.Time) error { return c.f.SetDeadline(t) }

// SetReadDeadline bounds reading.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.f.SetReadDeadline(t) }

// SetWriteDeadline bounds writing.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.f.SetWriteDeadline(t) }

// past is a deadline that is over.
var past = time.Unix(1, 0)

// Until ends all waiting once ctx is done, by a deadline that is over. stop
// says that ctx does not count any more; it is false where ctx was first.
func (c *Conn) Until(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { c.f.SetDeadline(past) })
}

// LocalAddr is this end's address; not valid for a unix socket.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// RemoteAddr is the other end's.
func (c *Conn) RemoteAddr() netip.AddrPort { return c.remote }

// control calls f with the descriptor, which stays open meanwhile.
func (c *Conn) control(f func(fd int) error) error {
	raw, err := c.f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return os.ErrClosed
	}
	return failed
}
