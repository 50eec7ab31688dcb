package interop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
)

// pptpdNeeds are the programs of a PPTP server.
var pptpdNeeds = []string{"/usr/sbin/pptpd"}

// pptpdCases call pptpd with the kernel's MPPE over Ethernet.
var pptpdCases = []Case{
	pptpdCase("128-stateless", "MPPE of 128 bit, stateless", guest.MPPE128, "128-stateless"),
	pptpdCase("128-stateful", "MPPE of 128 bit, stateful", guest.MPPEStateful, "128-stateful"),
	pptpdCase("40", "MPPE of 40 bit", guest.MPPE40, "40-stateless"),
	{Name: "pptpd/no-mppe", About: "a server without MPPE, and we require it: 741", Needs: pptpdNeeds, Run: noMPPE},
	{Name: "pptpd/wrong-password", About: "a wrong password: 691, at once", Needs: pptpdNeeds,
		Run: func(ctx context.Context, e *Env) error {
			_, d, err := e.officeDevice(ctx, guest.MPPE128, officeTable(), "wrong")
			if err != nil {
				return err
			}
			return e.refused(ctx, d, officeEntry)
		}},
	{Name: "pptpd/domain-user", About: `the user CORP\bob`, Needs: pptpdNeeds, Limit: 150 * time.Second,
		Run: func(ctx context.Context, e *Env) error {
			_, d, err := e.officeDevice(ctx, guest.MPPE128, with(officeTable(), device.Table{"user": bob}), bobPassword)
			if err != nil {
				return err
			}
			return e.session(ctx, d, officeEntry, want{auth: "ms-chap-v2", encryption: "mppe-128-stateless"}, officeBehind.Addr(), bulkSize)
		}},
	{Name: "pptpd/server-killed", About: "the server's processes die in mid-session", Needs: pptpdNeeds, Run: serverKilled},
	{Name: "pptpd/server-gone", About: "the server's machine goes in mid-session", Needs: pptpdNeeds, Run: serverGone},
	{Name: "pptpd/gre-dropped", About: "a firewall drops GRE and lets TCP port 1723 pass: 721", Needs: pptpdNeeds, Run: greDropped},
	{Name: "pptpd/gre-dropped-later", About: "GRE is dropped in mid-session", Needs: pptpdNeeds, Run: greDroppedLater},
}

func pptpdCase(name, about string, e guest.Encryption, mppe string) Case {
	return Case{Name: "pptpd/" + name, About: about, Needs: pptpdNeeds, Limit: 150 * time.Second,
		Run: func(ctx context.Context, env *Env) error {
			_, d, err := env.officeDevice(ctx, e, with(officeTable(), device.Table{"mppe": []string{mppe}}), alicePassword)
			if err != nil {
				return err
			}
			w := want{auth: "ms-chap-v2", encryption: "mppe-" + mppe, dns: officeDNS}
			return env.session(ctx, d, officeEntry, w, officeBehind.Addr(), bulkSize)
		}}
}

// officeDevice boots the office's server and makes a device that can call it.
func (e *Env) officeDevice(ctx context.Context, mppe guest.Encryption, entry device.Table, password string) (*guest.Guest, *bench, error) {
	g, err := e.boot(ctx, pptpd(mppe))
	if err != nil {
		return nil, nil, err
	}
	c := config(map[string]device.Table{officeEntry: entry})
	c.Secrets[officeEntry] = password
	d, err := e.device(wan, deviceWAN, c)
	return g[0], d, err
}

func noMPPE(ctx context.Context, e *Env) error {
	_, d, err := e.officeDevice(ctx, guest.NoMPPE, officeTable(), alicePassword)
	if err != nil {
		return err
	}
	begin := time.Now()
	f, err := d.fails(ctx, officeEntry, 741, 10, "encryption-refused")
	if err == nil {
		e.note("RAS %d after %.2fs", f.RAS, time.Since(begin).Seconds())
	}
	return err
}

// quickWatch makes the keepalive notice a silent peer within seconds.
var quickWatch = device.Table{"keepalive": "2s", "keepalive-failures": 3}

// lost waits until a session that was up ends for one of the causes, and
// checks that nothing is left.
func (e *Env) lost(ctx context.Context, d *bench, r *device.Running, within time.Duration, causes ...string) error {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	f, err := r.Wait(ctx)
	if err != nil {
		return err
	}
	if f == nil || !slices.Contains(causes, f.Cause) {
		return fmt.Errorf("the session ended with %v; wanted %v", f, causes)
	}
	e.note("%s after %.1fs", f.Cause, time.Since(begin).Seconds())
	return d.clean()
}

func serverKilled(ctx context.Context, e *Env) error {
	g, d, err := e.officeDevice(ctx, guest.MPPE128, with(officeTable(), quickWatch), alicePassword)
	if err != nil {
		return err
	}
	r, err := e.upWithPings(ctx, d)
	if err != nil {
		return err
	}
	if err := g.KillAll(ctx, unix.SIGKILL, "pptpd", "pptpctrl", "pppd"); err != nil {
		return err
	}
	return e.lost(ctx, d, r, 15*time.Second, "control-lost", "call-cleared", "peer-hangup")
}

func serverGone(ctx context.Context, e *Env) error {
	g, d, err := e.officeDevice(ctx, guest.MPPE128, with(officeTable(), quickWatch), alicePassword)
	if err != nil {
		return err
	}
	r, err := e.upWithPings(ctx, d)
	if err != nil {
		return err
	}
	if err := g.Close(); err != nil {
		return err
	}
	return e.lost(ctx, d, r, 30*time.Second, "echo-timeout", "control-timeout", "control-lost")
}

// upWithPings dials the office and proves that packets pass.
func (e *Env) upWithPings(ctx context.Context, d *bench) (*device.Running, error) {
	r, err := d.Dial(ctx, officeEntry)
	if err != nil {
		return nil, err
	}
	return r, e.pings(ctx, d, officeBehind.Addr())
}

func greDropped(ctx context.Context, e *Env) error {
	g, d, err := e.officeDevice(ctx, guest.MPPE128, officeTable(), alicePassword)
	if err != nil {
		return err
	}
	if err := g.DropGRE(ctx, "wan0"); err != nil {
		return err
	}
	begin := time.Now()
	f, err := d.fails(ctx, officeEntry, 721, 10, "no-gre")
	if err != nil {
		return err
	}
	e.note("RAS %d after %.1fs", f.RAS, time.Since(begin).Seconds())
	// And it was the GRE that was missing.
	if err := g.PassGRE(ctx, "wan0"); err != nil {
		return err
	}
	r, err := d.Dial(ctx, officeEntry)
	if err != nil {
		return fmt.Errorf("with GRE let through again: %w", err)
	}
	return errors.Join(d.HangUp(ctx, r, officeEntry), d.clean())
}

func greDroppedLater(ctx context.Context, e *Env) error {
	g, d, err := e.officeDevice(ctx, guest.MPPE128, with(officeTable(), quickWatch), alicePassword)
	if err != nil {
		return err
	}
	r, err := e.upWithPings(ctx, d)
	if err != nil {
		return err
	}
	if err := g.DropGRE(ctx, "wan0"); err != nil {
		return err
	}
	return e.lost(ctx, d, r, 30*time.Second, "echo-timeout")
}
