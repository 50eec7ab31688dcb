package netcfg

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"dun/dialup/json"
)

const (
	journalVersion = 1
	maxJournal     = 8 << 20 // octets; a server with thousands of callers stays far below
)

// journal is all that one owner has put into the host.
type journal struct {
	Version     int                `json:"version"`
	PID         int                `json:"pid"`
	Start       uint64             `json:"start"` // of the process, in clock ticks since boot
	Boot        string             `json:"boot"`
	NetNS       string             `json:"netns"`
	Connections map[string]*record `json:"connections,omitempty"`
	Pins        map[string][]item  `json:"pins,omitempty"`
}

// record is what one connection has.
type record struct {
	Seq   int64     `json:"seq"` // nanoseconds since boot when it was first set
	Items []item    `json:"items,omitempty"`
	DNS   *dnsClaim `json:"dns,omitempty"`
}

// dnsClaim is what a connection wants of the resolver.
type dnsClaim struct {
	Backend string       `json:"backend"`          // see resolver.go
	Target  string       `json:"target,omitempty"` // the file's identity
	Dev     string       `json:"dev"`
	Index   int          `json:"index"`
	Rank    int          `json:"rank,omitempty"`
	Default bool         `json:"default,omitempty"` // the connection has the default route
	Servers []netip.Addr `json:"servers,omitempty"`
	Search  []string     `json:"search,omitempty"`
}

func (j *journal) items(f func(item) bool) {
	for _, r := range j.Connections {
		for _, it := range r.Items {
			if !f(it) {
				return
			}
		}
	}
	for _, pins := range j.Pins {
		for _, it := range pins {
			if !f(it) {
				return
			}
		}
	}
}

// encode gives the journal's file.
func (j *journal) encode() ([]byte, error) {
	b, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

// parseJournal reads what encode wrote. Since its items are undone with great
// rights, each is held to what dun can have made.
func parseJournal(b []byte) (*journal, error) {
	if len(b) > maxJournal {
		return nil, errors.New("journal: too long")
	}
	j := new(journal)
	if err := json.UnmarshalStrict(b, j); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if j.Version != journalVersion {
		return nil, fmt.Errorf("journal: version %d", j.Version)
	}
	for name, r := range j.Connections {
		if r == nil {
			return nil, fmt.Errorf("journal: connection %q is empty", name)
		}
		if r.DNS != nil {
			if err := r.DNS.check(); err != nil {
				return nil, fmt.Errorf("journal: connection %q: %w", name, err)
			}
		}
	}
	var err error
	j.items(func(it item) bool {
		err = it.check()
		return err == nil
	})
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return j, nil
}

func (it item) check() error {
	ok := it.Metric >= 0 && it.Index >= 0 && (it.Dev == "" || validInterface(it.Dev))
	switch it.Kind {
	case kindAddress:
		ok = ok && it.Dev != "" && it.Dst.IsValid() && !(it.Peer.IsValid() && it.Peer.Is4() != it.Dst.Addr().Is4())
	case kindRoute:
		ok = ok && it.Dev != "" && it.Dst.IsValid()
	case kindUnreachable:
		ok = ok && it.Dst.IsValid() && it.Dev == ""
	case kindPin:
		// The gateway of an IPv4 route may be an IPv6 neighbour.
		ok = ok && it.Dev != "" && it.Dst.IsSingleIP() && !(it.Gateway.Is4() && it.Dst.Addr().Is6()) && !it.Gateway.IsLoopback() &&
			!(it.Src.IsValid() && it.Src.Is4() != it.Dst.Addr().Is4())
	case kindSysctl:
		ok = ok && validSysctl(it.Path) && validValue(it.Path, it.Old) && validValue(it.Path, it.New)
	case kindProxyARP:
		ok = ok && it.Dev != "" && it.Dst.IsSingleIP() && it.Dst.Addr().Is4()
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("item %+v is not one of ours", it)
	}
	return nil
}

func (c *dnsClaim) check() error {
	if !validInterface(c.Dev) {
		return fmt.Errorf("interface %q", c.Dev)
	}
	switch c.Backend {
	case backendFile, backendResolvconf, backendResolved:
	default:
		return fmt.Errorf("resolver %q", c.Backend)
	}
	for _, a := range c.Servers {
		if !a.IsValid() || !validZone(a.Zone()) {
			return fmt.Errorf("name server %q", a.String())
		}
	}
	for _, d := range c.Search {
		if !validDomain(d) {
			return fmt.Errorf("search domain %q", d)
		}
	}
	return nil
}

const tmpPrefix = ".tmp-"

// writeAtomic replaces a file so that a reader, or a crash, finds the old
// content or the new.
func writeAtomic(path string, b []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), tmpPrefix+"*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync() // costs nothing on a tmpfs
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
