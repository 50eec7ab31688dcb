package phonebook

import (
	"strings"

	"dun/dialup/strict"
)

// checkVia reports entries that run over nothing, or over themselves.
func (b *Book) checkVia(tables map[string]*strict.Reader) {
	names := b.Names()
	over := make(map[string][]string, len(b.entries))
	for _, e := range b.entries {
		over[e.Name] = e.Via
	}
	reported := make(map[string]bool)
	for _, e := range b.entries {
		r := tables[e.Name]
		if !r.Has("via") {
			continue
		}
		for _, via := range e.Via {
			_, known := over[via]
			switch {
			case via == Lan:
			case via == e.Name:
				r.Wrong("via", `Name the entry below it, or "lan".`, "The entry runs over itself.")
			case !known && !b.doc.Root.Damaged:
				r.Wrong("via", viaRemedy(via, names, e.Name), "There is no entry %s.", r.Quote(via))
			}
		}
		if ring := findRing(e.Name, over); ring != nil && !reported[e.Name] {
			for _, name := range ring {
				reported[name] = true
			}
			r.Wrong("via", "Let one of them run over \"lan\" or a modem.", "The entries run over each other in a ring: %s.", strings.Join(append(ring, e.Name), " over "))
		}
	}
}

func viaRemedy(via string, names []string, self string) string {
	var others []string
	for _, n := range append(names, Lan) {
		if n != self {
			others = append(others, n)
		}
	}
	if near := strict.Nearest(via, others); near != "" {
		return `Did you mean "` + near + `"?`
	}
	if len(others) > 12 {
		return "'dun phonebook list' shows the entries."
	}
	return "Choose " + strict.List(others, "or") + "."
}

// findRing is a way from start back to it along via, of two entries or more.
func findRing(start string, over map[string][]string) []string {
	seen := make(map[string]bool)
	var walk func(name string, way []string) []string
	walk = func(name string, way []string) []string {
		for _, via := range over[name] {
			if via == start && name != start {
				return way
			}
			if seen[via] {
				continue
			}
			seen[via] = true
			if ring := walk(via, append(way[:len(way):len(way)], via)); ring != nil {
				return ring
			}
		}
		return nil
	}
	return walk(start, []string{start})
}
