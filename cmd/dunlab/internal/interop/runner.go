package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"dun/cmd/dunlab/internal/report"
)

// Case is one thing that is tried.
type Case struct {
	Name  string        // group/name
	About string        // one line for --list
	Needs []string      // programs beside those that every case needs
	Limit time.Duration // 0 = 90 s
	Run   func(ctx context.Context, e *Env) error
}

const defaultLimit = 90 * time.Second

func (c Case) limit() time.Duration {
	if c.Limit == 0 {
		return defaultLimit
	}
	return c.Limit
}

// needed are the programs that every case needs.
var needed = []string{"linux.uml", "/usr/sbin/pppd"}

// Runner runs cases one after another.
type Runner struct {
	Cases []Case
	Dun   string // the binary under test
	Dir   string // takes the logs, one folder a case
	Keep  bool   // keep the logs of good cases too
	Out   io.Writer
}

// Select gives the cases that match one of the patterns (path.Match); without
// a pattern all. A pattern without "/" names a whole group. A pattern that
// matches nothing is an error.
func (r Runner) Select(patterns []string) ([]Case, error) {
	if len(patterns) == 0 {
		return r.Cases, nil
	}
	chosen := make([]bool, len(r.Cases))
	for _, p := range patterns {
		full := p
		if !strings.Contains(p, "/") {
			full = p + "/*"
		}
		found := false
		for i, c := range r.Cases {
			ok, err := path.Match(full, c.Name)
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", p, err)
			}
			chosen[i] = chosen[i] || ok
			found = found || ok
		}
		if !found {
			return nil, fmt.Errorf("no case matches %q; --list shows them", p)
		}
	}
	var cases []Case
	for i, c := range r.Cases {
		if chosen[i] {
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// Run runs the cases that match and reports whether all were good.
func (r Runner) Run(ctx context.Context, patterns []string) (bool, error) {
	cases, err := r.Select(patterns)
	if err != nil {
		return false, err
	}
	var sum report.Summary
	for _, c := range cases {
		o := r.one(ctx, c)
		fmt.Fprintln(r.Out, o.Line())
		sum.Add(o)
		if ctx.Err() != nil {
			break
		}
	}
	sum.Print(r.Out)
	return sum.OK(), ctx.Err()
}

func (r Runner) one(ctx context.Context, c Case) report.Outcome {
	begin := time.Now()
	o := report.Outcome{Name: c.Name}
	dir := filepath.Join(r.Dir, filepath.FromSlash(c.Name))
	o.Err = r.try(ctx, c, dir, &o)
	o.Took = time.Since(begin)
	if o.Err == nil && !r.Keep {
		os.RemoveAll(dir)
	} else {
		o.Logs = dir
	}
	return o
}

func (r Runner) try(ctx context.Context, c Case, dir string, o *report.Outcome) (err error) {
	for _, program := range append(needed, c.Needs...) {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("a peer is missing: %w", err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit())
	defer cancel()
	e, err := newEnv(dir, r.Dun)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the case itself failed: %v\n%s", p, debug.Stack())
		}
		o.Note = strings.Join(e.notes, ", ")
		err = errors.Join(err, e.close())
	}()
	err = c.Run(ctx, e)
	if ctx.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("not done within %v: %w", c.limit(), err)
	}
	return err
}
