package dialup

import (
	"context"
	"net/netip"
	"reflect"

	"dun/dialup/path"
	"dun/dialup/ppp"
)

// Host gives a connection its place in the system.
type Host interface {
	// NetworkUp makes the system's side be as n says and returns the
	// interface. It is called again with other values when the peer has
	// renegotiated; it then returns the same interface. It comes back soon
	// after ctx has ended: the hang-up waits for it.
	NetworkUp(ctx context.Context, n Network) (path.TUN, error)
	// NetworkDown takes everything back, the interface included. It is
	// called once at the end, also when NetworkUp never was or failed.
	NetworkDown()
}

// Network is what the network phase agreed on.
type Network struct {
	Interface     string // set once it is there
	Local, Remote netip.Addr
	DNS, NBNS     []netip.Addr
	IPv6Local     netip.Addr // link-local addresses, invalid without IPv6
	IPv6Remote    netip.Addr
	MTU           int // octets of an IP packet
	Queue         int // packets that may wait before the interface, 0 = as the system likes
	Encrypted     bool
	Encryption    ppp.MPPEMode
}

// equal reports whether there is nothing to apply anew.
func (n Network) equal(m Network) bool { return reflect.DeepEqual(n, m) }
