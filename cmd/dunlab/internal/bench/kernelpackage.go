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
	real, err := dependency(ctx, name)
	if err != nil {
		return kernelTree{}, err
	}
	dir, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return kernelTree{}, err
	}
	defer os.RemoveAll(dir)
	if err := run(ctx, dir, "apt-get", "download", real); err != nil {
		return kernelTree{}, fmt.Errorf("%w (needed is a Debian system with fresh package lists; for another processor first dpkg --add-architecture, then apt-get update)", err)
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

// dependency follows a package without contents to the kernel it stands for.
func dependency(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-cache", "depends", name).Output()
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
