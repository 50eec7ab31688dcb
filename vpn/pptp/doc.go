// Package pptp is the control connection of PPTP (RFC 2637 sections 1 to 3):
// its messages, and the machine that is either end of one TCP connection,
// originator or receiver, with the calls on it as PNS or as PAC.
//
// Messages are plain structs: Parse reads one, AppendBinary writes it, with
// the same checks. A Conn is driven by one owner:
//
//	Open(now)                   the TCP connection is up
//	Input(now, b)               any bytes from it
//	PollTransmit(dst)           bytes for it; drained after every other call
//	PollEvent()                 what happened; drained after PollTransmit
//	PollTimeout(), HandleTimeout(now)
//	LinkDown(now, ...)          the TCP connection is gone
//	Close(now, cause)           end it in order
//
// and by commands: Dial and Hangup for the usual client, which is the
// originator and a PNS; AcceptCall and RefuseCall for the usual server, a
// receiver and PAC; Offer for a PAC that has a call for the peer. After the
// event Closed, what PollTransmit still has is to be written before the TCP
// connection is closed. Nothing here reads a clock or starts a goroutine.
//
// What of RFC 2637 is done, and what is not:
//
//	2.1 to 2.15  all messages             supported, both directions
//	3.1.1/2      control connection       supported, both ends; table.go
//	3.1.3        collision                WinsCollision decides, the owner of both connections acts
//	3.1.4        keepalive                supported
//	3.2.3        incoming calls           supported, PAC and PNS
//	3.2.4        outgoing calls           supported, PAC and PNS
//	1.4          management messages      none are defined: counted, ignored
//
// The tunnel itself is package gre.
package pptp
