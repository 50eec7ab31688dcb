package vpn

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"dun/vpn/pptp"
)

// outerMTU is what the system knows of the way from local to peer, octets of
// an IPv4 packet.
func outerMTU(local, peer netip.Addr) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if local.Is4() {
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: local.As4()}); err != nil {
			return 0, fmt.Errorf("bind to %v: %w", local, err)
		}
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: peer.As4(), Port: pptp.Port}); err != nil {
		return 0, fmt.Errorf("route to %v: %w", peer, err)
	}
	return unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU)
}
