package netcfg

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// planPin gives the route of a pin; without one, because the address is our
// own, ok is false. own is the index of the interface of the connection that
// pins, 0 if there is none: the way to its server cannot lead through it.
func (h *host) planPin(p Pin, routes []route, own int) (it item, ok bool, err error) {
	addr := p.Addr.Unmap()
	if addr.IsLoopback() {
		return item{}, false, nil
	}
	if now, err := h.routeTo(addr); err == nil && now.Local {
		return item{}, false, nil
	}
	it = item{Kind: kindPin, Dst: host32(addr)}
	if addr.Is6() {
		it.Metric = 1 // 0 would become the default, 1024
	}
	var way route
	if p.Via != "" {
		if way, err = h.wayThrough(p, routes); err != nil {
			return item{}, false, err
		}
	} else if way, err = asTheMachineIs(p, routes, own); err != nil {
		return item{}, false, err
	}
	link, err := h.nl.LinkByIndex(way.Index)
	if err != nil {
		return item{}, false, cause.Wrap(classify(err), err, "interface of the route to %v", addr)
	}
	it.Dev, it.Index = link.Name, way.Index
	it.Gateway, it.Src, it.OnLink = way.Gateway, way.Src, way.OnLink
	for _, r := range routes {
		if r.Dst == it.Dst && it.is(r) && !r.ours() {
			return item{}, false, nil // someone pinned it already, as we would
		}
	}
	return it, true, nil
}

// wayThrough finds the gateway on p.Via, if that interface has gateways.
func (h *host) wayThrough(p Pin, routes []route) (route, error) {
	link, err := h.link(p.Via)
	if err != nil {
		return route{}, cause.Wrap(cause.LowerLinkDown, err, "%v is to be reached by %s", p.Addr, p.Via)
	}
	index := link.Index
	if pointToPoint(link) {
		return route{Index: index}, nil
	}
	way, found := longest(routes, p.Addr.Unmap(), func(r route) bool {
		return r.Index == index && r.Type == unix.RTN_UNICAST && !r.pinned()
	})
	if !found {
		return route{}, cause.New(cause.HostUnreachable, "%s has no route to %v", p.Via, p.Addr)
	}
	return way, nil
}

// asTheMachineIs finds the way that is there without dun, or else by one of
// dun's other connections.
func asTheMachineIs(p Pin, routes []route, own int) (route, error) {
	usable := func(r route) bool {
		return (r.Index != own || own == 0) && !r.pinned() && r.Type != unix.RTN_UNREACHABLE
	}
	way, found := longest(routes, p.Addr.Unmap(), func(r route) bool { return usable(r) && !r.ours() })
	if !found {
		way, found = longest(routes, p.Addr.Unmap(), usable)
	}
	if !found || way.Type != unix.RTN_UNICAST {
		return route{}, cause.New(cause.HostUnreachable, "no route to %v", p.Addr)
	}
	return way, nil
}

// pinned reports whether r is a pin of dun's, which says nothing about the
// way that the address had without it.
func (r route) pinned() bool { return r.ours() && r.Dst.IsSingleIP() }

// pin brings the pins of connection name to what pins says, in the steps of
// Manager.set.
func (m *Manager) pin(name string, pins []Pin, living []owner) error {
	routes, err := m.host.routes()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	want, err := m.planPins(name, pins, routes, m.wanted(living, "", name))
	if err != nil {
		return err
	}
	had := m.mine.Pins[name]
	old := without(had, want)
	m.putPins(name, slices.Concat(want, old))
	if err := m.store.write(m.mine); err != nil {
		m.putPins(name, had)
		return fmt.Errorf("%s: %w", name, err)
	}
	for i, it := range want {
		// A pin that moves is replaced: at no moment is the server without a
		// route. Only our own is, never one that took its place.
		moves := slices.ContainsFunc(routes, func(r route) bool {
			return r.ours() && slices.ContainsFunc(old, func(o item) bool { return it.inPlaceOf(o) && o.is(r) })
		})
		if moves {
			err = m.host.nl.ReplaceRoute(it.route())
		} else {
			err = m.host.ensure(it)
		}
		if err == nil {
			continue
		}
		err = stepError(name, it.step(), err)
		m.revokeAll(name, without(want[:i], had), m.wanted(living, "", name))
		for _, o := range had {
			_ = m.host.ensure(o) // the first error is the one to tell
		}
		m.putPins(name, had)
		return errors.Join(err, m.finish(name, nil))
	}
	errs := m.revokeAll(name, old, append(m.wanted(living, "", name), want...))
	m.putPins(name, want)
	return m.finish(name, errs)
}

// planPins gives the routes. It refuses one where another connection has
// pinned the same address by another way: one of them would go astray.
func (m *Manager) planPins(name string, pins []Pin, routes []route, others []item) (want []item, err error) {
	own := 0
	if rec := m.mine.Connections[name]; rec != nil {
		for _, it := range rec.Items {
			if it.Kind == kindAddress {
				own = it.Index
			}
		}
	}
	for _, p := range pins {
		step := "pinning " + p.Addr.String()
		it, ok, err := m.host.planPin(p, routes, own)
		if err != nil {
			return nil, stepError(name, step, err)
		}
		if !ok || slices.Contains(want, it) {
			continue
		}
		for _, o := range others {
			if it.inPlaceOf(o) && !it.same(o) {
				return nil, stepError(name, step, cause.New(cause.NetworkSetup,
					"another connection reaches it through %s, this one is to do so through %s; there can be one way only", o.Dev, it.Dev))
			}
		}
		want = append(want, it)
	}
	return want, nil
}

// inPlaceOf reports whether b is a pin of the same address.
func (it item) inPlaceOf(b item) bool {
	return it.Kind == b.Kind && it.Dst == b.Dst && it.Metric == b.Metric
}

func (m *Manager) putPins(name string, pins []item) {
	if len(pins) == 0 {
		delete(m.mine.Pins, name)
		return
	}
	m.mine.Pins[name] = pins
}
