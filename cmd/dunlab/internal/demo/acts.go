package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"dun/cmd/dunlab/internal/netns"
	"dun/cmd/dunlab/internal/traffic"
	"dun/cmd/internal/agent"
)

// open starts the two servers.
func (s *show) open(ctx context.Context) (err error) {
	s.act("The office and the ISP wait for callers.")
	if s.server, err = s.start(ctx, s.office, s.programme("office", s.tells), "listening on", s.dun("serve")...); err != nil {
		return err
	}
	argv := []string{s.isp.Self(), "demo", "isp", s.ispLine.Path(), "wan0"}
	s.ispVoice = s.programme("ISP", nil)
	if s.answers, err = s.start(ctx, s.isp, s.ispVoice, ready, argv...); err != nil {
		return err
	}
	s.before = map[*netns.Host]snapshot{}
	for _, h := range s.machinesToLeave() {
		if s.before[h], err = snapshotOf(h); err != nil {
			return err
		}
	}
	return nil
}

// tells picks what the office says of a caller that the device does not say
// too.
func (s *show) tells(line string) bool {
	return s.o.Debug || slices.ContainsFunc([]string{"listening on", "authenticated", "turned away"}, func(part string) bool {
		return strings.Contains(line, part)
	})
}

// connect dials the office, which dials the ISP first.
func (s *show) connect(ctx context.Context) (err error) {
	s.act("The device dials: dun dial office")
	s.dialVoice = s.programme("device", nil)
	if s.dial, err = s.device.Start(s.dun("dial", "office"), nil, s.dialVoice, s.dialVoice); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.dial.Done():
			return s.ended()
		case <-ctx.Done():
			return fmt.Errorf("the tunnel is not up after %v: %s", dialTime, s.dialVoice.verdict())
		case <-tick.C:
		}
		now, err := status(ctx, s.device, s.o.Dun)
		if err != nil {
			continue // its control socket is not there yet
		}
		if c, ok := connection(now, "office"); ok && c.Phase == "up" {
			return s.isUp()
		}
	}
}

// isUp tells what the connections gave the device.
func (s *show) isUp() error {
	now, err := snapshotOf(s.device)
	if err != nil {
		return err
	}
	if len(left(s.before[s.device], now)) == 0 {
		return errors.New("the connection is up, and the device has neither interface nor route of it")
	}
	s.say("The device now has: interfaces %s; %s; name servers %s.", strings.Join(now.interfaces, " "),
		counted(len(now.routes), "route"), strings.Join(now.nameServers(), " "))
	return nil
}

// carry sends traffic through the tunnel.
func (s *show) carry(ctx context.Context) error {
	s.act("Through the tunnel, to the host behind the office")
	ctx, release := s.whileDialed(ctx, carryTime)
	defer release()
	// Apart from the others: Linux answers an ARP request for a caller
	// (proxy ARP) after a random time of up to 0.8 s, neigh/*/proxy_delay.
	first, err := ping(ctx, s.device, behind.Addr(), 1)
	if err != nil {
		return s.during(err, "the first ping")
	}
	r, err := ping(ctx, s.device, behind.Addr(), 5)
	if err != nil {
		return s.during(err, "pinging")
	}
	s.say("ping %v: first reply after %.0f ms (the office's LAN had to find the device by ARP), then %d of %d in %.1f to %.1f ms",
		behind.Addr(), ms(first.Max), r.Received, r.Sent, ms(r.Min), ms(r.Max))
	return s.during(s.download(ctx), "the download")
}

func (s *show) download(ctx context.Context) error {
	c, err := dial(ctx, s.device, behindServer())
	if err != nil {
		return err
	}
	q := traffic.Request{Way: traffic.Download, Size: size, Seed: uint64(time.Now().UnixNano())}
	r, err := traffic.TransferOver(ctx, &metered{Conn: c, every: size / 4, told: func(n int64, after time.Duration) {
		s.say("download: %9s of %s octets, %4.1f s", octets(n), octets(size), after.Seconds())
	}, start: time.Now()}, q)
	if err != nil {
		return err
	}
	s.say("SHA-256 is what was sent: %s", r.Sum)
	return nil
}

// metered tells how much was read.
type metered struct {
	net.Conn
	every int64
	told  func(n int64, after time.Duration)
	start time.Time
	n     int64
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	before := m.n / m.every
	m.n += int64(n)
	if m.n/m.every > before {
		m.told(m.n, time.Since(m.start))
	}
	return n, err
}

// count shows dun's own counters and holds them to what must be.
func (s *show) count(ctx context.Context) error {
	s.act("What dun counted: dun status --json")
	now, err := status(ctx, s.device, s.o.Dun)
	if err != nil {
		return s.during(err, "dun status")
	}
	var table strings.Builder
	printTable(&table, now.Connections)
	s.say("%s", table.String())
	return judge(now)
}

// judge holds a status to what the demonstration claims.
func judge(now agent.Status) error {
	office, ok := connection(now, "office")
	if !ok || office.Counters == nil {
		return errors.New("dun status does not know the tunnel")
	}
	isp, ok := connection(now, "isp")
	switch {
	case office.Encryption != "mppe-128-stateless":
		return fmt.Errorf("the tunnel's encryption is %q, not MPPE with 128 bit", office.Encryption)
	case office.Counters.BytesIn < size:
		return fmt.Errorf("the tunnel counted %d octets, less than were carried", office.Counters.BytesIn)
	case !ok || isp.Counters == nil || isp.Counters.BytesIn < office.Counters.BytesIn:
		return errors.New("the download did not go over the telephone line")
	case office.Via != "isp":
		return fmt.Errorf("the tunnel runs over %q", office.Via)
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
