package bench

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// kernelTree is an unpacked package of a kernel.
type kernelTree struct {
	image   string            // the file to boot
	release string            // "6.1.0-47-amd64"
	dir     string            // of the modules
	files   map[string]string // module -> file, relative to dir
}

// openKernel looks into an unpacked kernel package.
func openKernel(root string) (k kernelTree, err error) {
	images, err := filepath.Glob(filepath.Join(root, "boot/vmlinuz-*"))
	if err != nil || len(images) == 0 {
		return k, fmt.Errorf("no kernel below %s", root)
	}
	k.image = images[0]
	k.release = strings.TrimPrefix(filepath.Base(k.image), "vmlinuz-")
	k.files = map[string]string{}
	for _, lib := range []string{"lib/modules", "usr/lib/modules"} {
		if dir := filepath.Join(root, lib, k.release); exists(dir) {
			k.dir = dir
		}
	}
	err = filepath.WalkDir(k.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".ko") {
			k.files[moduleName(path)], err = filepath.Rel(k.dir, path)
		}
		return err
	})
	return k, err
}

// addModules adds modules, what they need, and the modules.dep that says so,
// as depmod(8) writes it.
func (k kernelTree) addModules(a *archive, names ...string) error {
	to := "/lib/modules/" + k.release
	var dep bytes.Buffer
	all := map[string][]string{} // module -> all that it needs, direct ones first
	for _, n := range names {
		if _, err := k.needs(n, all); err != nil {
			return err
		}
	}
	for name, needs := range all {
		file := k.files[name]
		a.copy(filepath.Join(k.dir, file), filepath.Join(to, file))
		fmt.Fprintf(&dep, "%s:", file)
		for _, n := range needs {
			fmt.Fprintf(&dep, " %s", k.files[n])
		}
		dep.WriteByte('\n')
	}
	a.file(filepath.Join(to, "modules.dep"), 0o644, dep.Bytes())
	if b, err := os.ReadFile(filepath.Join(k.dir, "modules.builtin")); err == nil {
		a.file(filepath.Join(to, "modules.builtin"), 0o644, b)
	}
	return nil
}

// needs gives all the modules that a module needs, the first to be loaded
// last, and keeps them in all.
func (k kernelTree) needs(name string, all map[string][]string) ([]string, error) {
	if n, done := all[name]; done {
		return n, nil
	}
	file, ok := k.files[name]
	if !ok {
		return nil, fmt.Errorf("kernel %s has no module %s", k.release, name)
	}
	direct, err := depends(filepath.Join(k.dir, file))
	if err != nil {
		return nil, err
	}
	needs := []string{}
	for _, d := range direct {
		more, err := k.needs(d, all)
		if err != nil {
			return nil, err
		}
		needs = append(append(needs, d), more...)
	}
	all[name] = needs
	return needs, nil
}

// depends reads which modules a module's file says that it needs.
func depends(file string) ([]string, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("%s is not a module", file)
	}
	b, err := s.Data()
	if err != nil {
		return nil, err
	}
	return parseDepends(b), nil
}

// parseDepends reads a .modinfo section: words with zero octets between.
func parseDepends(info []byte) []string {
	for _, word := range strings.Split(string(info), "\x00") {
		if list, ok := strings.CutPrefix(word, "depends="); ok && list != "" {
			return strings.Split(strings.ReplaceAll(list, "-", "_"), ",")
		}
	}
	return nil
}

func moduleName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}
