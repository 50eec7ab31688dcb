// Package vpn is the VPN device: it lays PPTP tunnels (RFC 2637) as caller
// and takes them as answerer. The protocol engines are in pptp (control
// connection, over TCP) and gre (data, IP protocol 47); this package gives
// them sockets and makes links of their calls.
//
// A control connection has a goroutine of its own, and a second one that
// reads; the GRE socket and all calls on it belong to the packet loop:
//
//	device.go    calling: TCP, control connection, call
//	listener.go  being called: ports, places for strangers, the number of calls
//	answerer.go    one control connection of those
//	tunnel.go    a call as a dialup.Link
//	control.go     the control connection's engine on its TCP socket
//	trace.go       its messages in readable form
//	call.go        the call's data side, a path.Wire
//	socket.go        the raw socket that all calls share
//	sender.go        how a packet leaves it
//	filter.go        which calls are whose, with several loops
//	route.go     what the system knows of the way to the peer
//
// A stranger who can reach the TCP port gets: one of ListenConfig.MaxHalfOpen
// places for ten seconds, which others take away from it when it holds more
// of them than they do; at most 16 calls on a connection and MaxCalls in all,
// each of which has to log in within the time that PPP gives it; and ten
// seconds to read what it is sent.
package vpn
