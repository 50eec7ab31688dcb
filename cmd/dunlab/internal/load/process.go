package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"dun/cmd/dunlab/internal/netns"
)

// Env keeps Go's runtime out of a generator's way: one thread that runs, no
// collection, no signals that ask a running loop to give way.
var Env = []string{"GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1"}

// Process is a generator or a sink in a host.
type Process struct {
	*Counter
	process *netns.Process
	path    string
}

// Start starts "dunlab load KIND COUNTER ARGS..." in a host and waits until
// it says that it is ready.
func Start(ctx context.Context, h *netns.Host, kind string, args ...string) (*Process, error) {
	f, err := os.CreateTemp("", "dunlab-counter-")
	if err != nil {
		return nil, err
	}
	path := f.Name()
	f.Close()
	c, err := OpenCounter(path)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	r, w := io.Pipe()
	argv := append([]string{h.Self(), "load", kind, path}, args...)
	p, err := h.Start(argv, Env, w, w)
	if err != nil {
		return nil, errors.Join(err, c.Close(), os.Remove(path))
	}
	g := &Process{Counter: c, process: p, path: path}
	line := make(chan string, 1)
	go func() {
		defer close(line)
		in := bufio.NewScanner(r)
		if in.Scan() {
			line <- in.Text()
		}
		io.Copy(io.Discard, r)
	}()
	go func() {
		<-p.Done()
		w.Close()
	}()
	select {
	case s := <-line:
		if s != readyWord {
			err = fmt.Errorf("%s: %s", strings.Join(argv[1:3], " "), s)
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, g.Stop())
	}
	return g, nil
}

// readyWord is the first line of a generator that runs.
const readyWord = "ready"

// Ready prints the first line of a generator that runs.
func Ready() { fmt.Println(readyWord) }

// Alive says how the process ended, if it has.
func (p *Process) Alive() error {
	select {
	case <-p.process.Done():
		return fmt.Errorf("%s ended: %v", filepath.Base(p.path), p.process.Err())
	default:
		return nil
	}
}

// Stop ends the process.
func (p *Process) Stop() error {
	p.process.Kill()
	<-p.process.Done()
	return errors.Join(p.Close(), os.Remove(p.path))
}

// Run is what "dunlab load" does with its arguments.
func Run(kind string, args []string) error {
	c, err := OpenCounter(args[0])
	if err != nil {
		return err
	}
	if kind == "soak" {
		Ready()
		return Soak(c)
	}
	if len(args) < 2 {
		return errors.New("load: no address")
	}
	addr, err := netip.ParseAddrPort(args[1])
	if err != nil {
		return err
	}
	switch kind {
	case "flood":
		Ready()
		return Flood(addr)
	case "sink":
		return Sink(addr, c, Ready)
	case "paced-sink":
		return PacedSink(addr, c, Ready)
	case "pace":
		if len(args) != 4 {
			return errors.New("load: no rate and size")
		}
		rate, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		size, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		Ready()
		return Pace(addr, rate, size, c)
	}
	return fmt.Errorf("load: unknown kind %q", kind)
}
