package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// idleTime is how long a tunnel is watched in seconds without any packet:
// none of the user, no keepalive.
const idleTime = time.Minute

// settleTime lets everything come to rest that a new tunnel starts.
const settleTime = 10 * time.Second

// idle counts how often dun wakes with a tunnel up and no traffic, and times
// a word to the packet loop and a garbage collection beside a trickle of
// packets.
func idle(ctx context.Context, e *Env) (Report, error) {
	rep := Report{Settings: fmt.Sprintf("A tunnel between two namespaces, stateless, with a keepalive each 20 s, watched after %v of rest until there were %v of seconds in which no packet passed, nor in the one before; switches of all threads of the busier of the two processes, from /proc/PID/task/*/status.", settleTime, idleTime)}
	const measure = "idle: voluntary context switches of all threads with a tunnel up and no traffic"
	rest := NewFigure(measure+", in 60 s less keepalives", "switches", Aim{atMost, 5})
	alive := NewFigure(measure+", for the packets of each second with keepalives", "switches", Aim{})
	if quiet, busy, err := e.resting(ctx); err != nil {
		rest.Error, alive.Error = err.Error(), err.Error()
	} else {
		rest = NewFigure(rest.Measure, rest.Unit, rest.Aim, quiet)
		alive = NewFigure(alive.Measure, alive.Unit, alive.Aim, busy)
	}
	rep.Rows = append([]Row{rest, alive}, e.trickle(ctx)...)
	return rep, nil
}

// resting counts the switches of a pair: those of idleTime without a packet,
// and those of each second with one.
func (e *Env) resting(ctx context.Context) (quiet, busy float64, err error) {
	pair, err := NewPair(e.Dun, filepath.Join(e.Dir, "idle"))
	if err != nil {
		return 0, 0, err
	}
	defer pair.Close()
	begin, cancel := context.WithTimeout(ctx, setUp)
	defer cancel()
	t, err := startDun(begin, pair, Stateless, "20s")
	if err != nil {
		return 0, 0, err
	}
	if err := sleep(ctx, settleTime); err != nil {
		return 0, 0, err
	}
	w := restWatch{pids: t.PIDs()}
	if err := w.look(); err != nil {
		return 0, 0, err
	}
	for w.rest < idleTime {
		if err := sleep(ctx, time.Second); err != nil {
			return 0, 0, err
		}
		if err := w.look(); err != nil {
			return 0, 0, err
		}
	}
	fmt.Fprintf(e.Out, "dial and serve: %.0f switches in %v without a packet, %.0f in %v with packets\n", w.quiet, w.rest, w.busy, w.active)
	return slices.Max(w.quiet), slices.Max(w.busy) / max(w.active.Seconds(), 1), t.Stop(ctx)
}

// restWatch sorts the switches of processes into seconds with packets and such without.
type restWatch struct {
	pids         []int
	switches     []float64 // the last counts
	packets      uint64
	passed       bool      // packets, in the last second
	quiet, busy  []float64 // of each process
	rest, active time.Duration
}

// look counts a second.
func (w *restWatch) look() error {
	packets := uint64(0)
	var now []float64
	for _, pid := range w.pids {
		n, err := switches(pid)
		if err != nil {
			return err
		}
		now = append(now, n)
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
		if err != nil {
			return err
		}
		packets += packetsOf(string(b))
	}
	if w.switches == nil {
		w.quiet, w.busy = make([]float64, len(now)), make([]float64, len(now))
	} else {
		passed := packets != w.packets
		into, of := w.quiet, &w.rest
		if passed || w.passed { // what a packet woke may go to rest a little later
			into, of = w.busy, &w.active
		}
		w.passed = passed
		*of += time.Second
		for i := range now {
			into[i] += now[i] - w.switches[i]
		}
	}
	w.switches, w.packets = now, packets
	return nil
}

// packetsOf adds up what passed the interfaces of a /proc/net/dev.
func packetsOf(dev string) (sum uint64) {
	for line := range strings.Lines(dev) {
		_, counters, is := strings.Cut(line, ":")
		f := strings.Fields(counters)
		if !is || len(f) < 10 {
			continue
		}
		for _, i := range []int{1, 9} { // received, sent
			n, _ := strconv.ParseUint(f[i], 10, 64)
			sum += n
		}
	}
	return sum
}

// trickle runs the test of the packet loop that prints these times.
func (e *Env) trickle(ctx context.Context) []Row {
	m := &microscope{Env: e, source: e.Source}
	const measure = "during a trickle of 200 packets/s, one processor: "
	out, err := m.tool(ctx, nil, "test", "-count", "3", "-run", "^TestTrickle$", "-v", "./dialup/path")
	var hops, collections []float64
	if err == nil {
		hops, collections, err = parseTrickle(out)
	}
	rows := []Row{
		NewFigure(measure+"the worst control round trip", "ms", Aim{atMost, 20}, hops...),
		NewFigure(measure+"the worst runtime.GC()", "ms", Aim{atMost, 20}, collections...),
	}
	if err != nil {
		rows[0].Error, rows[1].Error = err.Error(), err.Error()
	}
	return rows
}

// trickleLine is what the test prints: the median and the worst of each.
var trickleLine = regexp.MustCompile(`message and answer: \[(\S+) (\S+)\]; garbage collection: \[(\S+) (\S+)\]`)

// parseTrickle gives the worst times in ms, one of each run.
func parseTrickle(out string) (hops, collections []float64, err error) {
	for _, m := range trickleLine.FindAllStringSubmatch(out, -1) {
		hop, err := time.ParseDuration(m[2])
		if err != nil {
			return nil, nil, err
		}
		gc, err := time.ParseDuration(m[4])
		if err != nil {
			return nil, nil, err
		}
		hops = append(hops, hop.Seconds()*1e3)
		collections = append(collections, gc.Seconds()*1e3)
	}
	if len(hops) == 0 {
		return nil, nil, fmt.Errorf("TestTrickle printed no times")
	}
	return hops, collections, nil
}
