package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dun/cmd/dunlab/internal/load"
)

// Plan is what is measured in a pair: every kind under every load, in
// rounds, so that each kind is measured beside the others.
type Plan struct {
	Kinds   []string      `json:"kinds"`
	Loads   []string      `json:"loads"`
	Rounds  int           `json:"rounds"`
	Warm    time.Duration `json:"warm"`    // before each measurement
	Measure time.Duration `json:"measure"` // of each measurement
	Rate    int           `json:"rate"`    // UDP packets a second
	Size    int           `json:"size"`    // octets of data in them
}

// setUp is what a tunnel gets to come up, and to go.
const setUp = 60 * time.Second

// kinds are all that a Plan can name.
func kinds() []Kind {
	all := []Kind{Cable, Yardstick}
	for _, e := range encryptions {
		all = append(all, Dun(e), Kernel(e), PptpLinux(e))
	}
	return all
}

func kindOf(name string) (Kind, error) {
	for _, k := range kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("bench: there is no tunnel %q", name)
}

// Run measures and gives each sample to emit as it is made. mark tells the
// machine below a guest of a moment, and gives its number; nil on a machine
// that is no guest. What fails is a sample with an error, and the rest goes
// on.
func (p Plan) Run(ctx context.Context, pair *Pair, mark func() int, emit func(Sample)) error {
	for round := range p.Rounds {
		for _, name := range p.Kinds {
			k, err := kindOf(name)
			if err != nil {
				return err
			}
			fail := func(load string, err error) {
				emit(Sample{Tunnel: name, Load: load, Round: round + 1, Error: err.Error()})
			}
			s := &session{Plan: p, pair: pair, mark: mark}
			if err := s.open(ctx, k); err != nil {
				fail("", err)
				continue
			}
			for _, load := range p.Loads {
				sample, err := s.measure(ctx, load)
				if err != nil {
					fail(load, err)
					continue
				}
				sample.Tunnel, sample.Load, sample.Round = name, load, round+1
				emit(sample)
			}
			if status, ok := s.status(ctx); ok {
				emit(Sample{Tunnel: name, Load: "status", Round: round + 1, Status: status})
			}
			if err := s.close(ctx); err != nil {
				fail("", err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// session is one tunnel while it is measured.
type session struct {
	Plan
	pair   *Pair
	tunnel Tunnel
	mark   func() int
	soak   *load.Process
	idle   Guest // what the soaking loop does when nothing else runs
}

// open brings a tunnel up. In a guest it then learns how fast the soaking
// loop is when nothing else runs.
func (s *session) open(ctx context.Context, k Kind) (err error) {
	begin, cancel := context.WithTimeout(ctx, setUp)
	defer cancel()
	if s.tunnel, err = k.Start(begin, s.pair); err != nil {
		return err
	}
	if s.mark == nil {
		return nil
	}
	if s.soak, err = load.Start(begin, s.pair.A, "soak"); err != nil {
		return errors.Join(err, s.close(ctx))
	}
	if err := sleep(ctx, time.Second); err != nil {
		return errors.Join(err, s.close(ctx))
	}
	before, at := s.soak.Value(), time.Now()
	s.idle.Marks[0] = s.mark()
	err = sleep(ctx, 2*time.Second)
	s.idle.IdleTurns, s.idle.IdleTime = s.soak.Value()-before, time.Since(at).Seconds()
	s.idle.Marks[1] = s.mark()
	if err != nil {
		return errors.Join(err, s.close(ctx))
	}
	return nil
}

// close takes the tunnel down.
func (s *session) close(ctx context.Context) (err error) {
	if s.soak != nil {
		err = s.soak.Stop()
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), setUp)
	defer cancel()
	return errors.Join(err, s.tunnel.Stop(end))
}

// status is what the tunnel says of itself, where it says anything: for the
// raw output, no figure comes of it.
func (s *session) status(ctx context.Context) (string, bool) {
	t, ok := s.tunnel.(interface {
		Status(ctx context.Context) (string, error)
	})
	if !ok {
		return "", false
	}
	text, err := t.Status(ctx)
	if err != nil {
		text = err.Error()
	}
	return text, true
}
