package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Debian's kernels: with PPP, which the "cloud" flavour has not, and for a
// handheld.
const (
	kernelPackage    = "linux-image-amd64"
	kernelPackageARM = "linux-image-armmp:armhf"
)

// fetchKernel gives the kernel of a Debian package unpacked below cache. It
// is downloaded once; nothing gets installed.
func fetchKernel(ctx context.Context, name, cache string) (kernelTree, error) {
	root := kernelRoot(cache, name)
	if k, err := openKernel(root); err == nil {
		return k, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return kernelTree{}, err
	}
	dir, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return kernelTree{}, err
	}
	defer os.RemoveAll(dir)
	name, foreign, err := aptFor(ctx, dir, name)
	if err != nil {
		return kernelTree{}, err
	}
	real, err := dependency(ctx, name, foreign)
	if err != nil {
		return kernelTree{}, err
	}
	if err := run(ctx, dir, "apt-get", append(foreign, "download", real)...); err != nil {
		return kernelTree{}, fmt.Errorf("%w (needed is a Debian system with fresh package lists: apt-get update)", err)
	}
	debs, _ := filepath.Glob(filepath.Join(dir, "*.deb"))
	if len(debs) != 1 {
		return kernelTree{}, errors.New("apt-get downloaded nothing")
	}
	if err := run(ctx, dir, "dpkg-deb", "-x", debs[0], root); err != nil {
		return kernelTree{}, errors.Join(err, os.RemoveAll(root))
	}
	return openKernel(root)
}

// kernelRoot is the folder of a package that fetchKernel has unpacked.
func kernelRoot(cache, name string) string {
	return filepath.Join(cache, strings.ReplaceAll(name, ":", "-"))
}

// aptFor gives the options that have apt look for a package of another
// processor family, "name:armhf", in lists of its own below dir: the machine's
// own packages do not come to know of that family. Without one there are none.
func aptFor(ctx context.Context, dir, name string) (plain string, options []string, err error) {
	plain, family, foreign := strings.Cut(name, ":")
	if !foreign {
		return plain, nil, nil
	}
	state, cache := filepath.Join(dir, "state"), filepath.Join(dir, "cache")
	for _, d := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return "", nil, err
		}
	}
	installed := filepath.Join(dir, "installed") // nothing
	if err := os.WriteFile(installed, nil, 0o644); err != nil {
		return "", nil, err
	}
	for _, o := range []string{"APT::Architecture=" + family, "APT::Architectures=" + family, "Dir::State=" + state,
		"Dir::State::status=" + installed, "Dir::Cache=" + cache, "Acquire::Languages=none"} {
		options = append(options, "-o", o)
	}
	// One list of several that fails to come is not the end: what is needed
	// may be in another.
	if err := run(ctx, dir, "apt-get", append(options, "update")...); err != nil && ctx.Err() != nil {
		return "", nil, err
	}
	return plain, options, nil
}

// dependency follows a package without contents to the kernel it stands for.
func dependency(ctx context.Context, name string, options []string) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-cache", append(options, "depends", name)...).Output()
	if err != nil {
		return "", fmt.Errorf("apt-cache depends %s: %w", name, err)
	}
	for _, line := range strings.Split(string(out), "\n") {
		if p, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: linux-image-"); ok {
			return "linux-image-" + p, nil
		}
	}
	return name, nil
}

// run runs a program; its last words are in the error.
func run(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(string(out)))
	}
	return nil
}
