package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
	"dun/cmd/dunlab/internal/netns"
)

// serveSeveralLoops runs "dun serve" in a guest, whose kernel has the socket
// filter to itself, and lets two callers have a loop each.
func serveSeveralLoops(ctx context.Context, e *Env) error {
	files, err := device.Config{
		FastPath: device.Table{"loops": 2},
		Users:    map[string]device.Table{alice: {"password": alicePassword}},
		Server: device.Table{
			"listen": []string{"0.0.0.0"}, "local": lanGate.Addr().String(), "pool": []string{lanPool},
			"auth": []string{"ms-chap-v2"}, "encryption": "require", "mppe": []string{"128-stateless"},
		},
	}.Files()
	if err != nil {
		return err
	}
	etc := map[string]string{}
	for name, text := range files {
		etc[filepath.Join("dun", name)] = text
	}
	g, err := e.boot(ctx, guest.Server(guest.NIC{Name: "wan0", Bridge: wan, Addr: officeWAN}, e.dun, etc, officeBehind),
		guest.PptpClient(clientNIC(), users))
	if err != nil {
		return err
	}
	server, client := g[0], g[1]

	if err := e.peerUp(ctx, client, guest.PptpCall(officeWAN.Addr(), alice, guest.MPPE128)); err != nil {
		return err
	}
	if _, err := client.Run(ctx, ipProgram, "route", "add", officeBehind.Masked().String(), "dev", "ppp0"); err != nil {
		return err
	}
	d, err := e.device(wan, deviceWAN, config(map[string]device.Table{
		officeEntry: with(officeTable(), device.Table{"host": officeWAN.Addr().String()})}))
	if err != nil {
		return err
	}
	r, err := d.Dial(ctx, officeEntry)
	if err != nil {
		return err
	}

	// Both at once, so that each loop has packets of the other one about it.
	theirs := make(chan error, 1)
	quiet := &Env{} // notes of its own
	go func() { theirs <- quiet.good(ctx, client, officeBehind.Addr(), modemSize) }()
	err = e.good(ctx, d, officeBehind.Addr(), modemSize)
	if err := <-theirs; err != nil {
		return fmt.Errorf("pptp-linux: %w", err)
	}
	if err != nil {
		return fmt.Errorf("dun: %w", err)
	}
	if err := e.filtered(ctx, server); err != nil {
		return err
	}
	if err := d.HangUp(ctx, r, officeEntry); err != nil {
		return err
	}
	return peerDown(ctx, client)
}

// filtered proves that a server's two loops have a call each, and that none
// has seen a packet of the other's.
func (e *Env) filtered(ctx context.Context, g *guest.Guest) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := g.Run(ctx, e.dun, "--json", "status")
	if err != nil {
		return err
	}
	var s device.Status
	if err := json.Unmarshal(out, &s); err != nil {
		return fmt.Errorf("dun status: %w: %s", err, netns.LastLines(string(out), 3))
	}
	if len(s.Loops) != 2 || len(s.Calls()) != 2 {
		return fmt.Errorf("status shows %d loops and %d calls: %s", len(s.Loops), len(s.Calls()), out)
	}
	for _, l := range s.Loops {
		if !l.Filtered || l.Links != 1 {
			return fmt.Errorf("status shows the loop %+v", l)
		}
	}
	for _, c := range s.Calls() {
		if n := c.Wire["gre-rx-unknown-call"]; n != 0 {
			return fmt.Errorf("the loop of %s saw %d packets of the other one", c.Remote, n)
		}
		e.note("call of %s: %d packets in", c.Remote, c.Counters.PacketsIn)
	}
	return nil
}
