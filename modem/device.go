package modem

import (
	"context"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/modem/at"
)

// Device dials with a modem. It holds no port and no goroutine between calls.
type Device struct{ cfg Config }

var _ dialup.Device = (*Device)(nil)

// New makes a Device. What is wrong with cfg is told by Dial.
func New(cfg Config) *Device { return &Device{cfg} }

// Dial opens the port, dials the number target, and returns when the modem
// said CONNECT. It reports the steps "init", "dial" and "connect", and may
// report "cancel", "hangup". Errors are *cause.Error; whatever happens, the
// port is closed and unlocked unless a link is returned, which then does that.
func (d *Device) Dial(ctx context.Context, target string, report func(dialup.Step)) (dialup.Link, error) {
	cfg, err := d.cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := at.ValidNumber(target); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, cause.New(cancelCause(ctx), "")
	}
	p, err := openPort(&cfg)
	if err != nil {
		return nil, err
	}
	talk := dialogue{cfg: &cfg, port: p, report: report}
	end, err := talk.run(ctx, at.Dial{Number: target})
	if err != nil {
		p.close()
		return nil, err
	}
	l, err := connected(ctx, &cfg, p, end)
	if err != nil {
		return nil, err
	}
	l.info.Remote = target
	return l, nil
}

// connected makes a link of a port whose modem said CONNECT. If ctx ends
// before the line has settled it hangs up and closes the port.
func connected(ctx context.Context, cfg *Config, p *port, end at.Event) (*link, error) {
	c, ok := end.(at.Connected)
	if !ok { // no job that dials ends otherwise
		p.close()
		return nil, cause.New(cause.Internal, "the call ended without CONNECT")
	}
	l := &link{
		cfg:  cfg,
		port: p,
		info: dialup.LinkInfo{Async: true, Remote: c.Caller, Speed: c.Speed, Text: c.Text},
		done: make(chan struct{}),
	}
	err := pause(ctx, cfg.Settle)
	watch := false
	if err == nil && cfg.Carrier == CarrierAuto {
		watch, err = carrierRises(ctx, p)
	}
	if err != nil {
		hang, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpTimeout)
		defer cancel()
		l.Close(hang, cause.Cancelled)
		return nil, cause.New(cancelCause(ctx), "")
	}
	l.wire = newWire(cfg, p, watch, c.Rest)
	return l, nil
}

// hangUpTimeout bounds the hanging up of a call that nobody came to own.
const hangUpTimeout = 15 * time.Second

// carrierRises waits a moment for carrier detect, which some modems raise
// after CONNECT, and reports whether its fall will mean anything: it does not
// where the port has none, and where it is not wired.
func carrierRises(ctx context.Context, p *port) (bool, error) {
	for range 20 {
		switch p.carrier() {
		case stateUnknown:
			return false, nil
		case stateOn:
			return true, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return false, err
		}
	}
	return false, nil
}

// pause waits for d, or fails when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
