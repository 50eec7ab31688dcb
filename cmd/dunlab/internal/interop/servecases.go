package interop

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
	"dun/cmd/dunlab/internal/netns"
	"dun/cmd/dunlab/internal/report"
	"dun/cmd/dunlab/internal/traffic"
)

// clientNeeds are the programs of a PPTP client.
var clientNeeds = []string{"/usr/sbin/pptp"}

// serveCases have pptp-linux and pppd call "dun serve", which has a LAN
// behind it that the callers' addresses lie in.
var serveCases = []Case{
	{Name: "serve/128-stateless", About: "pptp-linux calls dun serve, and reaches a host on the LAN behind", Needs: clientNeeds, Limit: 150 * time.Second,
		Run: func(ctx context.Context, e *Env) error {
			return serveGood(ctx, e, guest.MPPE128, "128-stateless", bulkSize)
		}},
	{Name: "serve/128-stateful", About: "the same with stateful MPPE", Needs: clientNeeds, Limit: 150 * time.Second,
		Run: func(ctx context.Context, e *Env) error {
			return serveGood(ctx, e, guest.MPPEStateful, "128-stateful", bulkSize)
		}},
	{Name: "serve/wrong-password", About: "a caller with a wrong password is turned away, the next is served", Needs: clientNeeds, Run: serveWrongPassword},
	{Name: "serve/several-loops", About: "dun serve with two packet loops and their socket filter, on a kernel of its own, called by pptp-linux and by dun", Needs: clientNeeds,
		Run: serveSeveralLoops},
	{Name: "serve/20-in-a-row", About: "20 callers one after another, nothing piles up", Needs: clientNeeds, Limit: 180 * time.Second, Run: serveMany},
}

// The LAN behind dun serve.
var (
	lanGate = netip.MustParsePrefix("192.168.88.1/24")
	lanHost = netip.MustParsePrefix("192.168.88.53/24")
	lanPool = "192.168.88.100-192.168.88.103" // fewer than callers: addresses must come back
)

// serving is a device that serves, its LAN, and a guest that can call it.
type serving struct {
	*bench
	server *device.Running
	client *guest.Guest
}

func (e *Env) serving(ctx context.Context, mppe string, secrets guest.Secrets) (*serving, error) {
	g, err := e.boot(ctx, guest.PptpClient(clientNIC(), secrets))
	if err != nil {
		return nil, err
	}
	d, r, err := e.serve(ctx, "device", deviceWAN, mppe)
	return &serving{bench: d, server: r, client: g[0]}, err
}

// serve makes a host with "dun serve" and a LAN behind it.
func (e *Env) serve(ctx context.Context, name string, addr netip.Prefix, mppe string, routes ...guest.Route) (*bench, *device.Running, error) {
	d, err := e.named(name, wan, addr, device.Config{
		Users: map[string]device.Table{alice: {"password": alicePassword}},
		Server: device.Table{
			"listen":     []string{"0.0.0.0"},
			"local":      lanGate.Addr().String(),
			"pool":       []string{lanPool},
			"auth":       []string{"ms-chap-v2"},
			"encryption": "require",
			"mppe":       []string{mppe},
			"dns":        []string{lanHost.Addr().String()},
			"forward":    true,
		},
	}, routes...)
	if err != nil {
		return nil, nil, err
	}
	if err := e.lan(d); err != nil {
		return nil, nil, err
	}
	if d.before, err = stateOf(d.Host); err != nil {
		return nil, nil, err
	}
	r, err := d.Serve(ctx)
	return d, r, err
}

// lan puts a LAN with one host behind the device. The host knows nothing of
// the callers: it takes them for neighbours.
func (e *Env) lan(d *bench) error {
	h, err := netns.New("lan-host", netns.Options{})
	if err != nil {
		return err
	}
	e.undo = append(e.undo, h.Close)
	if err := errors.Join(netns.Cable(d.Host, "lan0", h, "eth0"), d.Address("lan0", lanGate), h.Address("eth0", lanHost)); err != nil {
		return err
	}
	_, err = h.Start([]string{h.Self(), "traffic", "serve", netip.AddrPortFrom(lanHost.Addr(), guest.TrafficPort).String()}, nil, nil, nil)
	return err
}

// end stops the server as Ctrl-C does.
func (s *serving) end(ctx context.Context) error {
	return errors.Join(s.server.Interrupt(ctx), s.clean())
}

// reachLAN adds the client's route to the LAN.
func (s *serving) reachLAN(ctx context.Context) error {
	_, err := s.client.Run(ctx, ipProgram, "route", "replace", lanHost.Masked().String(), "dev", "ppp0")
	return err
}

func serveGood(ctx context.Context, e *Env, mppe guest.Encryption, mode string, size int64) error {
	s, err := e.serving(ctx, mode, users)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := e.peerUp(ctx, s.client, guest.PptpCall(deviceWAN.Addr(), alice, mppe)); err != nil {
		return err
	}
	e.note("up in %.1fs", time.Since(begin).Seconds())
	st, err := s.Status(ctx)
	if err != nil {
		return err
	}
	calls := st.Calls()
	if len(calls) != 1 || calls[0].User != alice || calls[0].Encryption != "mppe-"+mode {
		return fmt.Errorf("status shows the calls %+v", calls)
	}
	if err := s.reachLAN(ctx); err != nil {
		return err
	}
	if err := e.good(ctx, s.client, lanHost.Addr(), size); err != nil {
		return err
	}
	if err := peerDown(ctx, s.client); err != nil {
		return err
	}
	return s.end(ctx)
}

func serveWrongPassword(ctx context.Context, e *Env) error {
	s, err := e.serving(ctx, "128-stateless", guest.Secrets{alice: "wrong"})
	if err != nil {
		return err
	}
	call := guest.PptpCall(deviceWAN.Addr(), alice, guest.MPPE128)
	begin := time.Now()
	if _, err := s.client.Start(ctx, "pppd", call...); err != nil {
		return err
	}
	exit, output, err := s.client.Wait(ctx, "pppd")
	if err != nil {
		return err
	}
	if err := refusedPPPD(exit, output); err != nil {
		return err
	}
	e.note("turned away after %.1fs", time.Since(begin).Seconds())
	right := guest.PptpClient(clientNIC(), users).Files["ppp/chap-secrets"]
	if err := s.client.Put(ctx, "/etc/ppp/chap-secrets", right, 0o600); err != nil {
		return err
	}
	if err := e.peerUp(ctx, s.client, call); err != nil {
		return fmt.Errorf("with the right password: %w", err)
	}
	if err := peerDown(ctx, s.client); err != nil {
		return err
	}
	return s.end(ctx)
}

func serveMany(ctx context.Context, e *Env) error {
	s, err := e.serving(ctx, "128-stateless", users)
	if err != nil {
		return err
	}
	call := guest.PptpCall(deviceWAN.Addr(), alice, guest.MPPE128)
	const callers = 20
	var last traffic.PingResult
	for i := range callers {
		if err := e.peerUp(ctx, s.client, call); err != nil {
			return fmt.Errorf("caller %d: %w", i+1, err)
		}
		if err := s.reachLAN(ctx); err != nil {
			return err
		}
		last, err = traffic.PingFrom(ctx, s.client, lanHost.Addr(), traffic.PingOptions{Count: 10, Interval: 10 * time.Millisecond, Wait: 2 * time.Second, Size: 56})
		if err == nil && last.Lost() > 0 {
			err = fmt.Errorf("%d of %d pings were lost", last.Lost(), last.Sent)
		}
		if err != nil {
			return fmt.Errorf("caller %d: %w", i+1, err)
		}
		if err := peerDown(ctx, s.client); err != nil {
			return fmt.Errorf("caller %d: %w", i+1, err)
		}
	}
	e.note("%d callers, the last with %s", callers, report.Pings(last))
	return s.end(ctx)
}
