package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"dun/cmd/dunlab/internal/load"
	"dun/cmd/dunlab/internal/netns"
	"dun/cmd/dunlab/internal/traffic"
)

// Loads.
const (
	TCPUp    = "tcp-up"    // from A, who called, to B
	TCPDown  = "tcp-down"  // from B to A
	UDPSmall = "udp-small" // from A to B, at a fixed rate
	PingIdle = "ping-idle" // from A to B
	PingBulk = "ping-bulk" // the same beside tcp-up
)

// loadPort is where sinks listen.
const loadPort = 5999

// measure puts one load on the tunnel.
func (s *session) measure(ctx context.Context, name string) (Sample, error) {
	a, b := s.tunnel.Addresses()
	// The first packet of a tunnel may wait for a neighbour or a route.
	first, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := traffic.Until(first, s.pair.A, b, 100*time.Millisecond); err != nil {
		return Sample{}, err
	}
	switch name {
	case TCPUp:
		return s.stream(ctx, s.pair.A, s.pair.B, b)
	case TCPDown:
		return s.stream(ctx, s.pair.B, s.pair.A, a)
	case UDPSmall:
		return s.small(ctx, b)
	case PingIdle:
		return s.ping(ctx, b)
	case PingBulk:
		return s.pingBeside(ctx, b)
	}
	return Sample{}, fmt.Errorf("bench: there is no load %q", name)
}

// running are the processes of one measurement; the last stops first.
type running []*load.Process

func (r *running) start(ctx context.Context, h *netns.Host, kind string, args ...string) (*load.Process, error) {
	p, err := load.Start(ctx, h, kind, args...)
	if err == nil {
		*r = append(*r, p)
	}
	return p, err
}

func (r *running) stop() {
	for i := len(*r) - 1; i >= 0; i-- {
		(*r)[i].Stop()
	}
}

// stream is TCP as fast as it goes.
func (s *session) stream(ctx context.Context, from, to *netns.Host, addr netip.Addr) (Sample, error) {
	var r running
	defer r.stop()
	at := netip.AddrPortFrom(addr, loadPort).String()
	sink, err := r.start(ctx, to, "sink", at)
	if err != nil {
		return Sample{}, err
	}
	flood, err := r.start(ctx, from, "flood", at)
	if err != nil {
		return Sample{}, err
	}
	m, err := s.between(ctx, nil, func(m *Sample) { m.Octets = sink.Value() })
	if err == nil && m.Octets == 0 {
		err = errors.New("bench: nothing arrived")
	}
	return m, errors.Join(err, flood.Alive(), sink.Alive())
}

// small is UDP from A to B at a fixed rate.
func (s *session) small(ctx context.Context, addr netip.Addr) (Sample, error) {
	var r running
	defer r.stop()
	at := netip.AddrPortFrom(addr, loadPort).String()
	sink, err := r.start(ctx, s.pair.B, "paced-sink", at)
	if err != nil {
		return Sample{}, err
	}
	pace, err := r.start(ctx, s.pair.A, "pace", at, strconv.Itoa(s.Rate), strconv.Itoa(s.Size))
	if err != nil {
		return Sample{}, err
	}
	m, err := s.between(ctx, nil, func(m *Sample) { m.Packets, m.Sent = sink.Value(), pace.Value() })
	if err == nil && m.Packets == 0 {
		err = errors.New("bench: nothing arrived")
	}
	return m, errors.Join(err, pace.Alive(), sink.Alive())
}

// between reads the counters twice, with the time of measuring between, and
// gives the differences. When meanwhile is there it is run between instead.
func (s *session) between(ctx context.Context, meanwhile func() error, read func(*Sample)) (Sample, error) {
	if err := sleep(ctx, s.Warm); err != nil {
		return Sample{}, err
	}
	first, err := s.snapshot(read)
	if err != nil {
		return Sample{}, err
	}
	if meanwhile != nil {
		err = meanwhile()
	} else {
		err = sleep(ctx, s.Measure)
	}
	if err != nil {
		return Sample{}, err
	}
	last, err := s.snapshot(read)
	if err != nil {
		return Sample{}, err
	}
	m := Sample{
		Seconds: last.when.Sub(first.when).Seconds(),
		Octets:  last.Octets - first.Octets, Packets: last.Packets - first.Packets, Sent: last.Sent - first.Sent,
		Ends: last.Ends - first.Ends, System: last.System - first.System, Switches: last.Switches - first.Switches,
	}
	if s.mark != nil {
		g := s.idle
		g.Turns = last.turns - first.turns
		g.Marks[2], g.Marks[3] = first.mark, last.mark
		m.Guest, m.System = &g, 0
	}
	return m, nil
}

// moment is a Sample of everything since the beginning.
type moment struct {
	Sample
	when  time.Time
	turns uint64
	mark  int
}

func (s *session) snapshot(read func(*Sample)) (m moment, err error) {
	for _, pid := range s.tunnel.PIDs() {
		d, err := processTime(pid)
		if err != nil {
			return m, err
		}
		m.Ends += d.Seconds()
	}
	system, err := readSystem()
	if err != nil {
		return m, err
	}
	m.System, m.Switches = system.busy.Seconds(), system.switches
	read(&m.Sample)
	m.when = time.Now()
	if s.mark != nil {
		m.turns = s.soak.Value()
		m.mark = s.mark()
	}
	return m, nil
}

// pingInterval is the time between two pings.
const pingInterval = 10 * time.Millisecond

// ping sends echoes from A for as long as a measurement takes.
func (s *session) ping(ctx context.Context, addr netip.Addr) (Sample, error) {
	r, err := traffic.PingFrom(ctx, s.pair.A, addr, traffic.PingOptions{
		Count: int(s.Measure / pingInterval), Interval: pingInterval, Wait: 2 * time.Second, Size: 56})
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return Sample{Seconds: s.Measure.Seconds(), P50: ms(r.P50), P99: ms(r.P99), Lost: r.Lost()}, err
}

// pingBeside pings beside a stream in the same direction.
func (s *session) pingBeside(ctx context.Context, addr netip.Addr) (Sample, error) {
	var r running
	defer r.stop()
	at := netip.AddrPortFrom(addr, loadPort).String()
	sink, err := r.start(ctx, s.pair.B, "sink", at)
	if err != nil {
		return Sample{}, err
	}
	if _, err := r.start(ctx, s.pair.A, "flood", at); err != nil {
		return Sample{}, err
	}
	var pings Sample
	m, err := s.between(ctx, func() (err error) {
		pings, err = s.ping(ctx, addr)
		return err
	}, func(m *Sample) { m.Octets = sink.Value() })
	m.P50, m.P99, m.Lost = pings.P50, pings.P99, pings.Lost
	return m, err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
