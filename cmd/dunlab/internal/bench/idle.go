package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// idleTime is how long a tunnel without traffic is watched.
const idleTime = time.Minute

// settleTime lets everything come to rest that a new tunnel starts.
const settleTime = 10 * time.Second

// idle counts how often dun wakes with a tunnel up and no traffic, and times
// a word to the packet loop and a garbage collection beside a trickle of
// packets.
func idle(ctx context.Context, e *Env) (Report, error) {
	rep := Report{Settings: fmt.Sprintf("A tunnel between two namespaces, stateless, watched for %v after %v of rest; switches of all threads of the busier of the two processes, from /proc/PID/task/*/status.", idleTime, settleTime)}
	var quiet, usual float64
	var errs [2]error
	var both sync.WaitGroup // two pairs that know nothing of each other
	both.Go(func() { quiet, errs[0] = e.resting(ctx, "quiet", "off") })
	both.Go(func() { usual, errs[1] = e.resting(ctx, "usual", "20s") })
	both.Wait()
	measure := "idle: voluntary context switches of all threads in 60 s with a tunnel up and no traffic"
	if err := errors.Join(errs[:]...); err != nil {
		row := NewFigure(measure+", without keepalives", "switches", Aim{atMost, 5})
		row.Error = err.Error()
		rep.Rows = append(rep.Rows, row)
	} else {
		rep.Rows = append(rep.Rows, NewFigure(measure+", without keepalives", "switches", Aim{atMost, 5}, quiet),
			NewFigure(measure+", with a keepalive each 20 s", "switches", Aim{}, usual))
	}
	rep.Rows = append(rep.Rows, e.trickle(ctx)...)
	return rep, nil
}

// resting counts the switches of one pair.
func (e *Env) resting(ctx context.Context, name, keepalive string) (float64, error) {
	pair, err := NewPair(e.Dun, filepath.Join(e.Dir, name))
	if err != nil {
		return 0, err
	}
	defer pair.Close()
	begin, cancel := context.WithTimeout(ctx, setUp)
	defer cancel()
	t, err := startDun(begin, pair, Stateless, keepalive)
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, settleTime); err != nil {
		return 0, err
	}
	count := func() (each []float64, err error) {
		for _, pid := range t.PIDs() {
			n, err := switches(pid)
			if err != nil {
				return nil, err
			}
			each = append(each, n)
		}
		return each, nil
	}
	before, err := count()
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, idleTime); err != nil {
		return 0, err
	}
	after, err := count()
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(e.Out, "keepalive %s: dial %.0f switches, serve %.0f\n", keepalive, after[0]-before[0], after[1]-before[1])
	return max(after[0]-before[0], after[1]-before[1]), t.Stop(ctx)
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
