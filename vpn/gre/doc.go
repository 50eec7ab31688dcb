// Package gre is the enhanced GRE of PPTP (RFC 2637 section 4): the header,
// and for each call the sequence numbers, acknowledgements, and a bounded
// reordering of what arrives, so that what is above (MPPE, PPP) sees packets
// in order, each at most once.
//
// Header and Parse know bytes and nothing of calls. A Call is the state of one
// call in both directions; its owner, one goroutine, drives it:
//
//	send:      h := call.Send(now, len(payload)); h.Put(headroom); to the socket
//	receive:   h, payload, err := Parse(packet)
//	           if call.Receive(now, h, payload) == Deliver { use payload }
//	           for p, ok := call.Next(); ok; p, ok = call.Next() { use p }
//	           for n, ok := call.PollTransmit(buf); ok; ... { to the socket }
//	deadline:  call.HandleTimeout(now), then Next and PollTransmit as above
//
// Nothing here reads a clock, starts a goroutine or, after NewStore and
// NewCall, allocates.
//
// What of RFC 2637 section 4 is done, and what is not:
//
//	4.1    header                           supported, strict
//	4.2    sliding window towards us        acknowledged in time for any window
//	4.2.1  sliding window towards the peer  only against a stall, see window.go
//	4.3    out-of-sequence packets          reordered within bounds, or dropped
//	4.4    acknowledgement time-outs        supported, for the stall alone
//	       IPv6, checksums, routing         never: RFC 2637 has none of them
package gre
