package phonebook

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"dun/dialup/cause"
)

// staged is a file's next contents: written and synced beside the file, not
// yet in its place. Until then a full disk or a kill leaves the file as it was,
// and the step itself is one rename(2).
type staged struct{ temp, target string }

// stage writes data beside the file that path names. A symbolic link stays,
// its target is replaced. Mode and owner are those of the file as it is; a new
// file gets mode. n tells files for the same path apart.
func stage(path string, data []byte, mode fs.FileMode, n int) (s staged, err error) {
	s.target, err = filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, linkErr := os.Lstat(path); linkErr == nil {
			return s, cause.New(cause.NotSaved, "%s is a symbolic link to a file that does not exist", path)
		}
		s.target, err = path, nil
	}
	if err != nil {
		return s, notSaved(err)
	}
	uid, gid := -1, -1
	if info, statErr := os.Stat(s.target); statErr == nil {
		mode = info.Mode().Perm()
		if st := info.Sys().(*syscall.Stat_t); int(st.Uid) != os.Geteuid() || int(st.Gid) != os.Getegid() {
			uid, gid = int(st.Uid), int(st.Gid)
		}
	}
	dir, base := filepath.Split(s.target)
	s.temp = dir + "." + base + ".new" + strconv.Itoa(n)
	os.Remove(s.temp) // what a killed one left; the lock is ours
	f, err := os.OpenFile(s.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return s, notSaved(err)
	}
	if uid >= 0 {
		err = f.Chown(uid, gid)
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		s.discard()
		return s, notSaved(err)
	}
	return s, nil
}

func (s staged) discard() { os.Remove(s.temp) }

// install puts the contents in their place, for good.
func (s staged) install() error {
	if err := os.Rename(s.temp, s.target); err != nil {
		s.discard()
		return notSaved(err)
	}
	return notSaved(syncDir(filepath.Dir(s.target)))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // file systems that cannot
		return err
	}
	return nil
}

// save stages and installs in one.
func save(path string, data []byte, mode fs.FileMode) error {
	s, err := stage(path, data, mode, 0)
	if err != nil {
		return err
	}
	return s.install()
}

func notSaved(err error) error {
	if err == nil {
		return nil
	}
	return cause.Wrap(cause.NotSaved, err, "")
}
