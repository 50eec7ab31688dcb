package load

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// chunk is what one call reads or writes, in octets; iperf3 has the same.
const chunk = 128 << 10

// Flood connects to a Sink and writes until it is ended or the other side
// goes away.
func Flood(to netip.AddrPort) error {
	fd, err := connect(unix.SOCK_STREAM, to)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	b := make([]byte, chunk)
	for {
		if _, err := transfer(unix.SYS_WRITE, fd, b); err != nil {
			return err
		}
	}
}

// Sink takes one connection after another and counts the octets that come.
// ready is called when it listens.
func Sink(at netip.AddrPort, octets *Counter, ready func()) error {
	l, err := listen(unix.SOCK_STREAM, at)
	if err != nil {
		return err
	}
	defer unix.Close(l)
	ready()
	b := make([]byte, chunk)
	for {
		fd, _, err := unix.Accept(l)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		for {
			n, err := transfer(unix.SYS_READ, fd, b)
			if n == 0 || err != nil {
				break // the next one
			}
			octets.Add(n)
		}
		unix.Close(fd)
	}
}
