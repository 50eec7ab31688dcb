package main

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// room says what a folder may import: ours (patterns of path.Match, relative
// to the module) and, for pure rooms, of others only what pureAllowed lists.
type room struct {
	pure bool
	may  []string
}

// all of below: the rooms that anything in cmd may use.
var below = []string{"dialup", "dialup/*", "dialup/phonebook/*", "dialup/ppp/*", "modem", "modem/at", "vpn", "vpn/*", "board", "board/*", "configs"}

// rooms is the picture of ARCHITECTURE.md, "Rooms", as data.
var rooms = map[string]room{
	"cmd/dun":                {may: append([]string{"cmd/internal/*", "cmd/internal/console/*"}, below...)},
	"cmd/dunlab":             {may: append([]string{"cmd/internal/*", "cmd/dunlab/internal/*", "modem/modemtest"}, below...)},
	"cmd/dunlab/internal/*":  {may: append([]string{"cmd/internal/*", "cmd/dunlab/internal/*", "modem/modemtest"}, below...)},
	"cmd/internal/monitor":   {may: []string{"cmd/internal/agent"}},
	"cmd/internal/agent":     {may: []string{"dialup", "dialup/*", "modem", "vpn", "board", "board/*", "configs"}},
	"cmd/internal/agenttest": {may: append([]string{"modem/modemtest", "board/netcfg/netnstest"}, below...)},
	"cmd/internal/console":   {may: []string{"cmd/internal/console/*", "dialup/cause"}},
	"cmd/internal/console/*": {pure: true},
	"modem":                  {may: []string{"modem/at", "dialup", "dialup/path", "dialup/hdlc", "dialup/ppp", "dialup/cause"}},
	"modem/at":               {pure: true, may: []string{"dialup/cause"}},
	"modem/modemtest":        {may: []string{"modem/at"}},
	"vpn":                    {may: []string{"vpn/*", "board/sock", "dialup", "dialup/path", "dialup/ppp", "dialup/cause"}},
	"vpn/pptp":               {pure: true, may: []string{"dialup/cause"}},
	"vpn/gre":                {pure: true},
	"dialup":                 {may: []string{"dialup/*"}},
	"dialup/path":            {may: []string{"dialup/mppe", "dialup/ppp", "dialup/cause"}},
	"dialup/ppp":             {pure: true, may: []string{"dialup/cause", "dialup/ppp/mschap", "dialup/ppp/digest"}},
	"dialup/ppp/mschap":      {pure: true, may: []string{"dialup/ppp/digest"}},
	"dialup/ppp/digest":      {pure: true},
	"dialup/mppe":            {pure: true},
	"dialup/vj":              {pure: true},
	"dialup/hdlc":            {pure: true},
	"dialup/script":          {pure: true},
	"dialup/pcapng":          {pure: true},
	"dialup/cause":           {pure: true},
	"dialup/json":            {pure: true},
	"dialup/strict":          {may: []string{"dialup/cause"}},
	"dialup/phonebook":       {may: []string{"dialup", "dialup/strict", "dialup/ppp", "dialup/cause"}},
	"board":                  {},
	"board/tun":              {may: []string{"dialup/path", "dialup/cause"}},
	"board/netcfg":           {may: []string{"board/netcfg/rtnl", "dialup/json", "dialup/cause"}},
	"board/netcfg/rtnl":      {},
	"board/netcfg/netnstest": {},
	"board/hooks":            {},
	"board/sock":             {},
	"board/names":            {may: []string{"board/sock"}},
	"configs":                {may: []string{"dialup", "dialup/*", "modem", "modem/at", "vpn", "board", "board/*"}},

	"dialup/phonebook/foreign": {pure: true, may: []string{"dialup/phonebook", "dialup/ppp", "dialup/cause"}},
}

// pureAllowed is what a pure room may use of the standard library and of
// others: codecs, hashes and values; no sockets, clocks or goroutines.
var pureAllowed = []string{
	"bytes", "crypto/*", "encoding", "encoding/*", "errors", "fmt", "hash", "hash/*", "io", "iter", "maps", "math",
	"math/bits", "net/netip", "reflect", "slices", "sort", "strconv", "strings", "time", "unicode", "unicode/*", "unsafe",
}

// onlyHere are packages that some rooms alone may import.
var onlyHere = map[string][]string{
	"golang.org/x/crypto/md4":    {"dialup/ppp/mschap"},
	"github.com/tarm/serial":     {"modem"},
	"github.com/vishvananda/*":   {"cmd/dunlab", "cmd/internal/agenttest", "board/netcfg/netnstest"},
	"dun/configs":                {"cmd/"},
	"dun/modem/modemtest":        {"cmd/dunlab", "cmd/internal/agenttest"},
	"dun/board/netcfg/netnstest": {"cmd/internal/agenttest"},
	"dun/cmd/internal/agenttest": {},
	"dun/cmd/dunlab/internal/*":  {"cmd/dunlab"},
}

// TestImports holds the table of rooms against the imports of the code itself.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "dun/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		folder := strings.TrimPrefix(fields[0], "dun/")
		r, known := find(folder)
		if !known {
			t.Errorf("%s is in no row of the table of rooms", folder)
			continue
		}
		seen++
		for _, imported := range fields[1:] {
			check(t, folder, r, imported)
		}
	}
	if seen < 10 {
		t.Fatalf("saw %d packages only: go list did not list the module", seen)
	}
}

// notInDevice are packages that nothing in the device binary may bring, for
// what they cost it on mipsle.
var notInDevice = map[string]string{
	"net":           "327,680 octets, with the resolver; board/sock makes sockets, board/names looks names up",
	"encoding/json": "176,000 octets; dialup/json reads and writes it",
}

// TestDeviceBinary looks at all that is linked into it.
func TestDeviceBinary(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "dun/cmd/dun").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := strings.Fields(string(out))
	if !slices.Contains(linked, "dun/board/sock") {
		t.Fatal("go list did not list what is linked")
	}
	for name, why := range notInDevice {
		if slices.Contains(linked, name) {
			t.Errorf("the device binary has package %s: %s", name, why)
		}
	}
}

func check(t *testing.T, folder string, r room, imported string) {
	if ours, is := strings.CutPrefix(imported, "dun/"); is {
		if !matches(r.may, ours) {
			t.Errorf("%s imports %s, which the table of rooms does not allow", folder, ours)
		}
	} else if r.pure && !matches(pureAllowed, imported) && !slices.Contains(onlyHere[imported], folder) {
		t.Errorf("%s is pure and imports %s", folder, imported)
	}
	for pattern, where := range onlyHere {
		inside := slices.ContainsFunc(where, func(w string) bool { return strings.HasPrefix(folder, w) })
		if ok, _ := path.Match(pattern, imported); ok && !inside {
			t.Errorf("%s imports %s, which is for %v alone", folder, imported, where)
		}
	}
}

func find(folder string) (room, bool) {
	for pattern, r := range rooms {
		if ok, _ := path.Match(pattern, folder); ok {
			return r, true
		}
	}
	return room{}, false
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok
	})
}
