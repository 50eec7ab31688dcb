package dialup

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
)

func mustPool(t *testing.T, ranges ...string) *Pool {
	t.Helper()
	var list []AddrRange
	for _, s := range ranges {
		r, err := ParseAddrRange(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return NewPool(list)
}

func TestParseAddrRange(t *testing.T) {
	for s, want := range map[string]string{
		"192.168.88.100-192.168.88.199":   "192.168.88.100-192.168.88.199",
		"192.168.88.100 - 192.168.88.101": "192.168.88.100-192.168.88.101",
		"192.168.88.0/24":                 "192.168.88.1-192.168.88.254",
		"192.168.88.4/31":                 "192.168.88.4-192.168.88.5",
		"192.168.88.4/32":                 "192.168.88.4",
		"192.168.88.7":                    "192.168.88.7",
		"10.0.0.0-10.0.255.255":           "10.0.0.0-10.0.255.255",
		"10.0.0.0/16":                     "10.0.0.1-10.0.255.254",
	} {
		r, err := ParseAddrRange(s)
		if err != nil || r.String() != want {
			t.Errorf("%s: %v, %v", s, r, err)
		}
	}
	for s, want := range map[string]string{
		"": "neither", "x-y": "no range", "192.168.88.9-192.168.88.1": "ends before",
		"0.0.0.0/0": "more than 65536", "0.0.0.0-255.255.255.255": "more than 65536", "10.0.0.0-10.1.0.0": "more than 65536",
		"192.168.88.1/24": "192.168.88.0/24", "fd00::/120": "IPv4", "fd00::1-fd00::2": "IPv4", "::ffff:1.2.3.4": "IPv4", "1.2.3.4-": "no range",
	} {
		if _, err := ParseAddrRange(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestPoolGivesEachAddressOnce(t *testing.T) {
	p := mustPool(t, "10.0.0.1-10.0.0.3", "10.0.1.1")
	seen := make(map[netip.Addr]bool)
	for range 4 {
		a, ok := p.Lease(netip.Addr{})
		if !ok || seen[a] || !p.Contains(a) {
			t.Fatalf("%v %v", a, ok)
		}
		seen[a] = true
	}
	if a, ok := p.Lease(netip.Addr{}); ok || p.Leased() != 4 || p.Len() != 4 {
		t.Fatalf("a fifth of four: %v", a)
	}
	back := netip.MustParseAddr("10.0.0.2")
	p.Release(back)
	p.Release(back)
	if a, ok := p.Lease(netip.Addr{}); !ok || a != back {
		t.Fatalf("%v %v", a, ok)
	}
}

func TestPoolGoesRound(t *testing.T) {
	p := mustPool(t, "10.0.0.1-10.0.0.3")
	for _, want := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"} {
		a, _ := p.Lease(netip.Addr{})
		if a.String() != want {
			t.Fatalf("%v, want %s", a, want)
		}
		p.Release(a)
	}
}

func TestPoolFixedAddresses(t *testing.T) {
	p := mustPool(t, "10.0.0.1-10.0.0.2")
	inside, outside := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.9.9.9")
	p.Reserve(inside)
	if a, ok := p.Lease(netip.Addr{}); !ok || a == inside {
		t.Fatalf("a reserved address was given away: %v %v", a, ok)
	}
	if a, ok := p.Lease(netip.Addr{}); ok {
		t.Fatalf("got %v", a)
	}
	for _, fixed := range []netip.Addr{inside, outside} {
		if a, ok := p.Lease(fixed); !ok || a != fixed {
			t.Fatalf("%v %v", a, ok)
		}
		if _, ok := p.Lease(fixed); ok {
			t.Fatal("a second call got the same fixed address")
		}
		p.Release(fixed)
		if _, ok := p.Lease(fixed); !ok {
			t.Fatal("not given again")
		}
	}
}

func TestEmptyPool(t *testing.T) {
	if a, ok := NewPool(nil).Lease(netip.Addr{}); ok {
		t.Fatalf("got %v", a)
	}
}

func TestPoolIsSafeForManyGoroutines(t *testing.T) {
	p := mustPool(t, "10.0.0.0/24")
	var mu sync.Mutex
	held := make(map[netip.Addr]bool)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				a, ok := p.Lease(netip.Addr{})
				if !ok {
					t.Error("empty")
					return
				}
				mu.Lock()
				if held[a] {
					t.Errorf("%v is held twice", a)
				}
				held[a] = true
				mu.Unlock()
				mu.Lock()
				delete(held, a)
				mu.Unlock()
				p.Release(a)
			}
		})
	}
	wg.Wait()
	if p.Leased() != 0 {
		t.Errorf("%d left", p.Leased())
	}
}

func FuzzParseAddrRange(f *testing.F) {
	for _, s := range []string{"10.0.0.1-10.0.0.9", "10.0.0.0/24", "0.0.0.0/0", "::/0", "1.2.3.4", "-", "255.255.255.255/32", "255.255.255.254/31"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseAddrRange(s)
		if err == nil && (r.Len() < 1 || r.Len() > MaxPool || !r.Contains(r.First) || !r.Contains(r.Last)) {
			t.Fatalf("%q: %v", s, r)
		}
	})
}
