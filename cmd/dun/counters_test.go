package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sources is the code of a folder and those below, without tests.
func sources(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(filepath.Join("../..", dir), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		b, err := os.ReadFile(name)
		text.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestCountersAreDocumented compares the names that the code counts under with
// the list in dun-status(8), both ways.
func TestCountersAreDocumented(t *testing.T) {
	b, err := os.ReadFile("man/dun-status.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "# COUNTERS\n")
	section, _, _ = strings.Cut(section, "\n# ")
	documented := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^\* (.+)$`).FindAllStringSubmatch(section, -1) {
		for _, name := range strings.Split(m[1], ", ") {
			if documented[name] {
				t.Errorf("%s is there twice", name)
			}
			documented[name] = true
		}
	}
	delete(documented, "received")
	delete(documented, "sent")
	counted := make(map[string]bool)
	name := regexp.MustCompile(`(?:\b(?:add|tell)\("|\.Dropped\[")([a-z][a-z0-9-]*)"`)
	for _, dir := range []string{"dialup/path", "dialup/ppp", "vpn", "modem", "cmd/internal/agent"} {
		for _, m := range name.FindAllStringSubmatch(sources(t, dir), -1) {
			counted[m[1]] = true
			if !documented[m[1]] {
				t.Errorf("dun-status(8) does not explain %s", m[1])
			}
		}
	}
	for name := range documented {
		if !counted[name] {
			t.Errorf("dun-status(8) explains %s, which nothing counts", name)
		}
	}
	if len(counted) < 50 {
		t.Errorf("%d counters found only", len(counted))
	}
}

// TestReasonsAreCounted: each field of a table of counters is told under a
// name, and something counts it.
func TestReasonsAreCounted(t *testing.T) {
	for _, table := range []struct{ dir, kind, told, counted string }{
		{"dialup/path", "Drops", "dialup/path", `Dropped\.%s( \+=|\+\+)`},
		{"dialup/ppp", "Drops", "dialup/ppp", `drops\.%s\+\+`},
		{"dialup/mppe", "Counters", "dialup/path", `(\bc|ounters)\.%s( \+=|\+\+)`},
		{"dialup/hdlc", "Counters", "modem", `(\bc|ounters)\.%s\+\+`},
		{"vpn/gre", "Counters", "vpn", `(\bn|ounters)\.%s( \+=|\+\+|--)`},
	} {
		code, teller := sources(t, table.dir), sources(t, table.told)
		_, body, found := strings.Cut(code, "\ntype "+table.kind+" struct {\n")
		body, _, _ = strings.Cut(body, "\n}")
		var fields []string
		for _, m := range regexp.MustCompile(`(?m)^\t([A-Z][A-Za-z, ]*?) +uint64`).FindAllStringSubmatch(body, -1) {
			fields = append(fields, strings.Split(m[1], ", ")...)
		}
		if !found || len(fields) < 6 || len(fields) != len(slices.Compact(slices.Sorted(slices.Values(fields)))) {
			t.Fatalf("%s.%s has the fields %v", table.dir, table.kind, fields)
		}
		for _, f := range fields {
			if !regexp.MustCompile(`add\("[a-z0-9-]+", [a-z]+\.` + f + `\)`).MatchString(teller) {
				t.Errorf("%s.%s.%s is told under no name", table.dir, table.kind, f)
			}
			if !regexp.MustCompile(strings.ReplaceAll(table.counted, "%s", f)).MatchString(code) {
				t.Errorf("%s.%s.%s is never counted", table.dir, table.kind, f)
			}
		}
	}
}
