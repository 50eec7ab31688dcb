package dialup

import (
	"context"
	"net/netip"
	"time"

	"dun/dialup/cause"
	"dun/dialup/path"
)

// Device makes calls: a modem, or the VPN.
type Device interface {
	// Dial calls target (a telephone number, an address) and returns when
	// the carrier is up and PPP may begin. Cancelling ctx ends the attempt
	// in order. report, which may be nil, is told each step. Errors are
	// *cause.Error.
	Dial(ctx context.Context, target string, report func(Step)) (Link, error)
}

// Listener takes calls.
type Listener interface {
	// Accept waits for the next caller's link.
	Accept(ctx context.Context) (Link, error)
	// Close ends listening; calls that were accepted go on.
	Close() error
}

// Step is one thing that a device did on the way to a carrier.
type Step struct {
	Name string // "init", "dial", "connect", "control", "call"
	Text string // for a person: "CONNECT 33600", "192.0.2.1:1723"
}

// Link is a carrier of PPP frames that is up.
type Link interface {
	// Info says what PPP needs to know about the carrier.
	Info() LinkInfo
	// Wire is given to the packet loop, once.
	Wire() path.Wire
	// Done is closed when the carrier is gone for a reason that the wire
	// does not see: the control connection ended, carrier detect fell.
	Done() <-chan struct{}
	// Err says why, after Done.
	Err() error
	// Close hangs up in order within ctx and releases all that the link
	// holds. The loop has stopped the wire before. c is why.
	Close(ctx context.Context, c cause.Cause) error
}

// Explainer is a Link that may know better than PPP why PPP failed: no packet
// of the peer's ever arrived. It is asked once the wire has been stopped.
type Explainer interface {
	Explain(c cause.Cause) (better cause.Cause, detail string)
}

// Measurer is a Link with a round-trip time of its own, measured beside PPP.
type Measurer interface {
	// RTT is the latest, 0 = none yet. Any goroutine may ask.
	RTT() time.Duration
}

// LinkInfo describes a carrier.
type LinkInfo struct {
	Loop   *path.Loop // the one that the wire can run in, nil = any
	Async  bool       // HDLC on a serial line: ACCM means something
	MTU    int        // the longest PPP information field that passes whole, 0 = 1500
	Remote string     // who is at the other end: number, address
	Local  netip.Addr // tunnels: our outer address
	Peer   netip.Addr // tunnels: the peer's outer address
	Speed  int        // bit/s where the device told it, 0 = unknown
	Text   string     // what the device said: "CONNECT 33600/V42BIS"
}
