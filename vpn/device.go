package vpn

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"dun/board/sock"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/vpn/pptp"
)

// clearTime is how long a peer may take to confirm the end of a call. Nothing
// depends on it but the id (RFC 2637 section 3.2.1 has a minute).
const clearTime = 3 * time.Second

// Config is what caller and answerer share.
type Config struct {
	Socket *Socket
	// HostName and Vendor are told to the peer; "" = "local" and "dun".
	HostName, Vendor string
	// Trace, if set, sees every control message, in a goroutine of the
	// control connection's.
	Trace func(ControlMessage)
	// ConnectTimeout bounds each step of a call: TCP, control connection,
	// call; 0 = 20 s.
	ConnectTimeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.HostName == "" {
		c.HostName = "local"
	}
	if c.Vendor == "" {
		c.Vendor = "dun"
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 20 * time.Second
	}
	return c
}

// hangUpTime bounds the orderly end of a call that never came up.
const hangUpTime = 4 * time.Second

// Device lays PPTP tunnels as caller: originator and PNS (dialup.Device).
type Device struct{ cfg Config }

var _ dialup.Device = (*Device)(nil)

// NewDevice makes a Device.
func NewDevice(cfg Config) *Device { return &Device{cfg.withDefaults()} }

// Dial lays a tunnel to target, an IPv4 address with or without a TCP port
// (dialup.Device).
func (d *Device) Dial(ctx context.Context, target string, report func(dialup.Step)) (dialup.Link, error) {
	if report == nil {
		report = func(dialup.Step) {}
	}
	addr, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	conn, err := d.connect(ctx, addr)
	if err != nil {
		return nil, err
	}
	report(dialup.Step{Name: "control", Text: addr.String()})
	t, err := d.newTunnel(conn, addr)
	if err != nil {
		conn.Close()
		return nil, err
	}
	up := make(chan error, 1)
	go t.control.run(func(now time.Time, ev pptp.Event) { d.handle(t, now, ev, report, up) })
	select {
	case err = <-up:
		if err == nil {
			return t, nil
		}
	case <-ctx.Done():
		err = cancelled(ctx)
	}
	hangUp, cancel := context.WithTimeout(context.Background(), hangUpTime)
	defer cancel()
	t.Close(hangUp, cause.Of(err)) // joins run
	return nil, err
}

func (d *Device) connect(ctx context.Context, addr netip.AddrPort) (stream, error) {
	limited, cancel := context.WithTimeout(ctx, d.cfg.ConnectTimeout)
	defer cancel()
	conn, err := sock.DialTCP(limited, addr, "")
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, cancelled(ctx)
	}
	return nil, cause.New(connectCause(err), "%v: %v", addr, innermost(err))
}

// newTunnel prepares a call: its GRE side is open before the peer can send.
func (d *Device) newTunnel(conn stream, addr netip.AddrPort) (*tunnel, error) {
	local := conn.LocalAddr().Addr()
	c, err := newControl(conn, pptp.Config{
		Originate: true,
		HostName:  d.cfg.HostName, Vendor: d.cfg.Vendor,
		Timers: pptp.Timers{Start: d.cfg.ConnectTimeout, Reply: d.cfg.ConnectTimeout, Clear: clearTime},
	}, d.cfg.Trace)
	if err != nil {
		return nil, err
	}
	call, err := d.cfg.Socket.newCall(local, addr.Addr())
	if err != nil {
		return nil, err
	}
	t := newTunnel(c, call, addr.Addr(), local)
	t.info.Remote = addr.String()
	t.last = true
	return t, nil
}

// handle acts on the events of a caller's control connection; up is told once
// whether there is a tunnel.
func (d *Device) handle(t *tunnel, now time.Time, ev pptp.Event, report func(dialup.Step), up chan<- error) {
	switch ev := ev.(type) {
	case pptp.Opened:
		report(dialup.Step{Name: "control", Text: "connected to " + strconv.Quote(ev.HostName) + " " + strconv.Quote(ev.Vendor)})
		err := t.control.engine.Dial(now, t.call.id, pptp.DialConfig{})
		if err != nil && err != pptp.ErrNotEstablished { // Closed follows and knows why
			t.fail(cause.Wrap(cause.Internal, err, "asking for a call"))
		}
	case pptp.CallUp:
		t.call.agree(greConfig(ev))
		report(dialup.Step{Name: "call", Text: "call " + strconv.Itoa(int(ev.CallID)) + ", peer's " + strconv.Itoa(int(ev.PeerCallID))})
		t.up = true
		up <- nil
	case pptp.EchoAnswered:
		t.rtt.Store(int64(ev.RTT))
	case pptp.CallEnded: // knows more of the call than the Closed behind it
		t.fail(cause.New(ev.Cause, "%s", ev.Detail))
	case pptp.Closed:
		t.fail(cause.New(ev.Cause, "%s", ev.Detail))
	}
	if err := t.Err(); err != nil && !t.up {
		t.up = true
		up <- err
	}
}

func parseTarget(target string) (netip.AddrPort, error) {
	addr, err := netip.ParseAddrPort(target)
	if err != nil {
		var host netip.Addr
		if host, err = netip.ParseAddr(target); err == nil {
			addr = netip.AddrPortFrom(host, pptp.Port)
		}
	}
	if err != nil || !addr.Addr().Unmap().Is4() {
		return netip.AddrPort{}, cause.New(cause.BadConfig, "%q is not an IPv4 address", target)
	}
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), nil
}

// cancelled is why ctx ended, as a cause.
func cancelled(ctx context.Context) error {
	err := context.Cause(ctx)
	var known *cause.Error
	switch {
	case errors.As(err, &known):
		return known
	case cause.Of(err) != cause.Internal: // a bare one
		return cause.New(cause.Of(err), "")
	case errors.Is(err, context.DeadlineExceeded):
		return cause.New(cause.ConnectTimeout, "no tunnel in time")
	}
	return cause.New(cause.Cancelled, "")
}

// connectCause tells why TCP did not connect.
func connectCause(err error) cause.Cause {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return cause.ConnectRefused
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return cause.HostUnreachable
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return cause.ConnectTimeout
	}
	return cause.HostUnreachable
}

// innermost is the system's own word on err.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
