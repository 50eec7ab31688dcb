package netcfg

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/rtnl"
)

const stepResolver = "resolver"

// set brings connection name from what it has to s:
//
//  1. plan the items and write both, old and new, into the journal;
//  2. make the new items and tell the resolver; if a step fails, take back
//     what was new and put back what was before;
//  3. take back the old items that are not wanted any more.
func (m *Manager) set(name string, s State, living []owner) error {
	link, err := m.host.link(s.Interface)
	if err != nil {
		return stepError(name, "interface", err)
	}
	warn := func(format string, args ...any) { m.warnf("%s: %s", name, fmt.Sprintf(format, args...)) }
	if mtu := cmp.Or(s.MTU, link.MTU); s.LinkLocal.IsValid() && mtu < minIPv6MTU {
		warn("an MTU of %d is too small for IPv6, which needs %d: IPv6 is off", mtu, minIPv6MTU)
		s.LinkLocal = netip.Addr{}
	}
	had := m.mine.Connections[name]
	hadItems, hadDNS := had.parts()
	others := m.wanted(living, name, "")
	rec, err := m.plan(s, link, had, others, warn)
	if err != nil {
		return stepError(name, "plan", err)
	}
	old := without(hadItems, rec.Items)
	m.put(name, &record{Seq: rec.Seq, Items: slices.Concat(rec.Items, old), DNS: rec.DNS})
	if err := m.store.write(m.mine); err != nil {
		m.put(name, had)
		return fmt.Errorf("%s: %w", name, err)
	}

	// A new address with the old one's peer would go with the old one, and
	// routes with the last address: a moved address goes first.
	for _, it := range old {
		if it.Kind == kindAddress {
			_ = m.host.revoke(it) // tried again in the end
		}
	}
	undo, step, err := m.make(&s, rec.Items, warn)
	if err == nil {
		step, err = stepResolver, m.tell(rec.DNS, hadDNS)
	}
	if err != nil {
		// What was new goes, what others want or was there before stays. The
		// first error is the one to tell, but the journal has to be right.
		m.revokeAll(name, without(undo.made, hadItems), others)
		undo.link()
		for _, it := range hadItems {
			_ = m.host.ensure(it)
		}
		m.put(name, had)
		err = stepError(name, step, err)
		if e := m.finish(name, nil); e != nil {
			return errors.Join(err, e)
		}
		_ = m.tell(hadDNS, rec.DNS)
		return err
	}
	m.put(name, rec)
	return m.finish(name, m.revokeAll(name, old, m.wanted(living, "", "")))
}

// undoing is what make did.
type undoing struct {
	made []item
	link func() // puts the interface's MTU back
}

// make prepares the interface and puts items into the kernel, until a step
// fails.
func (m *Manager) make(s *State, items []item, warn func(string, ...any)) (u undoing, step string, err error) {
	if u.link, step, err = m.host.prepare(s, warn); err != nil {
		return u, step, err
	}
	for i, it := range items {
		if err := m.host.ensure(it); err != nil {
			return u, it.step(), err
		}
		u.made = items[:i+1]
	}
	return u, "", nil
}

// plan turns s into the record that the connection is to have.
func (m *Manager) plan(s State, link rtnl.Link, had *record, others []item, warn func(string, ...any)) (*record, error) {
	p := &planner{h: m.host, s: s, index: link.Index, warn: warn, others: others}
	rec := new(record)
	if had != nil {
		p.had, rec.Seq = had.Items, had.Seq
	} else {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
			return nil, err
		}
		rec.Seq = now.Nano()
	}
	var err error
	if p.routes, err = m.host.routes(); err != nil {
		return nil, err
	}
	if s.Forward {
		if p.ifaces, err = m.host.interfaces(); err != nil {
			return nil, err
		}
	}
	if rec.Items, err = p.plan(); err != nil {
		return nil, err
	}
	if len(s.DNS) > 0 || len(s.Search) > 0 {
		rec.DNS, err = m.resolve.claim(s, p.index)
	}
	return rec, err
}

// clear takes back what connection name has, the resolver first: nobody
// should ask servers that cannot be reached any more.
func (m *Manager) clear(name string, living []owner) error {
	rec := m.mine.Connections[name]
	if rec == nil {
		return nil
	}
	var errs []error
	if rec.DNS != nil {
		m.put(name, &record{Seq: rec.Seq, Items: rec.Items})
		if err := m.store.write(m.mine); err != nil {
			m.put(name, rec)
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := m.tell(nil, rec.DNS); err != nil {
			errs = append(errs, stepError(name, stepResolver, err))
		}
	}
	errs = append(errs, m.revokeAll(name, rec.Items, m.wanted(living, name, ""))...)
	delete(m.mine.Connections, name)
	return m.finish(name, errs)
}

// tell gives the resolver claim c in the place of had; either may be nil. The
// journal says so already.
func (m *Manager) tell(c, had *dnsClaim) error {
	if had != nil && (c == nil || c.Backend != had.Backend || c.Dev != had.Dev || c.Index != had.Index) {
		if err := m.resolve.retract(m.host, had); err != nil {
			return err
		}
	}
	if c != nil && c.Backend != backendFile {
		if err := m.resolve.apply(c); err != nil {
			return err
		}
	}
	if c != nil && c.Backend == backendFile || had != nil && had.Backend == backendFile {
		return m.resolve.update(m.dir)
	}
	return nil
}

// parts of a record that may be nil.
func (r *record) parts() ([]item, *dnsClaim) {
	if r == nil {
		return nil, nil
	}
	return r.Items, r.DNS
}

func (m *Manager) put(name string, rec *record) {
	if rec == nil {
		delete(m.mine.Connections, name)
		return
	}
	m.mine.Connections[name] = rec
}

// without gives the items of a that are not in b.
func without(a, b []item) (rest []item) {
	for _, it := range a {
		if !slices.Contains(b, it) {
			rest = append(rest, it)
		}
	}
	return rest
}
