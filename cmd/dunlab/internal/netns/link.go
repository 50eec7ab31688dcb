package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Net changes the interfaces, addresses and routes of one network namespace.
type Net struct {
	name string // for messages
	nl   *netlink.Handle
}

// Here is the namespace that the caller runs in; name is for messages.
func Here(name string) (*Net, error) {
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return &Net{name, nl}, nil
}

// Cable lays a cable between two hosts: a pair of Ethernet interfaces, up
// and without addresses.
func Cable(a *Host, aName string, b *Host, bName string) error {
	pair := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: aName},
		PeerName:      bName,
		PeerNamespace: netlink.NsFd(b.ns.Fd()),
	}
	if err := a.nl.LinkAdd(pair); err != nil {
		return fmt.Errorf("cable %s/%s to %s/%s: %w", a.name, aName, b.name, bName, err)
	}
	return errors.Join(a.Up(aName), b.Up(bName))
}

// Up switches an interface on.
func (n *Net) Up(name string) error {
	l, err := n.nl.LinkByName(name)
	if err == nil {
		err = n.nl.LinkSetUp(l)
	}
	return n.fail(err, "up "+name)
}

// Down switches an interface off: a pulled cable.
func (n *Net) Down(name string) error {
	l, err := n.nl.LinkByName(name)
	if err == nil {
		err = n.nl.LinkSetDown(l)
	}
	return n.fail(err, "down "+name)
}

// Address adds an address to an interface.
func (n *Net) Address(name string, addr netip.Prefix) error {
	l, err := n.nl.LinkByName(name)
	if err == nil {
		err = n.nl.AddrAdd(l, &netlink.Addr{IPNet: ipNet(addr, addr.Addr())})
	}
	return n.fail(err, fmt.Sprintf("address %v on %s", addr, name))
}

// PointToPoint gives an interface its address and the one at its other end,
// its MTU in octets and the length of its queue in packets, and puts it up.
func (n *Net) PointToPoint(name string, local, peer netip.Addr, mtu, queue int) error {
	l, err := n.nl.LinkByName(name)
	if err == nil {
		err = n.nl.LinkSetMTU(l, mtu)
	}
	if err == nil {
		err = n.nl.LinkSetTxQLen(l, queue)
	}
	if err == nil && local.IsValid() {
		one := func(a netip.Addr) *net.IPNet { return ipNet(netip.PrefixFrom(a, a.BitLen()), a) }
		err = n.nl.AddrAdd(l, &netlink.Addr{IPNet: one(local), Peer: one(peer)})
	}
	if err == nil {
		err = n.nl.LinkSetUp(l)
	}
	return n.fail(err, "point to point "+name)
}

// HasAddress reports whether an interface is there and has an address.
func (n *Net) HasAddress(name string, addr netip.Addr) bool {
	l, err := n.nl.LinkByName(name)
	if err != nil {
		return false
	}
	addrs, err := n.nl.AddrList(l, netlink.FAMILY_V4)
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if a.IP.Equal(addr.AsSlice()) {
			return true
		}
	}
	return false
}

// Route adds a route by way of a gateway.
func (n *Net) Route(to netip.Prefix, via netip.Addr) error {
	err := n.nl.RouteAdd(&netlink.Route{Dst: ipNet(to, to.Masked().Addr()), Gw: via.AsSlice()})
	return n.fail(err, fmt.Sprintf("route %v via %v", to, via))
}

// Bridge makes a bridge and puts it up.
func (n *Net) Bridge(name string) error {
	err := n.nl.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}})
	if err == nil {
		err = n.Up(name)
	}
	return n.fail(err, "bridge "+name)
}

// Join puts an interface on a bridge.
func (n *Net) Join(name, bridge string) error {
	b, err := n.nl.LinkByName(bridge)
	if err != nil {
		return n.fail(err, "bridge "+bridge)
	}
	l, err := n.nl.LinkByName(name)
	if err == nil {
		err = n.nl.LinkSetMaster(l, b)
	}
	return n.fail(err, "join "+name+" to "+bridge)
}

// Tap makes a lasting tap device for a guest and puts it on a bridge.
func (h *Host) Tap(name, bridge string) error {
	err := h.Do(func() error {
		return h.nl.LinkAdd(&netlink.Tuntap{
			LinkAttrs: netlink.LinkAttrs{Name: name},
			Mode:      netlink.TUNTAP_MODE_TAP,
			Flags:     netlink.TUNTAP_NO_PI | netlink.TUNTAP_ONE_QUEUE,
		})
	})
	if err == nil {
		err = errors.Join(h.Join(name, bridge), h.Up(name))
	}
	return h.fail(err, "tap "+name)
}

// Dummy makes an interface that leads nowhere, for addresses that stand for
// a host behind this one.
func (n *Net) Dummy(name string, addr netip.Prefix) error {
	err := n.nl.LinkAdd(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: name}})
	if err == nil {
		err = errors.Join(n.Address(name, addr), n.Up(name))
	}
	return n.fail(err, "dummy "+name)
}

// Rename gives an interface another name; it has to be down.
func (n *Net) Rename(from, to string) error {
	l, err := n.nl.LinkByName(from)
	if err == nil {
		err = n.nl.LinkSetName(l, to)
	}
	return n.fail(err, "rename "+from+" to "+to)
}

// Remove takes an interface away.
func (n *Net) Remove(name string) error {
	l, err := n.nl.LinkByName(name)
	if err == nil {
		err = n.nl.LinkDel(l)
	}
	return n.fail(err, "remove "+name)
}

// Interfaces names the host's interfaces.
func (n *Net) Interfaces() ([]string, error) {
	links, err := n.nl.LinkList()
	var names []string
	for _, l := range links {
		names = append(names, l.Attrs().Name)
	}
	return names, n.fail(err, "list interfaces")
}

// Routes lists the host's IPv4 and IPv6 routes of all tables but the local
// one, as text for comparison.
func (n *Net) Routes() ([]string, error) {
	var lines []string
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		routes, err := n.nl.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		if err != nil {
			return nil, n.fail(err, "list routes")
		}
		for _, r := range routes {
			if r.Table != unix.RT_TABLE_LOCAL {
				lines = append(lines, r.String())
			}
		}
	}
	return lines, nil
}

// Sysctl sets a value below /proc/sys, such as net/ipv4/ip_forward.
func (h *Host) Sysctl(name, value string) error {
	err := h.Do(func() error {
		return os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0)
	})
	return h.fail(err, "sysctl "+name)
}

func (n *Net) fail(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("host %s: %s: %w", n.name, what, err)
}

func ipNet(p netip.Prefix, addr netip.Addr) *net.IPNet {
	return &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(p.Bits(), addr.BitLen())}
}

// Has reports whether there is an interface of that name.
func (n *Net) Has(name string) bool {
	_, err := n.nl.LinkByName(name)
	return err == nil
}
