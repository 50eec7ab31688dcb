package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// Route is a route to Dst. Of one with several ways this is the first.
type Route struct {
	Dst      netip.Prefix
	Table    int
	Type     byte // unix.RTN_*
	Protocol byte // unix.RTPROT_*
	Scope    byte // unix.RT_SCOPE_*
	Index    int  // of the interface; 0 for none
	Gateway  netip.Addr
	Src      netip.Addr // preferred source address
	Metric   int
	MTU      int  // octets, 0 for the interface's
	OnLink   bool // the gateway is reached though no prefix says so
	Dead     bool // the interface has no carrier; not written
}

// routeBody is a struct rtmsg with the attributes of r.
func routeBody(r Route) body {
	dst := r.Dst.Addr()
	b := body{family(dst), byte(r.Dst.Bits()), 0, 0, 0, r.Protocol, r.Scope, r.Type}
	flags := uint32(0)
	if r.OnLink {
		flags = unix.RTNH_F_ONLINK
	}
	b = native.AppendUint32(b, flags)
	b = b.addr(unix.RTA_DST, dst).number(unix.RTA_TABLE, uint32(r.Table))
	switch {
	case !r.Gateway.IsValid():
	case r.Gateway.Is4() == dst.Is4():
		b = b.addr(unix.RTA_GATEWAY, r.Gateway)
	default: // struct rtvia: the gateway of IPv4 is an IPv6 neighbour
		via := native.AppendUint16(nil, uint16(family(r.Gateway)))
		b = b.attr(unix.RTA_VIA, append(via, r.Gateway.AsSlice()...)...)
	}
	if r.Src.IsValid() {
		b = b.addr(unix.RTA_PREFSRC, r.Src)
	}
	if r.Metric != 0 {
		b = b.number(unix.RTA_PRIORITY, uint32(r.Metric))
	}
	if r.Index != 0 {
		b = b.number(unix.RTA_OIF, uint32(r.Index))
	}
	if r.MTU != 0 {
		b = b.attr(unix.RTA_METRICS, body(nil).number(unix.RTAX_MTU, uint32(r.MTU))...)
	}
	return b
}

// parseRoute reads a route. cloned: it is no entry of a table but what came
// out for one destination.
func parseRoute(b []byte) (r Route, cloned, ok bool) {
	if len(b) < unix.SizeofRtMsg {
		return Route{}, false, false
	}
	f, bits, flags := b[0], int(b[1]), native.Uint32(b[8:])
	cloned = flags&unix.RTM_F_CLONED != 0
	r = Route{Table: int(b[4]), Protocol: b[5], Scope: b[6], Type: b[7]}
	dst := netip.IPv6Unspecified()
	if f == unix.AF_INET {
		dst = netip.IPv4Unspecified()
	}
	for typ, v := range Attributes(b[unix.SizeofRtMsg:]) {
		switch typ {
		case unix.RTA_DST:
			dst = addr(v)
		case unix.RTA_TABLE:
			r.Table = number(v)
		case unix.RTA_PREFSRC:
			r.Src = addr(v)
		case unix.RTA_PRIORITY:
			r.Metric = number(v)
		case unix.RTA_METRICS:
			for typ, v := range Attributes(v) {
				if typ == unix.RTAX_MTU {
					r.MTU = number(v)
				}
			}
		case unix.RTA_MULTIPATH:
			// struct rtnexthop, each with attributes of its own. Its flags
			// count, not those of the whole.
			if len(v) >= unix.SizeofRtNexthop {
				n := min(max(int(native.Uint16(v)), unix.SizeofRtNexthop), len(v))
				flags = uint32(v[2])
				r.Index = number(v[4:8])
				for typ, v := range Attributes(v[unix.SizeofRtNexthop:n]) {
					r.way(typ, v)
				}
			}
		default:
			r.way(typ, v)
		}
	}
	r.Dst = netip.PrefixFrom(dst, bits)
	r.OnLink = flags&unix.RTNH_F_ONLINK != 0
	r.Dead = flags&(unix.RTNH_F_DEAD|unix.RTNH_F_LINKDOWN) != 0
	return r, cloned, isFamily(dst, f) && r.Dst.IsValid()
}

// way reads an attribute of a way out.
func (r *Route) way(typ uint16, v []byte) {
	switch typ {
	case unix.RTA_OIF:
		r.Index = number(v)
	case unix.RTA_GATEWAY:
		r.Gateway = addr(v)
	case unix.RTA_VIA: // struct rtvia: family, address
		if len(v) > 2 {
			r.Gateway = addr(v[2:])
		}
	}
}

// Routes lists a table of one family, unix.AF_INET or unix.AF_INET6.
func (c *Conn) Routes(family byte, table int) (list []Route, err error) {
	request := make(body, unix.SizeofRtMsg)
	request[0] = family
	err = c.Dump(unix.RTM_GETROUTE, request, func() { list = nil }, func(b []byte) {
		// A kernel without the family dumps all others.
		if r, cloned, ok := parseRoute(b); ok && !cloned && b[0] == family && r.Table == table {
			list = append(list, r)
		}
	})
	return list, err
}

// RouteTo asks for the way to an address, all rules and tables obeyed.
func (c *Conn) RouteTo(a netip.Addr) (r Route, err error) {
	request := make(body, unix.SizeofRtMsg)
	request[0], request[1] = family(a), byte(a.BitLen())
	ok := false
	err = c.get(unix.RTM_GETROUTE, request.addr(unix.RTA_DST, a), func(b []byte) { r, _, ok = parseRoute(b) })
	if err == nil && !ok {
		err = errMalformed
	}
	return r, err
}

// AddRoute adds a route; the error is EEXIST where another one is in its place.
func (c *Conn) AddRoute(r Route) error {
	return c.change(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, routeBody(r))
}

// ReplaceRoute puts a route into the place of another one, or adds it.
func (c *Conn) ReplaceRoute(r Route) error {
	return c.change(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, routeBody(r))
}

// DelRoute removes exactly this route; the error is ESRCH where it is not there.
func (c *Conn) DelRoute(r Route) error {
	return c.change(unix.RTM_DELROUTE, 0, routeBody(r))
}
