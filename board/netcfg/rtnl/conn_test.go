package rtnl

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
)

// The twin of these tests is the library: what one writes the other reads.

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func ipNet(s string) *net.IPNet {
	a, n, err := net.ParseCIDR(s)
	if err != nil {
		panic(err)
	}
	if a4 := a.To4(); a4 != nil {
		a = a4
	}
	return &net.IPNet{IP: a, Mask: n.Mask}
}

// within runs f in a namespace with an interface eth0 that has carrier.
func within(t *testing.T, f func(t *testing.T, c *Conn, eth0 int)) {
	netnstest.Run(t, func(t *testing.T) {
		netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "192.0.2.2/24"}, netnstest.End{NS: netnstest.NewNS(t), Name: "eth0"})
		c := must(Open(unix.NETLINK_ROUTE))(t)
		defer c.Close()
		f(t, c, must(c.LinkByName("eth0"))(t).Index)
	})
}

// same compares two lists of lines in any order.
func same(t testing.TB, what string, ours, theirs []string) {
	t.Helper()
	slices.Sort(ours)
	slices.Sort(theirs)
	if !slices.Equal(ours, theirs) || len(ours) == 0 {
		t.Errorf("%s:\n%s\nthe library has\n%s", what, strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
	}
}

func TestLinks(t *testing.T) {
	within(t, func(t *testing.T, c *Conn, eth0 int) {
		check(t, c.SetMTU(eth0, 1400))
		check(t, c.SetQueue(eth0, 17))
		check(t, c.SetAddrGenMode(eth0, 1))
		other := netlink.NewLinkAttrs()
		other.Name = "a-long-name-123"
		check(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: other, PeerName: "down"}))

		list := must(c.Links())(t)
		var ours, theirs []string
		for _, l := range list {
			ours = append(ours, fmt.Sprintf("%d %s %x %d %d", l.Index, l.Name, l.Flags, l.MTU, l.Queue))
			if one := must(c.LinkByName(l.Name))(t); one != l {
				t.Errorf("by name %+v, in the list %+v", one, l)
			}
			if one := must(c.LinkByIndex(l.Index))(t); one != l {
				t.Errorf("by index %+v, in the list %+v", one, l)
			}
		}
		for _, l := range must(netlink.LinkList())(t) {
			a := l.Attrs()
			theirs = append(theirs, fmt.Sprintf("%d %s %x %d %d", a.Index, a.Name, a.RawFlags, a.MTU, a.TxQLen))
		}
		same(t, "links", ours, theirs)

		l := must(c.LinkByIndex(eth0))(t)
		if l.MTU != 1400 || l.Queue != 17 || !l.Up() {
			t.Errorf("%+v", l)
		}
		down := must(c.LinkByName("down"))(t)
		if down.Up() {
			t.Errorf("%+v is up", down)
		}
		check(t, c.SetUp(down.Index))
		if l := must(netlink.LinkByName("down"))(t); l.Attrs().Flags&net.FlagUp == 0 {
			t.Errorf("%+v is not up", l.Attrs())
		}
		if _, err := c.LinkByName("nosuch"); !errors.Is(err, unix.ENODEV) {
			t.Errorf("no such name: %v", err)
		}
		if _, err := c.LinkByIndex(9999); !errors.Is(err, unix.ENODEV) {
			t.Errorf("no such index: %v", err)
		}
	})
}

func TestAddrs(t *testing.T) {
	within(t, func(t *testing.T, c *Conn, eth0 int) {
		all := []Addr{
			{Index: eth0, Prefix: prefix("10.9.0.2/32"), Peer: ip("10.9.0.1")},
			{Index: eth0, Prefix: prefix("10.8.0.2/32")},
			{Index: eth0, Prefix: prefix("10.7.0.2/20")},
			{Index: eth0, Prefix: prefix("fe80::2/64"), Flags: unix.IFA_F_NODAD, Scope: unix.RT_SCOPE_LINK},
			{Index: eth0, Prefix: prefix("2001:db8::2/128"), Peer: ip("2001:db8::1"), Flags: unix.IFA_F_NODAD},
		}
		for _, a := range all {
			check(t, c.AddAddr(a))
			if err := c.AddAddr(a); !errors.Is(err, unix.EEXIST) {
				t.Errorf("%v again: %v", a.Prefix, err)
			}
		}
		var ours, theirs []string
		got := must(c.Addrs())(t)
		for _, a := range got {
			s := fmt.Sprintf("%d %v", a.Index, a.Prefix)
			if a.Peer.IsValid() {
				s += fmt.Sprintf(" %v", a.Peer)
			}
			ours = append(ours, s+fmt.Sprintf(" %x %d", a.Flags, a.Scope))
		}
		for _, a := range must(netlink.AddrList(nil, netlink.FAMILY_ALL))(t) {
			s := fmt.Sprintf("%d %v", a.LinkIndex, a.IPNet)
			if a.Peer != nil {
				s += fmt.Sprintf(" %v", a.Peer.IP)
			}
			theirs = append(theirs, s+fmt.Sprintf(" %x %d", a.Flags, a.Scope))
		}
		same(t, "addresses", ours, theirs)
		for _, a := range all {
			found := slices.ContainsFunc(got, func(b Addr) bool {
				return a.Index == b.Index && a.Prefix == b.Prefix && a.Peer == b.Peer && a.Scope == b.Scope
			})
			if !found {
				t.Errorf("%+v is not in %+v", a, got)
			}
			check(t, c.DelAddr(a))
			if err := c.DelAddr(a); !errors.Is(err, unix.EADDRNOTAVAIL) {
				t.Errorf("%v gone already: %v", a.Prefix, err)
			}
		}
		if n := len(must(c.Addrs())(t)); n != len(got)-len(all) {
			t.Errorf("%d addresses are left of %d", n, len(got))
		}
	})
}

// line is a route as text.
func line(dst string, gateway, src any, index, table, typ, protocol, scope, metric, mtu int, onlink bool) string {
	return fmt.Sprintf("%s via %v src %v dev %d table %d type %d proto %d scope %d metric %d mtu %d onlink %v",
		dst, gateway, src, index, table, typ, protocol, scope, metric, mtu, onlink)
}

func (r Route) line() string {
	return line(r.Dst.String(), text(r.Gateway), text(r.Src), r.Index, r.Table, int(r.Type), int(r.Protocol), int(r.Scope), r.Metric, r.MTU, r.OnLink)
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func theirLine(r netlink.Route) string {
	gw, index, flags := r.Gw, r.LinkIndex, r.Flags
	if r.Via != nil {
		gw = r.Via.(*netlink.Via).Addr
	}
	if len(r.MultiPath) > 0 {
		hop := r.MultiPath[0]
		gw, index, flags = hop.Gw, hop.LinkIndex, hop.Flags
	}
	show := func(a net.IP) string {
		if a == nil {
			return ""
		}
		return a.String()
	}
	return line(r.Dst.String(), show(gw), show(r.Src), index, r.Table, r.Type, int(r.Protocol), int(r.Scope), min(r.Priority, 1<<31-1), r.MTU, flags&unix.RTNH_F_ONLINK != 0)
}

func TestRoutes(t *testing.T) {
	within(t, func(t *testing.T, c *Conn, eth0 int) {
		check(t, c.AddAddr(Addr{Index: eth0, Prefix: prefix("2001:db8:1::2/64"), Flags: unix.IFA_F_NODAD}))
		route := func(dst string, change func(r *Route)) Route {
			r := Route{Dst: prefix(dst), Table: unix.RT_TABLE_MAIN, Type: unix.RTN_UNICAST, Protocol: 68, Index: eth0}
			if change != nil {
				change(&r)
			}
			return r
		}
		all := []Route{
			route("0.0.0.0/0", func(r *Route) { r.Gateway = ip("192.0.2.1") }),
			route("0.0.0.0/1", func(r *Route) { r.Scope, r.Metric = unix.RT_SCOPE_LINK, 64 }),
			route("198.51.100.7/32", func(r *Route) { r.Gateway, r.OnLink = ip("203.0.113.1"), true }),
			route("198.51.100.8/32", func(r *Route) { r.Gateway, r.Src, r.MTU = ip("192.0.2.1"), ip("192.0.2.2"), 1300 }),
			route("198.51.100.9/32", func(r *Route) { r.Gateway = ip("fe80::1") }),
			route("10.0.0.0/8", func(r *Route) { r.Type, r.Index, r.Metric = unix.RTN_UNREACHABLE, 0, 1<<31-1 }),
			route("::/0", func(r *Route) { r.Gateway, r.Metric = ip("2001:db8:1::1"), 1024 }),
			route("8000::/1", func(r *Route) { r.Type, r.Index, r.Metric = unix.RTN_UNREACHABLE, 0, 200 }),
			route("2001:db8:9::/48", func(r *Route) { r.Gateway, r.Src, r.Metric = ip("fe80::1"), ip("2001:db8:1::2"), 1 }),
		}
		for _, r := range all {
			if err := c.AddRoute(r); err != nil {
				t.Fatalf("%s: %v", r.line(), err)
			}
			if err := c.AddRoute(r); !errors.Is(err, unix.EEXIST) {
				t.Errorf("%v again: %v", r.Dst, err)
			}
		}
		// What is only read, and what is not to be seen at all.
		check(t, netlink.RouteAdd(&netlink.Route{Dst: ipNet("172.16.0.0/12"), MultiPath: []*netlink.NexthopInfo{
			{LinkIndex: eth0, Gw: net.IPv4(192, 0, 2, 5).To4()}, {LinkIndex: eth0, Gw: net.IPv4(192, 0, 2, 6).To4()}}}))
		check(t, netlink.RouteAdd(&netlink.Route{Dst: ipNet("172.32.0.0/12"), Type: unix.RTN_BLACKHOLE, Priority: math.MaxInt}))
		check(t, netlink.RouteAdd(&netlink.Route{Dst: ipNet("100.64.0.0/10"), LinkIndex: eth0, Table: 1000}))

		compare := func() (ours []Route) {
			t.Helper()
			for _, f := range []byte{unix.AF_INET, unix.AF_INET6} {
				var mine, theirs []string
				list := must(c.Routes(f, unix.RT_TABLE_MAIN))(t)
				for _, r := range list {
					mine = append(mine, r.line())
				}
				for _, r := range must(netlink.RouteListFiltered(int(f), &netlink.Route{Table: unix.RT_TABLE_MAIN}, netlink.RT_FILTER_TABLE))(t) {
					theirs = append(theirs, theirLine(r))
				}
				same(t, "routes", mine, theirs)
				ours = append(ours, list...)
			}
			return ours
		}
		got := compare()
		for _, r := range all {
			// IPv6 gives an unreachable route the loopback interface.
			found := slices.ContainsFunc(got, func(g Route) bool {
				if g.Type == unix.RTN_UNREACHABLE {
					g.Index = 0
				}
				return g == r
			})
			if !found {
				t.Errorf("%s is not there", r.line())
			}
		}
		if l := must(c.Routes(unix.AF_INET, 1000))(t); len(l) != 1 || l[0].Dst != prefix("100.64.0.0/10") || l[0].Table != 1000 {
			t.Errorf("table 1000: %+v", l)
		}

		moved := all[0]
		moved.Gateway = ip("192.0.2.254")
		check(t, c.ReplaceRoute(moved))
		if r := must(c.RouteTo(ip("8.8.4.4")))(t); r.Index != eth0 || r.Gateway.IsValid() {
			t.Errorf("the half of the default route: %s", r.line())
		}
		if r := must(c.RouteTo(ip("203.0.113.9")))(t); r.Gateway != moved.Gateway || r.Src != ip("192.0.2.2") {
			t.Errorf("the default route: %s", r.line())
		}
		if r := must(c.RouteTo(ip("192.0.2.2")))(t); r.Type != unix.RTN_LOCAL {
			t.Errorf("own address: %s", r.line())
		}
		if _, err := c.RouteTo(ip("8888::1")); !errors.Is(err, unix.EHOSTUNREACH) {
			t.Errorf("unreachable: %v", err)
		}

		// Another program's route in the same place is not removed as ours.
		theirs := all[3]
		theirs.Protocol = unix.RTPROT_STATIC
		if err := c.DelRoute(theirs); !errors.Is(err, unix.ESRCH) {
			t.Errorf("another protocol's route: %v", err)
		}
		all[0] = moved
		for _, r := range all {
			check(t, c.DelRoute(r))
			if err := c.DelRoute(r); !errors.Is(err, unix.ESRCH) {
				t.Errorf("%v gone already: %v", r.Dst, err)
			}
		}
		if n := len(compare()); n != len(got)-len(all) {
			t.Errorf("%d routes are left of %d", n, len(got))
		}
	})
}

func TestProxies(t *testing.T) {
	within(t, func(t *testing.T, c *Conn, eth0 int) {
		p := Proxy{Index: eth0, Addr: ip("192.0.2.100")}
		check(t, c.SetProxy(p))
		check(t, c.SetProxy(p))
		check(t, netlink.NeighAdd(&netlink.Neigh{LinkIndex: eth0, State: unix.NUD_PERMANENT, IP: net.IPv4(192, 0, 2, 101).To4(), HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 1}}))
		if l := must(c.Proxies(unix.AF_INET))(t); !slices.Equal(l, []Proxy{p}) {
			t.Errorf("%+v", l)
		}
		if l := must(netlink.NeighProxyList(eth0, netlink.FAMILY_V4))(t); len(l) != 1 || l[0].IP.String() != "192.0.2.100" {
			t.Errorf("the library sees %+v", l)
		}
		check(t, c.DelProxy(p))
		if err := c.DelProxy(p); !errors.Is(err, unix.ENOENT) {
			t.Errorf("gone already: %v", err)
		}
		if l := must(c.Proxies(unix.AF_INET))(t); len(l) != 0 {
			t.Errorf("%+v", l)
		}
	})
}

// TestLongDump reads a table that fills many datagrams.
func TestLongDump(t *testing.T) {
	within(t, func(t *testing.T, c *Conn, eth0 int) {
		const routes = 1500
		want := make(map[netip.Prefix]bool)
		for i := range routes {
			dst := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), 32)
			want[dst] = true
			check(t, c.AddRoute(Route{Dst: dst, Table: unix.RT_TABLE_MAIN, Type: unix.RTN_UNICAST, Protocol: 68, Scope: unix.RT_SCOPE_LINK, Index: eth0}))
		}
		for _, r := range must(c.Routes(unix.AF_INET, unix.RT_TABLE_MAIN))(t) {
			delete(want, r.Dst)
		}
		if len(want) > 0 {
			t.Errorf("%d routes of %d are missing", len(want), routes)
		}
	})
}

// TestRefusal: the kernel's reason is told beside the number.
func TestRefusal(t *testing.T) {
	within(t, func(t *testing.T, c *Conn, eth0 int) {
		err := c.AddRoute(Route{Dst: prefix("10.0.0.0/8"), Table: unix.RT_TABLE_MAIN, Type: unix.RTN_UNICAST, Index: eth0, Gateway: ip("203.0.113.1")})
		var e *Error
		if !errors.As(err, &e) || e.Errno != unix.ENETUNREACH || !strings.Contains(err.Error(), "gateway") {
			t.Errorf("%v", err)
		}
		if _, err := Open(31); !errors.Is(err, unix.EPROTONOSUPPORT) {
			t.Errorf("a family that is not there: %v", err)
		}
	})
}

// TestForgedAnswer: what another process sends in the kernel's place does not
// count, however it fits.
func TestForgedAnswer(t *testing.T) {
	within(t, func(t *testing.T, c *Conn, eth0 int) {
		other := must(Open(unix.NETLINK_ROUTE))(t)
		defer other.Close()
		forged := message(header{unix.NLMSG_ERROR, 0, c.seq + 1, c.port}, refusal(unix.EPERM, make([]byte, headerLen), ""))
		check(t, unix.Sendto(other.fd, forged, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: c.port}))
		check(t, c.SetQueue(eth0, 5))
		check(t, unix.Sendto(other.fd, make([]byte, 2*firstSize), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: c.port}))
		if l := must(c.LinkByIndex(eth0))(t); l.Queue != 5 {
			t.Errorf("%+v", l)
		}
	})
}

// TestLargeAnswer: a datagram that the buffer cannot hold is read whole.
func TestLargeAnswer(t *testing.T) {
	within(t, func(t *testing.T, c *Conn, eth0 int) {
		request := message(header{unix.RTM_GETLINK, unix.NLM_F_REQUEST, 1, c.port}, linkBody(eth0, 0, 0))
		check(t, unix.Sendto(c.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
		b := must(c.receive(make([]byte, headerLen), time.Now().Add(answerTime)))(t)
		_, payload, rest, err := cut(b)
		check(t, err)
		if l, ok := parseLink(payload); !ok || l.Name != "eth0" || len(rest) != 0 {
			t.Errorf("%+v, %v, %d octets more", l, ok, len(rest))
		}
	})
}
