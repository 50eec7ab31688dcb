package netcfg

import (
	"errors"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/rtnl"
	"dun/dialup/cause"
)

// host is the door to the kernel: one netlink socket.
type host struct{ nl *rtnl.Conn }

func openHost() (*host, error) {
	c, err := rtnl.Open(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, cause.Wrap(classify(err), err, "netlink socket")
	}
	return &host{c}, nil
}

func (h *host) close() { h.nl.Close() }

func (h *host) link(name string) (rtnl.Link, error) {
	l, err := h.nl.LinkByName(name)
	if errors.Is(err, unix.ENODEV) {
		return l, cause.New(cause.NetworkSetup, "there is no interface %s", name)
	}
	if err != nil {
		return l, cause.Wrap(classify(err), err, "interface %s", name)
	}
	return l, nil
}

func host32(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func (h *host) hasProxyARP(it item) (bool, error) {
	list, err := h.nl.Proxies(unix.AF_INET)
	if err != nil {
		return false, cause.Wrap(classify(err), err, "reading the proxy ARP entries of %s", it.Dev)
	}
	return slices.Contains(list, it.proxy()), nil
}
