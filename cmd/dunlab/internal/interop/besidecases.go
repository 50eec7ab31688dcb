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

// besideCases have the same fault for "dun agent" and, beside it, for pppd with
// persist and holdoff 1: both are connected again without help, and how long
// they take to notice and to return is printed side by side.
var besideCases = []Case{
	{Name: "beside/server-killed", About: "pptpd is killed and comes back", Needs: besideNeeds, Run: besideServerKilled},
	{Name: "beside/gre-cut", About: "a firewall drops GRE for 90 s", Needs: append([]string{"/usr/sbin/tc"}, besideNeeds...), Limit: 5 * time.Minute, Run: besideGRECut},
	{Name: "beside/carrier", About: "the telephone line to the ISP drops", Needs: []string{"/usr/bin/socat"}, Run: besideCarrier},
	{Name: "beside/new-address", About: "the ISP below the tunnel drops the line and gives another address (dun alone)", Needs: chainNeeds, Run: besideNewAddress},
}

var besideNeeds = []string{"/usr/sbin/pptpd", "/usr/sbin/pptp"}

// watched is how both watch over a peer.
var watched = device.Table{"keepalive": "5s", "keepalive-failures": 3, "autodial": true}

var persist = []string{"persist", "holdoff", "1", "maxfail", "0", "lcp-echo-interval", "5", "lcp-echo-failure", "3"}

// redialer is one of the two.
type redialer struct {
	name string
	// falls waits until it has noticed a fault, returns until its network is
	// up once more, after which it is the peer that answers at host.
	falls, returns func(ctx context.Context, since time.Time) error
	place          traffic.Place
	host           netip.Addr
}

// dunBeside starts the agent and waits for its entry.
func (e *Env) dunBeside(ctx context.Context, d *bench, entry string, host netip.Addr) (*device.Running, *redialer, error) {
	run, err := e.agentUp(ctx, d, entry, host)
	if err != nil {
		return nil, nil, err
	}
	await := func(right func(device.Event) bool) func(context.Context, time.Time) error {
		return func(ctx context.Context, since time.Time) error {
			_, err := run.AwaitAfter(ctx, since, right)
			return err
		}
	}
	return run, &redialer{
		name: "dun", place: d, host: host,
		falls:   await(func(ev device.Event) bool { return ev.Entry == entry && ev.End != nil }),
		returns: await(isUp(entry)),
	}, nil
}

// pppdBeside starts a pppd in a guest and waits for ppp0.
func pppdBeside(ctx context.Context, g *guest.Guest, call []string, host netip.Addr) (*redialer, error) {
	if _, err := g.Start(ctx, "pppd", append(call, persist...)...); err != nil {
		return nil, err
	}
	r := &redialer{name: "pppd", place: g, host: host,
		falls: func(ctx context.Context, _ time.Time) error {
			for {
				if _, err := g.Run(ctx, "/bin/grep", "-q", "ppp0:", "/proc/net/dev"); err != nil {
					return ctx.Err() // no such line
				}
				time.Sleep(20 * time.Millisecond)
			}
		},
		returns: func(ctx context.Context, _ time.Time) error {
			_, err := g.AwaitAddress(ctx, "ppp0")
			return err
		},
	}
	if err := r.returns(ctx, time.Time{}); err != nil {
		return nil, err
	}
	return r, r.answers(ctx)
}

// answers waits for the peer's first answer.
func (r *redialer) answers(ctx context.Context) error {
	_, err := traffic.Until(ctx, r.place, r.host, 20*time.Millisecond)
	return err
}

// follow takes the time of each redialer from the fault at begin, and from the
// moment when it is over, which over gives, on.
func (e *Env) follow(ctx context.Context, begin time.Time, over func() (time.Time, error), all ...*redialer) error {
	ended := make(chan error)
	type times struct{ noticed, back time.Time }
	seen := make([]times, len(all))
	for i, r := range all {
		go func() {
			err := r.falls(ctx, begin)
			seen[i].noticed = time.Now()
			if err == nil {
				err = r.returns(ctx, seen[i].noticed)
			}
			if err == nil {
				err = r.answers(ctx)
			}
			seen[i].back = time.Now()
			if err != nil {
				err = fmt.Errorf("%s: %w", r.name, err)
			}
			ended <- err
		}()
	}
	end, err := over()
	for range all {
		err = errors.Join(err, <-ended)
	}
	for i, r := range all {
		e.note("%s noticed after %.2fs, back %.2fs after its end", r.name, seen[i].noticed.Sub(begin).Seconds(), seen[i].back.Sub(end).Seconds())
	}
	return err
}

// besideOffice has both call the office.
func (e *Env) besideOffice(ctx context.Context) (server *guest.Guest, d *bench, run *device.Running, both []*redialer, err error) {
	server, d, err = e.officeDevice(ctx, guest.MPPE128, with(officeTable(), watched), alicePassword)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	client, err := e.boot(ctx, guest.PptpClient(clientNIC(), users))
	if err != nil {
		return nil, nil, nil, nil, err
	}
	run, ours, err := e.dunBeside(ctx, d, officeEntry, officeBehind.Addr())
	if err != nil {
		return nil, nil, nil, nil, err
	}
	theirs, err := pppdBeside(ctx, client[0], guest.PptpCall(pptpdWAN.Addr(), alice, guest.MPPE128), officeLocal)
	return server, d, run, []*redialer{ours, theirs}, err
}

func besideServerKilled(ctx context.Context, e *Env) error {
	server, d, run, both, err := e.besideOffice(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := server.KillAll(ctx, unix.SIGKILL, "pptpd", "pptpctrl", "pppd"); err != nil {
		return err
	}
	err = e.follow(ctx, begin, func() (time.Time, error) {
		time.Sleep(10 * time.Second) // a server that is away for a while
		err := pptpdAgain(ctx, server)
		return time.Now(), err
	}, both...)
	return errors.Join(err, run.Interrupt(ctx), d.clean())
}

func besideGRECut(ctx context.Context, e *Env) error {
	server, d, run, both, err := e.besideOffice(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := server.DropGRE(ctx, "wan0"); err != nil {
		return err
	}
	err = e.follow(ctx, begin, func() (time.Time, error) {
		time.Sleep(time.Until(begin.Add(90 * time.Second)))
		err := server.PassGRE(ctx, "wan0")
		return time.Now(), err
	}, both...)
	return errors.Join(err, run.Interrupt(ctx), d.clean())
}

// besideCarrier: pppd has no modem here; what it sees is its line hanging up.
func besideCarrier(ctx context.Context, e *Env) error {
	d, err := e.ispDevice(ctx, isp(guest.AuthCHAP), with(ispTable(), watched), alicePassword)
	if err != nil {
		return err
	}
	client, err := e.boot(ctx, guest.ISPClient(clientNIC(), users))
	if err != nil {
		return err
	}
	run, ours, err := e.dunBeside(ctx, d, ispEntry, ispBehind.Addr())
	if err != nil {
		return err
	}
	now := func() (time.Time, error) { return time.Now(), nil }
	begin := time.Now()
	if n := e.exchange.Drop(ispNumber); n != 1 {
		return fmt.Errorf("%d calls were up, not one", n)
	}
	if err := e.follow(ctx, begin, now, ours); err != nil {
		return err
	}
	// The ISP has one address to give: one after the other.
	if err := errors.Join(run.Interrupt(ctx), d.clean()); err != nil {
		return err
	}
	theirs, err := pppdBeside(ctx, client[0], guest.ISPCall(ispWAN.Addr(), alice), ispLocal)
	if err != nil {
		return err
	}
	begin = time.Now()
	if err := client[0].KillAll(ctx, unix.SIGKILL, "socat"); err != nil {
		return err
	}
	return e.follow(ctx, begin, now, theirs)
}

// otherRemote is the address that the ISP gives afterwards.
var otherRemote = netip.MustParseAddr("10.60.0.11")

func besideNewAddress(ctx context.Context, e *Env) error {
	g, err := e.boot(ctx, isp(guest.AuthCHAP), pptpd(guest.MPPE128))
	if err != nil {
		return err
	}
	port, err := e.telephone()
	if err != nil {
		return err
	}
	d, err := e.device(far, deviceFar, withModem(config(map[string]device.Table{
		ispEntry:    ispTable(),
		officeEntry: with(with(officeTable(), watched), device.Table{"via": []string{ispEntry}}),
	}), port))
	if err != nil {
		return err
	}
	run, ours, err := e.dunBeside(ctx, d, officeEntry, officeBehind.Addr())
	if err != nil {
		return err
	}
	options := ispOptions(guest.AuthCHAP)
	options.Remote = otherRemote
	if err := g[0].Put(ctx, "/etc/ppp/isp-options", guest.ISP(options).Files["ppp/isp-options"], 0o600); err != nil {
		return err
	}
	begin := time.Now()
	if n := e.exchange.Drop(ispNumber); n != 1 {
		return fmt.Errorf("%d calls were up, not one", n)
	}
	if err := e.follow(ctx, begin, func() (time.Time, error) { return time.Now(), nil }, ours); err != nil {
		return err
	}
	s, err := d.Status(ctx)
	if err != nil {
		return err
	}
	if c, err := s.Find(ispEntry); err != nil || c.Local != otherRemote.String() {
		return fmt.Errorf("the ISP's address is %q, %v; want %v", c.Local, err, otherRemote)
	}
	return errors.Join(run.Interrupt(ctx), d.clean())
}
