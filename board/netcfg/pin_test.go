package netcfg

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup/cause"
)

func TestPinFollowsTheLowerLink(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		m := newWorld(t).open(t)
		const server = "198.51.100.7"

		// As the machine is.
		check(t, m.Pin("office", []Pin{{Addr: addrOf(server)}, {Addr: addrOf("192.0.2.77")}, {Addr: addrOf("192.0.2.2")}, {Addr: addrOf("127.0.0.1")}}))
		has(t, "route 198.51.100.7/32 type 1 via 192.0.2.1 dev eth0 proto 68 metric 0", "route 192.0.2.77/32 type 1 dev eth0 proto 68 metric 0")
		hasNot(t, "192.0.2.2/32 type", "127.0.0.1/32")

		// Through the ISP's link: no gateway there.
		fd := openTUN(t, "dun0")
		check(t, m.Set("isp", State{Interface: "dun0", Local: addrOf("203.0.113.9"), Remote: addrOf("203.0.113.1"), DefaultRoute: true}))
		check(t, m.Pin("office", []Pin{{Addr: addrOf(server), Via: "dun0"}}))
		has(t, "route 198.51.100.7/32 type 1 dev dun0 proto 68 metric 0")
		hasNot(t, "198.51.100.7/32 type 1 via", "192.0.2.77/32")

		// The ISP redials: another interface of the same name.
		unix.Close(fd)
		check(t, m.Clear("isp"))
		if err := m.Pin("office", []Pin{{Addr: addrOf(server), Via: "dun0"}}); cause.Of(err) != cause.LowerLinkDown {
			t.Errorf("pin through a missing interface: %v", err)
		}
		fd = openTUN(t, "dun0")
		check(t, m.Set("isp", State{Interface: "dun0", Local: addrOf("203.0.113.9"), DefaultRoute: true}))
		check(t, m.Pin("office", []Pin{{Addr: addrOf(server), Via: "dun0"}}))
		has(t, "route 198.51.100.7/32 type 1 dev dun0 proto 68 metric 0")

		// Back to the LAN, by name; dun's default route is not the LAN's way.
		check(t, m.Pin("office", []Pin{{Addr: addrOf(server), Via: "eth0"}}))
		has(t, "route 198.51.100.7/32 type 1 via 192.0.2.1 dev eth0 proto 68 metric 0")
		check(t, m.Pin("office", []Pin{{Addr: addrOf(server)}}))
		has(t, "route 198.51.100.7/32 type 1 via 192.0.2.1 dev eth0 proto 68 metric 0")

		// The tunnel takes everything and still does not swallow itself, not
		// even when the server calls its inner end by its outer address.
		openTUN(t, "dun1")
		check(t, m.Set("office", State{Interface: "dun1", Local: addrOf("10.9.0.2"), Remote: addrOf(server), DefaultRoute: true, Rank: 1}))
		check(t, m.Pin("office", []Pin{{Addr: addrOf(server)}}))
		if dev := via(t, server); dev != "eth0" {
			t.Errorf("the server is reached by %s", dev)
		}
		hasNot(t, "route 198.51.100.7/32 type 1 dev dun1")

		// A gateway that changes is followed.
		delRoute(t, "0.0.0.0/0 via 192.0.2.1 dev eth0 proto 16")
		addRoute(t, "0.0.0.0/0 via 192.0.2.254 dev eth0 proto 16")
		check(t, m.Pin("office", []Pin{{Addr: addrOf(server)}}))
		has(t, "route 198.51.100.7/32 type 1 via 192.0.2.254 dev eth0 proto 68 metric 0")
		delRoute(t, "0.0.0.0/0 via 192.0.2.254 dev eth0 proto 16")
		addRoute(t, "0.0.0.0/0 via 192.0.2.1 dev eth0 proto 16")

		// Without a way of its own the machine uses dun's other connection.
		delRoute(t, "0.0.0.0/0 via 192.0.2.1 dev eth0 proto 16")
		check(t, m.Pin("office", []Pin{{Addr: addrOf(server)}}))
		has(t, "route 198.51.100.7/32 type 1 dev dun0 proto 68 metric 0")
		check(t, m.Clear("isp"))
		if err := m.Pin("office", []Pin{{Addr: addrOf("198.51.100.8")}}); cause.Of(err) != cause.HostUnreachable || !strings.HasPrefix(err.Error(), "office: ") {
			t.Errorf("pin without a way: %v", err)
		}
		addRoute(t, "0.0.0.0/0 via 192.0.2.1 dev eth0 proto 16")

		unix.Close(fd)
		link := must(netlink.LinkByName("dun1"))(t)
		check(t, m.Clear("office"))
		check(t, netlink.LinkSetDown(link))
		check(t, m.Pin("office", nil))
		hasNot(t, "proto 68")
	})
}

func TestPinAndForeignRoutes(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		m := newWorld(t).open(t)
		openTUN(t, "dun0")
		check(t, m.Set("isp", State{Interface: "dun0", Local: addrOf("203.0.113.9")}))

		addRoute(t, "198.51.100.7/32 via 192.0.2.1 dev eth0")
		addRoute(t, "198.51.100.8/32 via 192.0.2.1 dev eth0 metric 5")
		before := snapshot(t)
		check(t, m.Pin("office", []Pin{{Addr: addrOf("198.51.100.7")}}))
		sameHost(t, "the route was there", snapshot(t), before)

		err := m.Pin("office", []Pin{{Addr: addrOf("198.51.100.9"), Via: "dun0"}, {Addr: addrOf("198.51.100.7"), Via: "dun0"}})
		if cause.Of(err) != cause.NetworkSetup || !strings.Contains(err.Error(), "dev eth0 proto static") {
			t.Errorf("another program's route in the place: %v", err)
		}
		sameHost(t, "failed pin", snapshot(t), before)

		check(t, m.Pin("office", []Pin{{Addr: addrOf("198.51.100.8"), Via: "dun0"}}))
		if dev := via(t, "198.51.100.8"); dev != "dun0" {
			t.Errorf("reached by %s", dev)
		}
		check(t, m.Pin("office", nil))
		sameHost(t, "no pins", snapshot(t), before)
	})
}

// TestPinThroughIPv6Gateway: IPv4 may be routed by an IPv6 neighbour, and the
// journal of such a pin is read again.
func TestPinThroughIPv6Gateway(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "192.0.2.2/32"}, netnstest.End{NS: netnstest.NewNS(t), Name: "eth0"})
		eth0 := must(netlink.LinkByName("eth0"))(t)
		check(t, netlink.RouteAdd(&netlink.Route{
			Dst: ipNet(netip.MustParsePrefix("0.0.0.0/0")), LinkIndex: eth0.Attrs().Index, Protocol: unix.RTPROT_STATIC,
			Via: &netlink.Via{AddrFamily: unix.AF_INET6, Addr: net.ParseIP("fe80::9")},
		}))
		w := newWorld(t)
		before := snapshot(t)
		w.child(t, order{Name: "office", Pins: []Pin{{Addr: addrOf("198.51.100.7")}}}).kill(t)
		has(t, "route 198.51.100.7/32 type 1 via fe80::9 dev eth0 proto 68 metric 0")
		w.open(t)
		sameHost(t, "after the death", snapshot(t), before)
	})
}

func TestPinShared(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		a, b := w.open(t), w.open(t)
		openTUN(t, "dun0")
		pin := []Pin{{Addr: addrOf("198.51.100.7")}}
		const line = "route 198.51.100.7/32 type 1 via 192.0.2.1 dev eth0 proto 68 metric 0"
		check(t, a.Pin("one", pin))
		check(t, a.Pin("two", pin))
		check(t, b.Pin("one", pin))
		err := b.Pin("three", []Pin{{Addr: addrOf("198.51.100.7"), Via: "dun0"}})
		if cause.Of(err) != cause.NetworkSetup || !strings.Contains(err.Error(), "another connection") {
			t.Errorf("two ways to one server: %v", err)
		}
		check(t, a.Pin("one", nil))
		has(t, line)
		check(t, a.Close())
		has(t, line)
		check(t, b.Pin("one", nil))
		hasNot(t, "198.51.100.7")
	})
}

func TestPinIPv6(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "2001:db8:1::2/64"}, netnstest.End{NS: netnstest.NewNS(t), Name: "eth0"})
		addRoute(t, "::/0 via 2001:db8:1::1 dev eth0")
		m := newWorld(t).open(t)
		openTUN(t, "dun1")
		openTUN(t, "dun0")
		before := snapshot(t)
		check(t, m.Pin("office", []Pin{{Addr: addrOf("2001:db8:9::7")}}))
		has(t, "route 2001:db8:9::7/128 type 1 via 2001:db8:1::1 dev eth0 proto 68 metric 1")
		check(t, m.Set("office", State{Interface: "dun1", Local: addrOf("10.9.0.2"), DefaultRoute: true, BlockIPv6: true}))
		if dev := via(t, "2001:db8:9::7"); dev != "eth0" {
			t.Errorf("the server is reached by %s", dev)
		}
		check(t, m.Set("isp", State{Interface: "dun0", LinkLocal: addrOf("fe80::5")}))
		check(t, m.Pin("office", []Pin{{Addr: addrOf("2001:db8:9::7"), Via: "dun0"}}))
		if dev := via(t, "2001:db8:9::7"); dev != "dun0" {
			t.Errorf("the server is reached by %s", dev)
		}
		check(t, m.Close())
		sameHost(t, "Close", snapshot(t), before)
	})
}
