package hooks

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// list gives the programs of a directory in the order of their names, and says
// why it leaves out what somebody may have meant to be one. Names are as
// run-parts(8) wants them: letters, digits, "_" and "-". So copies that editors
// and package managers leave behind are no programs.
//
// A program runs with our rights, so nobody but root and our own user may be
// able to change it.
func list(dir string) (programs, refused []string) {
	entries, err := os.ReadDir(dir) // sorted
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	base := filepath.Base(dir)
	if err != nil {
		return nil, []string{base + " cannot be read: " + err.Error()}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, []string{base + ": " + err.Error()}
	}
	if why := unsafe(info); why != "" {
		if len(entries) == 0 {
			return nil, nil
		}
		return nil, []string{base + " is left out as a whole: " + why}
	}
	for _, e := range entries {
		name := e.Name()
		if !validName(name) {
			continue
		}
		why := ""
		info, err := os.Stat(filepath.Join(dir, name)) // of what a symbolic link leads to
		switch {
		case err != nil:
			why = err.Error()
		case !info.Mode().IsRegular():
			continue
		case info.Mode()&0o111 == 0:
			why = "it is not executable (chmod 755)"
		default:
			why = unsafe(info)
			if why == "" && e.Type()&fs.ModeSymlink != 0 {
				why = unsafeTarget(filepath.Join(dir, name))
			}
		}
		if why == "" {
			programs = append(programs, name)
		} else {
			refused = append(refused, base+"/"+name+" is left out: "+why)
		}
	}
	return programs, refused
}

// unsafeTarget looks at the directory that a symbolic link leads to: who can
// write there can put another file in the place of the one that we look at.
func unsafeTarget(link string) string {
	target, err := filepath.EvalSymlinks(link)
	if err != nil {
		return err.Error()
	}
	dir := filepath.Dir(target)
	info, err := os.Stat(dir)
	if err != nil {
		return err.Error()
	}
	if why := unsafe(info); why != "" {
		return dir + ": " + why
	}
	return ""
}

// unsafe says who else could change a file or directory, "" = nobody.
func unsafe(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return "its owner is not known"
	case st.Uid != 0 && int(st.Uid) != os.Geteuid():
		return "it belongs to user " + strconv.Itoa(int(st.Uid)) + ", neither to root nor to dun's own user (chown)"
	case info.Mode().Perm()&0o022 != 0:
		return "others can write it (chmod go-w)"
	}
	return ""
}

func validName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return name != ""
}
