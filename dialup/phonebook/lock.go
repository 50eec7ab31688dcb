package phonebook

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"dun/dialup/cause"
)

const (
	lockFile  = ".phonebook.lock"
	lockWait  = 2 * time.Second // others change a file and are done
	lockRetry = 20 * time.Millisecond
)

// takeLock takes the right to write into dir. It waits a little for another
// writer; then the error is cause.ConfigInUse and names its process. The right
// ends with the file, also where the process is killed.
func takeLock(dir string, wait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, notSaved(err)
	}
	for until := time.Now().Add(wait); ; time.Sleep(lockRetry) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || time.Now().After(until) {
			break
		}
	}
	switch {
	case err == nil:
		// For those who wait; where it cannot be written, they are told less.
		f.Truncate(0)
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		return f, nil
	case !errors.Is(err, syscall.EWOULDBLOCK):
		f.Close()
		return nil, notSaved(err)
	}
	owner := "another process"
	b, _ := io.ReadAll(io.LimitReader(f, 20))
	if pid := strings.TrimSpace(string(b)); pid != "" && strings.Trim(pid, "0123456789") == "" {
		owner = "process " + pid
	}
	f.Close()
	return nil, cause.New(cause.ConfigInUse, "%s is writing in %s", owner, dir)
}
