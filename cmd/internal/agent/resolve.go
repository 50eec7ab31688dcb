package agent

import (
	"context"
	"net/netip"
	"time"

	"dun/board/names"
	"dun/dialup/cause"
)

// resolveTime is how long looking a name up may take, with all name servers.
const resolveTime = 20 * time.Second

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
	resolver := names.Resolver{Hosts: "/etc/hosts", Config: "/etc/resolv.conf", Random: random}
	if len(over.dns) > 0 {
		resolver.Interface = over.ifname
		resolver.Servers = make([]netip.AddrPort, 0, len(over.dns))
		for _, server := range over.dns {
			if addr, err := netip.ParseAddr(server); err == nil {
				resolver.Servers = append(resolver.Servers, netip.AddrPortFrom(addr, names.Port))
			}
		}
	}
	found, err := resolver.LookUp(ctx, host)
	if err != nil {
		return nil, cause.New(cause.NameNotFound, "%s: %v", host, err)
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
