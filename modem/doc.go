// Package modem is a modem on a serial port as a dialup.Device and
// dialup.Listener.
//
// Before CONNECT the AT dialogue (package at) runs in the goroutine that
// called Dial or Accept. After it the port belongs to the packet loop, whose
// Wire puts PPP frames into HDLC-like framing (RFC 1662) and takes them out.
// After the wire was stopped, Link.Close hangs up in its caller's goroutine.
//
// Modem control lines are used where the port has them. On ptys, on some USB
// adapters, and where they are not wired, the escape sequence hangs up and the
// text NO CARRIER tells that the carrier is lost.
package modem
