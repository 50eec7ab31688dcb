package tun

import (
	"net"
	"testing"

	"dun/board/netcfg/netnstest"
)

const procNetDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  123456     100    0    0    0     0          0         0   123456     100    0    0    0     0       0          0
  dun0:    1000      10    1    2    3     4          5         6     2000      20    7   42    8     9      10         11
 dun10:       0       0    0    0    0     0          0         0        0       0    0    5    0     0       0          0
`

func TestDropsIn(t *testing.T) {
	for name, want := range map[string]uint64{"dun0": 42, "dun10": 5, "lo": 0, "dun1": 0, "face |bytes": 0} {
		if got := dropsIn([]byte(procNetDev), name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if Drops("") != 0 || Drops("nothing0") != 0 {
		t.Error("an interface that is not there has drops")
	}
}

func FuzzDropsIn(f *testing.F) {
	f.Add([]byte(procNetDev), "dun0")
	f.Add([]byte("a:1 2 3 4 5 6 7 8 9 10 11 x"), "a")
	f.Fuzz(func(t *testing.T, text []byte, name string) { dropsIn(text, name) })
}

// TestDrops: what the system throws away because nobody reads.
func TestDrops(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := open(t, "")
		up(t, d)
		conn, err := net.Dial("udp4", "192.0.2.2:9")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for range 2000 { // more than the queue of an interface
			conn.Write([]byte("x"))
		}
		if n := Drops(d.Name()); n < 100 || n > 2000 {
			t.Errorf("%d packets were dropped", n)
		}
	})
}
