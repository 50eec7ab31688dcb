package rtnl

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// Addr is an address of an interface.
type Addr struct {
	Index  int
	Prefix netip.Prefix // with the whole address; a single one where there is a peer
	Peer   netip.Addr   // the other end of a point-to-point link, or invalid
	Flags  uint32       // unix.IFA_F_*; up to 0xff can be set
	Scope  byte         // unix.RT_SCOPE_*
}

// addrBody is a struct ifaddrmsg with the attributes of a.
func addrBody(a Addr) body {
	local, peer, bits := a.Prefix.Addr(), a.Prefix.Addr(), a.Prefix.Bits()
	if a.Peer.IsValid() {
		peer, bits = a.Peer, a.Peer.BitLen()
	}
	b := body{family(local), byte(bits), byte(a.Flags), a.Scope}
	b = native.AppendUint32(b, uint32(a.Index))
	return b.addr(unix.IFA_LOCAL, local).addr(unix.IFA_ADDRESS, peer)
}

func parseAddr(b []byte) (a Addr, ok bool) {
	if len(b) < unix.SizeofIfAddrmsg {
		return Addr{}, false
	}
	f, bits := b[0], int(b[1])
	a = Addr{Index: number(b[4:8]), Flags: uint32(b[2]), Scope: b[3]}
	var local, address netip.Addr
	for typ, v := range Attributes(b[unix.SizeofIfAddrmsg:]) {
		switch typ {
		case unix.IFA_LOCAL:
			local = addr(v)
		case unix.IFA_ADDRESS:
			address = addr(v)
		case unix.IFA_FLAGS:
			if len(v) == 4 {
				a.Flags = native.Uint32(v)
			}
		}
	}
	// IFA_ADDRESS is the peer where it differs from IFA_LOCAL, which IPv6
	// leaves out where it does not. The prefix is the peer's then.
	switch {
	case !local.IsValid() || local == address:
		local = address
	case address.IsValid():
		a.Peer, bits = address, local.BitLen()
	}
	a.Prefix = netip.PrefixFrom(local, bits)
	return a, a.Index > 0 && isFamily(local, f) && a.Prefix.IsValid() && (!a.Peer.IsValid() || isFamily(a.Peer, f))
}

// Addrs lists the addresses of all interfaces, IPv4 and IPv6.
func (c *Conn) Addrs() (list []Addr, err error) {
	err = c.Dump(unix.RTM_GETADDR, make(body, unix.SizeofIfAddrmsg), func() { list = nil }, func(b []byte) {
		if a, ok := parseAddr(b); ok {
			list = append(list, a)
		}
	})
	return list, err
}

// AddAddr gives an interface an address; the error is EEXIST where it has it.
func (c *Conn) AddAddr(a Addr) error {
	return c.change(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, addrBody(a))
}

// DelAddr takes it away; the error is EADDRNOTAVAIL where it is not there.
func (c *Conn) DelAddr(a Addr) error {
	return c.change(unix.RTM_DELADDR, 0, addrBody(a))
}
