// Package path is the way of a packet: buffers, the packet loop that owns
// links whole, and the interfaces of what is at its two ends, a Wire and a
// TUN. See ARCHITECTURE.md, "The packet's way".
//
// One goroutine runs a Loop, and everything that a link consists of (wire,
// session, compressor, interface) belongs to it. Other goroutines reach it
// through Post and Do. The files, in the order of a packet:
//
//	loop.go      one turn: wait, descriptors, deadlines, mailbox
//	poll.go      what descriptors are waited for
//	wait.go      the wait itself
//	gather.go    what comes before it under load
//	steady.go    which flows bear that
//	unseen.go    system calls for packets
//	thread.go    the thread that the loop runs on
//	status.go    what is in use
//	deadline.go  which link's deadline comes first
//	mailbox.go   the way in for other goroutines
//	link.go      one PPP link, its frames that are not data
//	tun.go       its network interface
//	outbound.go  interface -> compressor -> wire
//	inbound.go   wire -> compressor -> interface
//	mss.go       TCP segment sizes that fit, both ways
package path
