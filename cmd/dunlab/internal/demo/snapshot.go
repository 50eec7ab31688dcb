package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dun/cmd/dunlab/internal/netns"
)

// snapshot is the state of a machine that a connection changes.
type snapshot struct {
	interfaces, routes []string
	resolver           string
	locks              []string // lock files of serial ports
}

func snapshotOf(h *netns.Host) (s snapshot, err error) {
	if s.interfaces, err = h.Interfaces(); err != nil {
		return s, err
	}
	routes, err := h.Routes()
	if err != nil {
		return s, err
	}
	// The kernel adds those of an Ethernet interface's own IPv6 address when
	// it likes.
	s.routes = slices.DeleteFunc(routes, func(r string) bool { return strings.Contains(r, "fe80::/64") })
	err = h.Do(func() error {
		b, err := os.ReadFile("/etc/resolv.conf")
		if err != nil {
			return err
		}
		s.resolver = string(b)
		s.locks, err = filepath.Glob("/run/lock/LCK..*")
		return err
	})
	return s, err
}

// nameServers are those in the resolver file.
func (s snapshot) nameServers() (servers []string) {
	for line := range strings.Lines(s.resolver) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "nameserver" {
			servers = append(servers, f[1])
		}
	}
	return servers
}

// left says what now has beyond before, or lacks; nil when they are alike.
func left(before, now snapshot) []string {
	found := difference("interface", before.interfaces, now.interfaces)
	found = append(found, difference("route", before.routes, now.routes)...)
	found = append(found, difference("lock file", before.locks, now.locks)...)
	if now.resolver != before.resolver {
		found = append(found, fmt.Sprintf("resolv.conf says %q, before %q", now.resolver, before.resolver))
	}
	return found
}

func difference(what string, before, now []string) (found []string) {
	for _, x := range now {
		if !slices.Contains(before, x) {
			found = append(found, what+" "+x+" is left")
		}
	}
	for _, x := range before {
		if !slices.Contains(now, x) {
			found = append(found, what+" "+x+" is missing")
		}
	}
	return found
}
