package netcfg

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dun/dialup/cause"
	"dun/dialup/json"
)

// Block is what nothing may be sent to by another way than a connection's:
// unreachable routes, which lose against that connection's own and win against
// those of what it runs over. Longer prefixes of others (a connected LAN) and
// pinned servers are not affected.
type Block struct {
	Routes []netip.Prefix
	// DefaultRoute blocks both halves of IPv4, and IPv6 those of IPv6.
	DefaultRoute, IPv6 bool
	Rank               int // of the connection, see State
}

// blockMetric is what loses against a rank's connections and wins against
// those of the rank below.
func blockMetric(rank int) int {
	worst, _ := band(rank)
	return worst + 1
}

// blocks is the file of what is blocked in one network namespace. No owner has
// it: it stays when processes end, in whatever way, until somebody lifts it.
type blocks struct {
	Version int               `json:"version"`
	Boot    string            `json:"boot"`
	Of      map[string][]item `json:"blocks"`
}

const blocksExt = ".blocks"

func (m *Manager) blocksFile() string {
	return filepath.Join(m.dir, strings.ReplaceAll(m.mine.NetNS, ":", "-")+blocksExt)
}

// Block makes unreachable for connection name what b says, now and until it is
// lifted by a nil b; processes may die meanwhile. It may be called again, with
// the same or another Block.
func (m *Manager) Block(name string, b *Block) error {
	return m.work(name, func([]owner) error {
		all, err := m.readBlocks()
		if err != nil {
			return stepError(name, "block", err)
		}
		var want []item
		if b != nil {
			want = b.items()
		} else if all.Of[name] == nil {
			return nil
		}
		return m.block(name, all, want)
	})
}

// Blocked lists the connections for which something is blocked. It waits for
// nobody: the file is replaced whole.
func (m *Manager) Blocked() ([]string, error) {
	all, err := m.readBlocks()
	return slices.Sorted(maps.Keys(all.Of)), err
}

func (b *Block) items() (items []item) {
	dsts := slices.Clone(b.Routes)
	if b.DefaultRoute {
		dsts = append(dsts, halves4...)
	}
	if b.IPv6 {
		dsts = append(dsts, halves6...)
	}
	for _, dst := range dsts {
		it := item{Kind: kindUnreachable, Dst: dst.Masked(), Metric: blockMetric(b.Rank)}
		if !slices.Contains(items, it) {
			items = append(items, it)
		}
	}
	return items
}

// block brings what is blocked for name to want. The file says more than the
// kernel has at all times, never less.
func (m *Manager) block(name string, all blocks, want []item) error {
	had := all.Of[name]
	old := without(had, want)
	all.Of[name] = slices.Concat(want, old)
	if err := m.writeBlocks(all); err != nil {
		return stepError(name, "block", err)
	}
	routes, err := m.host.routes()
	if err != nil {
		return stepError(name, "block", err)
	}
	for _, it := range want {
		if err := m.host.ensure(it); err != nil {
			return stepError(name, it.step(), err)
		}
		for _, r := range routes {
			if r.Dst == it.Dst && !r.ours() && r.Metric < it.Metric {
				m.warnf("%s: %v is not blocked: the machine has a route of its own for it (%s)", name, it.Dst, m.host.describe(r))
			}
		}
	}
	var errs []error
	for _, it := range old {
		if !all.wants(name, it) {
			errs = append(errs, m.host.revoke(it))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return stepError(name, "lifting the block", err)
	}
	if all.Of[name] = want; len(want) == 0 {
		delete(all.Of, name)
	}
	if err := m.writeBlocks(all); err != nil {
		return stepError(name, "block", err)
	}
	return nil
}

// wants reports whether it is blocked for another connection too.
func (b blocks) wants(but string, it item) bool {
	for name, items := range b.Of {
		if name != but && slices.Contains(items, it) {
			return true
		}
	}
	return false
}

// readBlocks reads the file; that of an earlier boot says nothing.
func (m *Manager) readBlocks() (blocks, error) {
	none := blocks{Version: journalVersion, Boot: m.mine.Boot, Of: make(map[string][]item)}
	text, err := os.ReadFile(m.blocksFile())
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	b, err := parseBlocks(text)
	if err != nil {
		return none, cause.Wrap(cause.NetworkSetup, err, "%s; remove it, and the routes that 'ip route show proto %d' shows as unreachable", m.blocksFile(), Protocol)
	}
	if b.Boot != m.mine.Boot || b.Of == nil {
		return none, nil
	}
	return b, nil
}

// parseBlocks reads what writeBlocks wrote, as strictly as parseJournal.
func parseBlocks(text []byte) (b blocks, err error) {
	if len(text) > maxJournal {
		return b, errors.New("blocks: too long")
	}
	if err := json.UnmarshalStrict(text, &b); err != nil {
		return b, fmt.Errorf("blocks: %w", err)
	}
	if b.Version != journalVersion {
		return b, fmt.Errorf("blocks: version %d", b.Version)
	}
	for _, items := range b.Of {
		for _, it := range items {
			if err := it.check(); err != nil || it.Kind != kindUnreachable {
				return b, fmt.Errorf("blocks: item %+v is not one of ours", it)
			}
		}
	}
	return b, nil
}

func (m *Manager) writeBlocks(b blocks) error {
	if len(b.Of) == 0 {
		return ignore(os.Remove(m.blocksFile()), fs.ErrNotExist)
	}
	text, err := json.Marshal(b)
	if err == nil {
		err = writeAtomic(m.blocksFile(), append(text, '\n'), 0o600)
	}
	return err
}
