package netcfg

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/rtnl"
	"dun/dialup/cause"
)

// kind names what an item is, in the journal too.
type kind string

const (
	kindAddress     kind = "address"     // Dst on Dev, Peer; IPv4 or IPv6
	kindRoute       kind = "route"       // Dst through Dev
	kindUnreachable kind = "unreachable" // Dst leads nowhere
	kindPin         kind = "pin"         // host route Dst through Dev, Gateway
	kindSysctl      kind = "sysctl"      // file Path was Old and is New
	kindProxyARP    kind = "proxy-arp"   // we answer on Dev for Dst
)

// item is one thing put into the kernel. Items are compared with ==.
type item struct {
	Kind    kind         `json:"kind"`
	Dev     string       `json:"dev,omitempty"`
	Index   int          `json:"index,omitempty"` // of Dev when the item was made
	Dst     netip.Prefix `json:"dst,omitzero"`
	Peer    netip.Addr   `json:"peer,omitzero"`
	Gateway netip.Addr   `json:"gateway,omitzero"`
	Src     netip.Addr   `json:"src,omitzero"`
	OnLink  bool         `json:"onlink,omitempty"`
	Metric  int          `json:"metric,omitempty"`
	Path    string       `json:"path,omitempty"` // below /proc/sys
	Old     string       `json:"old,omitempty"`
	New     string       `json:"new,omitempty"`
}

// step is the item as an error names it.
func (it item) step() string {
	switch it.Kind {
	case kindAddress:
		if it.Peer.IsValid() {
			return fmt.Sprintf("address %v peer %v on %s", it.Dst.Addr(), it.Peer, it.Dev)
		}
		return fmt.Sprintf("address %v on %s", it.Dst, it.Dev)
	case kindRoute:
		return fmt.Sprintf("route %v through %s", it.Dst, it.Dev)
	case kindUnreachable:
		return fmt.Sprintf("unreachable %v", it.Dst)
	case kindPin:
		if it.Gateway.IsValid() {
			return fmt.Sprintf("pinned route to %v through %s, gateway %v", it.Dst.Addr(), it.Dev, it.Gateway)
		}
		return fmt.Sprintf("pinned route to %v through %s", it.Dst.Addr(), it.Dev)
	case kindSysctl:
		return fmt.Sprintf("sysctl %s = %s", it.Path, it.New)
	case kindProxyARP:
		return fmt.Sprintf("proxy ARP for %v on %s", it.Dst.Addr(), it.Dev)
	}
	return string(it.Kind)
}

// same reports whether a and b are one and the same thing in the kernel, so
// that it must stay while one of them is wanted.
func (it item) same(b item) bool {
	if it.Kind == kindSysctl {
		return b.Kind == kindSysctl && it.Path == b.Path
	}
	it.Src, b.Src = netip.Addr{}, netip.Addr{}
	it.Index, b.Index = 0, 0 // 0 for a device that is gone
	it.OnLink, b.OnLink = false, false
	return it == b
}

// ensure puts the item into the kernel, or finds it there.
func (h *host) ensure(it item) error {
	switch it.Kind {
	case kindAddress:
		return ignore(h.nl.AddAddr(it.address()), unix.EEXIST)
	case kindRoute, kindUnreachable, kindPin:
		return h.ensureRoute(it)
	case kindSysctl:
		return writeSysctl(it.Path, it.New)
	case kindProxyARP:
		return h.nl.SetProxy(it.proxy())
	}
	return fmt.Errorf("unknown item %q", it.Kind)
}

// revoke takes the item out of the kernel. That it is gone already, with its
// interface or by someone's hand, is no error.
func (h *host) revoke(it item) error {
	if it.Dev != "" && it.Kind != kindSysctl {
		// A device of the same name but another index is not the one.
		link, err := h.link(it.Dev)
		if err != nil || link.Index != it.Index {
			return nil
		}
	}
	switch it.Kind {
	case kindAddress:
		return ignore(h.nl.DelAddr(it.address()), unix.EADDRNOTAVAIL, unix.ENODEV)
	case kindRoute, kindUnreachable, kindPin:
		return ignore(h.nl.DelRoute(it.route()), unix.ESRCH, unix.ENODEV, unix.EAFNOSUPPORT, unix.EOPNOTSUPP)
	case kindSysctl:
		return restoreSysctl(it.Path, it.Old, it.New)
	case kindProxyARP:
		return ignore(h.nl.DelProxy(it.proxy()), unix.ENOENT, unix.ENODEV)
	}
	return nil
}

func (it item) address() rtnl.Addr {
	a := rtnl.Addr{Index: it.Index, Prefix: it.Dst, Peer: it.Peer}
	if it.Dst.Addr().Is6() {
		a.Flags = unix.IFA_F_NODAD // nobody else is on the link
		a.Scope = unix.RT_SCOPE_LINK
	}
	return a
}

func (it item) proxy() rtnl.Proxy { return rtnl.Proxy{Index: it.Index, Addr: it.Dst.Addr()} }

func ignore(err error, errs ...error) error {
	for _, e := range errs {
		if errors.Is(err, e) {
			return nil
		}
	}
	return err
}

// classify gives the cause of what the system said.
func classify(err error) cause.Cause {
	if c := cause.Of(err); c != cause.Internal {
		return c
	}
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, os.ErrPermission) {
		return cause.NoPermission
	}
	return cause.NetworkSetup
}
