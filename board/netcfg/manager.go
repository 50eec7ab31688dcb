package netcfg

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// Options of Open; the zero value is right on a machine.
type Options struct {
	// ResolvConf is the resolver file, "" for /etc/resolv.conf. Another one
	// is always written directly, without resolvconf or systemd-resolved.
	ResolvConf string
	// Warn is told what a person should know though it is no error. It may
	// be nil; it is called by the caller's goroutine.
	Warn func(text string)
}

// Manager is one owner of host state. Its methods may be called by several
// goroutines; they block while the kernel, and programs for the resolver,
// work.
type Manager struct {
	dir   string
	warnf func(format string, args ...any)

	mu      sync.Mutex
	host    *host // nil when closed
	store   *storage
	mine    *journal
	resolve *resolver
}

// Open makes an owner in the state directory dir (see DefaultDir), which is
// made if it is missing, and takes back what dead owners left there.
func Open(dir string, o Options) (*Manager, error) {
	if err := openDir(dir); err != nil {
		return nil, err
	}
	m := &Manager{dir: dir, resolve: newResolver(o.ResolvConf)}
	m.warnf = func(format string, args ...any) {
		if o.Warn != nil {
			o.Warn(fmt.Sprintf(format, args...))
		}
	}
	start, boot, netns, err := identity()
	if err != nil {
		return nil, cause.Wrap(classify(err), err, "this process")
	}
	m.mine = &journal{Version: journalVersion, PID: unix.Getpid(), Start: start, Boot: boot, NetNS: netns,
		Connections: make(map[string]*record), Pins: make(map[string][]item)}
	if m.host, err = openHost(); err != nil {
		return nil, err
	}
	unlock, err := lockDir(dir)
	if err != nil {
		m.host.close()
		return nil, err
	}
	defer unlock()
	if m.store, err = enter(dir, start); err != nil {
		m.host.close()
		return nil, err
	}
	if _, err = m.others(); err != nil {
		m.host.close()
		return nil, errors.Join(err, m.store.leave())
	}
	if err := m.resolve.update(m.dir); err != nil {
		m.warnf("the resolver file cannot be put in order: %v", err)
	}
	return m, nil
}

// Set gives the host the state that connection name wants. It may be called
// again with the same State, which repairs what others damaged, or with
// another one. When a step fails, the state of the connection is what it was
// before, and the error (a *cause.Error, found by cause.Of) names the step.
func (m *Manager) Set(name string, s State) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return m.work(name, func(living []owner) error { return m.set(name, s.normal(), living) })
}

// Clear takes back what Set did for connection name; its pins stay. Clearing
// a connection that has nothing is no error. The interface may be gone.
func (m *Manager) Clear(name string) error {
	return m.work(name, func(living []owner) error { return m.clear(name, living) })
}

// Pin makes the host routes of connection name to its servers what pins says;
// none takes them back. It may be called before the connection has an
// interface, and again when the link below has changed: the routes move.
// The cause is HostUnreachable or LowerLinkDown when there is no way.
func (m *Manager) Pin(name string, pins []Pin) error {
	for _, p := range pins {
		if err := p.check(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return m.work(name, func(living []owner) error { return m.pin(name, pins, living) })
}

// Close takes back everything that this owner has, as far as possible, and
// leaves the state directory.
func (m *Manager) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.host == nil {
		return nil
	}
	defer func() { m.host.close(); m.host = nil }()
	// Should the directory fail, the journal stays and the lock goes, so that
	// the next start does what is missing.
	unlock, err := lockDir(m.dir)
	if err != nil {
		return errors.Join(err, m.store.life.Close())
	}
	defer unlock()
	living, err := m.others()
	if err != nil {
		return errors.Join(err, m.store.life.Close())
	}
	var errs []error
	names := slices.Collect(maps.Keys(m.mine.Connections))
	sort.Slice(names, func(i, j int) bool {
		return m.mine.Connections[names[i]].Seq > m.mine.Connections[names[j]].Seq // the last comes first
	})
	for _, name := range names {
		errs = append(errs, m.clear(name, living))
	}
	for _, name := range slices.Sorted(maps.Keys(m.mine.Pins)) {
		errs = append(errs, m.pin(name, nil, living))
	}
	if err := errors.Join(errs...); err != nil {
		return errors.Join(err, m.store.life.Close())
	}
	return m.store.leave()
}

// work runs f with everything locked and the dead cleaned away.
func (m *Manager) work(name string, f func(living []owner) error) error {
	if name == "" {
		return cause.New(cause.BadConfig, "a connection without a name")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.host == nil {
		return fmt.Errorf("%s: %w", name, cause.New(cause.Internal, "host state is closed"))
	}
	unlock, err := lockDir(m.dir)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer unlock()
	living, err := m.others()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return f(living)
}

// others gives the living owners, after undoing the dead ones.
func (m *Manager) others() ([]owner, error) {
	living, dead, err := owners(m.dir, m.store.id)
	if err != nil {
		return nil, err
	}
	for _, d := range dead {
		if err := m.bury(d, living); err != nil {
			m.warnf("what a dead dun (%s) left could not be taken back: %v", d.id, err)
		}
	}
	return living, nil
}

// bury undoes what a dead owner did, unless someone alive wants it too. What
// is in another network namespace waits for an owner there.
func (m *Manager) bury(d owner, living []owner) error {
	if d.err != nil {
		m.warnf("the journal of a dead dun (%s) cannot be read and is put aside: %v", d.id, d.err)
		return keepUnreadable(m.dir, d.id)
	}
	j := d.journal
	if j.Boot == m.mine.Boot && j.NetNS != "" && j.NetNS != m.mine.NetNS {
		return nil
	}
	var errs []error
	if j.Boot == m.mine.Boot { // or else the kernel has forgotten it
		wanted := m.wanted(living, "", "")
		for name, rec := range j.Connections {
			errs = append(errs, m.resolve.retract(m.host, rec.DNS))
			errs = append(errs, m.revokeAll(name, rec.Items, wanted)...)
		}
		for name, items := range j.Pins {
			errs = append(errs, m.revokeAll(name, items, wanted)...)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err // the journal stays for another try
	}
	if err := removeOwner(m.dir, d.id); err != nil {
		return err
	}
	return m.resolve.update(m.dir)
}

// revokeAll takes items of connection name out of the kernel, the last first,
// except those of which wanted says that someone else wants them.
func (m *Manager) revokeAll(name string, items, wanted []item) (errs []error) {
	for _, it := range slices.Backward(items) {
		if slices.ContainsFunc(wanted, it.same) {
			continue
		}
		if err := m.host.revoke(it); err != nil {
			errs = append(errs, stepError(name, "taking back "+it.step(), err))
		}
	}
	return errs
}

// wanted gives the items of all connections and pins of living owners in our
// network namespace, ours among them, but not what our connection noConn has
// set nor what noPins has pinned.
func (m *Manager) wanted(living []owner, noConn, noPins string) (items []item) {
	for _, o := range living {
		if o.journal == nil || o.journal.NetNS != m.mine.NetNS {
			continue
		}
		o.journal.items(func(it item) bool { items = append(items, it); return true })
	}
	for name, rec := range m.mine.Connections {
		if name != noConn {
			items = append(items, rec.Items...)
		}
	}
	for name, pins := range m.mine.Pins {
		if name != noPins {
			items = append(items, pins...)
		}
	}
	return items
}

// finish writes the journal after things were taken back.
func (m *Manager) finish(name string, errs []error) error {
	if err := m.store.write(m.mine); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", name, err))
	}
	return errors.Join(errs...)
}
