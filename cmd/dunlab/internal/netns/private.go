package netns

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// kept are the files of the machine's /etc that a private one has too: what
// the C library and the shell need to know users and protocols.
var kept = []string{"passwd", "group", "nsswitch.conf", "protocols", "services", "host.conf", "ld.so.cache", "ld.so.conf"}

// MountPrivate gives the calling thread's mount namespace an /etc, /run and
// /var/lock of its own in memory. files are put into /etc; their names may
// have folders.
func MountPrivate(files map[string]string) error {
	copies := map[string]string{
		"hosts":       "127.0.0.1 localhost\n",
		"resolv.conf": "",
	}
	for _, name := range kept {
		if b, err := os.ReadFile(filepath.Join("/etc", name)); err == nil {
			copies[name] = string(b)
		}
	}
	for name, text := range files {
		copies[name] = text
	}
	for _, dir := range []string{"/etc", "/run"} {
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755,size=16m"); err != nil {
			return fmt.Errorf("a private %s: %w", dir, err)
		}
	}
	for name, text := range copies {
		if err := writePrivate(filepath.Join("/etc", name), text); err != nil {
			return err
		}
	}
	if err := os.Mkdir("/run/lock", 0o1777); err != nil {
		return err
	}
	// /var/lock and /var/run are links into /run on most systems; where they
	// are folders they stay the machine's, which only costs privacy.
	return nil
}

func writePrivate(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if filepath.Base(filepath.Dir(name)) == "ppp" || filepath.Base(filepath.Dir(name)) == "dun" {
		mode = 0o600 // secrets
	}
	return os.WriteFile(name, []byte(text), mode)
}
