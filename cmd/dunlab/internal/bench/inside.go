package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/demo"
	"dun/cmd/dunlab/internal/guest"
)

// insideEnv is a word of the kernel's command line: the first process of a
// guest finds it in its environment.
const insideEnv = "DUNLAB_BENCH"

// IsInit reports whether this is the first process of a guest of ours.
func IsInit() bool { return os.Getpid() == 1 && os.Getenv(insideEnv) != "" }

// Init is the first process of a guest: it makes the machine usable, runs
// "dunlab bench-inside", and switches the machine off.
func Init() {
	err := prepareGuest()
	if err == nil {
		err = guest.Supervise("bench-inside")
	}
	if err != nil {
		fmt.Println(guestFailed + err.Error())
	} else {
		fmt.Println(guestDone)
	}
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func prepareGuest() error {
	if err := guest.MountSystem(); err != nil {
		return err
	}
	for _, dir := range []string{"/run", "/tmp"} {
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	if err := os.MkdirAll("/run/lock", 0o755); err != nil {
		return err
	}
	names, err := os.ReadFile(modulesFile)
	if err != nil {
		return err
	}
	return guest.LoadModules(strings.Fields(string(names)))
}

// job is what a guest does: one of them.
type job struct {
	Plan  *Plan `json:"plan,omitempty"`  // in a pair
	Demo  bool  `json:"demo,omitempty"`  // the demonstration, while memory is watched
	Sleep bool  `json:"sleep,omitempty"` // suspend to memory, with an agent's tunnel up
}

// Inside does the guest's job.
func Inside(ctx context.Context) error {
	b, err := os.ReadFile(jobFile)
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	// The hosts of a pair have a /run of their own each, and one /tmp.
	if err := os.Setenv("TMPDIR", "/tmp"); err != nil {
		return err
	}
	switch {
	case j.Plan != nil:
		return j.Plan.inside(ctx)
	case j.Demo:
		return demoInside(ctx)
	case j.Sleep:
		return sleepInside(ctx)
	}
	return errors.New("bench: a guest without a job")
}

// emitLine prints a sample for the machine below.
func emitLine(s Sample) {
	if b, err := json.Marshal(s); err == nil {
		fmt.Printf("%s%s\n", sampleWord, b)
	}
}

func (p Plan) inside(ctx context.Context) error {
	pair, err := NewPair(guestDun, "/tmp/pair")
	if err != nil {
		return err
	}
	defer pair.Close()
	// Bursts fit into the queue of the cable, so that nobody's loss is a
	// matter of luck.
	if err := os.WriteFile("/proc/sys/net/core/netdev_max_backlog", []byte("10000"), 0); err != nil {
		return err
	}
	m := marker{out: os.Stdout}
	return p.Run(ctx, pair, m.mark, emitLine)
}

// demoInside runs the demonstration and gives the most anonymous memory that
// each dun had.
func demoInside(ctx context.Context) error {
	w := newWatch(guestDun, "dial", "serve")
	err := demo.Run(ctx, demo.Options{Dun: guestDun, Out: os.Stdout})
	for command, most := range w.stop() {
		emitLine(Sample{Tunnel: command, Load: memoryLoad, Round: 1, Memory: most})
	}
	return err
}
