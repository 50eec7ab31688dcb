package traffic

import (
	"context"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// congestion is the congestion control of our transfers where the system has
// it. Machines have different ones by default, and BBR measures itself on a
// path with a slow process in it: it sends whole windows into full buffers,
// and runs would not compare.
const congestion = "cubic"

// control is the Control of a net.Dialer and a net.ListenConfig.
func control(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		// A system without it goes on with its own.
		unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, congestion)
	})
}

// Listen makes the listener of a server.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	c := net.ListenConfig{Control: control}
	return c.Listen(ctx, "tcp", addr)
}
