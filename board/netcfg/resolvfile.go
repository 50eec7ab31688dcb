package netcfg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// maxResolvFile bounds what we read and keep, in octets.
const maxResolvFile = 64 << 10

// resolvFile is the resolver file as it is named.
type resolvFile struct{ path string }

// place is where the file really is.
type place struct {
	path    string // symbolic links followed
	inPlace bool   // a link or a mount point: to be written, not replaced
	id      string // the same for all names of the file
}

func (f resolvFile) read() ([]byte, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxResolvFile+1))
	if err == nil && len(b) > maxResolvFile {
		err = fmt.Errorf("%s: longer than %d octets", f.path, maxResolvFile)
	}
	return b, err
}

// locate follows the file's links, which may end at a file that is missing.
func (f resolvFile) locate() (place, error) {
	fail := func(err error) (place, error) {
		return place{}, cause.Wrap(classify(err), err, "resolver file %s", f.path)
	}
	path, err := filepath.Abs(f.path)
	if err != nil {
		return fail(err)
	}
	p := place{path: path}
	for range 40 { // as many links as the kernel follows
		dir, err := filepath.EvalSymlinks(filepath.Dir(p.path))
		if err != nil {
			return fail(err)
		}
		p.path = filepath.Join(dir, filepath.Base(p.path))
		to, err := os.Readlink(p.path)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, os.ErrNotExist) {
			break
		}
		if err != nil {
			return fail(err)
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(dir, to)
		}
		p.path, p.inPlace = to, true
	}
	// A file that is replaced is told by its directory and name, a mount
	// point, which cannot be replaced and may differ between mount
	// namespaces, by itself.
	mounted, err := isMountPoint(p.path)
	if err != nil {
		return fail(err)
	}
	of, name := filepath.Dir(p.path), "/"+filepath.Base(p.path)
	if mounted {
		p.inPlace, of, name = true, p.path, ""
	}
	var st unix.Stat_t
	if err := unix.Stat(of, &st); err != nil {
		return fail(err)
	}
	p.id = fmt.Sprintf("%d:%d%s", st.Dev, st.Ino, name)
	return p, nil
}

// isMountPoint asks /proc/self/mountinfo (proc(5)), where blanks in a path
// are written in octal.
func isMountPoint(path string) (bool, error) {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, err
	}
	want := strings.NewReplacer("\\", `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`).Replace(path)
	for line := range bytes.Lines(b) {
		if f := bytes.Fields(line); len(f) > 4 && string(f[4]) == want {
			return true, nil
		}
	}
	return false, nil
}

// lock keeps other duns from the file: by its directory, since the file may
// be replaced, and by the file itself where it is a mount point.
func (p place) lock() (unlock func(), err error) {
	of := filepath.Dir(p.path)
	if !strings.Contains(p.id, "/") {
		of = p.path
	}
	f, err := os.Open(of)
	if err != nil {
		return nil, cause.Wrap(classify(err), err, "resolver file")
	}
	if err := waitFlock(f); err != nil {
		f.Close()
		return nil, cause.Wrap(cause.NetworkSetup, err, "resolver file: %s is locked", of)
	}
	return func() { f.Close() }, nil
}

// write gives the file new content; old is what it has. A plain file is
// replaced, with its mode and owner; what cannot be is overwritten.
func (p place) write(content, old []byte) error {
	err := errInPlace
	if !p.inPlace {
		err = p.replace(content)
	}
	if err != nil {
		err = p.overwrite(content, old)
	}
	if err != nil {
		return cause.Wrap(classify(err), err, "resolver file (dns = \"ignore\" in the entry leaves it alone)")
	}
	return nil
}

var errInPlace = errors.New("to be written in place")

func (p place) replace(content []byte) error {
	mode, uid, gid := os.FileMode(0o644), -1, -1
	var st unix.Stat_t
	if err := unix.Lstat(p.path, &st); err == nil {
		if st.Nlink > 1 {
			return errInPlace
		}
		mode, uid, gid = os.FileMode(st.Mode&0o777), int(st.Uid), int(st.Gid)
	}
	f, err := os.OpenFile(p.temporary(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if uid >= 0 && (uid != os.Geteuid() || gid != os.Getegid()) && err == nil {
		err = f.Chown(uid, gid)
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), p.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// writable reports what would keep write from its work.
func (p place) writable() error {
	err := unix.Access(p.path, unix.W_OK)
	if err != nil && !p.inPlace || err == unix.ENOENT {
		err = unix.Access(filepath.Dir(p.path), unix.W_OK)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", p.path, err)
	}
	return nil
}

// temporary is the name that a new file has before it replaces the old one.
// There is one only, since the place is locked.
func (p place) temporary() string {
	return filepath.Join(filepath.Dir(p.path), "."+filepath.Base(p.path)+".dun-new")
}

// tidy removes what someone left who was killed while replacing the file.
func (p place) tidy() {
	if !p.inPlace {
		os.Remove(p.temporary()) // mostly it is not there
	}
}

// overwrite writes without a moment in which the file is short: a shorter
// content is first filled up with empty lines.
func (p place) overwrite(content, old []byte) error {
	f, err := os.OpenFile(p.path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	fill := bytes.Repeat([]byte("\n"), max(0, len(old)-len(content)))
	_, err = f.WriteAt(append(bytes.Clone(content), fill...), 0)
	if err == nil {
		err = f.Truncate(int64(len(content)))
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// remove makes the file missing again, or at least empty.
func (p place) remove() error {
	err := os.Remove(p.path)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if e := os.Truncate(p.path, 0); e != nil {
		return cause.Wrap(classify(err), err, "resolver file")
	}
	return nil
}
