package netcfg

import (
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/rtnl"
	"dun/dialup/cause"
)

// Route is how the system would send to an address.
type Route struct {
	Dev     string     // interface
	Src     netip.Addr // our address there
	Gateway netip.Addr // invalid when the address is on the link itself
	MTU     int        // octets of an IP packet: the route's, or else the interface's
	Local   bool       // the address is our own
}

// RouteTo asks the kernel for the route to addr, all rules and tables obeyed.
// Without one the cause is HostUnreachable.
func RouteTo(addr netip.Addr) (Route, error) {
	h, err := openHost()
	if err != nil {
		return Route{}, err
	}
	defer h.close()
	return h.routeTo(addr)
}

func (h *host) routeTo(addr netip.Addr) (Route, error) {
	addr = addr.Unmap()
	r, err := h.nl.RouteTo(addr)
	if err != nil {
		return Route{}, cause.Wrap(cause.HostUnreachable, err, "no route to %v", addr)
	}
	out := Route{Src: r.Src, Gateway: r.Gateway, MTU: r.MTU, Local: r.Type == unix.RTN_LOCAL}
	link, err := h.nl.LinkByIndex(r.Index)
	if err != nil {
		return Route{}, cause.Wrap(classify(err), err, "interface of the route to %v", addr)
	}
	out.Dev = link.Name
	if out.MTU == 0 || out.MTU > link.MTU {
		out.MTU = link.MTU
	}
	return out, nil
}

// Interface is what planner and doctor want to know of an interface.
type Interface struct {
	Name         string
	Index        int
	MTU          int // octets
	Up           bool
	Carrier      bool
	PointToPoint bool // a TUN, a PPP link: no ARP, no gateway
	Loopback     bool
	Addrs        []netip.Prefix
}

// Interfaces lists the interfaces with their addresses.
func Interfaces() ([]Interface, error) {
	h, err := openHost()
	if err != nil {
		return nil, err
	}
	defer h.close()
	return h.interfaces()
}

func (h *host) interfaces() ([]Interface, error) {
	links, err := h.nl.Links()
	if err != nil {
		return nil, cause.Wrap(classify(err), err, "reading the interfaces")
	}
	addrs, err := h.nl.Addrs()
	if err != nil {
		return nil, cause.Wrap(classify(err), err, "reading the addresses")
	}
	out := make([]Interface, 0, len(links))
	for _, l := range links {
		i := Interface{
			Name: l.Name, Index: l.Index, MTU: l.MTU,
			Up:           l.Up(),
			Carrier:      l.Flags&unix.IFF_LOWER_UP != 0,
			PointToPoint: pointToPoint(l),
			Loopback:     l.Flags&unix.IFF_LOOPBACK != 0,
		}
		for _, a := range addrs {
			if a.Index == l.Index {
				i.Addrs = append(i.Addrs, a.Prefix)
			}
		}
		out = append(out, i)
	}
	return out, nil
}

// lanOf gives the interface whose connected prefix holds a: a LAN, where ARP
// is spoken.
func lanOf(all []Interface, a netip.Addr) (Interface, bool) {
	for _, i := range all {
		if !i.isLAN() {
			continue
		}
		for _, p := range i.Addrs {
			if p.Addr().Is4() && p.Bits() < 31 && p.Contains(a) && p.Addr() != a {
				return i, true
			}
		}
	}
	return Interface{}, false
}

func (i Interface) isLAN() bool { return i.Up && !i.Loopback && !i.PointToPoint }

func pointToPoint(l rtnl.Link) bool { return l.Flags&(unix.IFF_POINTOPOINT|unix.IFF_NOARP) != 0 }

func (h *host) deviceName(index int) string {
	if l, err := h.nl.LinkByIndex(index); err == nil {
		return l.Name
	}
	return "#" + itoa(index)
}

func itoa(n int) string { return strconv.Itoa(n) }
