package interop

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
	"dun/cmd/dunlab/internal/traffic"
)

// timingCases compare; they fail only when something does not work.
var timingCases = []Case{
	{Name: "timing/first-packet", About: `from "dun dial" to the first packet through, beside pppd pty "pptp ..."`,
		Needs: []string{"/usr/sbin/pptp", "/usr/sbin/pptpd"}, Limit: 150 * time.Second, Run: firstPacket},
}

// rounds is how often each client dials; the median counts.
const rounds = 5

// firstPacket measures both clients in guests of one kind against one
// server, in turns.
func firstPacket(ctx context.Context, e *Env) error {
	files, err := config(map[string]device.Table{officeEntry: officeTable()}).Files()
	if err != nil {
		return err
	}
	etc := map[string]string{}
	for name, text := range files {
		etc[filepath.Join("dun", name)] = text
	}
	deviceNIC := guest.NIC{Name: "wan0", Bridge: wan, Addr: deviceWAN}
	g, err := e.boot(ctx, pptpd(guest.MPPE128), guest.Device(deviceNIC, etc), guest.PptpClient(clientNIC(), users))
	if err != nil {
		return err
	}
	clients := []struct {
		name  string
		guest *guest.Guest
		argv  []string
		took  []time.Duration
	}{
		{name: "dun", guest: g[1], argv: []string{e.dun, "dial", officeEntry}},
		{name: "pppd with pptp-linux", guest: g[2], argv: guest.PptpCall(pptpdWAN.Addr(), alice, guest.MPPE128)},
	}
	for range rounds {
		for i := range clients {
			c := &clients[i]
			d, err := once(ctx, c.guest, c.argv)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.took = append(c.took, d)
		}
	}
	ours, theirs := median(clients[0].took), median(clients[1].took)
	e.note("dun %v, pppd with pptp-linux %v (medians of %d): %.2f of it", ours.Round(time.Millisecond), theirs.Round(time.Millisecond), rounds,
		ours.Seconds()/theirs.Seconds())
	return nil
}

// once dials, waits for the first echo of the server's inner address, and
// hangs up; the time is the guest's own.
func once(ctx context.Context, g *guest.Guest, argv []string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	type first struct {
		at  time.Time
		err error
	}
	pinged := make(chan first, 1)
	go func() {
		at, err := traffic.Until(ctx, g, officeLocal, 10*time.Millisecond)
		pinged <- first{at, err}
	}()
	begin, err := g.Start(ctx, "dial", argv...)
	if err != nil {
		cancel()
		<-pinged
		return 0, err
	}
	f := <-pinged
	end := errors.Join(f.err, g.Signal(ctx, "dial", unix.SIGTERM))
	if end == nil {
		_, _, end = g.Wait(ctx, "dial")
	}
	return f.at.Sub(begin), end
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
