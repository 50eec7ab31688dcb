package rtnl

import (
	"golang.org/x/sys/unix"
)

// Link is an interface.
type Link struct {
	Index int
	Name  string
	Flags uint32 // unix.IFF_*
	MTU   int    // octets
	Queue int    // packets
}

// Up reports whether the interface was brought up.
func (l Link) Up() bool { return l.Flags&unix.IFF_UP != 0 }

// linkBody is a struct ifinfomsg. Of the flags those in mask are set.
func linkBody(index int, flags, mask uint32) body {
	b := native.AppendUint32(make(body, 4), uint32(index))
	b = native.AppendUint32(b, flags)
	return native.AppendUint32(b, mask)
}

func parseLink(b []byte) (l Link, ok bool) {
	if len(b) < unix.SizeofIfInfomsg || b[0] != unix.AF_UNSPEC {
		return Link{}, false
	}
	l.Index, l.Flags = number(b[4:8]), native.Uint32(b[8:])
	for typ, v := range Attributes(b[unix.SizeofIfInfomsg:]) {
		switch typ {
		case unix.IFLA_IFNAME:
			l.Name = unix.ByteSliceToString(v)
		case unix.IFLA_MTU:
			l.MTU = number(v)
		case unix.IFLA_TXQLEN:
			l.Queue = number(v)
		}
	}
	return l, l.Index > 0 && l.Name != ""
}

// Links lists the interfaces.
func (c *Conn) Links() (list []Link, err error) {
	err = c.Dump(unix.RTM_GETLINK, linkBody(0, 0, 0), func() { list = nil }, func(b []byte) {
		if l, ok := parseLink(b); ok {
			list = append(list, l)
		}
	})
	return list, err
}

// LinkByName finds an interface; the error is ENODEV where there is none.
func (c *Conn) LinkByName(name string) (Link, error) {
	return c.link(linkBody(0, 0, 0).attr(unix.IFLA_IFNAME, append([]byte(name), 0)...))
}

// LinkByIndex finds an interface; the error is ENODEV where there is none.
func (c *Conn) LinkByIndex(index int) (Link, error) {
	return c.link(linkBody(index, 0, 0))
}

func (c *Conn) link(request body) (l Link, err error) {
	ok := false
	err = c.get(unix.RTM_GETLINK, request, func(b []byte) { l, ok = parseLink(b) })
	if err == nil && !ok {
		err = errMalformed
	}
	return l, err
}

// SetUp brings an interface up.
func (c *Conn) SetUp(index int) error {
	return c.change(unix.RTM_NEWLINK, 0, linkBody(index, unix.IFF_UP, unix.IFF_UP))
}

// SetMTU sets the octets of a packet.
func (c *Conn) SetMTU(index, mtu int) error {
	return c.change(unix.RTM_SETLINK, 0, linkBody(index, 0, 0).number(unix.IFLA_MTU, uint32(mtu)))
}

// SetQueue sets how many packets may wait for an interface.
func (c *Conn) SetQueue(index, packets int) error {
	return c.change(unix.RTM_SETLINK, 0, linkBody(index, 0, 0).number(unix.IFLA_TXQLEN, uint32(packets)))
}

// SetAddrGenMode says by which IN6_ADDR_GEN_MODE_* of linux/if_link.h an
// interface makes IPv6 addresses of its own.
func (c *Conn) SetAddrGenMode(index int, mode byte) error {
	inet6 := body(nil).attr(unix.IFLA_INET6_ADDR_GEN_MODE, mode)
	spec := body(nil).attr(unix.AF_INET6, inet6...)
	return c.change(unix.RTM_SETLINK, 0, linkBody(index, 0, 0).attr(unix.IFLA_AF_SPEC, spec...))
}
