package netcfg

import (
	"errors"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// Metrics. A rank has a band, of which connections take numbers from the top
// down, so that the later one wins. All lie below 100, which network managers
// give to an Ethernet's routes; blocking routes, which must lose against a
// tunnel's, lie above all bands.
const (
	bandWidth = 32
	topMetric = bandWidth * (MaxRank + 1)
)

// band gives the metrics of a rank, worst and best.
func band(rank int) (worst, best int) {
	worst = topMetric - rank*bandWidth
	return worst, worst - bandWidth + 1
}

// route is one of the main table.
type route struct {
	Dst      netip.Prefix
	Type     int // unix.RTN_*
	Index    int // 0 for an unreachable one
	Gateway  netip.Addr
	Src      netip.Addr
	OnLink   bool
	Metric   int
	Protocol int
	MTU      int
	Dead     bool // its interface has no carrier
}

func (r route) ours() bool { return r.Protocol == Protocol }

// routes gives the main table of both families. A kernel without one of them
// has no routes there.
func (h *host) routes() ([]route, error) {
	var all []route
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := dump(func() ([]netlink.Route, error) {
			return h.nl.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_MAIN}, netlink.RT_FILTER_TABLE)
		})
		if ignore(err, unix.EAFNOSUPPORT, unix.EOPNOTSUPP) != nil {
			return nil, cause.Wrap(classify(err), err, "reading the routes")
		}
		for _, r := range list {
			all = append(all, toRoute(r, family))
		}
	}
	return all, nil
}

func toRoute(r netlink.Route, family int) route {
	out := route{
		Dst: toPrefix(r.Dst, family), Type: r.Type, Index: r.LinkIndex,
		Gateway: toAddr(r.Gw), Src: toAddr(r.Src), Metric: r.Priority,
		Protocol: int(r.Protocol), MTU: r.MTU,
	}
	flags := r.Flags
	if len(r.MultiPath) > 0 { // the first way of several will do
		hop := r.MultiPath[0]
		out.Index, out.Gateway, flags = hop.LinkIndex, toAddr(hop.Gw), hop.Flags
	}
	out.OnLink = flags&unix.RTNH_F_ONLINK != 0
	out.Dead = flags&(unix.RTNH_F_DEAD|unix.RTNH_F_LINKDOWN) != 0
	return out
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
		return 0, cause.New(cause.NetworkSetup, "more than %d connections want a route to %v", bandWidth, dst)
	}
	return m, nil
}

// route gives the item in the library's form.
func (it item) route() *netlink.Route {
	r := &netlink.Route{
		Dst: ipNet(it.Dst), Table: unix.RT_TABLE_MAIN, Protocol: Protocol,
		Priority: it.Metric, LinkIndex: it.Index, Type: unix.RTN_UNICAST,
	}
	switch {
	case it.Kind == kindUnreachable:
		r.Type, r.LinkIndex = unix.RTN_UNREACHABLE, 0
	case it.Gateway.IsValid():
		r.Gw = it.Gateway.AsSlice()
		if it.OnLink {
			r.Flags = unix.RTNH_F_ONLINK
		}
	case it.Dst.Addr().Is4():
		r.Scope = netlink.SCOPE_LINK
	}
	if it.Src.IsValid() {
		r.Src = it.Src.AsSlice()
	}
	return r
}

// ensureRoute adds a route, unless it is there already. A route of someone
// else in the same place is left alone and is an error.
func (h *host) ensureRoute(it item) error {
	err := h.nl.RouteAdd(it.route())
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
	return s + "dev " + dev + " proto " + netlink.RouteProtocol(r.Protocol).String() + " metric " + itoa(r.Metric)
}
