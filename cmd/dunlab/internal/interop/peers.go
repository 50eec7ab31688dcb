package interop

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/guest"
	"dun/cmd/dunlab/internal/netns"
	"dun/cmd/dunlab/internal/report"
	"dun/cmd/dunlab/internal/traffic"
)

// peerCases have the peers talk to each other: they prove the laboratory
// without dun.
var peerCases = []Case{
	{Name: "peers/pptp-linux-pptpd", About: "pptp-linux and pppd call pptpd, without dun", Needs: []string{"/usr/sbin/pptp", "/usr/sbin/pptpd"},
		Run: func(ctx context.Context, e *Env) error {
			g, err := e.boot(ctx, pptpd(guest.MPPE128), guest.PptpClient(clientNIC(), users))
			if err != nil {
				return err
			}
			call := guest.PptpCall(pptpdWAN.Addr(), alice, guest.MPPE128)
			return e.peerCall(ctx, g[1], call, officeLocal, officeBehind.Addr(), bulkSize)
		}},
	{Name: "peers/pppd-pppd", About: "pppd calls the ISP's pppd over TCP, without dun and without a modem", Needs: []string{"/usr/bin/socat"},
		Run: func(ctx context.Context, e *Env) error {
			g, err := e.boot(ctx, isp(guest.AuthCHAP), guest.ISPClient(clientNIC(), users))
			if err != nil {
				return err
			}
			return e.peerCall(ctx, g[1], guest.ISPCall(ispWAN.Addr(), alice), ispLocal, ispBehind.Addr(), modemSize)
		}},
	{Name: "peers/wrong-password", About: "pptp-linux with a wrong password is refused by pptpd", Needs: []string{"/usr/sbin/pptp", "/usr/sbin/pptpd"},
		Run: func(ctx context.Context, e *Env) error {
			g, err := e.boot(ctx, pptpd(guest.MPPE128), guest.PptpClient(clientNIC(), guest.Secrets{alice: "wrong"}))
			if err != nil {
				return err
			}
			if _, err := g[1].Start(ctx, "pppd", guest.PptpCall(pptpdWAN.Addr(), alice, guest.MPPE128)...); err != nil {
				return err
			}
			exit, output, err := g[1].Wait(ctx, "pppd")
			if err != nil {
				return err
			}
			return refusedPPPD(exit, output)
		}},
	{Name: "peers/ipv6", About: "pppd and pppd agree on IPv6, without dun", Needs: []string{"/usr/bin/socat"}, Run: peersIPv6},
	{Name: "peers/forwarder", About: "pptp-linux through a forwarder that loses 3%, then drops GRE, without dun",
		Needs: []string{"/usr/sbin/pptp", "/usr/sbin/pptpd", "/usr/sbin/tc"}, Run: peersForwarder},
}

func peersIPv6(ctx context.Context, e *Env) error {
	client := guest.ISPClient(clientNIC(), users)
	client.Modules = append([]string{"ipv6"}, client.Modules...)
	g, err := e.boot(ctx, ispWithIPv6(), client)
	if err != nil {
		return err
	}
	if err := e.peerUp(ctx, g[1], guest.ISPCall(ispWAN.Addr(), alice, "ipv6 ::7,")); err != nil {
		return err
	}
	// IPV6CP may take longer than IPCP, and a packet before is lost.
	if _, err := traffic.Until(ctx, g[1], guest.ISPLinkLocal.WithZone("ppp0"), 50*time.Millisecond); err != nil {
		return err
	}
	if err := e.pings(ctx, g[1], guest.ISPLinkLocal.WithZone("ppp0")); err != nil {
		return err
	}
	return peerDown(ctx, g[1])
}

func peersForwarder(ctx context.Context, e *Env) error {
	nic := guest.NIC{Name: "far0", Bridge: far, Addr: deviceFar}
	g, err := e.boot(ctx, pptpd(guest.MPPE128), forwarder(),
		guest.PptpClient(nic, users, guest.Route{To: wanNet, Via: forwarderFar.Addr()}))
	if err != nil {
		return err
	}
	server, forward, client := g[0], g[1], g[2]
	if err := forward.Disturb(ctx, "delay 5ms loss 3%", "wan0", "far0"); err != nil {
		return err
	}
	if err := e.plain(ctx, forward, client); err != nil {
		return fmt.Errorf("without a tunnel: %w", err)
	}
	if err := e.peerUp(ctx, client, guest.PptpCall(pptpdWAN.Addr(), alice, guest.MPPE128)); err != nil {
		return err
	}
	p, err := traffic.PingFrom(ctx, client, officeLocal, traffic.PingOptions{Count: pingCount, Interval: 10 * time.Millisecond, Wait: time.Second, Size: 56})
	if err != nil {
		return err
	}
	e.note("%s", report.Pings(p))
	if p.Lost() == 0 || p.Min < 10*time.Millisecond {
		return errors.New("the forwarder neither loses nor delays")
	}
	if _, err := client.Run(ctx, ipProgram, "route", "add", officeBehind.Masked().String(), "dev", "ppp0"); err != nil {
		return err
	}
	if err := e.bulk(ctx, client, officeBehind.Addr(), modemSize/5); err != nil {
		return err
	}
	if err := server.DropGRE(ctx, "wan0"); err != nil {
		return err
	}
	p, err = traffic.PingFrom(ctx, client, officeLocal, traffic.PingOptions{Count: 20, Interval: 10 * time.Millisecond, Wait: time.Second, Size: 56})
	if err == nil && p.Received > 0 {
		err = errors.New("pings pass while GRE is dropped")
	}
	return err
}

// plain carries traffic between the client and the office's host without a
// tunnel, for comparison.
func (e *Env) plain(ctx context.Context, forward, client *guest.Guest) error {
	to := officeBehind.Masked().String()
	if _, err := forward.Run(ctx, ipProgram, "route", "add", to, "via", pptpdWAN.Addr().String()); err != nil {
		return err
	}
	if _, err := client.Run(ctx, ipProgram, "route", "add", to, "via", forwarderFar.Addr().String()); err != nil {
		return err
	}
	if err := e.bulk(ctx, client, officeBehind.Addr(), modemSize); err != nil {
		return err
	}
	_, err := client.Run(ctx, ipProgram, "route", "del", to)
	return err
}

// ipProgram sets routes in guests.
const ipProgram = "/usr/sbin/ip"

// pppd's exit codes (pppd(8), EXIT STATUS).
const (
	pppdHangUp     = 16
	pppdAuthFailed = 19
)

// refusedPPPD reports whether a pppd in a guest ended because the peer refused
// its password. The hang-up that follows may take the place of the exit code,
// not that of the words.
func refusedPPPD(exit int, output string) error {
	if (exit == pppdAuthFailed || exit == pppdHangUp) && strings.Contains(output, "CHAP authentication failed") {
		return nil
	}
	return fmt.Errorf("pppd ended with %d, not refused with %d: %s", exit, pppdAuthFailed, netns.LastLines(output, 3))
}

// peerCall runs a pppd in a guest, waits for ppp0, judges the traffic to
// host by way of gateway and hangs up.
func (e *Env) peerCall(ctx context.Context, g *guest.Guest, call []string, gateway, host netip.Addr, size int64) error {
	begin := time.Now()
	if err := e.peerUp(ctx, g, call); err != nil {
		return err
	}
	e.note("up in %.1fs", time.Since(begin).Seconds())
	if _, err := g.Run(ctx, ipProgram, "route", "add", netip.PrefixFrom(host, 32).String(), "via", gateway.String()); err != nil {
		return err
	}
	if err := e.good(ctx, g, host, size); err != nil {
		return err
	}
	return peerDown(ctx, g)
}

// peerUp starts a pppd under the name "pppd" and waits until its interface
// has an address.
func (e *Env) peerUp(ctx context.Context, g *guest.Guest, call []string) error {
	if _, err := g.Start(ctx, "pppd", call...); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	up := make(chan error, 1)
	go func() {
		_, err := g.AwaitAddress(ctx, "ppp0")
		up <- err
	}()
	ended := make(chan error, 1)
	go func() {
		exit, output, err := g.Wait(ctx, "pppd")
		if err == nil {
			err = fmt.Errorf("pppd ended with %d: %s", exit, netns.LastLines(output, 4))
		}
		ended <- err
	}()
	select {
	case err := <-up:
		cancel()
		<-ended
		return err
	case err := <-ended:
		cancel()
		return errors.Join(err, ignore(<-up))
	}
}

// ignore drops an error that only repeats another.
func ignore(error) error { return nil }

// peerDown hangs up as a person does and waits for the end.
func peerDown(ctx context.Context, g *guest.Guest) error {
	if err := g.Signal(ctx, "pppd", unix.SIGTERM); err != nil {
		return err
	}
	_, _, err := g.Wait(ctx, "pppd")
	return err
}
