package demo

import (
	"slices"
	"testing"
)

func TestLeft(t *testing.T) {
	before := snapshot{interfaces: []string{"lo"}, routes: []string{"a"}, resolver: "nameserver 192.0.2.1\n"}
	if found := left(before, before); found != nil {
		t.Errorf("nothing has changed, and %q was found", found)
	}
	now := snapshot{
		interfaces: []string{"lo", "dun0"}, routes: nil, locks: []string{"/run/lock/LCK..ttyS1"},
		resolver: "nameserver 192.0.2.2\n",
	}
	want := []string{
		"interface dun0 is left", "route a is missing", "lock file /run/lock/LCK..ttyS1 is left",
		`resolv.conf says "nameserver 192.0.2.2\n", before "nameserver 192.0.2.1\n"`,
	}
	if found := left(before, now); !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}

func TestNameServers(t *testing.T) {
	s := snapshot{resolver: "# comment\nnameserver 10.0.0.53\nsearch example\nnameserver\nnameserver 198.51.100.1\n"}
	if got := s.nameServers(); !slices.Equal(got, []string{"10.0.0.53", "198.51.100.1"}) {
		t.Errorf("name servers %q", got)
	}
}

func TestCounted(t *testing.T) {
	for n, want := range []string{"no route", "1 route", "2 routes"} {
		if got := counted(n, "route"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
