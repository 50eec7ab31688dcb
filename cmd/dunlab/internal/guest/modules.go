package guest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// moduleDirs is where modules may lie; the kernel's release is below.
var moduleDirs = []string{"/usr/lib/uml/modules", "/lib/modules"}

// LoadModules loads modules by name and what they need before them.
func LoadModules(names []string) error {
	if len(names) == 0 {
		return nil
	}
	dir, err := moduleDir()
	if err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(dir, "modules.dep"))
	if err != nil {
		return err
	}
	builtin, _ := os.ReadFile(filepath.Join(dir, "modules.builtin")) // some kernels have none
	files, err := moduleFiles(b, builtin, names)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := loadModule(filepath.Join(dir, f)); err != nil {
			return fmt.Errorf("module %s: %w", f, err)
		}
	}
	return nil
}

func moduleDir() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", err
	}
	release := unix.ByteSliceToString(u.Release[:])
	for _, d := range moduleDirs {
		d = filepath.Join(d, release)
		if _, err := os.Stat(d); err == nil {
			return d, nil
		}
	}
	return "", fmt.Errorf("no modules of kernel %s below %v", release, moduleDirs)
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), "", 0)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// moduleFiles gives the files of the named modules in the order of loading.
// dep is a modules.dep: "file: needs needs", the last to be loaded first
// (modules.dep(5)); builtin lists what the kernel has without loading.
func moduleFiles(dep, builtin []byte, names []string) ([]string, error) {
	type module struct {
		file  string
		needs []string
	}
	all := map[string]module{}
	for in := bufio.NewScanner(bytes.NewReader(dep)); in.Scan(); {
		file, needs, ok := strings.Cut(in.Text(), ":")
		if ok {
			all[moduleName(file)] = module{file, strings.Fields(needs)}
		}
	}
	for in := bufio.NewScanner(bytes.NewReader(builtin)); in.Scan(); {
		all[moduleName(in.Text())] = module{}
	}
	var files []string
	done := map[string]bool{"": true}
	add := func(file string) {
		if !done[file] {
			done[file] = true
			files = append(files, file)
		}
	}
	for _, name := range names {
		m, ok := all[moduleName(name)]
		if !ok {
			return nil, fmt.Errorf("the kernel has no module %s", name)
		}
		for i := len(m.needs) - 1; i >= 0; i-- {
			add(m.needs[i])
		}
		add(m.file)
	}
	return files, nil
}

// moduleName is what a module's file is called by: "-" and "_" are one.
func moduleName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}
