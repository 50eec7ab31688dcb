package bench

import "testing"

func TestPacketsOf(t *testing.T) {
	const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       3    0    0    0     0          0         0        0       4    0    0    0     0       0          0
  dun0:    1000      10    0    0    0     0          0         0     2000      20    0    0    0     0       0          0
`
	if n := packetsOf(dev); n != 37 {
		t.Errorf("%d packets, want 37", n)
	}
}
