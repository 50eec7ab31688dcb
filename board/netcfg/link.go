package netcfg

import (
	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// addrGenNone is IN6_ADDR_GEN_MODE_NONE of linux/if_link.h.
const addrGenNone = 1

// prepare makes the interface what s wants before it gets addresses: its MTU,
// up, and IPv6 only as far as the link carries it. undo puts the MTU back.
func (h *host) prepare(s *State, warn func(string, ...any)) (undo func(), step string, err error) {
	undo = func() {}
	link, err := h.link(s.Interface)
	if err != nil {
		return undo, "interface", err
	}
	// Before the interface comes up, or else the kernel makes an address of
	// its own (RFC 5072 §4.1 wants the negotiated one).
	// By netlink, since a container may have /proc/sys read-only.
	err = h.nl.SetAddrGenMode(link.Index, addrGenNone)
	if ignore(err, unix.EAFNOSUPPORT, unix.EOPNOTSUPP) != nil {
		warn("IPv6 may get an address of its own on %s: %v", s.Interface, err)
	}
	if old := link.MTU; s.MTU != 0 && old != s.MTU {
		if err := h.nl.SetMTU(link.Index, s.MTU); err != nil {
			return undo, "MTU of " + s.Interface, cause.Wrap(classify(err), err, "%d", s.MTU)
		}
		undo = func() { _ = h.nl.SetMTU(link.Index, old) } // best effort: the first error is the one to tell
	}
	if s.Queue != 0 && link.Queue != s.Queue {
		if err := h.nl.SetQueue(link.Index, s.Queue); err != nil {
			warn("the queue of %s cannot be made shorter: %v", s.Interface, err)
		}
	}
	disable := "1"
	if s.LinkLocal.IsValid() {
		disable = "0"
	}
	err = writeSysctl("net/ipv6/conf/"+s.Interface+"/disable_ipv6", disable)
	switch {
	case err == nil, err == errNoSysctl && disable == "1": // a kernel without IPv6
	case disable == "1":
		warn("%v", err)
	default:
		return undo, "IPv6 of " + s.Interface, cause.Wrap(classify(err), err, "the kernel has no IPv6 there")
	}
	if !link.Up() {
		if err := h.nl.SetUp(link.Index); err != nil {
			return undo, "bringing " + s.Interface + " up", err
		}
	}
	return undo, "", nil
}
