package agent

import (
	"context"
	"net/netip"

	"dun/board/netcfg"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
	"dun/vpn"
)

// Probe tries the way to an entry's PPTP server, step by step, without
// logging in: the name, TCP port 1723, the control connection, and whether
// GRE comes back. It goes over the network as it is, and says by which way.
func (a *Agent) Probe(ctx context.Context, name string, tell func(netcfg.Finding)) error {
	entry, known := a.cfg.Phonebook.Entry(name)
	if !known {
		return cause.New(cause.NoEntry, "%q", name)
	}
	if entry.Device != phonebook.DeviceVPN {
		return nil
	}
	addrs, err := resolve(ctx, entry.Host, lower{})
	if err != nil {
		tell(failing("name", err))
		return nil
	}
	tell(netcfg.Finding{Name: "name", Text: entry.Host + " is " + joined(addrs)})
	for _, addr := range addrs {
		a.probeServer(ctx, addr, tell)
	}
	return nil
}

// probeServer lays a tunnel to addr and listens for any PPP in it. It accepts
// no log-in, so no password is tried.
func (a *Agent) probeServer(ctx context.Context, addr netip.Addr, tell func(netcfg.Finding)) {
	route := netcfg.ServerFinding(addr)
	tell(route)
	if route.Level == netcfg.Fail {
		return
	}
	socket, err := a.greSocket()
	if err != nil {
		tell(failing("gre socket", err))
		return
	}
	link, err := vpn.NewDevice(vpn.Config{Socket: socket}).Dial(ctx, addr.String(), nil)
	if err != nil {
		tell(failing("tcp 1723", err))
		return
	}
	tell(netcfg.Finding{Name: "tcp 1723", Text: addr.String() + " takes PPTP calls"})
	conn, err := dialup.NewConnection(dialup.ConnectionConfig{
		Loop: a.loop(), PPP: ppp.Config{Random: random, Encryption: ppp.Deny}, Host: nowhere{},
	}, link)
	if err != nil {
		closeLink(link, cause.Of(err))
		tell(failing("gre", err))
		return
	}
	if err := conn.Run(ctx); cause.Of(err) == cause.NoGRE || cause.Of(err) == cause.LCPTimeout {
		tell(failing("gre", err))
		return
	}
	tell(netcfg.Finding{Name: "gre", Text: "GRE comes back from " + addr.String()})
}

// nowhere is the host of a connection that gets no network.
type nowhere struct{}

func (nowhere) NetworkUp(context.Context, dialup.Network) (path.TUN, error) {
	return nil, cause.Cancelled
}

func (nowhere) NetworkDown() {}

func failing(name string, err error) netcfg.Finding {
	return netcfg.Finding{Name: name, Level: netcfg.Fail, Text: err.Error(), Remedy: cause.Of(err).Info().Remedy}
}
