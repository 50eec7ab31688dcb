package netnstest

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestRunIsAlone(t *testing.T) {
	outside, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(runEnv) == "" {
		t.Setenv("NETNSTEST_OUTSIDE", outside)
	}
	Run(t, func(t *testing.T) {
		inside, _ := os.Readlink("/proc/self/ns/net")
		if inside == os.Getenv("NETNSTEST_OUTSIDE") || inside == "" {
			t.Errorf("namespace %q is the one outside", inside)
		}
		links, err := netlink.LinkList()
		if err != nil || len(links) != 1 {
			t.Errorf("links %v, %v; want lo alone", links, err)
		}
		if os.Getuid() != 0 {
			t.Errorf("uid %d inside, want 0", os.Getuid())
		}
	})
}

func TestRunInSubtest(t *testing.T) {
	t.Run("a sub/test (x)", func(t *testing.T) {
		Run(t, func(t *testing.T) {
			if os.Getenv(runEnv) != t.Name() {
				t.Errorf("not in a child of its own: %q", os.Getenv(runEnv))
			}
		})
	})
}

func TestVethCarries(t *testing.T) {
	Run(t, func(t *testing.T) {
		a, b := NewNS(t), NewNS(t)
		for _, c := range []struct {
			name string
			x, y *NS
		}{{"ours to b", nil, b}, {"a to ours", a, nil}, {"a to b", a, b}} {
			t.Run(c.name, func(t *testing.T) {
				dev := "v" + strings.ReplaceAll(c.name, " ", "")
				Veth(t, End{c.x, dev, "192.0.2.1/24"}, End{c.y, dev + "x", "192.0.2.2/24"})
				var l net.Listener
				var err error
				c.y.Do(t, func() { l, err = net.Listen("tcp", "192.0.2.2:0") })
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				var conn net.Conn
				c.x.Do(t, func() { conn, err = net.DialTimeout("tcp", l.Addr().String(), 5*time.Second) })
				if err != nil {
					t.Fatal(err)
				}
				conn.Close()
				c.x.Do(t, func() {
					var link netlink.Link
					if link, err = netlink.LinkByName(dev); err == nil {
						err = netlink.LinkDel(link)
					}
				})
				if err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}
