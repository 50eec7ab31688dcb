package netcfg

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// host is the door to the kernel: one netlink socket.
type host struct{ nl *netlink.Handle }

// answerTime is how long the kernel may take for an answer.
const answerTime = 10 * time.Second

func openHost() (*host, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err == nil {
		if err = h.SetSocketTimeout(answerTime); err != nil {
			h.Close()
		}
	}
	if err != nil {
		return nil, cause.Wrap(classify(err), err, "netlink socket")
	}
	return &host{h}, nil
}

func (h *host) close() { h.nl.Close() }

func (h *host) link(name string) (netlink.Link, error) {
	l, err := h.nl.LinkByName(name)
	if err != nil {
		var missing netlink.LinkNotFoundError
		if errors.As(err, &missing) {
			return nil, cause.New(cause.NetworkSetup, "there is no interface %s", name)
		}
		return nil, cause.Wrap(classify(err), err, "interface %s", name)
	}
	return l, nil
}

// dump repeats what a change in the meantime made incomplete.
func dump[T any](list func() ([]T, error)) ([]T, error) {
	for try := 0; ; try++ {
		l, err := list()
		if !errors.Is(err, netlink.ErrDumpInterrupted) || try == 5 {
			return l, err
		}
	}
}

func (h *host) links() ([]netlink.Link, error) {
	return dump(h.nl.LinkList)
}

func (h *host) addrs(family int) ([]netlink.Addr, error) {
	return dump(func() ([]netlink.Addr, error) { return h.nl.AddrList(nil, family) })
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func host32(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func toAddr(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

// toPrefix gives the prefix of n; nil is the whole of a family.
func toPrefix(n *net.IPNet, family int) netip.Prefix {
	if n == nil {
		if family == netlink.FAMILY_V6 {
			return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	ones, _ := n.Mask.Size()
	a, _ := netip.AddrFromSlice(n.IP)
	if family == netlink.FAMILY_V4 {
		a = a.Unmap() // the library has IPv4 in both lengths
	}
	return netip.PrefixFrom(a, ones)
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}

func (h *host) hasProxyARP(it item) (bool, error) {
	list, err := dump(func() ([]netlink.Neigh, error) { return h.nl.NeighProxyList(it.Index, netlink.FAMILY_V4) })
	if err != nil {
		return false, cause.Wrap(classify(err), err, "reading the proxy ARP entries of %s", it.Dev)
	}
	for _, n := range list {
		if toAddr(n.IP) == it.Dst.Addr() {
			return true, nil
		}
	}
	return false, nil
}
