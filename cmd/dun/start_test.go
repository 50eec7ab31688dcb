package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dun/board/netcfg/netnstest"
)

// TestStartFails: what keeps dun from starting is told with its cause, and is
// in nobody's way afterwards.
func TestStartFails(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		mustContain(t, w.device.run("--runtime", filepath.Join(file, "run"), "dial", "office").exits(3).stderr(), "no-permission", "not a directory")

		// Others could write there what is then undone with our rights.
		if err := os.MkdirAll("/run/dun/host", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod("/run/dun/host", 0o777); err != nil {
			t.Fatal(err)
		}
		mustContain(t, w.device.run("dial", "office").exits(2).stderr(), "bad-config", "/run/dun/host")
		if err := os.Chmod("/run/dun/host", 0o755); err != nil {
			t.Fatal(err)
		}
		mustContain(t, w.device.run("dial", "nothing").exits(2).stderr(), "no-entry")
		mustContain(t, w.device.run("dial", "office").exits(9).stderr(), "connect-refused", "203.0.113.10")

		// Secrets that others can read.
		if err := os.Chmod(filepath.Join(w.device.dir, "secrets.toml"), 0o644); err != nil {
			t.Fatal(err)
		}
		mustContain(t, w.device.run("dial", "office").exits(2).stderr(), "secrets.toml", "chmod 600")
		if err := os.Chmod(filepath.Join(w.device.dir, "secrets.toml"), 0o600); err != nil {
			t.Fatal(err)
		}

		// An interface that cannot be made.
		book, err := os.ReadFile(filepath.Join(w.device.dir, "phonebook.toml"))
		if err != nil {
			t.Fatal(err)
		}
		w.device.write("phonebook.toml", strings.Replace(string(book), "[entry.office]", "[entry.office]\ninterface = 'eth0'", 1))
		w.serve()
		mustContain(t, w.device.run("dial", "office").exits(1).stderr(), "network-setup", "eth0")
		w.nothingLeft(t)
	})
}
