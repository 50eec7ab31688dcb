package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
	"dun/cmd/dunlab/internal/netns"
	"dun/modem/modemtest"
)

// bench is a device under test: a host with dun, and what the host was like
// before dun ran.
type bench struct {
	*device.Device
	before state
	forced fallback
}

// Status is what "dun status" says, which has to be true of the fast path too.
func (b *bench) Status(ctx context.Context) (device.Status, error) {
	s, err := b.Device.Status(ctx)
	if err == nil {
		err = b.forced.check(s)
	}
	return s, err
}

// device makes the device under test, on a bridge of the hub.
func (e *Env) device(bridge string, addr netip.Prefix, c device.Config, routes ...guest.Route) (*bench, error) {
	return e.named("device", bridge, addr, c, routes...)
}

// named makes a host with dun under a name of its own.
func (e *Env) named(name, bridge string, addr netip.Prefix, c device.Config, routes ...guest.Route) (*bench, error) {
	if _, err := os.Stat(e.dun); err != nil {
		return nil, fmt.Errorf("there is no dun to try: %w", err)
	}
	h, err := netns.New(name, netns.Options{Private: true, Files: map[string]string{"resolv.conf": "nameserver 192.0.2.53\n"}})
	if err != nil {
		return nil, err
	}
	e.undo = append(e.undo, h.Close)
	err = errors.Join(netns.Cable(e.hub, name, h, "eth0"), e.hub.Join(name, bridge), h.Address("eth0", addr))
	for _, r := range routes {
		err = errors.Join(err, h.Route(r.To, r.Via))
	}
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(e.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	b := &bench{Device: device.New(h, e.dun, dir), forced: e.forced}
	c.FastPath = e.forced.settings
	if err := b.Configure(c); err != nil {
		return nil, err
	}
	b.before, err = stateOf(h)
	return b, err
}

// state is what a connection changes of a host.
type state struct {
	interfaces, routes []string
	resolver           string
}

func stateOf(h *netns.Host) (s state, err error) {
	if s.interfaces, err = h.Interfaces(); err != nil {
		return s, err
	}
	if s.routes, err = h.Routes(); err != nil {
		return s, err
	}
	slices.Sort(s.interfaces)
	slices.Sort(s.routes)
	err = h.Do(func() error {
		b, err := os.ReadFile("/etc/resolv.conf")
		s.resolver = string(b)
		return err
	})
	return s, err
}

// clean fails when anything is not as it was before dun ran.
func (b *bench) clean() error {
	now, err := stateOf(b.Host)
	if err != nil {
		return err
	}
	return errors.Join(
		differ("interfaces", b.before.interfaces, now.interfaces),
		differ("routes", b.before.routes, now.routes),
		differ("resolv.conf", strings.Split(b.before.resolver, "\n"), strings.Split(now.resolver, "\n")))
}

func differ(what string, before, now []string) error {
	if slices.Equal(before, now) {
		return nil
	}
	return fmt.Errorf("%s are not as before: %q, and were %q", what, now, before)
}

// fails dials an entry that has to fail for one of the causes, with that RAS
// error number and exit code, and leave nothing behind.
func (b *bench) fails(ctx context.Context, entry string, ras, exit int, causes ...string) (*device.Failure, error) {
	r, err := b.Dial(ctx, entry)
	if err == nil {
		r.Interrupt(ctx)
		return nil, fmt.Errorf("%s came up, and had to fail with %v", entry, causes)
	}
	f, ok := device.IsFailure(err)
	if !ok {
		return nil, err
	}
	if !slices.Contains(causes, f.Cause) || f.RAS != ras || f.Exit != exit {
		return f, fmt.Errorf("it failed with the wrong cause: %w; wanted %v, RAS %d, exit code %d", f, causes, ras, exit)
	}
	return f, b.clean()
}

// The telephone line of the device.
const (
	ispNumber = "5550100"
	lineSpeed = 5_000_000 // bit/s: no modem has it, but 1 MB takes seconds
)

// telephone connects a modem of the device with the ISP's access server and
// gives the modem's port.
func (e *Env) telephone() (port string, err error) {
	x := modemtest.NewExchange()
	e.exchange = x
	e.undo = append(e.undo, func() error { x.Close(); return nil })
	x.Set(ispNumber, modemtest.Number{Party: e.access, Line: modemtest.Line{Speed: lineSpeed}})
	m, err := modemtest.New(x, modemtest.Config{})
	if err != nil {
		return "", err
	}
	e.undo = append(e.undo, func() error { m.Close(); return nil })
	return m.Path(), nil
}

// access is the ISP's access server as the exchange sees it: a TCP port that
// the hub reaches.
func (e *Env) access(ctx context.Context, _ *modemtest.Call) (io.ReadWriteCloser, error) {
	var c net.Conn
	err := e.hub.Do(func() (err error) {
		var d net.Dialer
		c, err = d.DialContext(ctx, "tcp", netip.AddrPortFrom(ispWAN.Addr(), guest.ISPPort).String())
		return err
	})
	if err != nil {
		return nil, modemtest.ErrNoCarrier
	}
	return c, nil
}
