package netcfg

import (
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/rtnl"
	"dun/dialup/cause"
)

// Metrics. A rank has a band, of which connections take numbers from the top
// down, so that the later one wins. All lie below 100, which network managers
// give to an Ethernet's routes. A Block's number lies between its rank's band
// and that of the rank below: it loses against its connection and wins against
// what that runs over.
const (
	bandWidth = 32
	topMetric = bandWidth * (MaxRank + 1)
)

// band gives the metrics of a rank, worst and best.
func band(rank int) (worst, best int) {
	worst = topMetric - rank*bandWidth
	return worst, worst - bandWidth + 2
}

// route is one of the main table.
type route rtnl.Route

func (r route) ours() bool { return r.Protocol == Protocol }

// routes gives the main table of both families. A kernel without one of them
// has no routes there.
func (h *host) routes() ([]route, error) {
	var all []route
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		list, err := h.nl.Routes(family, unix.RT_TABLE_MAIN)
		if ignore(err, unix.EAFNOSUPPORT, unix.EOPNOTSUPP) != nil {
			return nil, cause.Wrap(classify(err), err, "reading the routes")
		}
		for _, r := range list {
			all = append(all, route(r))
		}
	}
	return all, nil
}

// longest gives the route that the kernel would take for addr among those
// that ok admits: the longest prefix, then the best metric.
func longest(routes []route, addr netip.Addr, ok func(route) bool) (best route, found bool) {
	for _, r := range routes {
		if r.Dead || !r.Dst.Contains(addr) || !ok(r) {
			continue
		}
		if !found || r.Dst.Bits() > best.Dst.Bits() || r.Dst.Bits() == best.Dst.Bits() && r.Metric < best.Metric {
			best, found = r, true
		}
	}
	return best, found
}

// freeMetric chooses the metric of a new route to dst: better than those of
// all of dun's in the band, or else any free one.
func freeMetric(routes []route, dst netip.Prefix, rank int) (int, error) {
	worst, best := band(rank)
	taken := make(map[int]bool)
	m := worst
	for _, r := range routes {
		if r.Dst != dst {
			continue
		}
		taken[r.Metric] = true
		if r.ours() && r.Metric >= best && r.Metric <= m {
			m = r.Metric - 1
		}
	}
	for taken[m] { // by someone else
		m--
	}
	for m < best || taken[m] && m <= worst {
		m = max(m+1, best)
	}
	if m > worst {
		return 0, cause.New(cause.NetworkSetup, "more than %d connections want a route to %v", bandWidth-1, dst)
	}
	return m, nil
}

// route gives the item as the kernel is to have it.
func (it item) route() rtnl.Route {
	r := rtnl.Route{
		Dst: it.Dst, Table: unix.RT_TABLE_MAIN, Type: unix.RTN_UNICAST, Protocol: Protocol,
		Index: it.Index, Src: it.Src, Metric: it.Metric,
	}
	switch {
	case it.Kind == kindUnreachable:
		r.Type, r.Index = unix.RTN_UNREACHABLE, 0
	case it.Gateway.IsValid():
		r.Gateway, r.OnLink = it.Gateway, it.OnLink
	case it.Dst.Addr().Is4():
		r.Scope = unix.RT_SCOPE_LINK
	}
	return r
}

// ensureRoute adds a route, unless it is there already. A route of someone
// else in the same place is left alone and is an error.
func (h *host) ensureRoute(it item) error {
	err := h.nl.AddRoute(it.route())
	if it.Kind == kindUnreachable && (errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EOPNOTSUPP)) {
		return nil // a kernel without IPv6 has nothing to block
	}
	if !errors.Is(err, unix.EEXIST) {
		return err
	}
	routes, err := h.routes()
	if err != nil {
		return err
	}
	for _, r := range routes {
		if r.Dst != it.Dst || r.Metric != it.Metric {
			continue
		}
		if r.ours() && it.is(r) {
			return nil
		}
		who := "another program's"
		if r.ours() {
			who = "another dun's"
		}
		return cause.New(cause.NetworkSetup, "%s route to %v is in its place (%s); it was left alone", who, it.Dst, h.describe(r))
	}
	return cause.Wrap(cause.NetworkSetup, unix.EEXIST, "a route that cannot be seen is in its place")
}

// is reports whether r is the item as the kernel has it.
func (it item) is(r route) bool {
	if r.Dst != it.Dst || r.Metric != it.Metric {
		return false
	}
	if it.Kind == kindUnreachable {
		return r.Type == unix.RTN_UNREACHABLE
	}
	return r.Type == unix.RTN_UNICAST && r.Index == it.Index && r.Gateway == it.Gateway
}

// describe names a route as a person looks for it.
func (h *host) describe(r route) string {
	s := ""
	if r.Gateway.IsValid() {
		s = "via " + r.Gateway.String() + " "
	}
	dev := "no interface"
	if r.Index != 0 {
		dev = h.deviceName(r.Index)
	}
	return s + "dev " + dev + " proto " + protocolName(r.Protocol) + " metric " + itoa(r.Metric)
}

// protocolName is iproute2's name of who made a route.
func protocolName(p byte) string {
	switch p {
	case unix.RTPROT_REDIRECT:
		return "redirect"
	case unix.RTPROT_KERNEL:
		return "kernel"
	case unix.RTPROT_BOOT:
		return "boot"
	case unix.RTPROT_STATIC:
		return "static"
	case unix.RTPROT_RA:
		return "ra"
	case unix.RTPROT_ZEBRA:
		return "zebra"
	case unix.RTPROT_BIRD:
		return "bird"
	case unix.RTPROT_DHCP:
		return "dhcp"
	case unix.RTPROT_BABEL:
		return "babel"
	case unix.RTPROT_BGP:
		return "bgp"
	case unix.RTPROT_OSPF:
		return "ospf"
	case unix.RTPROT_RIP:
		return "rip"
	}
	return itoa(int(p))
}
