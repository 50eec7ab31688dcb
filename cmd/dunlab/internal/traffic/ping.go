package traffic

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"
)

// PingResult counts echoes; the times are round trips.
type PingResult struct {
	Sent      int           `json:"sent"`
	Received  int           `json:"received"`  // different ones
	Duplicate int           `json:"duplicate"` // that came again
	Min       time.Duration `json:"min"`
	Avg       time.Duration `json:"avg"`
	Max       time.Duration `json:"max"`
	P50       time.Duration `json:"p50"` // half of those received took no longer
	P99       time.Duration `json:"p99"`
}

// Lost is the number of echoes that did not come back.
func (r PingResult) Lost() int { return r.Sent - r.Received }

// PingOptions say how to ping.
type PingOptions struct {
	Count    int
	Interval time.Duration
	Wait     time.Duration // for the last ones
	Size     int           // octets of data, at least 8
}

// Ping sends echo requests to addr at a fixed pace through a raw socket and
// waits for the replies.
func Ping(ctx context.Context, addr netip.Addr, o PingOptions) (PingResult, error) {
	if !addr.IsValid() || o.Count < 1 || o.Count > 1<<16 {
		return PingResult{}, fmt.Errorf("traffic: cannot ping %v %d times", addr, o.Count)
	}
	network, local := "ip4:icmp", "0.0.0.0"
	if !addr.Is4() {
		network, local = "ip6:ipv6-icmp", "::"
	}
	c, err := net.ListenPacket(network, local)
	if err != nil {
		return PingResult{}, err
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	id := uint16(os.Getpid())
	log := newEchoLog(o.Count)
	received := make(chan error, 1)
	go func() { received <- collect(c, id, log) }()
	sendErr := pace(ctx, c, addr, id, o)
	timer := time.NewTimer(o.Wait)
	defer timer.Stop()
	select {
	case err = <-received:
	case <-timer.C:
		cancel()
		err = <-received
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	r := log.result()
	return r, errors.Join(sendErr, err)
}

// pace sends the requests. What the system refuses counts as lost: a route
// may come and go while we ping.
func pace(ctx context.Context, c net.PacketConn, addr netip.Addr, id uint16, o PingOptions) error {
	to := &net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}
	typ := uint8(echoRequest)
	if !addr.Is4() {
		typ = echoRequestV6
	}
	tick := time.NewTicker(max(o.Interval, time.Millisecond))
	defer tick.Stop()
	data := make([]byte, max(o.Size, 8))
	var msg []byte
	for i := range o.Count {
		binary.BigEndian.PutUint64(data, uint64(time.Now().UnixNano()))
		msg = echo{typ, id, uint16(i), data}.append(msg[:0])
		c.WriteTo(msg, to)
		if i == o.Count-1 {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// collect takes replies until all are there or the read deadline strikes.
func collect(c net.PacketConn, id uint16, log *echoLog) error {
	buf := make([]byte, 2048)
	for log.missing > 0 {
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			return err
		}
		e, err := parseEcho(buf[:n])
		if err != nil || e.typ != echoReply && e.typ != echoReplyV6 || e.id != id || len(e.data) < 8 {
			continue // somebody else's
		}
		sent := time.Unix(0, int64(binary.BigEndian.Uint64(e.data)))
		log.add(int(e.seq), time.Since(sent))
	}
	return nil
}

// echoLog remembers which replies came.
type echoLog struct {
	seen      []bool
	missing   int
	duplicate int
	min, max  time.Duration
	sum       time.Duration
	all       []time.Duration
}

func newEchoLog(count int) *echoLog { return &echoLog{seen: make([]bool, count), missing: count} }

func (l *echoLog) add(seq int, rtt time.Duration) {
	if seq < 0 || seq >= len(l.seen) {
		return
	}
	if l.seen[seq] {
		l.duplicate++
		return
	}
	if l.missing == len(l.seen) || rtt < l.min {
		l.min = rtt
	}
	l.seen[seq] = true
	l.missing--
	l.sum += rtt
	l.all = append(l.all, rtt)
	l.max = max(l.max, rtt)
}

func (l *echoLog) result() PingResult {
	r := PingResult{Sent: len(l.seen), Received: len(l.seen) - l.missing, Duplicate: l.duplicate, Min: l.min, Max: l.max}
	if r.Received > 0 {
		r.Avg = l.sum / time.Duration(r.Received)
		slices.Sort(l.all)
		r.P50, r.P99 = percentile(l.all, 50), percentile(l.all, 99)
	}
	return r
}

// percentile is the smallest of sorted, which are not none, that p percent
// of them do not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[(len(sorted)*p+99)/100-1]
}

// FirstEcho pings addr every interval until one echo returns, and gives the
// time of its return. It ends with ctx.
func FirstEcho(ctx context.Context, addr netip.Addr, interval time.Duration) (time.Time, error) {
	for {
		r, err := Ping(ctx, addr, PingOptions{Count: 1, Wait: interval})
		if err == nil && r.Received == 1 {
			return time.Now(), nil
		}
		if ctx.Err() != nil {
			return time.Time{}, errors.Join(ctx.Err(), err)
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return time.Time{}, err
		}
	}
}
