package netcfg

import (
	"errors"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// minIPv6MTU is the least MTU of a link that carries IPv6 (RFC 8200 §5).
const minIPv6MTU = 1280

var (
	halves4 = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/1"), netip.MustParsePrefix("128.0.0.0/1")}
	halves6 = []netip.Prefix{netip.MustParsePrefix("::/1"), netip.MustParsePrefix("8000::/1")}
)

// planner turns a State into items, in the order in which they are made.
type planner struct {
	h      *host
	s      State
	index  int     // of s.Interface
	routes []route // the main table now
	ifaces []Interface
	had    []item // what the connection has already
	others []item // what other connections have, of every living owner
	warn   func(format string, args ...any)
	items  []item
}

func (p *planner) plan() ([]item, error) {
	p.address()
	if err := p.wantedRoutes(); err != nil {
		return nil, err
	}
	if err := p.forward(); err != nil {
		return nil, err
	}
	p.rebind()
	return p.items, nil
}

func (p *planner) add(it item) { p.items = append(p.items, it) }

func (p *planner) address() {
	if p.s.Local.IsValid() {
		it := item{Kind: kindAddress, Dev: p.s.Interface, Index: p.index, Dst: host32(p.s.Local)}
		if p.s.Remote.IsValid() && !p.pinnedByAnyone(p.s.Remote) {
			it.Peer = p.s.Remote
		}
		p.add(it)
	}
	if p.s.LinkLocal.IsValid() {
		p.add(item{Kind: kindAddress, Dev: p.s.Interface, Index: p.index, Dst: netip.PrefixFrom(p.s.LinkLocal, 64)})
	}
}

// pinnedByAnyone: some servers give their outer address as that of the inner
// end; the kernel's host route for it would lead the tunnel into itself.
func (p *planner) pinnedByAnyone(a netip.Addr) bool {
	return slices.ContainsFunc(p.others, func(it item) bool { return it.Kind == kindPin && it.Dst.Addr() == a })
}

func (p *planner) wantedRoutes() error {
	v6 := p.s.LinkLocal.IsValid()
	want := slices.Clone(p.s.Routes)
	if p.s.DefaultRoute {
		want = append(want, halves4...)
		if v6 || p.s.BlockIPv6 {
			want = append(want, halves6...)
		}
	}
	done := make(map[netip.Prefix]bool, len(want))
	for _, dst := range want {
		if done[dst] {
			continue
		}
		done[dst] = true
		it := item{Kind: kindRoute, Dev: p.s.Interface, Index: p.index, Dst: dst}
		if dst.Addr().Is6() && !v6 {
			if !p.s.BlockIPv6 {
				p.warn("the link carries no IPv6, so there is no route to %v through it", dst)
				continue
			}
			it = item{Kind: kindUnreachable, Dst: dst}
		}
		if err := p.route(it); err != nil {
			return err
		}
	}
	return nil
}

// route chooses the metric and looks whether others have the prefix.
func (p *planner) route(it item) error {
	for _, old := range p.had {
		keep := it
		keep.Metric = old.Metric
		if keep == old && p.inBand(old.Metric) && !p.lost(keep) {
			it = keep
		}
	}
	if it.Metric == 0 {
		taken := slices.Clone(p.routes)
		for _, o := range p.others { // which may be missing for a moment
			taken = append(taken, route{Dst: o.Dst, Metric: o.Metric, Protocol: Protocol})
		}
		var err error
		if it.Metric, err = freeMetric(taken, it.Dst, p.s.Rank); err != nil {
			return err
		}
	}
	for _, r := range p.routes {
		if r.Dst != it.Dst || r.ours() {
			continue
		}
		if r.Index == it.Index && it.Kind == kindRoute {
			p.warn("a route to %v through %s is there already; it stays when the connection ends", it.Dst, it.Dev)
			return nil
		}
		if r.Metric <= it.Metric {
			p.warn("the route to %v has no effect beside an existing one (%s), which was left alone", it.Dst, p.h.describe(r))
		}
	}
	p.add(it)
	return nil
}

// lost reports whether another route has taken the place of one that we had.
func (p *planner) lost(it item) bool {
	return slices.ContainsFunc(p.routes, func(r route) bool {
		return r.Dst == it.Dst && r.Metric == it.Metric && !(r.ours() && it.is(r))
	})
}

func (p *planner) inBand(metric int) bool {
	worst, best := band(p.s.Rank)
	return metric <= worst && metric >= best
}

// forward lets packets in from the interface and back in from the LAN: the
// kernel looks at the interface by which a packet came in.
func (p *planner) forward() error {
	if !p.s.Forward {
		return nil
	}
	lans := slices.Clone(p.s.LAN)
	if len(lans) == 0 {
		lans = p.lansFor(p.s.Remote)
	}
	for _, a := range p.s.ProxyARP {
		lan, ok := lanOf(p.ifaces, a)
		if !ok {
			continue
		}
		if !slices.Contains(lans, lan.Name) {
			lans = append(lans, lan.Name)
		}
		if err := p.proxyARP(a, lan); err != nil {
			return err
		}
	}
	for _, dev := range append(lans, p.s.Interface) {
		if err := p.sysctl(forwardingOf(dev), "1"); err != nil {
			return err
		}
	}
	return nil
}

// rebind saves programs a time-out, no more: that it cannot be had, as in a
// container, is no reason to fail.
func (p *planner) rebind() {
	if p.s.Rebind && unix.Access(procSys+dynaddr, unix.W_OK) == nil {
		_ = p.sysctl(dynaddr, "1")
	}
}

// lansFor gives the LAN that a caller's address lies in, or every LAN where it
// lies in none: the address is routed then, and may be meant for any of them.
func (p *planner) lansFor(a netip.Addr) []string {
	if lan, ok := lanOf(p.ifaces, a); ok {
		return []string{lan.Name}
	}
	var all []string
	for _, i := range p.ifaces {
		if i.isLAN() && slices.ContainsFunc(i.Addrs, func(p netip.Prefix) bool { return p.Addr().Is4() }) {
			all = append(all, i.Name)
		}
	}
	return all
}

// sysctl plans a value. Whoever set it first knows what it was before.
func (p *planner) sysctl(path, value string) error {
	it := item{Kind: kindSysctl, Path: path, New: value}
	for _, known := range slices.Concat(p.had, p.others) {
		if known.same(it) && known.New == value {
			p.add(known)
			return nil
		}
	}
	now, err := readSysctl(path)
	if err == errNoSysctl {
		return cause.Wrap(cause.NetworkSetup, err, "%s", path)
	}
	if err != nil || now == value {
		return err
	}
	it.Old = now
	p.add(it)
	return nil
}

func (p *planner) proxyARP(a netip.Addr, lan Interface) error {
	// The kernel answers for others after a random time of up to 0.8 s, lest
	// several proxies answer at once: a caller's first packets would wait.
	if err := p.sysctl(proxyDelayOf(lan.Name), "0"); err != nil && !errors.Is(err, errNoSysctl) {
		return err
	}
	it := item{Kind: kindProxyARP, Dev: lan.Name, Index: lan.Index, Dst: host32(a)}
	mine := slices.ContainsFunc(slices.Concat(p.had, p.others), it.same)
	if !mine {
		there, err := p.h.hasProxyARP(it)
		if err != nil || there {
			return err // someone else's: it stays
		}
	}
	p.add(it)
	return nil
}
