package modem

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// lockDirs are looked for in this order (FHS 3.0 section 5.9).
var lockDirs = [...]string{"/var/lock", "/run/lock"}

// lockPath is the UUCP lock file for a device: LCK..ttyS1. What lies deeper in
// /dev is written as pppd does: LCK..pts_3. "" means that there is no place.
func lockPath(dir, device string) string {
	if dir == "" {
		for _, d := range lockDirs {
			if st, err := os.Stat(d); err == nil && st.IsDir() {
				dir = d
				break
			}
		}
	}
	if st, err := os.Stat(dir); dir == "" || err != nil || !st.IsDir() {
		return ""
	}
	name := strings.TrimPrefix(device, "/dev/")
	return filepath.Join(dir, "LCK.."+strings.ReplaceAll(strings.TrimPrefix(name, "/"), "/", "_"))
}

// takeLock makes the lock file, or takes it over from a process that is dead.
// The caller holds the port's flock: a lock file with our own pid is one that
// an earlier process with this pid has left.
func takeLock(path string) error {
	if path == "" {
		return nil
	}
	// A link of a whole file: nobody reads a lock without its pid.
	pid := os.Getpid()
	temp := fmt.Sprintf("%s.%d", path, pid)
	err := os.WriteFile(temp, fmt.Appendf(nil, "%10d\n", pid), 0o644)
	if err == nil {
		defer os.Remove(temp)
	}
	unwritable := errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) || errors.Is(err, unix.ENOSPC)
	if err != nil && !unwritable {
		return cause.Wrap(cause.PortFault, err, "lock file")
	}
	for range 3 {
		switch err := os.Link(temp, path); {
		case unwritable:
		case err == nil:
			return nil
		case !errors.Is(err, fs.ErrExist):
			return cause.Wrap(cause.PortFault, err, "lock file")
		}
		owner, known := lockOwner(path)
		if known && owner != pid && alive(owner) {
			return cause.New(cause.PortBusy, "%s says that process %d has it", path, owner)
		}
		if unwritable {
			return nil
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return cause.Wrap(cause.PortFault, err, "lock file of a dead process")
		}
	}
	return cause.New(cause.PortBusy, "%s is being taken by others", path)
}

// dropLock removes the lock file if it is ours.
func dropLock(path string) {
	if owner, ok := lockOwner(path); ok && owner == os.Getpid() {
		os.Remove(path)
	}
}

// lockOwner reads the pid in a lock file: ten digits, padded with blanks.
func lockOwner(path string) (pid int, ok bool) {
	if path == "" {
		return 0, false
	}
	b, err := os.ReadFile(path)
	if err != nil || len(b) > 64 {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(strings.SplitN(string(b), "\n", 2)[0]))
	return pid, err == nil && pid > 0
}

func alive(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}
