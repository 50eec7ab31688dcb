package bench

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"dun/cmd/dunlab/internal/netns"
)

// Pair is two hosts on a cable: A calls, B is called.
type Pair struct {
	A, B *netns.Host
	dun  string // the binary under test
	dir  string // takes configurations and logs
}

// The addresses of the pair, outside and inside of a tunnel.
var (
	outerA = netip.MustParseAddr("10.77.0.1")
	outerB = netip.MustParseAddr("10.77.0.2")
	innerA = netip.MustParseAddr("10.78.0.1")
	innerB = netip.MustParseAddr("10.78.0.2")
)

// All tunnels have one MTU and one length of the queue before it.
const (
	tunnelMTU   = 1400 // octets
	tunnelQueue = 1000 // packets
)

// NewPair makes the hosts. dir takes configurations and logs.
func NewPair(dun, dir string) (*Pair, error) {
	p := &Pair{dun: dun, dir: dir}
	var err error
	if p.A, err = netns.New("a", netns.Options{Private: true, Files: pppdFiles()}); err != nil {
		return nil, err
	}
	if p.B, err = netns.New("b", netns.Options{Private: true, Files: pppdFiles()}); err != nil {
		return nil, errors.Join(err, p.A.Close())
	}
	const cableBits = 24
	err = errors.Join(netns.Cable(p.A, "eth0", p.B, "eth0"),
		p.A.Address("eth0", netip.PrefixFrom(outerA, cableBits)),
		p.B.Address("eth0", netip.PrefixFrom(outerB, cableBits)))
	for _, h := range []*netns.Host{p.A, p.B} {
		// Router solicitations and the like are not what is measured. A
		// system without IPv6 has nothing to switch off.
		h.Sysctl("net/ipv6/conf/all/disable_ipv6", "1")
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Close takes the hosts away with all that runs in them.
func (p *Pair) Close() error { return errors.Join(p.A.Close(), p.B.Close()) }

// Tunnel is a way from A to B, once it is up.
type Tunnel interface {
	// Addresses are those of its ends at A and B.
	Addresses() (a, b netip.Addr)
	// PIDs are its processes, both ends; none when the kernel is the tunnel.
	PIDs() []int
	// Stop takes it down.
	Stop(ctx context.Context) error
}

// Kind makes tunnels of one kind.
type Kind struct {
	Name  string
	Start func(ctx context.Context, p *Pair) (Tunnel, error)
}

// Encryption of a tunnel.
type Encryption int

const (
	Stateless Encryption = iota // MPPE-128, a new key for each packet
	Stateful                    // MPPE-128, a new key each 256 packets
	None
)

func (e Encryption) String() string { return [...]string{"stateless", "stateful", "none"}[e] }

// encryptions are all of them, in the order of the tables.
var encryptions = []Encryption{Stateless, Stateful, None}

// awaitTrue asks every few milliseconds until the answer is yes.
func awaitTrue(ctx context.Context, ask func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ask() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// plain is the cable itself: what a tunnel of no cost would be.
type plain struct{}

// Cable is the kind of no tunnel.
var Cable = Kind{"cable", func(context.Context, *Pair) (Tunnel, error) { return plain{}, nil }}

func (plain) Addresses() (a, b netip.Addr)   { return outerA, outerB }
func (plain) PIDs() []int                    { return nil }
func (plain) Stop(ctx context.Context) error { return nil }
