package netcfg

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"dun/board/netcfg/netnstest"
	"dun/dialup/cause"
)

// TestBlock: what is blocked loses against its connection, wins against what
// that runs over, and stays until it is lifted, whoever dies.
func TestBlock(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		m := w.open(t)
		ten := &Block{Routes: prefixesOf("10.0.0.0/8", "172.16.5.9/12"), Rank: 1}
		check(t, m.Block("office", ten))
		check(t, m.Block("office", ten))
		has(t, "route 10.0.0.0/8 type 7 dev no interface proto 68 metric 65", "route 172.16.0.0/12 type 7 dev no interface proto 68 metric 65")
		ways := func(want map[string]string) {
			t.Helper()
			for addr, dev := range want {
				if got := via(t, addr); got != dev {
					t.Errorf("%s goes by %s, want %s", addr, got, dev)
				}
			}
		}
		ways(map[string]string{"10.1.2.3": "unreachable", "172.31.0.1": "unreachable", "8.8.8.8": "eth0", "192.0.2.9": "eth0"})

		// The ISP below takes everything, but not this.
		openTUN(t, "dun0")
		openTUN(t, "dun1")
		check(t, m.Set("isp", State{Interface: "dun0", Local: addrOf("203.0.113.9"), DefaultRoute: true}))
		ways(map[string]string{"10.1.2.3": "unreachable", "8.8.8.8": "dun0"})
		all := &Block{DefaultRoute: true, IPv6: true, Rank: 1}
		check(t, m.Block("office", all))
		hasNot(t, "10.0.0.0/8")
		has(t, "route 0.0.0.0/1 type 7 dev no interface proto 68 metric 65", "route 8000::/1 type 7 dev lo proto 68 metric 65")
		ways(map[string]string{"10.1.2.3": "unreachable", "8.8.8.8": "unreachable", "192.0.2.9": "eth0", "2001:db8::1": "unreachable"})

		// Its server is pinned, its connection wins.
		check(t, m.Pin("office", []Pin{{Addr: addrOf("198.51.100.7"), Via: "dun0"}, {Addr: addrOf("198.51.100.8")}}))
		ways(map[string]string{"198.51.100.7": "dun0", "198.51.100.8": "eth0", "198.51.100.9": "unreachable"})
		check(t, m.Set("office", State{Interface: "dun1", Local: addrOf("10.9.0.2"), DefaultRoute: true, Rank: 1}))
		ways(map[string]string{"8.8.8.8": "dun1", "198.51.100.7": "dun0"})
		check(t, m.Clear("office"))
		check(t, m.Clear("isp"))
		check(t, m.Pin("office", nil))
		ways(map[string]string{"8.8.8.8": "unreachable"})

		// It outlives an orderly end and a kill.
		check(t, m.Close())
		ways(map[string]string{"8.8.8.8": "unreachable"})
		w.child(t, order{Name: "x"}).kill(t)
		m = w.open(t)
		ways(map[string]string{"8.8.8.8": "unreachable"})
		check(t, m.Block("second", &Block{DefaultRoute: true, Rank: 1}))
		if got := must(m.Blocked())(t); !slices.Equal(got, []string{"office", "second"}) {
			t.Errorf("blocked are %q", got)
		}
		check(t, m.Block("office", nil))
		ways(map[string]string{"8.8.8.8": "unreachable"}) // the second one wants it
		check(t, m.Block("second", nil))
		check(t, m.Block("second", nil))
		if got := must(m.Blocked())(t); len(got) > 0 {
			t.Errorf("blocked are %q", got)
		}
		ways(map[string]string{"8.8.8.8": "eth0"})
		check(t, m.Close())
		hasNot(t, "type 7")
		if left, _ := os.ReadDir(w.dir); slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), blocksExt) }) {
			t.Errorf("left in the state directory: %v", left)
		}
	})
}

// TestBlockBesideOthers: what the machine routes itself is told, and a file
// that cannot be read is left for a person.
func TestBlockBesideOthers(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		m := w.open(t)
		addRoute(t, "10.0.0.0/8 via 192.0.2.1 dev eth0")
		check(t, m.Block("office", &Block{Routes: prefixesOf("10.0.0.0/8"), Rank: 1}))
		w.warned(t, "10.0.0.0/8 is not blocked")
		check(t, os.WriteFile(m.blocksFile(), []byte("{"), 0o600))
		if err := m.Block("office", nil); cause.Of(err) != cause.NetworkSetup || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("a damaged file: %v", err)
		}
		check(t, os.WriteFile(m.blocksFile(), []byte(`{"version":1,"boot":"earlier","blocks":{"x":[]}}`), 0o600))
		if got := must(m.Blocked())(t); len(got) > 0 {
			t.Errorf("after a reboot %q are blocked", got)
		}
	})
}

func FuzzBlocks(f *testing.F) {
	b := Block{Routes: prefixesOf("10.0.0.0/8"), DefaultRoute: true, IPv6: true, Rank: 1}
	text, err := json.Marshal(blocks{Version: 1, Boot: "b", Of: map[string][]item{"office": b.items()}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(strings.Replace(string(text), "unreachable", "route", 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := parseBlocks(text)
		if err != nil {
			return
		}
		for _, items := range b.Of {
			for _, it := range items {
				if it.Kind != kindUnreachable || it.Dev != "" || !it.Dst.IsValid() {
					t.Errorf("%+v is accepted", it)
				}
			}
		}
	})
}

// TestNameServers: the machine's own, not ours, which may be in the tunnel.
func TestNameServers(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t)
		m := w.open(t)
		openTUN(t, "dun1")
		check(t, m.Set("office", State{Interface: "dun1", Local: addrOf("10.9.0.2"), DNS: addrsOf("10.9.0.53")}))
		if got := m.NameServers(); !slices.Equal(got, addrsOf("192.0.2.53")) {
			t.Errorf("name servers %v", got)
		}
		check(t, os.WriteFile(w.resolv, []byte("nameserver 0.0.0.0\nnameserver fe80::1%eth0\nnameserver x\nnameserver 2001:db8::53\n"), 0o600))
		if got := m.NameServers(); !slices.Equal(got, addrsOf("2001:db8::53")) {
			t.Errorf("name servers %v", got)
		}
	})
}
