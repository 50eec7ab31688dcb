package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// watcher sees every IP packet that leaves the device, beside it.
type watcher struct {
	mu      sync.Mutex
	allowed func(dst netip.Addr, packet []byte) bool
	leaked  map[netip.Addr]int
	first   []byte // of what leaked, its beginning
	markers int
	ready   chan struct{} // has a token when something came
}

// marker is where datagrams go that say: all before has been seen.
var marker = netip.MustParseAddrPort("203.0.113.1:9")

// watch looks at eth0 of ns until the test ends. The socket has no filter.
func watch(t *testing.T, ns *netnstest.NS, allowed func(netip.Addr, []byte) bool) *watcher {
	t.Helper()
	w := &watcher{allowed: allowed, leaked: make(map[netip.Addr]int), ready: make(chan struct{}, 1)}
	var fd int
	var err error
	ns.Do(t, func() {
		var eth0 *net.Interface
		if eth0, err = net.InterfaceByName("eth0"); err != nil {
			return
		}
		const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in the network's order
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err == nil {
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20)
			err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: uint16(all), Ifindex: eth0.Index})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	// Without a blocking read the goroutine ends with the test.
	unix.SetNonblock(fd, true)
	f := os.NewFile(uintptr(fd), "watcher")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 65536)
		for {
			n, err := f.Read(b)
			if err != nil {
				return
			}
			w.see(b[:n])
		}
	}()
	t.Cleanup(func() { f.Close(); <-ended })
	return w
}

func (w *watcher) see(p []byte) {
	var dst netip.Addr
	switch {
	case len(p) >= 28 && p[0]>>4 == 4:
		dst = netip.AddrFrom4([4]byte(p[16:20]))
	case len(p) >= 40 && p[0]>>4 == 6:
		dst = netip.AddrFrom16([16]byte(p[24:40]))
	default:
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case dst == marker.Addr() && p[9] == unix.IPPROTO_UDP && binary.BigEndian.Uint16(p[22:]) == marker.Port():
		w.markers++
	case !w.allowed(dst, p):
		if len(w.leaked) == 0 {
			w.first = bytes.Clone(p[:min(len(p), 80)])
		}
		w.leaked[dst]++
	}
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// leaks gives all that leaked until now, and forgets it.
func (w *watcher) leaks(t *testing.T) map[netip.Addr]int {
	t.Helper()
	w.mu.Lock()
	before := w.markers
	w.mu.Unlock()
	shout(marker)
	for deadline := time.After(agenttest.Patience); ; {
		w.mu.Lock()
		if w.markers > before {
			defer w.mu.Unlock()
			leaked := w.leaked
			w.leaked = make(map[netip.Addr]int)
			return leaked
		}
		w.mu.Unlock()
		select {
		case <-w.ready:
		case <-deadline:
			t.Fatal("the watcher sees nothing")
		}
	}
}

// shout sends a datagram, if it can, by the route of this moment.
func shout(to netip.AddrPort) {
	if conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to)); err == nil {
		conn.Write([]byte("for the office only"))
		conn.Close()
	}
}

// shouting sends to all of them without end, until the function is called.
func shouting(to ...netip.AddrPort) (stop func()) {
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				for _, addr := range to {
					shout(addr)
				}
			}
		}
	}()
	return func() { close(quit); <-ended }
}

// refusesGRE reports whether a packet is the kernel's word to the server that
// nobody takes its GRE packets, as after a kill: nothing of ours is in it, and
// what it quotes came from the server as it is there.
func refusesGRE(p []byte, server netip.Addr) bool {
	const quoted = 20 + 8
	return p[0] == 0x45 && p[9] == unix.IPPROTO_ICMP && p[20] == 3 && p[21] == 2 && // protocol unreachable
		len(p) >= quoted+20 && p[quoted+9] == unix.IPPROTO_GRE && netip.AddrFrom4([4]byte(p[quoted+12:quoted+16])) == server
}

// TestBlockWhenDown: not one packet for the entry's networks leaves in clear
// from when dun has first started with the entry: while it is dialed, up and
// redialed, when dun is killed, when it starts again and when it ends. Exempt
// are, with default-route, the server, the name server that is asked for it and
// the connected LAN. Beside the device stands somebody who sees all.
func TestBlockWhenDown(t *testing.T) {
	server, dns := netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("192.0.2.53")
	inside, outside := netip.MustParseAddrPort("10.20.30.40:7"), netip.MustParseAddrPort("192.0.2.99:7")
	outside6 := netip.MustParseAddrPort("[2001:db8:99::9]:7")
	for _, c := range []struct {
		name, entry string
		talk        []netip.AddrPort
		allowed     func(dst netip.Addr, p []byte) bool
	}{
		{"routes", "host = '198.51.100.10'\nroutes = ['10.0.0.0/8']\n", []netip.AddrPort{inside},
			func(dst netip.Addr, _ []byte) bool { return !netip.MustParsePrefix("10.0.0.0/8").Contains(dst) }},
		{"default route and a name", "host = 'vpn.example.com'\ndefault-route = true\n", []netip.AddrPort{inside, outside, outside6},
			func(dst netip.Addr, p []byte) bool {
				if dst.Is6() {
					return dst.IsLinkLocalUnicast() || dst.IsMulticast() || lan6.Contains(dst)
				}
				port := binary.BigEndian.Uint16(p[22:])
				return dst == server && (p[9] == unix.IPPROTO_GRE || p[9] == unix.IPPROTO_TCP && port == 1723 || refusesGRE(p, server)) ||
					dst == dns && p[9] == unix.IPPROTO_UDP && port == 53 || netip.MustParsePrefix("203.0.113.0/24").Contains(dst)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			netnstest.Run(t, func(t *testing.T) {
				w, provider := newBlockedWorld(t, server, dns, c.entry)
				seen := watch(t, provider, c.allowed)
				wantNone := func(when string) {
					t.Helper()
					if leaked := seen.leaks(t); len(leaked) > 0 {
						t.Fatalf("%s packets left in clear: %v, the first was %x", when, leaked, seen.first)
					}
				}
				wantAll := func(when string) {
					t.Helper()
					all := make(map[netip.Addr]int)
					agenttest.Eventually(t, func() error { // the first ones wait for their neighbour's address
						for _, addr := range c.talk {
							shout(addr)
						}
						for addr, n := range seen.leaks(t) {
							all[addr] += n
						}
						if len(all) != len(c.talk) {
							return errText("%s the watcher saw %v, want all of %v", when, all, c.talk)
						}
						return nil
					})
				}
				wantAll("before dun")
				program := w.serve()
				a := w.device.start("agent")
				a.says("office     dial")
				agenttest.Eventually(t, func() error {
					if s := w.device.status(); !slices.Contains(s.Blocked, "office") {
						return errText("status is %+v", s)
					}
					return nil
				})
				stop := shouting(c.talk...)
				w.becomes(t, "office", "up")
				if err := agenttest.RoundTrips(nil, t, lanHost, 5, 100); err != nil {
					t.Error(err)
				}
				wantNone("until it was up")
				program.signal(unix.SIGKILL)
				program.wait()
				w.becomes(t, "office", "pause")
				w.serve()
				w.becomes(t, "office", "up")
				wantNone("while it was redialed")
				a.signal(unix.SIGKILL)
				a.wait()
				wantNone("after a kill")
				a = w.device.start("agent")
				a.says("office     up ")
				if err := agenttest.RoundTrips(nil, t, lanHost, 5, 100); err != nil {
					t.Error(err)
				}
				wantNone("while it started again")
				w.device.run("hangup", "office").exits(0)
				wantNone("after a hang-up")
				a.signal(unix.SIGTERM)
				a.exits(5)
				wantNone("after its end")
				stop()
				mustContain(t, w.device.run("unblock", "second").exits(1).stderr(), "not-connected")
				w.device.run("unblock", "office").exits(0)
				wantAll("after 'dun unblock'")
				w.nothingLeft(t)
			})
		})
	}
}

// lan6 is the IPv6 network that the device and its provider share.
var lan6 = netip.MustParsePrefix("2001:db8:5::/64")

// newBlockedWorld is a device behind a provider, and an office somewhere else
// behind it.
func newBlockedWorld(t *testing.T, server, dns netip.Addr, entry string) (*world, *netnstest.NS) {
	t.Helper()
	private(t)
	w := &world{resolv: filepath.Join(t.TempDir(), "resolv.conf")}
	if err := os.WriteFile(w.resolv, []byte("nameserver "+dns.String()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(w.resolv, "/etc/resolv.conf", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	office, lan, provider := netnstest.NewNS(t), netnstest.NewNS(t), netnstest.NewNS(t)
	netnstest.Veth(t, netnstest.End{NS: office, Name: "eth1", Addr: "10.0.0.1/24"}, netnstest.End{NS: lan, Name: "eth0", Addr: "10.0.0.20/24"})
	netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "203.0.113.5/24"}, netnstest.End{NS: provider, Name: "eth0", Addr: marker.Addr().String() + "/24"})
	netnstest.Veth(t, netnstest.End{NS: office, Name: "eth0", Addr: server.String() + "/24"}, netnstest.End{NS: provider, Name: "eth1", Addr: "198.51.100.1/24"})
	names := netnstest.NewNS(t)
	netnstest.Veth(t, netnstest.End{NS: names, Name: "eth0", Addr: dns.String() + "/24"}, netnstest.End{NS: provider, Name: "eth2", Addr: "192.0.2.1/24"})
	agenttest.Route(t, names, "203.0.113.0/24", "192.0.2.1")
	agenttest.Forward(t, provider)
	agenttest.DNS(t, names, map[string][]netip.Addr{"vpn.example.com.": {server}})
	agenttest.Route(t, office, "203.0.113.0/24", "198.51.100.1")
	agenttest.Route(t, nil, "0.0.0.0/0", marker.Addr().String())
	address6(t, nil, "2001:db8:5::5/64")
	address6(t, provider, "2001:db8:5::1/64")
	agenttest.Route(t, nil, "::/0", "2001:db8:5::1")
	agenttest.Echo(t, lan, lanHost)
	w.device = newMachine(t, nil, map[string]string{
		"phonebook.toml": "[entry.office]\ndevice = 'vpn'\nuser = 'alice'\nautodial = true\nblock-when-down = true\ndns = 'ignore'\n" + entry,
		"secrets.toml":   "[entry.office]\npassword = '" + officePassword + "'\n",
		"device.toml":    "[resolver]\nfile = '" + w.resolv + "'\n",
	})
	w.office = newMachine(t, office, map[string]string{
		"server.toml":  "[pptp]\nlocal = '10.0.0.1'\npool = ['10.0.0.100-10.0.0.109']\nforward = true\n",
		"secrets.toml": "[user.alice]\npassword = '" + officePassword + "'\n",
	})
	w.before = agenttest.Snapshot(t, nil, w.resolv)
	return w, provider
}

// address6 gives eth0 an address that may be used at once (RFC 4862's duplicate
// address detection takes a second).
func address6(t *testing.T, ns *netnstest.NS, prefix string) {
	t.Helper()
	var err error
	ns.Do(t, func() {
		var eth0 netlink.Link
		if eth0, err = netlink.LinkByName("eth0"); err != nil {
			return
		}
		var a *netlink.Addr
		if a, err = netlink.ParseAddr(prefix); err == nil {
			a.Flags = unix.IFA_F_NODAD
			err = netlink.AddrAdd(eth0, a)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
