package agenttest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg"
	"dun/board/netcfg/netnstest"
)

// Snapshot is a picture of what a connection may change in a machine:
// interfaces, addresses, routes, proxy ARP, sysctls and files, a line each.
func Snapshot(t testing.TB, ns *netnstest.NS, files ...string) []string {
	t.Helper()
	var lines []string
	var err error
	ns.Do(t, func() {
		lines, err = network()
		for errors.Is(err, netlink.ErrDumpInterrupted) { // something changed meanwhile
			lines, err = network()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		lines = append(lines, fmt.Sprintf("file %s %v %q", name, err, b))
	}
	slices.Sort(lines)
	return lines
}

// Left compares two pictures.
func Left(before, after []string) (left []string) {
	for _, l := range after {
		if !slices.Contains(before, l) {
			left = append(left, "+ "+l)
		}
	}
	for _, l := range before {
		if !slices.Contains(after, l) {
			left = append(left, "- "+l)
		}
	}
	return left
}

func network() (lines []string, err error) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		add("interface %s, MTU %d", l.Attrs().Name, l.Attrs().MTU)
		neighbours, err := netlink.NeighProxyList(l.Attrs().Index, unix.AF_INET)
		if err != nil {
			return nil, err
		}
		for _, n := range neighbours {
			add("proxy ARP for %v on %s", n.IP, l.Attrs().Name)
		}
	}
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		add("address %v", a)
	}
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return nil, err
	}
	// The kernel itself changes IPv6 routes all the time.
	six, _ := netlink.RouteListFiltered(netlink.FAMILY_V6, &netlink.Route{Protocol: netcfg.Protocol}, netlink.RT_FILTER_PROTOCOL)
	for _, r := range append(routes, six...) {
		add("route %v", r)
	}
	for _, pattern := range []string{"ip_forward", "conf/*/forwarding", "conf/*/proxy_arp", "conf/*/rp_filter", "neigh/*/proxy_delay"} {
		names, _ := filepath.Glob("/proc/sys/net/ipv4/" + pattern)
		for _, name := range names {
			b, err := os.ReadFile(name)
			add("sysctl %s %v %s", name, err, strings.TrimSpace(string(b)))
		}
	}
	return lines, nil
}

// NothingLeft waits until the machine is as it was before, or fails.
func NothingLeft(t testing.TB, ns *netnstest.NS, before []string, files ...string) {
	t.Helper()
	Eventually(t, func() error {
		if left := Left(before, Snapshot(t, ns, files...)); len(left) > 0 {
			return fmt.Errorf("left behind:\n%s", strings.Join(left, "\n"))
		}
		return nil
	})
}

// Eventually polls until try succeeds, or fails the test with its last error.
func Eventually(t testing.TB, try func() error) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Goroutines are those that there are now, by their first line's "goroutine N".
func Goroutines() map[string]bool {
	all := make(map[string]bool)
	for _, g := range stacks() {
		all[goroutineID(g)] = true
	}
	return all
}

// NoGoroutines waits until no goroutine of ours is left beside those that were
// there before, or fails with their stacks.
func NoGoroutines(t testing.TB, before map[string]bool) {
	t.Helper()
	Eventually(t, func() error {
		var ours []string
		for _, g := range stacks() {
			if !before[goroutineID(g)] && strings.Contains(g, "dun/") && !strings.Contains(g, "modemtest.") {
				ours = append(ours, g)
			}
		}
		if len(ours) > 0 {
			return fmt.Errorf("%d goroutines are left:\n%s", len(ours), strings.Join(ours, "\n\n"))
		}
		return nil
	})
}

func stacks() []string {
	buf := make([]byte, 4<<20)
	return strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
}

func goroutineID(stack string) string {
	id, _, _ := strings.Cut(stack, " [")
	return id
}
