package load

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// tick is how often Pace sends what is due; iperf3 has the same.
const tick = time.Millisecond

// Pace sends UDP packets of size octets, rate of them a second: each
// millisecond what is due by then. It runs until it is ended. sent counts
// the packets.
func Pace(to netip.AddrPort, rate, size int, sent *Counter) error {
	if rate < 1 || size < 1 || size > 65507 {
		return fmt.Errorf("load: cannot send %d packets of %d octets a second", rate, size)
	}
	fd, err := connect(unix.SOCK_DGRAM, to)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	b := make([]byte, size)
	due := newSchedule(rate, now())
	for {
		for range due.at(now()) {
			// What the system refuses is lost, as on any wire.
			if _, err := transfer(unix.SYS_WRITE, fd, b); err == nil {
				sent.Add(1)
			}
		}
		nap(tick)
	}
}

// PacedSink counts the UDP packets that come.
func PacedSink(at netip.AddrPort, packets *Counter, ready func()) error {
	fd, err := listen(unix.SOCK_DGRAM, at)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ready()
	b := make([]byte, 2048)
	for {
		if _, err := transfer(unix.SYS_READ, fd, b); err != nil {
			return err
		}
		packets.Add(1)
	}
}

// schedule says how many packets are due.
type schedule struct {
	begin time.Duration
	rate  int // packets a second
	given int64
}

// most bounds what is made good at once after a delay, in packets: a
// generator that was held up must not flood.
const most = 64

func newSchedule(rate int, now time.Duration) *schedule { return &schedule{begin: now, rate: rate} }

// at gives the number of packets to send at now.
func (s *schedule) at(now time.Duration) int {
	total := int64(now-s.begin) * int64(s.rate) / int64(time.Second)
	n := total - s.given
	s.given = total // what is over most is left out
	return int(min(n, most))
}

// now is the monotonic clock. Linux answers without entering the kernel
// where it can.
func now() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}
