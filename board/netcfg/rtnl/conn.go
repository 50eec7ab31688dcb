package rtnl

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	answerTime = 10 * time.Second // for the kernel to answer
	firstSize  = 8192             // of the buffer, the kernel's own usual size
	largest    = 1 << 20          // of a datagram that is taken
	dumpTries  = 6
)

var (
	errSilent  = errors.New("netlink: the kernel does not answer")
	errChanges = errors.New("netlink: the table changes faster than it can be read")
)

// Conn is a netlink socket. One goroutine at a time may use it.
type Conn struct {
	fd        int
	seq, port uint32
}

// Open opens a socket to a netlink family, unix.NETLINK_ROUTE for instance, in
// the network namespace of the calling thread.
func Open(protocol int) (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, err
	}
	c := &Conn{fd: fd}
	if err := c.prepare(); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return c, nil
}

func (c *Conn) prepare() error {
	// Old kernels have neither: their errors are numbers only.
	_ = unix.SetsockoptInt(c.fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	_ = unix.SetsockoptInt(c.fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	tv := unix.NsecToTimeval(int64(answerTime))
	if err := unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return err
	}
	if err := unix.Bind(c.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	sa, err := unix.Getsockname(c.fd)
	if err != nil {
		return err
	}
	if nl, ok := sa.(*unix.SockaddrNetlink); ok {
		c.port = nl.Pid
	}
	return nil
}

// Close closes the socket.
func (c *Conn) Close() error { return unix.Close(c.fd) }

// change asks for a change and waits for the acknowledgement.
func (c *Conn) change(typ, flags uint16, b body) error {
	_, err := c.do(typ, flags|unix.NLM_F_ACK, b, nil)
	return err
}

// get asks for one thing.
func (c *Conn) get(typ uint16, b body, each func(payload []byte)) error {
	_, err := c.do(typ, 0, b, each)
	return err
}

// Dump asks for a whole table. each gets the payload of one message after the
// other, which it may not keep. When the table changed meanwhile all starts
// anew, and again is called first.
func (c *Conn) Dump(typ uint16, request []byte, again func(), each func(payload []byte)) error {
	return untilWhole(again, func() (bool, error) { return c.do(typ, unix.NLM_F_DUMP, request, each) })
}

func untilWhole(again func(), dump func() (interrupted bool, err error)) error {
	for range dumpTries {
		if interrupted, err := dump(); err != nil || !interrupted {
			return err
		}
		again()
	}
	return errChanges
}

// do is one request with its answer.
func (c *Conn) do(typ, flags uint16, b body, each func([]byte)) (interrupted bool, err error) {
	c.seq++
	x := exchange{seq: c.seq, port: c.port, each: each}
	m := message(header{typ, flags | unix.NLM_F_REQUEST, x.seq, x.port}, b)
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	for err = unix.EINTR; err == unix.EINTR; {
		err = unix.Sendto(c.fd, m, 0, kernel)
	}
	if err != nil {
		return false, err
	}
	deadline := time.Now().Add(answerTime)
	for buf := make([]byte, firstSize); ; {
		if buf, err = c.receive(buf, deadline); err != nil {
			return false, err
		}
		if done, err := x.input(buf); done {
			return x.interrupted, err
		}
		buf = buf[:cap(buf)]
	}
}

// receive reads the kernel's next datagram into buf, or into a larger one.
func (c *Conn) receive(buf []byte, deadline time.Time) ([]byte, error) {
	for peek := unix.MSG_PEEK; ; {
		n, from, err := unix.Recvfrom(c.fd, buf, peek|unix.MSG_TRUNC)
		switch {
		case err == unix.EINTR && time.Now().Before(deadline):
		case err == unix.EINTR || err == unix.EAGAIN:
			return nil, errSilent
		case err != nil:
			return nil, err
		case peek != 0: // n is its length, whatever that of buf
			if n > largest {
				return nil, fmt.Errorf("netlink: an answer of %d octets", n)
			}
			if n > len(buf) {
				buf = make([]byte, n)
			}
			peek = 0
		default:
			if sa, ok := from.(*unix.SockaddrNetlink); ok && sa.Pid == 0 {
				return buf[:min(n, len(buf))], nil
			}
			peek = unix.MSG_PEEK // another process's: not for us
		}
	}
}
