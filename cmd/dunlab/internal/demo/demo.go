package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"dun/cmd/dunlab/internal/netns"
)

// Options of Run.
type Options struct {
	Dun   string // the binary to show, an absolute path
	Out   io.Writer
	Debug bool // dun prints every control packet
}

// Deadlines. None is near what the steps take; they end a demonstration that
// hangs.
const (
	startTime  = 10 * time.Second // for a program to say that it is ready
	dialTime   = 45 * time.Second
	carryTime  = 2 * time.Minute
	hangUpTime = 20 * time.Second
)

// size is what is downloaded, in octets.
const size = 1_000_000

// show is a demonstration under way.
type show struct {
	*narrator
	*world
	o Options

	before          map[*netns.Host]snapshot
	server, answers *netns.Process // of the office, of the ISP
	dial            *netns.Process // on the device
	dialVoice       *voice
	ispVoice        *voice
}

// Run shows the main job from the first ring to the last trace. It needs an
// inside process (see netns.Enter). Cancelling ctx hangs up in order and
// takes everything away.
func Run(ctx context.Context, o Options) error {
	for _, name := range []string{"DUN_CONFIG", "DUN_RUNTIME_DIR"} {
		os.Unsetenv(name) // each machine has its own /etc/dun and /run/dun
	}
	s := &show{narrator: newNarrator(o.Out), o: o}
	fmt.Fprint(o.Out, prologue())
	err := s.run(ctx)
	if ctx.Err() != nil {
		err = errors.New("interrupted; everything was hung up and taken away")
	}
	if err == nil {
		fmt.Fprintf(o.Out, "\nAll of it worked, in %.1f s.\n", s.took().Seconds())
	}
	return err
}

func prologue() string {
	return fmt.Sprintf(`Four machines on this one, each in a network namespace of its own, and a telephone line:

   device [modem] ~~~~~~ [modem] ISP -------- office ------- a host behind it
   dun dial                      %-12s dun serve    %v

The line is paced at %s bit/s, so that this takes seconds; a modem has 33,600 at best.
`, ispOutside.Addr(), behind.Addr(), octets(linePace))
}

func (s *show) run(ctx context.Context) (err error) {
	if s.world, err = newWorld(); err != nil {
		return fmt.Errorf("building the stage: %w", err)
	}
	defer s.world.close()
	defer s.leave()
	if err := s.check(s.o.Dun); err != nil {
		return err
	}
	acts := []func(context.Context) error{s.open, s.connect, s.carry, s.count, s.hangUp}
	for _, act := range acts {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// leave ends the programs in order, the device's first, at whatever point the
// demonstration is.
func (s *show) leave() {
	for _, p := range []*netns.Process{s.dial, s.answers, s.server} {
		if p != nil {
			p.Stop(5 * time.Second)
		}
	}
}

// whileDialed gives a context that ends with dun dial, at the latest after
// limit. release is to be called in any case.
func (s *show) whileDialed(ctx context.Context, limit time.Duration) (_ context.Context, release func()) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-s.dial.Done():
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { cancel(); watch.Wait() }
}

// during makes err say what failed. Where dun has ended that is the reason.
func (s *show) during(err error, what string) error {
	if err == nil {
		return nil
	}
	select {
	case <-s.dial.Done():
		return fmt.Errorf("%s: %w", what, s.ended())
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

// ended says how dun dial ended.
func (s *show) ended() error {
	if code := s.dial.ExitCode(); code >= 0 {
		return fmt.Errorf("dun dial ended with exit code %d: %s", code, s.dialVoice.verdict())
	}
	return fmt.Errorf("dun dial was killed: %v", s.dial.Err())
}

// start starts a program and waits until it has printed a line with want.
func (s *show) start(ctx context.Context, h *netns.Host, v *voice, want string, argv ...string) (*netns.Process, error) {
	seen := v.expect(want)
	p, err := h.Start(argv, nil, v, v)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	what := strings.Join(argv[:min(len(argv), 3)], " ")
	select {
	case <-seen:
		return p, nil
	case <-p.Done():
		err = fmt.Errorf("%s: %s ended at once: %s", h.Name(), what, v.verdict())
	case <-timer.C:
		err = fmt.Errorf("%s: %s was not ready within %v: %s", h.Name(), what, startTime, v.verdict())
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.Kill()
	<-p.Done()
	return nil, err
}

// dun is a command line of the binary that is shown.
func (s *show) dun(args ...string) []string {
	argv := []string{s.o.Dun}
	if s.o.Debug {
		argv = append(argv, "--debug")
	}
	return slices.Concat(argv, args)
}
