package netcfg

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dun/dialup/cause"
)

// Protocol is the number that dun's routes carry (rtnetlink(7), rtm_protocol).
// It is in the range that is free for users, above RTPROT_STATIC, and taken by
// none of iproute2's rt_protos nor by linux/rtnetlink.h.
const Protocol = 68

// DefaultDir is the state directory of a machine. It is on storage that is
// empty after a reboot, as the kernel's state is.
const DefaultDir = "/run/dun/host"

// State is what a connection wants of the host while it is up.
type State struct {
	Interface string // the TUN interface, which exists; its owner is the caller
	MTU       int    // octets of an IP packet; 0 leaves it
	Queue     int    // packets that may wait for the interface; 0 leaves it

	// Local and Remote are the ends of the point-to-point link. Without
	// Remote only Local is set, without Local no IPv4 address. A Remote that
	// is a pinned server is not set either: its route belongs to the link
	// below.
	Local, Remote netip.Addr

	// LinkLocal is the IPv6 link-local address made of IPV6CP's interface
	// identifier (RFC 5072 §5). Without it the interface has no IPv6.
	LinkLocal netip.Addr

	// Routes lead through the interface. IPv6 prefixes need LinkLocal.
	Routes []netip.Prefix

	// DefaultRoute sends all traffic through the interface, by the two
	// halves 0.0.0.0/1 and 128.0.0.0/1 (and ::/1, 8000::/1 with LinkLocal),
	// which leave an existing default route alone.
	DefaultRoute bool

	// BlockIPv6 makes the IPv6 halves unreachable when DefaultRoute is set
	// and the link carries no IPv6, lest traffic goes around the tunnel.
	BlockIPv6 bool

	// Rank orders connections that want the same prefix, 0 to MaxRank: a
	// modem's link 0, a tunnel over it 1. The higher rank wins, and within a
	// rank the later connection. Name servers are ordered likewise.
	Rank int

	// DNS and Search are for the resolver.
	DNS    []netip.Addr
	Search []string

	// Rebind has programs that are connecting take the address that comes, in
	// place of the one that the interface had when they began.
	Rebind bool

	// Forward lets packets pass between the interface and the LAN: the
	// interfaces named in LAN or, without them, the one whose prefix holds
	// Remote, or all where none does.
	Forward bool
	LAN     []string

	// ProxyARP are callers' addresses: where one lies in the prefix of a
	// connected LAN we answer ARP requests for it there (RFC 1027). This
	// needs Forward.
	ProxyARP []netip.Addr
}

// MaxRank is the highest State.Rank.
const MaxRank = 2

// Pin is a host route to a VPN server, past every tunnel.
type Pin struct {
	Addr netip.Addr
	// Via is the interface of the link below. "" means as the machine is:
	// gateway and interface are taken from the main table now.
	Via string
}

func (s *State) check() error {
	bad := func(format string, args ...any) error { return cause.New(cause.BadConfig, format, args...) }
	if !validInterface(s.Interface) {
		return bad("interface name %q", s.Interface)
	}
	if s.MTU != 0 && (s.MTU < 68 || s.MTU > 65535) { // RFC 791 §3.2
		return bad("MTU %d", s.MTU)
	}
	if s.Queue < 0 || s.Queue > 65535 {
		return bad("a queue of %d packets", s.Queue)
	}
	if s.Local.IsValid() && !s.Local.Is4() || s.Remote.IsValid() && !s.Remote.Is4() {
		return bad("address %v peer %v: not IPv4", s.Local, s.Remote)
	}
	if s.LinkLocal.IsValid() && (!s.LinkLocal.Is6() || !s.LinkLocal.IsLinkLocalUnicast() || s.LinkLocal.Zone() != "") {
		return bad("%v is not an IPv6 link-local address", s.LinkLocal)
	}
	for _, p := range s.Routes {
		if !p.IsValid() {
			return bad("route %v", p)
		}
		if p.Addr().Is4In6() {
			return bad("route %v: write it as IPv4", p)
		}
	}
	if s.Rank < 0 || s.Rank > MaxRank {
		return bad("rank %d", s.Rank)
	}
	for _, a := range s.DNS {
		if !a.IsValid() || a.IsUnspecified() || !validZone(a.Zone()) {
			return bad("name server %q", a.String())
		}
	}
	for _, d := range s.Search {
		if !validDomain(d) {
			return bad("search domain %q", d)
		}
	}
	for _, l := range s.LAN {
		if !validInterface(l) {
			return bad("LAN interface name %q", l)
		}
	}
	for _, a := range s.ProxyARP {
		if !a.Is4() {
			return bad("proxy ARP for %v: not IPv4", a)
		}
	}
	return nil
}

func (p Pin) check() error {
	if !p.Addr.IsValid() || p.Addr.Zone() != "" || p.Addr.IsUnspecified() || p.Addr.IsMulticast() {
		return cause.New(cause.BadConfig, "pinned address %q", p.Addr.String())
	}
	if p.Via != "" && !validInterface(p.Via) {
		return cause.New(cause.BadConfig, "interface name %q", p.Via)
	}
	return nil
}

// normal is s with each list in the form that plan and journal want.
func (s State) normal() State {
	s.Routes = slices.Clone(s.Routes)
	for i, p := range s.Routes {
		s.Routes[i] = p.Masked()
	}
	s.DNS = slices.Clone(s.DNS)
	for i, a := range s.DNS {
		s.DNS[i] = a.Unmap()
	}
	return s
}

// validInterface holds a name to what the kernel allows (dev_valid_name),
// since it becomes part of a path.
func validInterface(name string) bool {
	return name != "" && len(name) <= 15 && name != "." && name != ".." &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '/' || r == ':' || r <= ' ' || r == 0x7f })
}

func validZone(z string) bool { return z == "" || validInterface(z) }

// validDomain holds a search domain to letters, digits, '-', '_' and '.', so
// that it cannot add lines to the resolver file. RFC 1035 §2.3.4 gives the
// length.
func validDomain(d string) bool {
	return d != "" && len(d) <= 253 && !strings.HasPrefix(d, "-") && !strings.ContainsFunc(d, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
}

func stepError(name, step string, err error) error {
	if c := cause.Of(err); c != cause.Internal {
		return fmt.Errorf("%s: %s: %w", name, step, err)
	}
	return fmt.Errorf("%s: %w", name, cause.Wrap(classify(err), err, "%s", step))
}
