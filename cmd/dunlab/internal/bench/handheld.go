package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// memoryLoad is the load under which a Sample of memory is taken.
const memoryLoad = "vpn-over-dial-up"

// handheldLimit is when the guest is taken for dead.
const handheldLimit = 6 * time.Minute

// handheld runs the demonstration on a whole ARM machine and watches the
// memory of dun.
func handheld(ctx context.Context, e *Env) (Report, error) {
	m := &microscope{Env: e, source: e.Source}
	k, err := openKernel(kernelRoot(e.Cache, kernelPackageARM))
	if err != nil {
		return Report{}, err
	}
	arm := []string{"GOARCH=arm", "GOARM=5"}
	dun, dunlab := "dist/dun-linux-armv5", filepath.Join(e.Dir, "dunlab")
	if _, err := m.program(ctx, nil, "make", "-s", dun); err != nil {
		return Report{}, err
	}
	if _, err := m.tool(ctx, arm, "build", "-trimpath", "-ldflags", "-s -w", "-o", dunlab, "./cmd/dunlab"); err != nil {
		return Report{}, err
	}
	initrd, err := image{kernel: k, dunlab: dunlab, dun: filepath.Join(m.source, dun), modules: demoModules, job: job{Demo: true}}.write()
	if initrd != "" {
		defer os.Remove(initrd)
	}
	if err != nil {
		return Report{}, err
	}
	guest := guestARM()
	ctx, cancel := context.WithTimeout(ctx, handheldLimit)
	defer cancel()
	all, err := guest.boot(ctx, k.image, initrd, insideEnv+"=1", e.Out)
	if err != nil {
		return Report{}, err
	}
	memory := func(command string) []float64 {
		var v []float64
		for _, n := range Select(all, command, memoryLoad, func(s Sample) float64 { return s.Memory / 1024 }) {
			v = append(v, n)
		}
		return v
	}
	return Report{
		Settings: fmt.Sprintf("qemu-system-arm, %s, %d MiB: dunlab demo, which carries a megabyte over a tunnel over a telephone line. The most RssAnon of /proc/PID/status, looked at each %v.", guest.cpu, guest.memory, watchInterval),
		Rows: []Row{
			NewFigure("anonymous memory on arm (qemu-system-arm), VPN over dial-up under load: dun dial", "MiB", Aim{atMost, 2.5}, memory("dial")...),
			NewFigure("the same: dun serve in the office", "MiB", Aim{}, memory("serve")...),
		},
	}, nil
}
