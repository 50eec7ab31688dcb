package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/netns"
)

// hangUp ends the connection as Ctrl-C does, and looks for what it left.
func (s *show) hangUp(ctx context.Context) error {
	s.act("Hang up: Ctrl-C (SIGINT) for dun dial")
	ctx, cancel := context.WithTimeout(ctx, hangUpTime)
	defer cancel()
	noticed := s.ispVoice.expect(callEnded)
	s.dial.Signal(unix.SIGINT)
	select {
	case <-s.dial.Done():
	case <-ctx.Done():
		return fmt.Errorf("dun dial did not end within %v: %s", hangUpTime, s.dialVoice.verdict())
	}
	if code := s.dial.ExitCode(); code != exitHungUp {
		return fmt.Errorf("not with exit code %d: %w", exitHungUp, s.ended())
	}
	// dun has said that it is done: nothing may be left from now on.
	now, err := snapshotOf(s.device)
	if err != nil {
		return err
	}
	if found := left(s.before[s.device], now); found != nil {
		return fmt.Errorf("the device is not as before: %s", strings.Join(found, "; "))
	}
	if err := s.onHook(ctx); err != nil {
		return err
	}
	select {
	case <-noticed:
	case <-ctx.Done():
		return errors.New("the ISP did not notice that the call has ended")
	}
	for _, h := range []*netns.Host{s.isp, s.office} {
		if err := s.waitLeft(ctx, h); err != nil {
			return err
		}
	}
	s.act("What is left: nothing")
	s.say("Device: interfaces %s; %s; resolv.conf as before; no lock on the modem's port.",
		strings.Join(now.interfaces, " "), counted(len(now.routes), "route"))
	s.say("ISP and office: no caller's interface, no caller's route.")
	s.say("Both modems are on hook, and no call is up in the exchange.")
	return nil
}

// exitHungUp is dun's (and pppd's) exit code for a connection that was ended
// by a signal.
const exitHungUp = 5

// waitLeft waits until h, whose program goes on, is as it was before the call.
func (s *show) waitLeft(ctx context.Context, h *netns.Host) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := snapshotOf(h)
		if err != nil {
			return err
		}
		// The ISP's modem goes on listening, so its port stays locked.
		now.locks = s.before[h].locks
		found := left(s.before[h], now)
		if found == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s is not as before: %s", h.Name(), strings.Join(found, "; "))
		}
	}
}

func (s *show) machinesToLeave() []*netns.Host { return []*netns.Host{s.device, s.isp, s.office} }

func counted(n int, what string) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
