package agent

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

const (
	lockName  = "agent.lock"
	groupName = "dun" // its members may use the control socket
)

// Claim takes the runtime directory dir for this process, until the file is
// closed. A directory of another process is cause.RuntimeInUse.
func Claim(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, cause.Wrap(cause.NoPermission, err, "making the runtime directory")
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, cause.Wrap(cause.NoPermission, err, "locking the runtime directory")
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		lock.Truncate(0)
		lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		return lock, nil
	}
	defer lock.Close()
	if !errors.Is(err, unix.EWOULDBLOCK) {
		return nil, cause.Wrap(cause.NoPermission, err, "locking %s", dir)
	}
	pid := make([]byte, 16)
	n, _ := lock.Read(pid)
	if owner := strings.TrimSpace(string(pid[:n])); owner != "" {
		return nil, cause.New(cause.RuntimeInUse, "%s belongs to process %s", dir, owner)
	}
	return nil, cause.New(cause.RuntimeInUse, "%s", dir)
}

// admitGroup opens the socket to group dun, where there is one and it is ours
// to give.
func admitGroup(socket string) error {
	group, err := user.LookupGroup(groupName)
	if err != nil {
		return nil
	}
	gid, err := strconv.Atoi(group.Gid)
	if err != nil || os.Chown(socket, -1, gid) != nil {
		return nil
	}
	return os.Chmod(socket, 0o660)
}
