package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"dun/cmd/internal/agent"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// A change on trial goes back by whoever is there: the agent, and where none
// runs a process of its own ('dun phonebook revert --wait'). Should both be
// killed, it is the next dun that starts.

const (
	// trialCheck bounds one wait: timers stand still while the machine sleeps.
	trialCheck = 5 * time.Second
	// endTime is how long a connection may take to end before it is dialed again.
	endTime = 20 * time.Second
)

// trialWatch waits for a trial to be over. poke tells it that there is one.
type trialWatch struct {
	options *options
	wake    chan struct{}
	tell    func(text string)
}

func newTrialWatch(o *options, tell func(text string)) *trialWatch {
	return &trialWatch{options: o, wake: make(chan struct{}, 1), tell: tell}
}

func (w *trialWatch) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run looks after trials until ctx ends.
func (w *trialWatch) run(ctx context.Context) {
	for {
		on, err := w.wait(ctx)
		if err != nil {
			w.tell("the change of the phonebook that is on trial cannot be taken back: " + err.Error())
		}
		if on && ctx.Err() == nil {
			continue
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return
		}
	}
}

// wait waits for the end of the trial that is on, and takes the change back.
func (w *trialWatch) wait(ctx context.Context) (on bool, err error) {
	t, err := phonebook.TrialOf(w.options.config)
	if t == nil || err != nil {
		return false, err
	}
	timer := time.NewTimer(min(t.Left(), trialCheck))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.wake:
	case <-ctx.Done():
		return true, nil
	}
	done, err := settleTrial(w.options, false)
	if done {
		w.tell("the phonebook is as it was before the change that nobody confirmed")
	}
	return err == nil, err
}

// settleTrial takes back the change on trial whose time is over, or now, and
// dials again what it had cut off.
func settleTrial(o *options, now bool) (done bool, err error) {
	t, changed, err := phonebook.Revert(o.config, now)
	if t == nil || err != nil {
		return false, err
	}
	return true, redial(o, t, changed)
}

// redial brings the entries back that were connected before the change, and
// that it touched. A connection that stayed up all the time stays.
func redial(o *options, t *phonebook.Trial, changed []string) error {
	client, err := agent.Connect(runtimeDir(o))
	if err != nil {
		return nil // nothing is connected
	}
	defer client.Close()
	timer := time.AfterFunc(endTime, client.Close)
	defer timer.Stop()
	if err := client.Reload(); err != nil {
		return err
	}
	if err := client.Subscribe(); err != nil {
		return err
	}
	status, err := client.Status()
	if err != nil {
		return err
	}
	for _, name := range t.Up {
		if !slices.Contains(changed, name) {
			continue
		}
		if c := connectionOf(status, name); c != nil {
			if c.Since != nil && c.Since.Before(t.Began()) {
				continue
			}
			if client.HangUp(name) == nil {
				waitEnd(client, name)
			}
		}
		if err := client.Dial(name, ""); err != nil && cause.Of(err) != cause.AlreadyUp {
			return err
		}
	}
	return nil
}

// waitEnd waits for the end of an entry's connection; one that rests has none.
func waitEnd(client *agent.Client, name string) {
	for {
		status, err := client.Status()
		c := connectionOf(status, name)
		if err != nil || c == nil || slices.Contains(resting, c.Phase) {
			return
		}
		if _, err := client.Next(); err != nil {
			return
		}
	}
}

// resting are the phases in which an entry has no connection.
var resting = []string{"stopped", "pause", "waiting"}

// lookAfterTrial sees that somebody looks after the trial that is on.
func lookAfterTrial(o *options) error {
	if t, err := phonebook.TrialOf(o.config); t == nil || err != nil {
		return err
	}
	if client, err := agent.Connect(runtimeDir(o)); err == nil {
		defer client.Close()
		if client.Trial() == nil {
			return nil
		}
	}
	args := []string{"--config", o.config}
	if o.runtime != "" {
		args = append(args, "--runtime", o.runtime)
	}
	guard := exec.Command("/proc/self/exe", append(args, "phonebook", "revert", "--wait")...)
	guard.Dir = "/"
	guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives us, and our terminal
	if err := guard.Start(); err != nil {
		return cause.Wrap(cause.Internal, err, "starting the process that takes the change back")
	}
	return guard.Process.Release()
}

// trialCommands are those of 'dun phonebook'.
func trialCommands() []*command {
	var wait bool
	return []*command{
		{name: "confirm", short: "keep the last change, which is on trial", run: func(c *call, _ []string) error {
			was, err := phonebook.Confirm(c.config)
			if err == nil && !was {
				err = errNoTrial
			}
			return err
		}},
		{
			name: "revert", short: "take the change back that is on trial",
			flags: func(flags *flagSet) {
				flags.BoolVar(&wait, "wait", false, "not now, but when its time is over; end when it is confirmed")
			},
			run: func(c *call, _ []string) error { return revert(c, wait) },
		},
	}
}

var errNoTrial = cause.New(cause.Usage, "no change of the phonebook is on trial")

func revert(c *call, wait bool) error {
	if !wait {
		done, err := settleTrial(c.options, true)
		if err == nil && !done {
			err = errNoTrial
		}
		return err
	}
	ctx, stop := untilSignal(c.ctx, func() {})
	defer stop()
	w := newTrialWatch(c.options, func(text string) { fmt.Fprintln(c.errOut, "dun:", text) })
	for {
		on, err := w.wait(ctx)
		if !on || err != nil || ctx.Err() != nil {
			return err
		}
	}
}
