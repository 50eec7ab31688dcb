package agent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// How long looking a name up may take, and one name server of several.
const (
	resolveTime = 20 * time.Second
	serverTime  = 6 * time.Second
)

// resolve finds the IPv4 addresses of host (PPTP runs over IPv4). With a link
// below, its name servers are asked over sockets bound to it, never the
// system's resolver, whose servers may lie in a tunnel.
func resolve(ctx context.Context, host string, over lower) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		if !addr.Unmap().Is4() {
			return nil, cause.New(cause.BadConfig, "%s: PPTP needs an IPv4 address", host)
		}
		return []netip.Addr{addr.Unmap()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	resolvers := []*net.Resolver{net.DefaultResolver}
	if len(over.dns) > 0 {
		resolvers = nil
		for _, server := range over.dns {
			resolvers = append(resolvers, boundResolver(over.ifname, server))
		}
	}
	var found []netip.Addr
	var err error
	for i, r := range resolvers {
		if found, err = lookUp(ctx, r, host, i < len(resolvers)-1); err == nil || isNotFound(err) || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		var dns *net.DNSError
		if errors.As(err, &dns) {
			return nil, cause.New(cause.NameNotFound, "%s: %s", host, dns.Err)
		}
		return nil, cause.Wrap(cause.NameNotFound, err, "%s", host)
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, nil
}

// known keeps the addresses of a server's name, and gives those of the last time
// where nobody could be asked.
func (a *Agent) known(host string, found []netip.Addr, err error) ([]netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		if a.hosts == nil {
			a.hosts = make(map[string][]netip.Addr)
		}
		a.hosts[host] = found
	case cause.Of(err) == cause.NameNotFound && a.hosts[host] != nil:
		return a.hosts[host], nil
	}
	return found, err
}

// lookUp asks one resolver, for a part of the time if there are others.
func lookUp(ctx context.Context, r *net.Resolver, host string, others bool) ([]netip.Addr, error) {
	if others {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, serverTime)
		defer cancel()
	}
	return r.LookupNetIP(ctx, "ip4", host)
}

// isNotFound reports whether a server said that there is no such name.
func isNotFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// boundResolver asks server over sockets bound to an interface.
func boundResolver(ifname, server string) *net.Resolver {
	dialer := net.Dialer{Timeout: serverTime, Control: bindTo(ifname)}
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, net.JoinHostPort(server, "53"))
		},
	}
}

// bindTo makes a socket use one interface only (SO_BINDTODEVICE).
func bindTo(ifname string) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var bind error
		if err := c.Control(func(fd uintptr) {
			bind = unix.BindToDevice(int(fd), ifname)
		}); err != nil {
			return err
		}
		return bind
	}
}
