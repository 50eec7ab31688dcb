package netcfg

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup/cause"
)

// office is a state with something of everything.
func office() State {
	return State{
		Interface: "dun1", MTU: 1400, Queue: 7,
		Local: addrOf("10.9.0.2"), Remote: addrOf("10.9.0.1"), LinkLocal: addrOf("fe80::2"),
		Routes: prefixesOf("10.0.0.0/8", "172.16.5.9/12", "2001:db8::/32"), DefaultRoute: true, Rank: 1,
		DNS: addrsOf("10.9.0.53"), Search: []string{"corp.example"},
	}
}

func TestSetAndClear(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		openTUN(t, "dun1")
		before := snapshot(t)
		m := w.open(t)

		check(t, m.Pin("office", []Pin{{Addr: addrOf("198.51.100.7")}}))
		has(t, "route 198.51.100.7/32 type 1 via 192.0.2.1 dev eth0 proto 68 metric 0")
		pinned := snapshot(t)

		check(t, m.Set("office", office()))
		has(t,
			"addr 10.9.0.2/32 dev dun1",
			"route 10.9.0.1/32 type 1 dev dun1 proto kernel metric 0",
			"route 10.0.0.0/8 type 1 dev dun1 proto 68 metric 64",
			"route 172.16.0.0/12 type 1 dev dun1 proto 68 metric 64",
			"route 2001:db8::/32 type 1 dev dun1 proto 68 metric 64",
			"route 0.0.0.0/1 type 1 dev dun1 proto 68 metric 64",
			"route 128.0.0.0/1 type 1 dev dun1 proto 68 metric 64",
			"route ::/1 type 1 dev dun1 proto 68 metric 64",
			"route 8000::/1 type 1 dev dun1 proto 68 metric 64",
			"route 0.0.0.0/0 type 1 via 192.0.2.1 dev eth0 proto dhcp metric 0",
		)
		for addr, dev := range map[string]string{"203.0.113.1": "dun1", "8.8.8.8": "dun1", "198.51.100.7": "eth0", "192.0.2.9": "eth0", "2001:db8:ffff::1": "dun1"} {
			if got := via(t, addr); got != dev {
				t.Errorf("%s goes by %s, want %s", addr, got, dev)
			}
		}
		link := must(netlink.LinkByName("dun1"))(t)
		if link.Attrs().MTU != 1400 || link.Attrs().TxQLen != 7 || link.Attrs().Flags&net.FlagUp == 0 {
			t.Errorf("link %+v", link.Attrs())
		}
		var v6 []string
		for _, a := range must(netlink.AddrList(link, netlink.FAMILY_V6))(t) {
			v6 = append(v6, a.IPNet.String())
		}
		if !slices.Equal(v6, []string{"fe80::2/64"}) {
			t.Errorf("IPv6 addresses %v", v6)
		}
		if got := readFile(t, w.resolv); !strings.Contains(got, "\nnameserver 10.9.0.53\nsearch corp.example home.example\noptions timeout:1\n#dun") {
			t.Errorf("resolver file:\n%s", got)
		}

		set := snapshot(t)
		check(t, m.Set("office", office()))
		sameHost(t, "Set again", snapshot(t), set)

		// What was lost comes back.
		delRoute(t, "10.0.0.0/8 dev dun1 proto 68 metric 64")
		check(t, netlink.LinkSetDown(link))
		check(t, m.Set("office", office()))
		sameHost(t, "Set repairs", snapshot(t), set)

		// Another state: the difference is made.
		s := office()
		s.Routes, s.DefaultRoute, s.Local = prefixesOf("10.0.0.0/8", "10.20.0.0/16"), false, addrOf("10.9.0.3")
		check(t, m.Set("office", s))
		has(t, "addr 10.9.0.3/32 dev dun1", "route 10.0.0.0/8 type 1 dev dun1 proto 68 metric 64", "route 10.20.0.0/16 type 1 dev dun1 proto 68 metric 64")
		hasNot(t, "10.9.0.2/32", "route 172.16.0.0/12", "/1 ", "2001:db8")

		check(t, m.Clear("office"))
		sameHost(t, "Clear", snapshot(t), pinned)
		if got := readFile(t, w.resolv); got != resolvBefore {
			t.Errorf("resolver file after Clear:\n%s", got)
		}
		if st := must(os.Stat(w.resolv))(t); st.Mode().Perm() != 0o640 {
			t.Errorf("resolver file's mode %v", st.Mode())
		}
		check(t, m.Clear("office"))
		check(t, m.Pin("office", nil))
		sameHost(t, "Pin nothing", snapshot(t), before)
	})
}

func TestInterfaceGoesFirst(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		before := snapshot(t)
		m := w.open(t)
		for range 3 {
			fd := openTUN(t, "dun1")
			check(t, m.Set("office", office()))
			unix.Close(fd)
			fd = openTUN(t, "dun1") // a redial: the same name, another interface
			check(t, m.Set("office", office()))
			has(t, "route 0.0.0.0/1 type 1 dev dun1 proto 68 metric 64")
			unix.Close(fd)
			check(t, m.Clear("office"))
			sameHost(t, "Clear", snapshot(t), before)
		}
		// The name is someone else's meanwhile: what is there is theirs.
		fd := openTUN(t, "dun1")
		check(t, m.Set("office", office()))
		unix.Close(fd)
		fd = openTUN(t, "dun1")
		link := must(netlink.LinkByName("dun1"))(t)
		check(t, m.host.nl.AddAddr(item{Index: link.Attrs().Index, Dst: host32(addrOf("10.9.0.2")), Peer: addrOf("10.9.0.1")}.address()))
		check(t, m.Clear("office"))
		has(t, "addr 10.9.0.2/32 dev dun1")
		unix.Close(fd)

		if err := m.Set("office", office()); cause.Of(err) != cause.NetworkSetup {
			t.Errorf("Set without an interface: %v", err)
		}
	})
}

func TestBlockIPv6(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "2001:db8:1::2/64"}, netnstest.End{NS: netnstest.NewNS(t), Name: "eth0"})
		addRoute(t, "::/0 via 2001:db8:1::1 dev eth0")
		w := newWorld(t)
		m := w.open(t)
		openTUN(t, "dun1")
		s := office()
		s.LinkLocal, s.BlockIPv6 = netip.Addr{}, true
		before := snapshot(t)
		check(t, m.Set("office", s))
		for addr, dev := range map[string]string{"2001:db8:2::1": "unreachable", "fd00::1": "unreachable", "2001:db8:1::9": "eth0"} {
			if got := via(t, addr); got != dev {
				t.Errorf("%s goes by %s, want %s", addr, got, dev)
			}
		}
		if b := strings.TrimSpace(readFile(t, "/proc/sys/net/ipv6/conf/dun1/disable_ipv6")); b != "1" {
			t.Errorf("disable_ipv6 = %s", b)
		}
		check(t, m.Clear("office"))
		sameHost(t, "Clear", snapshot(t), before)

		s.BlockIPv6 = false
		check(t, m.Set("office", s))
		if got := via(t, "2001:db8:2::1"); got != "eth0" {
			t.Errorf("IPv6 left alone goes by %s", got)
		}
		w.warned(t, "no IPv6")

		s.LinkLocal, s.MTU = addrOf("fe80::2"), 1000
		check(t, m.Set("office", s))
		w.warned(t, "too small for IPv6")
	})
}

func TestRanks(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		m := newWorld(t).open(t)
		for _, dev := range []string{"dun0", "dun1", "dun2"} {
			openTUN(t, dev)
		}
		set := func(name, dev string, rank int) {
			t.Helper()
			check(t, m.Set(name, State{Interface: dev, Local: addrOf("10.0.0.1"), DefaultRoute: true, Rank: rank}))
		}
		want := func(dev string) {
			t.Helper()
			if got := via(t, "8.8.8.8"); got != dev {
				t.Errorf("default route by %s, want %s", got, dev)
			}
		}
		set("vpn", "dun1", 1)
		set("isp", "dun0", 0)
		want("dun1")
		set("vpn2", "dun2", 1)
		want("dun2")
		set("vpn", "dun1", 1) // again, not later
		want("dun2")
		check(t, m.Clear("vpn2"))
		want("dun1")
		for range bandWidth/2 + 3 { // past the band's end
			set("vpn2", "dun2", 1)
			check(t, m.Clear("vpn"))
			set("vpn", "dun1", 1)
			check(t, m.Clear("vpn2"))
		}
		want("dun1")
		check(t, m.Clear("vpn"))
		want("dun0")
		check(t, m.Clear("isp"))
		want("eth0")
	})
}

func TestForeignRoutesStay(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		m := w.open(t)
		openTUN(t, "dun1")
		addRoute(t, "10.0.0.0/8 via 192.0.2.1 dev eth0")
		addRoute(t, "10.20.0.0/16 via 192.0.2.1 dev eth0 metric 64")
		addRoute(t, "10.30.0.0/16 via 192.0.2.1 dev eth0 metric 500")
		before := snapshot(t)
		s := State{Interface: "dun1", Local: addrOf("10.9.0.2"), Routes: prefixesOf("10.0.0.0/8", "10.20.0.0/16", "10.30.0.0/16", "10.40.0.0/16"), Rank: 1}
		check(t, m.Set("office", s))
		w.warned(t, "10.0.0.0/8 has no effect")
		for addr, dev := range map[string]string{"10.1.1.1": "eth0", "10.20.1.1": "dun1", "10.30.1.1": "dun1"} {
			if got := via(t, addr); got != dev {
				t.Errorf("%s goes by %s, want %s", addr, got, dev)
			}
		}
		check(t, m.Clear("office"))
		sameHost(t, "Clear", snapshot(t), before)

		// The same route through the same interface, by a hook for example.
		link := must(netlink.LinkByName("dun1"))(t)
		check(t, netlink.LinkSetUp(link))
		// With its last address an interface loses all routes.
		check(t, netlink.AddrAdd(link, must(netlink.ParseAddr("10.9.9.9/32"))(t)))
		addRoute(t, "10.40.0.0/16 dev dun1 metric 7")
		check(t, m.Set("office", s))
		w.warned(t, "10.40.0.0/16 through dun1 is there already")
		check(t, m.Clear("office"))
		has(t, "route 10.40.0.0/16 type 1 dev dun1 proto static metric 7")
	})
}

func TestFailingStepRollsBack(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		m := w.open(t)
		openTUN(t, "dun1")
		link := must(netlink.LinkByName("dun1"))(t)
		check(t, netlink.LinkSetMTU(link, 1300))
		before := snapshot(t)
		broken := office()
		broken.LAN, broken.Forward = []string{"nosuch"}, true
		fails := func(s State, step string) {
			t.Helper()
			err := m.Set("office", s)
			if cause.Of(err) != cause.NetworkSetup || !strings.Contains(err.Error(), step) || !strings.HasPrefix(err.Error(), "office: ") {
				t.Errorf("error %v, want step %q", err, step)
			}
		}
		fails(broken, "nosuch")
		sameHost(t, "plan failed", snapshot(t), before)

		// The resolver file becomes impossible: a directory in its place.
		check(t, os.Rename(w.resolv, w.resolv+".away"))
		check(t, os.Mkdir(w.resolv, 0o755))
		fails(office(), "resolver")
		sameHost(t, "resolver failed", snapshot(t), before)
		if mtu := must(netlink.LinkByName("dun1"))(t).Attrs().MTU; mtu != 1300 {
			t.Errorf("MTU %d after the failure, want 1300", mtu)
		}
		check(t, os.Remove(w.resolv))
		check(t, os.Rename(w.resolv+".away", w.resolv))

		// A second Set that fails leaves the first one's state.
		good := office()
		good.DNS, good.Search = nil, nil
		check(t, m.Set("office", good))
		set := snapshot(t)
		worse := good
		worse.Routes = prefixesOf("10.0.0.0/8", "10.77.0.0/16")
		worse.Forward, worse.Local = true, addrOf("10.9.0.9")
		check(t, unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND, ""))
		check(t, unix.Mount("", "/proc/sys", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		fails(worse, "forwarding = 1")
		check(t, unix.Unmount("/proc/sys", 0))
		sameHost(t, "second Set failed", snapshot(t), set)
		check(t, m.Clear("office"))
		sameHost(t, "Clear", snapshot(t), before)
	})
}

func TestCheck(t *testing.T) {
	for _, change := range []func(*State){
		func(s *State) { s.Interface = "../x" },
		func(s *State) { s.Interface = "" },
		func(s *State) { s.MTU = 10 },
		func(s *State) { s.Local = addrOf("::1") },
		func(s *State) { s.LinkLocal = addrOf("2001:db8::1") },
		func(s *State) { s.Rank = MaxRank + 1 },
		func(s *State) { s.Search = []string{"a\nnameserver 1.2.3.4"} },
		func(s *State) { s.DNS = addrsOf("fe80::1%a\nb") },
		func(s *State) { s.LAN = []string{"a/b"} },
		func(s *State) { s.ProxyARP = addrsOf("::1") },
		func(s *State) { s.Routes = append(s.Routes, prefixesOf("::ffff:10.0.0.0/104")...) },
	} {
		s := office()
		change(&s)
		if err := s.check(); cause.Of(err) != cause.BadConfig {
			t.Errorf("%+v: %v", s, err)
		}
	}
	s := office()
	if err := s.check(); err != nil {
		t.Error(err)
	}
}
