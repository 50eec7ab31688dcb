package bench

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
)

// libraryDirs is where shared libraries lie on Debian and elsewhere.
var libraryDirs = []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"}

// program adds a program of the machine with its interpreter and all the
// libraries that it needs.
func (a *archive) program(file string) error {
	if a.have[file[1:]] {
		return nil
	}
	f, err := elf.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	a.copy(file, file)
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		b := make([]byte, p.Filesz)
		if _, err := p.ReadAt(b, 0); err != nil {
			return err
		}
		name := string(b[:len(b)-1])
		a.copy(name, name)
	}
	needs, err := f.ImportedLibraries()
	if err != nil {
		return err
	}
	for _, n := range needs {
		at, err := library(n)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := a.program(at); err != nil {
			return err
		}
	}
	return nil
}

func library(name string) (string, error) {
	for _, d := range libraryDirs {
		if at := filepath.Join(d, name); exists(at) {
			return at, nil
		}
	}
	return "", fmt.Errorf("no library %s in %v", name, libraryDirs)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
