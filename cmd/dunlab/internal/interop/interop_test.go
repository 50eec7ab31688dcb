package interop

import (
	"strings"
	"testing"

	"dun/cmd/dunlab/internal/device"
)

func TestSelect(t *testing.T) {
	r := Runner{Cases: []Case{{Name: "isp/pap"}, {Name: "isp/chap"}, {Name: "pptpd/chap"}}}
	for _, c := range []struct {
		patterns, want string
	}{
		{"", "isp/pap isp/chap pptpd/chap"},
		{"isp", "isp/pap isp/chap"},
		{"*/chap", "isp/chap pptpd/chap"},
		{"pptpd/chap isp/pap isp/p*", "isp/pap pptpd/chap"}, // in the order of the table
	} {
		cases, err := r.Select(strings.Fields(c.patterns))
		var names []string
		for _, c := range cases {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != c.want {
			t.Errorf("%q: %q, %v", c.patterns, got, err)
		}
	}
	for _, p := range []string{"none", "isp/x", "isp/["} {
		if _, err := r.Select([]string{p}); err == nil {
			t.Errorf("%q matches", p)
		}
	}
}

func TestCasesAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Cases() {
		group, rest, ok := strings.Cut(c.Name, "/")
		if !ok || group == "" || rest == "" || c.About == "" || c.Run == nil || seen[c.Name] {
			t.Errorf("case %q is not whole, or there twice", c.Name)
		}
		seen[c.Name] = true
	}
}

// TestFallbacksAreLookedAt: a piece of the fast path that is in use although
// the case left it out fails the case.
func TestFallbacksAreLookedAt(t *testing.T) {
	fast := device.Status{
		Connections: []device.Connection{{Phase: "up", Offload: []string{"checksum", "tso"}}},
		Loops:       []device.Loop{{Waits: "hybrid", Policy: "batch", Batch: 64, SendMMsg: true}},
	}
	if err := (fallback{}).check(fast); err != nil {
		t.Error(err)
	}
	for _, f := range fallbacks {
		if f.check(fast) == nil {
			t.Errorf("%s leaves nothing out", f.name)
		}
	}
}
