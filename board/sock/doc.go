// Package sock makes the few sockets that dun needs out of system calls, as
// files: os.File waits in the runtime's poller, has deadlines, and ends its
// readers when it is closed. Package net would do that too, and bring what
// takes hosts by name, 5 % of the device binary.
//
//	conn, err := sock.DialTCP(ctx, netip.MustParseAddrPort("192.0.2.1:1723"), "")
//	l, err := sock.ListenUnix("/run/dun/agent.sock", 0o600)
package sock
