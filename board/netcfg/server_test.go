package netcfg

import (
	"net"
	"slices"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
)

// caller is the server's state for the caller at addr.
func caller(dev, addr string) State {
	return State{
		Interface: dev, MTU: 1400, Local: addrOf("192.0.2.2"), Remote: addrOf(addr),
		Forward: true, ProxyARP: addrsOf(addr),
	}
}

func TestForwardAndProxyARP(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		m := newWorld(t).open(t)
		fd0, _ := openTUN(t, "dun0"), openTUN(t, "dun1")
		openTUN(t, "dun2")
		before := snapshot(t)

		check(t, m.Set("call 1", caller("dun0", "192.0.2.100")))
		check(t, m.Set("call 2", caller("dun1", "192.0.2.101")))
		check(t, m.Set("call 3", caller("dun2", "10.7.7.7"))) // not in the LAN: routed
		has(t, "link eth0 forwarding 1", "link dun0 forwarding 1", "link dun1 forwarding 1", "link lo forwarding 0",
			"proxy 192.0.2.100 dev eth0", "proxy 192.0.2.101 dev eth0")
		hasNot(t, "proxy 10.7.7.7")
		set := snapshot(t)
		check(t, m.Set("call 1", caller("dun0", "192.0.2.100")))
		sameHost(t, "Set again", snapshot(t), set)

		unix.Close(fd0)
		check(t, m.Clear("call 1"))
		has(t, "link eth0 forwarding 1", "proxy 192.0.2.101 dev eth0")
		hasNot(t, "proxy 192.0.2.100")
		check(t, m.Clear("call 3"))
		has(t, "link eth0 forwarding 1")
		check(t, m.Clear("call 2"))
		before = slices.DeleteFunc(before, func(l string) bool { return l == "link dun0 forwarding 0" })
		sameHost(t, "Clear", snapshot(t), before)
	})
}

func TestForwardThatWasThere(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		m := w.open(t)
		openTUN(t, "dun0")
		eth0 := must(netlink.LinkByName("eth0"))(t)
		check(t, writeSysctl(forwardingOf("eth0"), "1"))
		check(t, netlink.NeighSet(&netlink.Neigh{LinkIndex: eth0.Attrs().Index, Family: netlink.FAMILY_V4, Flags: netlink.NTF_PROXY, State: unix.NUD_PERMANENT, IP: net.IPv4(192, 0, 2, 100)}))
		before := snapshot(t)
		check(t, m.Set("call", caller("dun0", "192.0.2.100")))
		check(t, m.Clear("call"))
		sameHost(t, "Clear", snapshot(t), before)

		// Someone changes a value that we set: it is theirs.
		check(t, writeSysctl(forwardingOf("eth0"), "0"))
		check(t, m.Set("call", caller("dun0", "192.0.2.100")))
		check(t, writeSysctl(forwardingOf("eth0"), "0"))
		check(t, m.Clear("call"))
		has(t, "link eth0 forwarding 0")

		// Two owners: the last one puts the first one's old value back.
		n := w.open(t)
		openTUN(t, "dun1")
		check(t, m.Set("call", caller("dun0", "192.0.2.100")))
		check(t, n.Set("call", caller("dun1", "192.0.2.101")))
		check(t, m.Close())
		has(t, "link eth0 forwarding 1")
		check(t, n.Close())
		has(t, "link eth0 forwarding 0")
	})
}

// TestLANReachesCaller sends a packet from a host on the LAN to a caller's
// address and finds it on the caller's TUN, and one back.
func TestLANReachesCaller(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		far := lan(t)
		m := newWorld(t).open(t)
		fd := openTUN(t, "dun0")
		check(t, m.Set("call", caller("dun0", "192.0.2.100")))

		var conn net.Conn
		var err error
		far.Do(t, func() { conn, err = net.Dial("udp", "192.0.2.100:9") })
		check(t, err)
		defer conn.Close()
		must(conn.Write([]byte("hello")))(t)
		b := make([]byte, 2000)
		for {
			p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if n, err := unix.Poll(p, 5000); n == 0 || err != nil && err != unix.EINTR {
				t.Fatalf("nothing came out of the TUN: %v", err)
			}
			n, err := unix.Read(fd, b)
			check(t, err)
			if n == 33 && b[9] == 17 && string(b[28:33]) == "hello" {
				break
			}
		}
	})
}

// TestRoutedPoolReachesEveryLAN: where a caller's address lies in no LAN, each
// may be meant, unless the state names them.
func TestRoutedPoolReachesEveryLAN(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		netnstest.Veth(t, netnstest.End{Name: "eth1", Addr: "10.1.1.1/24"}, netnstest.End{NS: netnstest.NewNS(t), Name: "eth0"})
		m := newWorld(t).open(t)
		openTUN(t, "dun0")
		s := caller("dun0", "10.7.7.7")
		check(t, m.Set("call", s))
		has(t, "link eth0 forwarding 1", "link eth1 forwarding 1")
		s.LAN = []string{"eth1"}
		check(t, m.Set("call", s))
		has(t, "link eth0 forwarding 0", "link eth1 forwarding 1")
	})
}
