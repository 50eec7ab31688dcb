package yardstick

import (
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Roles of the twins.
const (
	Caller = "caller"
	Called = "called"
)

// maxPacket is the size of its buffers.
const maxPacket = 2048

// Run carries packets between the TUN interface of that name, which it
// makes, and its twin at peer, until something fails.
func Run(name string, local, peer netip.Addr, role string) error {
	var send, receive [16]byte
	for i := range 16 {
		send[i], receive[i] = byte(i), byte(0xf0+i)
	}
	if role == Called {
		send, receive = receive, send
	} else if role != Caller {
		return fmt.Errorf("yardstick: unknown role %q", role)
	}
	tun, err := openTUN(name)
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_GRE)
	if err != nil {
		return err
	}
	// As much as dun asks for: bursts are not what differs.
	unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4<<20)
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: local.As4()}); err != nil {
		return err
	}
	var received atomic.Uint32
	failed := make(chan error, 2)
	go func() {
		failed <- outward(tun, socket, &unix.SockaddrInet4{Addr: peer.As4()}, newCipher(send), &received)
	}()
	go func() { failed <- inward(tun, socket, newCipher(receive), &received) }()
	return <-failed
}

func outward(tun, socket int, to unix.Sockaddr, c *cipher, received *atomic.Uint32) error {
	b := make([]byte, maxPacket)
	for sequence := uint32(0); ; sequence++ {
		n, err := unix.Read(tun, b)
		if err == unix.EINTR || err == unix.EIO { // EIO: the interface is down
			continue
		}
		if err != nil {
			return fmt.Errorf("interface: %w", err)
		}
		sealed := c.seal(nil, b[:n])
		packet := append(header(nil, 1, len(sealed), sequence, received.Load()), sealed...)
		// A full queue below loses packets, as any.
		unix.Sendto(socket, packet, 0, to)
	}
}

func inward(tun, socket int, c *cipher, received *atomic.Uint32) error {
	b := make([]byte, maxPacket)
	for {
		n, _, err := unix.Recvfrom(socket, b, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("socket: %w", err)
		}
		_, sequence, payload, err := parse(b[:n])
		if err != nil {
			continue
		}
		packet, err := c.open(payload)
		if err != nil {
			continue
		}
		received.Store(sequence)
		unix.Write(tun, packet)
	}
}

// openTUN makes a TUN interface without packet information.
func openTUN(name string) (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var request struct {
		name  [unix.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:unix.IFNAMSIZ-1], name)
	request.flags = unix.IFF_TUN | unix.IFF_NO_PI
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TUNSETIFF, uintptr(unsafe.Pointer(&request))); errno != 0 {
		unix.Close(fd)
		return -1, os.NewSyscallError("TUNSETIFF", errno)
	}
	return fd, nil
}
