package vpn

import (
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
)

// TestQueueDrops: packets that came while nobody read the socket.
func TestQueueDrops(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		fd, err := openRaw()
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		s := &Socket{fd: fd}
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096); err != nil {
			t.Fatal(err)
		}
		if n := s.queueDrops(); n != 0 {
			t.Fatalf("%d packets were dropped before there was any", n)
		}
		for range 500 {
			if err := unix.Sendto(fd, make([]byte, 1000), 0, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.queueDrops(); n < 400 || n > 500 {
			t.Errorf("%d packets were dropped", n)
		}
		s.fd = -1
		if n := s.queueDrops(); n != 0 {
			t.Errorf("a closed socket says %d", n)
		}
	})
}
