package interop

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
	"dun/cmd/dunlab/internal/traffic"
)

// agentCases have "dun agent" on the device: whatever happens, it is
// connected again without help.
var agentCases = []Case{
	{Name: "agent/server-killed", About: "pptpd is killed and comes back: redialed, and a TCP session lives on",
		Needs: []string{"/usr/sbin/pptpd"}, Run: agentServerKilled},
}

// kept makes an entry one that the agent keeps up, and that notices a silent
// peer within seconds.
func kept(t device.Table) device.Table {
	return with(with(t, quickWatch), device.Table{"autodial": true})
}

// isUp is the event that an entry is up.
func isUp(entry string) func(device.Event) bool {
	return func(ev device.Event) bool { return ev.Entry == entry && ev.Phase == "up" }
}

// agentUp starts the agent and proves that packets pass through an entry.
func (e *Env) agentUp(ctx context.Context, d *bench, entry string, host netip.Addr) (*device.Running, error) {
	r, err := d.Agent()
	if err != nil {
		return nil, err
	}
	if _, err := r.Await(ctx, isUp(entry)); err != nil {
		return nil, err
	}
	return r, e.pings(ctx, d, host)
}

// pptpdAgain starts the server of a guest anew.
func pptpdAgain(ctx context.Context, g *guest.Guest) error {
	_, err := g.Start(ctx, "pptpd-again", "/usr/sbin/pptpd", "-f", "-c", "/etc/pptpd.conf")
	return err
}

func agentServerKilled(ctx context.Context, e *Env) error {
	g, d, err := e.officeDevice(ctx, guest.MPPE128, kept(officeTable()), alicePassword)
	if err != nil {
		return err
	}
	r, err := e.agentUp(ctx, d, officeEntry, officeBehind.Addr())
	if err != nil {
		return err
	}
	session := make(chan error, 1)
	go func() {
		addr := fmt.Sprintf("%v:%d", officeBehind.Addr(), guest.TrafficPort)
		result, err := traffic.TransferFrom(ctx, d, addr, traffic.Request{Way: traffic.Upload, Size: 4 * bulkSize, Seed: 1})
		if err == nil {
			e.note("a TCP session lived on, silent for %.1fs", result.Longest.Seconds())
		}
		session <- err
	}()
	time.Sleep(300 * time.Millisecond) // the session is on its way
	killed := time.Now()
	if err := g.KillAll(ctx, unix.SIGKILL, "pptpd", "pptpctrl", "pppd"); err != nil {
		return err
	}
	noticed, err := r.AwaitAfter(ctx, killed, func(ev device.Event) bool { return ev.Entry == officeEntry && ev.End != nil })
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // a server that is away for a while
	if err := pptpdAgain(ctx, g); err != nil {
		return err
	}
	again := time.Now()
	back, err := r.AwaitAfter(ctx, again, isUp(officeEntry))
	if err != nil {
		return err
	}
	e.note("%s noticed after %.2fs, back %.2fs after the server", noticed.End.Cause, noticed.Time.Sub(killed).Seconds(), back.Time.Sub(again).Seconds())
	if err := <-session; err != nil {
		return fmt.Errorf("the TCP session: %w", err)
	}
	return errors.Join(r.Interrupt(ctx), d.clean())
}
