package bench

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// watch looks at the memory of a program's processes while they run.
type watch struct {
	program  string
	commands []string // words that tell its processes apart

	done    chan struct{}
	running sync.WaitGroup
	most    map[string]float64
}

// watchInterval is the time between two looks.
const watchInterval = 100 * time.Millisecond

func newWatch(program string, commands ...string) *watch {
	w := &watch{program: program, commands: commands, done: make(chan struct{}), most: map[string]float64{}}
	w.running.Go(func() {
		tick := time.NewTicker(watchInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.look()
			case <-w.done:
				return
			}
		}
	})
	return w
}

// stop ends the watch and gives the most anonymous memory in KiB of each
// command.
func (w *watch) stop() map[string]float64 {
	close(w.done)
	w.running.Wait()
	return maps.Clone(w.most)
}

func (w *watch) look() {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		command := w.command(strings.Split(string(b), "\x00"))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if command == "" || err != nil {
			continue
		}
		if n, err := anonymous(pid); err == nil {
			w.most[command] = max(w.most[command], n)
		}
	}
}

// command tells which of the commands a command line is; "" for none.
func (w *watch) command(argv []string) string {
	if argv[0] != w.program {
		return ""
	}
	for _, c := range w.commands {
		if slices.Contains(argv[1:], c) {
			return c
		}
	}
	return ""
}
