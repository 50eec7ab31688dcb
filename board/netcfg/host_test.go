package netcfg

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
)

// Helpers of the tests that run against the kernel.

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openTUN makes a TUN interface that lives as long as its descriptor.
func openTUN(t testing.TB, name string) (fd int) {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("/dev/net/tun: %v (this user needs it: modprobe tun, chmod 666 /dev/net/tun)", err)
	}
	ifr, err := unix.NewIfreq(name)
	check(t, err)
	ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	check(t, unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr))
	return fd
}

// lan joins the test's namespace, as 192.0.2.2, to another one, 192.0.2.1,
// and routes everything through it.
func lan(t testing.TB) *netnstest.NS {
	t.Helper()
	far := netnstest.NewNS(t)
	netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "192.0.2.2/24"}, netnstest.End{NS: far, Name: "eth0", Addr: "192.0.2.1/24"})
	addRoute(t, "0.0.0.0/0 via 192.0.2.1 dev eth0 proto 16")
	return far
}

// addRoute takes "DST [via GATEWAY] dev DEV [proto N] [metric N]".
func addRoute(t testing.TB, s string) {
	t.Helper()
	check(t, netlink.RouteAdd(parseRoute(t, s)))
}

func delRoute(t testing.TB, s string) {
	t.Helper()
	check(t, netlink.RouteDel(parseRoute(t, s)))
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func parseRoute(t testing.TB, s string) *netlink.Route {
	f := strings.Fields(s)
	r := &netlink.Route{Dst: ipNet(netip.MustParsePrefix(f[0])), Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Scope: netlink.SCOPE_LINK}
	for i := 1; i+1 < len(f); i += 2 {
		var n int
		fmt.Sscan(f[i+1], &n)
		switch f[i] {
		case "via":
			r.Gw, r.Scope = netip.MustParseAddr(f[i+1]).AsSlice(), netlink.SCOPE_UNIVERSE
		case "dev":
			r.LinkIndex = must(netlink.LinkByName(f[i+1]))(t).Attrs().Index
		case "proto":
			r.Protocol = netlink.RouteProtocol(n)
		case "metric":
			r.Priority = n
		}
	}
	if r.Dst.IP.To4() == nil {
		r.Scope = netlink.SCOPE_UNIVERSE
	}
	return r
}

// snapshot is all of the host that dun may touch, as sorted lines.
func snapshot(t testing.TB) []string {
	t.Helper()
	h := must(openHost())(t)
	defer h.close()
	var out []string
	for _, r := range must(h.routes())(t) {
		if r.Dst.Addr().IsLinkLocalUnicast() || r.Dst.Addr().IsMulticast() {
			continue // the kernel's, which come and go by timers of its own
		}
		s := fmt.Sprintf("route %v type %d", r.Dst, r.Type)
		out = append(out, s+" "+h.describe(r))
	}
	for _, i := range must(h.interfaces())(t) {
		for _, a := range i.Addrs {
			if !a.Addr().IsLinkLocalUnicast() {
				out = append(out, fmt.Sprintf("addr %v dev %s", a, i.Name))
			}
		}
		fw, err := readSysctl(forwardingOf(i.Name))
		check(t, err)
		out = append(out, fmt.Sprintf("link %s forwarding %s", i.Name, fw))
		for _, n := range must(netlink.NeighProxyList(i.Index, netlink.FAMILY_V4))(t) {
			out = append(out, fmt.Sprintf("proxy %v dev %s", n.IP, i.Name))
		}
	}
	slices.Sort(out)
	return out
}

// sameHost compares two snapshots and shows what differs.
func sameHost(t testing.TB, when string, got, want []string) {
	t.Helper()
	for _, l := range got {
		if !slices.Contains(want, l) {
			t.Errorf("%s: there is %s", when, l)
		}
	}
	for _, l := range want {
		if !slices.Contains(got, l) {
			t.Errorf("%s: missing %s", when, l)
		}
	}
}

// has checks that the snapshot has each of the lines.
func has(t testing.TB, lines ...string) {
	t.Helper()
	all := snapshot(t)
	for _, l := range lines {
		if !slices.Contains(all, l) {
			t.Errorf("missing %q in\n%s", l, strings.Join(all, "\n"))
		}
	}
}

func hasNot(t testing.TB, parts ...string) {
	t.Helper()
	for _, l := range snapshot(t) {
		for _, p := range parts {
			if strings.Contains(l, p) {
				t.Errorf("there is %q", l)
			}
		}
	}
}

// via is how the kernel would send to addr.
func via(t testing.TB, addr string) string {
	t.Helper()
	r, err := RouteTo(netip.MustParseAddr(addr))
	if err != nil {
		return "unreachable"
	}
	return r.Dev
}

// world is a state directory and a resolver file.
type world struct {
	dir, resolv string
	warnings    *[]string
}

const resolvBefore = "# by hand\nnameserver 192.0.2.53\nsearch home.example\noptions timeout:1"

func newWorld(t testing.TB) world {
	d := t.TempDir()
	w := world{filepath.Join(d, "state"), filepath.Join(d, "resolv.conf"), new([]string)}
	check(t, os.WriteFile(w.resolv, []byte(resolvBefore), 0o640))
	return w
}

func (w world) open(t testing.TB) *Manager {
	t.Helper()
	m := must(Open(w.dir, Options{ResolvConf: w.resolv, Warn: func(s string) {
		t.Log("warning:", s)
		*w.warnings = append(*w.warnings, s)
	}}))(t)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func (w world) warned(t testing.TB, part string) {
	t.Helper()
	for _, s := range *w.warnings {
		if strings.Contains(s, part) {
			return
		}
	}
	t.Errorf("no warning says %q: %q", part, *w.warnings)
}

func addrOf(s string) netip.Addr { return netip.MustParseAddr(s) }

func addrsOf(s ...string) (out []netip.Addr) {
	for _, a := range s {
		out = append(out, addrOf(a))
	}
	return out
}

func prefixesOf(s ...string) (out []netip.Prefix) {
	for _, p := range s {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	return string(must(os.ReadFile(path))(t))
}
