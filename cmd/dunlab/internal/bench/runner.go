package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Part is one subject of the benchmarks.
type Part struct {
	Name   string
	About  string
	Run    func(ctx context.Context, e *Env) (Report, error)
	Kernel string // Debian's package of the kernel that it boots, if it boots one
}

// Parts are all of them, in the order of the results.
func Parts() []Part {
	return []Part{
		{"peers", "One guest with one processor: dun beside the kernel's own PPTP and beside pptp-linux with pppd.", peers, kernelPackage},
		{"counted", "The same guest with a clock that counts instructions.", counted, kernelPackage},
		{"hostpair", "Two namespaces of this machine: dun beside a plain path.", hostPair, ""},
		{"latency", "A ping beside a bulk transfer, between two namespaces of this machine.", latency, ""},
		{"micro", "Each stage alone, and RC4 beside OpenSSL, C and the standard library.", micro, ""},
		{"growth", "1, 10 and 100 tunnels on one server.", growth, ""},
		{"idle", "A tunnel without traffic, and one with hardly any.", idle, ""},
		{"handheld", "The main job on a whole ARM machine with little memory.", handheld, kernelPackageARM},
		{"sleep", "A machine that sleeps with a tunnel up, and wakes.", sleeping, kernelPackage},
	}
}

// Options are what a person may choose.
type Options struct {
	Dun     string        // the binary under test
	Results string        // folder of RESULTS.md
	Cache   string        // folder for kernels
	Source  string        // folder of dun's source
	Rounds  int           // 0: what the part thinks right
	Measure time.Duration // 0: likewise
	Rate    int           // UDP packets a second; 0: likewise
	Accel   string        // of x86 guests
	Kinds   []string      // tunnels; none: those of the part
	Loads   []string      // loads; none: those of the part
	Save    bool          // write the results
}

// Env is what a part runs in.
type Env struct {
	Options
	Dir string    // for logs
	Out io.Writer // raw output: screen and file
}

// Runner runs parts.
type Runner struct {
	Options
	Out io.Writer
}

// Prepare fetches what the named parts, or all, need of the network.
func (r Runner) Prepare(ctx context.Context, names []string) error {
	parts, err := choose(names)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.Kernel == "" {
			continue
		}
		if _, err := fetchKernel(ctx, p.Kernel, r.Cache); err != nil {
			return fmt.Errorf("%s: kernel: %w", p.Name, err)
		}
	}
	return nil
}

// Run runs the named parts, or all. It needs an inside process (see
// netns.Enter), and what Prepare fetches. A part that fails does not keep the
// others from running.
func (r Runner) Run(ctx context.Context, names []string) error {
	parts, err := choose(names)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range parts {
		if err := r.one(ctx, p); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.Name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// choose gives the named parts, or all.
func choose(names []string) ([]Part, error) {
	if len(names) == 0 {
		return Parts(), nil
	}
	for _, n := range names {
		if !slices.ContainsFunc(Parts(), func(p Part) bool { return p.Name == n }) {
			return nil, fmt.Errorf("there is no part %q; the parts are %s", n, strings.Join(partNames(), " "))
		}
	}
	return slices.DeleteFunc(Parts(), func(p Part) bool { return !slices.Contains(names, p.Name) }), nil
}

func partNames() []string {
	var names []string
	for _, p := range Parts() {
		names = append(names, p.Name)
	}
	return names
}

func (r Runner) one(ctx context.Context, p Part) error {
	dir, err := os.MkdirTemp("", "dunlab-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	raw, err := r.rawFile(p.Name)
	if err != nil {
		return err
	}
	defer raw.Close()
	e := &Env{Options: r.Options, Dir: dir, Out: io.MultiWriter(r.Out, raw)}
	begin := time.Now()
	fmt.Fprintf(e.Out, "%s: %s\n%s, %s\n", p.Name, p.About, Machine(), Version(r.Dun))
	rep, err := p.Run(ctx, e)
	if err != nil {
		fmt.Fprintf(e.Out, "failed: %v\n", err)
		return err
	}
	rep.Part, rep.About, rep.Time, rep.Machine, rep.Version = p.Name, p.About, begin, Machine(), Version(r.Dun)
	for _, row := range rep.Rows {
		fmt.Fprintln(e.Out, row.Line())
	}
	fmt.Fprintf(e.Out, "%v\n\n", time.Since(begin).Round(time.Second))
	if !r.Save {
		return nil
	}
	return rep.Save(r.Results)
}

// rawFile takes what a part prints.
func (r Runner) rawFile(part string) (io.WriteCloser, error) {
	if !r.Save {
		return nopCloser{io.Discard}, nil
	}
	dir := filepath.Join(r.Results, "raw")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(dir, part+".txt"))
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// plan is a part's plan with what the person chose instead.
func (e *Env) plan(p Plan) Plan {
	if e.Rounds > 0 {
		p.Rounds = e.Rounds
	}
	if e.Measure > 0 {
		p.Measure = e.Measure
	}
	if e.Rate > 0 {
		p.Rate = e.Rate
	}
	if len(e.Kinds) > 0 {
		p.Kinds = e.Kinds
	}
	if len(e.Loads) > 0 {
		p.Loads = e.Loads
	}
	return p
}
