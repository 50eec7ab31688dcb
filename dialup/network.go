package dialup

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"dun/dialup/cause"
)

// networkUp has the host apply what was negotiated, for the first time or
// anew, and completes the report of it.
func (c *Connection) networkUp(ctx context.Context, report Report) Report {
	if ctx.Err() != nil || c.ending != nil {
		return report // on the way out
	}
	c.network.MTU = c.interfaceMTU()
	c.network.Queue = queue(c.link.Info(), c.network.MTU)
	if c.tun == nil || !c.network.equal(c.applied) {
		if err := c.apply(ctx); err != nil {
			c.report(report)
			return c.fail(err)
		}
	}
	n := c.applied
	report.Phase, report.Network = PhaseUp, &n
	return report
}

// apply makes the system's side, and lets packets through.
func (c *Connection) apply(ctx context.Context) error {
	n := c.network
	tun, err := c.cfg.Host.NetworkUp(ctx, n)
	if err != nil {
		return err
	}
	if !c.cfg.Loop.Do(func(time.Time) { err = c.path.SetTUN(tun, n.MTU) }) {
		return cause.New(loopEnded.Cause, "%s", loopEnded.Detail)
	}
	if err != nil {
		return cause.Wrap(cause.NetworkSetup, err, "")
	}
	if c.tun == nil {
		c.begin()
	}
	c.tun = tun
	c.network.Interface = tun.Name()
	c.applied = c.network
	return nil
}

// interfaceMTU is the largest packet that fits into the peer's MRU (RFC 1661
// section 6.1) and into the link below, encryption's four octets (RFC 3078
// section 3) taken off: for a tunnel min(MRU, MTU below - 20 IPv4 - 16 GRE - 4
// PPP) - 4.
func (c *Connection) interfaceMTU() int {
	mtu := c.mru
	if below := c.link.Info().MTU; below > 0 {
		mtu = min(mtu, below)
	}
	if c.network.Encrypted {
		mtu -= 4
	}
	if c.cfg.MTU > 0 {
		mtu = min(mtu, c.cfg.MTU)
	}
	return mtu
}

// queue is how many packets may wait for a serial line: what it sends in half
// a second. The system's 500 would take minutes at 33,600 bit/s, and whatever
// else wants to go out would wait behind them. pppd has 3.
func queue(line LinkInfo, mtu int) int {
	if !line.Async {
		return 0
	}
	speed := line.Speed
	if speed == 0 {
		speed = 33600
	}
	return min(max(3, speed/10/2/mtu), 500) // ten bits an octet
}

// fail ends the session in order because the system's side failed.
func (c *Connection) fail(err error) Report {
	why := cause.Of(err)
	c.failure = &cause.Error{Cause: why, Err: err}
	if errors.As(err, &c.failure) {
		why = c.failure.Cause
	}
	c.bound()
	c.post(func(now time.Time) { c.path.Close(now, why) })
	return Report{Err: err}
}

// linkLocal is fe80::/64 with the interface identifier id (RFC 5072 section 5).
func linkLocal(id [8]byte) netip.Addr {
	b := [16]byte{0: 0xfe, 1: 0x80}
	copy(b[8:], id[:])
	return netip.AddrFrom16(b)
}
