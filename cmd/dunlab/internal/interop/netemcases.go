package interop

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
)

// netemCases lay the tunnel through a guest that loses, repeats or reorders
// what it forwards, in both directions: to "dun serve", where both ends are
// ours, and to pptpd, which has its own ways with a gap.
var netemCases = slices.Concat(
	netem("netem/", nil, throughDun),
	[]Case{
		netemCase("netem/loss-1-stateful", "delay 5ms loss 1%", nil,
			func(ctx context.Context, e *Env, netem string) error {
				return e.disturbedDun(ctx, netem, "128-stateful")
			}),
	},
	netem("netem-pptpd/", []string{"/usr/sbin/pptpd"}, throughPptpd))

// disturbance is a way in which a path is bad; the number is a percentage.
var disturbances = []struct{ name, netem string }{
	{"loss", "delay 5ms loss %d%%"},
	{"repetition", "delay 5ms duplicate %d%%"},
	// Netem sends the chosen packets at once and delays the others.
	{"reordering", "delay 10ms reorder %d%%"},
}

func netem(group string, needs []string, run func(context.Context, *Env, string) error) []Case {
	var cases []Case
	for _, d := range disturbances {
		for _, percent := range []int{1, 3, 10} {
			cases = append(cases, netemCase(fmt.Sprintf("%s%s-%d", group, d.name, percent), fmt.Sprintf(d.netem, percent), needs, run))
		}
	}
	return cases
}

func netemCase(name, setting string, needs []string, run func(context.Context, *Env, string) error) Case {
	return Case{
		Name: name, About: "1 MB each way through netem " + setting, Limit: 5 * time.Minute,
		Needs: append([]string{"/usr/sbin/tc"}, needs...),
		Run:   func(ctx context.Context, e *Env) error { return run(ctx, e, setting) },
	}
}

func throughDun(ctx context.Context, e *Env, netem string) error {
	return e.disturbedDun(ctx, netem, "128-stateless")
}

// officeWAN is the office where it is not pptpd's.
var officeWAN = netip.MustParsePrefix("10.64.0.3/24")

func (e *Env) disturbedDun(ctx context.Context, netem, mppe string) error {
	g, err := e.boot(ctx, forwarder())
	if err != nil {
		return err
	}
	back := guest.Route{To: farNet, Via: forwarderWAN.Addr()}
	office, server, err := e.serve(ctx, "office", officeWAN, mppe, back)
	if err != nil {
		return err
	}
	entry := with(officeTable(), device.Table{
		"host": officeWAN.Addr().String(), "mppe": []string{mppe}, "routes": []string{lanHost.Masked().String()}})
	if err := e.disturbed(ctx, g[0], netem, entry, lanHost.Addr()); err != nil {
		return err
	}
	return errors.Join(server.Interrupt(ctx), office.clean())
}

func throughPptpd(ctx context.Context, e *Env, netem string) error {
	g, err := e.boot(ctx, forwarder(), pptpd(guest.MPPE128))
	if err != nil {
		return err
	}
	return e.disturbed(ctx, g[0], netem, officeTable(), officeBehind.Addr())
}

// disturbed calls from behind the forwarder, which treats packets as netem
// says from before the call on: setting it up has to survive this too.
func (e *Env) disturbed(ctx context.Context, forwarder *guest.Guest, netem string, entry device.Table, host netip.Addr) error {
	d, err := e.device(far, deviceFar, config(map[string]device.Table{officeEntry: entry}),
		guest.Route{To: wanNet, Via: forwarderFar.Addr()})
	if err != nil {
		return err
	}
	if err := forwarder.Disturb(ctx, netem, "wan0", "far0"); err != nil {
		return err
	}
	r, err := e.dialAgain(ctx, d)
	if err != nil {
		return err
	}
	e.note("up in %.1fs", r.Up(officeEntry).Seconds())
	if err := e.bulk(ctx, d, host, modemSize); err != nil {
		return err
	}
	s, err := d.Status(ctx)
	if err != nil {
		return err
	}
	if c, err := s.Find(officeEntry); err == nil {
		e.note("GRE %d received, %d lost, %d reordered, %d late, %d repeated", c.Wire["gre-rx"], c.Wire["gre-rx-lost"],
			c.Wire["gre-rx-reordered"], c.Wire["gre-rx-late"], c.Wire["gre-rx-repeated"])
	}
	return errors.Join(d.HangUp(ctx, r, officeEntry), d.clean())
}

// dialAgain dials the office, and up to twice more where pppd took a repeated
// Configure-Request for the end of its encryption: it does so whenever its
// answer to the first was lost.
func (e *Env) dialAgain(ctx context.Context, d *bench) (*device.Running, error) {
	for try := 1; ; try++ {
		r, err := d.Dial(ctx, officeEntry)
		var f *device.Failure
		if try == 3 || !errors.As(err, &f) || f.Cause != "encryption-lost" {
			return r, err
		}
		e.note("pppd ended call %d over a repeated request", try)
	}
}
