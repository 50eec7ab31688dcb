package interop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
)

// chainCases are the main job: the ISP over the modem, and the office's
// tunnel over that.
var chainCases = []Case{
	{Name: "chain/isp-office", About: "the whole chain: pptpd through pppd's ISP over the modem",
		Needs: chainNeeds, Limit: 150 * time.Second, Run: chain},
	{Name: "chain/line-lost", About: "the telephone line drops below the tunnel",
		Needs: chainNeeds, Run: chainLineLost},
}

// chainNeeds are the programs of an ISP and of an office.
var chainNeeds = []string{"/usr/bin/socat", "/usr/sbin/pptpd"}

// chainDevice has no way to the office but over the ISP: its Ethernet is not
// the office's.
func (e *Env) chainDevice(ctx context.Context) (*bench, error) {
	if _, err := e.boot(ctx, isp(guest.AuthCHAP), pptpd(guest.MPPE128)); err != nil {
		return nil, err
	}
	port, err := e.telephone()
	if err != nil {
		return nil, err
	}
	return e.device(far, deviceFar, withModem(config(map[string]device.Table{
		ispEntry:    ispTable(),
		officeEntry: with(officeTable(), device.Table{"via": []string{ispEntry}}),
	}), port))
}

func chain(ctx context.Context, e *Env) error {
	d, err := e.chainDevice(ctx)
	if err != nil {
		return err
	}
	r, err := d.Dial(ctx, officeEntry)
	if err != nil {
		return err
	}
	e.note("up in %.2fs", r.Up(officeEntry).Seconds())
	s, err := d.Status(ctx)
	if err != nil {
		return err
	}
	below, err := s.Find(ispEntry)
	if err != nil {
		return err
	}
	tunnel, err := s.Find(officeEntry)
	if err != nil {
		return err
	}
	if tunnel.Via != ispEntry || below.Phase != "up" {
		return fmt.Errorf("status does not show the tunnel over the ISP: %+v over %+v", tunnel, below)
	}
	if err := (want{encryption: "mppe-128-stateless", dns: officeDNS}).check(tunnel); err != nil {
		return err
	}
	if err := e.good(ctx, d, officeBehind.Addr(), modemSize); err != nil {
		return err
	}
	if err := e.pings(ctx, d, ispBehind.Addr()); err != nil {
		return fmt.Errorf("beside the tunnel: %w", err)
	}
	return errors.Join(d.HangUp(ctx, r, officeEntry), d.clean())
}

func chainLineLost(ctx context.Context, e *Env) error {
	d, err := e.chainDevice(ctx)
	if err != nil {
		return err
	}
	r, err := e.upWithPings(ctx, d)
	if err != nil {
		return err
	}
	if n := e.exchange.Drop(ispNumber); n != 1 {
		return fmt.Errorf("%d calls were up, not one", n)
	}
	return e.lost(ctx, d, r, 30*time.Second, "lower-link-down", "carrier-lost", "control-lost")
}
