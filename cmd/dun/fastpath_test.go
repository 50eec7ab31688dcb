package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// TestFastPathOff: what device.toml turns off is off, at both ends, and
// packets get through with it and without.
func TestFastPathOff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text    string
		waits, policy string
		batch         int
		offload       []string
	}{
		{"as it comes", "", "hybrid", "batch", 60, []string{"checksum", "tso", "uso"}},
		{"no offload", "offload = false", "hybrid", "batch", 60, []string{}},
		{"no batch", "batch = false\nloops = 3\nfilter = false", "hybrid", "batch", 1, []string{"checksum", "tso", "uso"}},
		{"nothing", "offload = false\nbatch = false\nlinger = 0\nscheduling = 'ordinary'", "parked", "other", 1, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			netnstest.Run(t, func(t *testing.T) {
				w := newWorld(t, false)
				for _, m := range []*machine{w.device, w.office} {
					text := "[resolver]\nfile = '" + w.resolv + "'\n[fast-path]\nsmall-buffers = 180\n" + c.text + "\n"
					if err := os.WriteFile(filepath.Join(m.dir, "device.toml"), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				w.serve()
				w.up("office")
				if err := agenttest.RoundTrips(nil, t, lanHost, 20, 1000); err != nil {
					t.Error(err)
				}
				for _, m := range []*machine{w.device, w.office} {
					s := m.status()
					conns := s.Connections
					if s.Server != nil {
						conns = s.Server.Calls
					}
					if len(conns) != 1 || !slices.Equal(conns[0].Offload, c.offload) || conns[0].Offload == nil {
						t.Errorf("connections are %+v", conns)
					}
					for _, l := range s.Loops {
						if l.Waits != c.waits || l.Policy != c.policy || l.Batch != c.batch || l.SendMMsg != (c.batch > 1) || l.Small.Count != 180 || l.Large.Count == 0 {
							t.Errorf("loop is %+v", l)
						}
						if l.Filtered {
							t.Error("a loop is filtered")
						}
					}
					if server := s.Server != nil; len(s.Loops) != 1 && !server || c.name == "no batch" && server && len(s.Loops) != 3 {
						t.Errorf("%d loops", len(s.Loops))
					}
				}
			})
		})
	}
}
