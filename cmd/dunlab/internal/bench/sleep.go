package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/device"
)

// The sleep of a whole machine with a tunnel of dun's agent up.
const (
	sleepRounds = 3
	sleepFor    = 5 * time.Second
	sleepLimit  = 4 * time.Minute // of the guest
)

// What is timed, each from the wake-up on.
const (
	sleepSeen   = "sleep-seen"
	tunnelEnded = "tunnel-ended"
	tunnelBack  = "tunnel-back"
)

// sleeping has a guest suspend to memory and wakes it by its clock. Meanwhile
// the server has forgotten the tunnel, and nobody can say so.
func sleeping(ctx context.Context, e *Env) (Report, error) {
	k, err := openKernel(kernelRoot(e.Cache, kernelPackage))
	if err != nil {
		return Report{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return Report{}, err
	}
	initrd, err := image{kernel: k, dunlab: self, dun: e.Dun, modules: demoModules, job: job{Sleep: true}}.write()
	if initrd != "" {
		defer os.Remove(initrd)
	}
	if err != nil {
		return Report{}, err
	}
	guest := guestX86(e.Accel)
	guest.extra = append(guest.extra, "-global", "PIIX4_PM.disable_s3=0")
	ctx, cancel := context.WithTimeout(ctx, sleepLimit)
	defer cancel()
	all, err := guest.boot(ctx, k.image, initrd, insideEnv+"=1", e.Out)
	if err != nil {
		return Report{}, err
	}
	row := func(what, measure string) Row {
		var v []float64
		for _, s := range all {
			if s.Load == what {
				v = append(v, s.Seconds)
			}
		}
		return NewFigure(measure, "s", Aim{}, v...)
	}
	return Report{
		Settings: fmt.Sprintf("%s, suspended to memory for %v by /sys/power/state; the server was killed and started anew before, without a word to the caller; keepalive %s.", guest.program, sleepFor, usualKeepalive),
		Rows: []Row{
			row(sleepSeen, "after a wake-up, until the agent knows that the machine slept"),
			row(tunnelEnded, "until the tunnel is known to be dead"),
			row(tunnelBack, "until it is up again"),
		},
	}, nil
}

// sleepInside is the guest's part.
func sleepInside(ctx context.Context) error {
	p, err := NewPair(guestDun, "/tmp/pair")
	if err != nil {
		return err
	}
	defer p.Close()
	b, err := p.device("b", device.Config{Users: map[string]device.Table{user: {"password": password}}, Server: device.Table{
		"listen": []string{outerB.String()}, "local": innerB.String(), "pool": []string{innerA.String()},
	}})
	if err != nil {
		return err
	}
	a, err := p.device("a", device.Config{Secrets: map[string]string{entry: password}, Entries: map[string]device.Table{entry: {
		"device": "vpn", "host": outerB.String(), "user": user, "autodial": true, "default-route": false, "keepalive": usualKeepalive,
	}}})
	if err != nil {
		return err
	}
	server, err := b.Serve(ctx)
	if err != nil {
		return err
	}
	agent, err := a.Agent()
	if err != nil {
		return err
	}
	up := func(ev device.Event) bool { return ev.Entry == entry && ev.Phase == "up" }
	if _, err := agent.Await(ctx, up); err != nil {
		return err
	}
	for round := range sleepRounds {
		if err := p.mute(netlink.RouteAdd); err != nil {
			return err
		}
		server.Signal(unix.SIGKILL)
		server.Wait(ctx)
		if server, err = b.Serve(ctx); err != nil {
			return err
		}
		if err := suspend(); err != nil {
			return err
		}
		woke := time.Now().Round(0) // by the time of day, as the events are
		if err := p.mute(netlink.RouteDel); err != nil {
			return err
		}
		for _, step := range []struct {
			what  string
			right func(device.Event) bool
		}{
			{sleepSeen, func(ev device.Event) bool { return ev.Entry == "machine" && strings.HasPrefix(ev.Text, "slept") }},
			{tunnelEnded, func(ev device.Event) bool { return ev.Entry == entry && ev.End != nil }},
			{tunnelBack, up},
		} {
			ev, err := agent.AwaitAfter(ctx, woke.Add(-time.Second), step.right)
			if err != nil {
				return err
			}
			emitLine(Sample{Tunnel: "dun", Load: step.what, Round: round + 1, Seconds: max(ev.Time.Sub(woke).Seconds(), 0)})
		}
	}
	return errors.Join(agent.Interrupt(ctx), server.Interrupt(ctx))
}

// mute keeps B from saying anything to A, or ends that.
func (p *Pair) mute(change func(*netlink.Route) error) error {
	return p.B.Do(func() error {
		return change(&netlink.Route{Dst: &net.IPNet{IP: outerA.AsSlice(), Mask: net.CIDRMask(32, 32)}, Type: unix.RTN_BLACKHOLE})
	})
}

// suspend puts the machine to sleep until its clock wakes it.
func suspend() error {
	alarm := "/sys/class/rtc/rtc0/wakealarm"
	for _, w := range []struct{ file, text string }{
		{alarm, "0"}, {alarm, fmt.Sprintf("+%d", int(sleepFor.Seconds()))}, {"/sys/power/state", "mem"},
	} {
		if err := os.WriteFile(w.file, []byte(w.text), 0); err != nil {
			return fmt.Errorf("suspend to memory: %w", err)
		}
	}
	return nil
}
