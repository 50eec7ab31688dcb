package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// Proxy is an address that this machine answers ARP requests for on an
// interface (neighbour discovery, for IPv6), though it is another machine's.
type Proxy struct {
	Index int
	Addr  netip.Addr
}

// proxyBody is a struct ndmsg with the attributes of p.
func proxyBody(p Proxy) body {
	b := body{family(p.Addr), 0, 0, 0}
	b = native.AppendUint32(b, uint32(p.Index))
	b = native.AppendUint16(b, unix.NUD_PERMANENT)
	b = append(b, unix.NTF_PROXY, 0)
	return b.addr(unix.NDA_DST, p.Addr)
}

func parseProxy(b []byte) (p Proxy, ok bool) {
	if len(b) < unix.SizeofNdMsg || b[10]&unix.NTF_PROXY == 0 {
		return Proxy{}, false
	}
	p.Index = number(b[4:8])
	for typ, v := range Attributes(b[unix.SizeofNdMsg:]) {
		if typ == unix.NDA_DST {
			p.Addr = addr(v)
		}
	}
	return p, isFamily(p.Addr, b[0])
}

// Proxies lists the entries of one family, unix.AF_INET or unix.AF_INET6.
func (c *Conn) Proxies(family byte) (list []Proxy, err error) {
	request := make(body, unix.SizeofNdMsg)
	request[0], request[10] = family, unix.NTF_PROXY
	err = c.Dump(unix.RTM_GETNEIGH, request, func() { list = nil }, func(b []byte) {
		if p, ok := parseProxy(b); ok && b[0] == family {
			list = append(list, p)
		}
	})
	return list, err
}

// SetProxy makes an entry, or finds it there.
func (c *Conn) SetProxy(p Proxy) error {
	return c.change(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, proxyBody(p))
}

// DelProxy removes it; the error is ENOENT where it is not there.
func (c *Conn) DelProxy(p Proxy) error {
	return c.change(unix.RTM_DELNEIGH, 0, proxyBody(p))
}
