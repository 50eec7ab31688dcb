package names

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHosts(t *testing.T) {
	const file = `# static table
127.0.0.1	localhost
::1 localhost ip6-localhost
192.0.2.1 VPN.example.org vpn # the office
192.0.2.2 vpn2;vpn3
192.0.2.3 vpn vpn
192.0.2.3 vpn
not-an-address vpn
2001:db8::1 six.example.org
192.0.2.4 rooted.example.org.
::ffff:192.0.2.5 mapped
192.0.2.6
`
	for host, want := range map[string][]netip.Addr{
		"localhost": addrs("127.0.0.1"), "vpn.example.org": addrs("192.0.2.1"), "vpn.EXAMPLE.org.": addrs("192.0.2.1"),
		"vpn": addrs("192.0.2.1", "192.0.2.3"), "vpn3": nil, "six.example.org": nil, "rooted.example.org": addrs("192.0.2.4"),
		"mapped": addrs("192.0.2.5"), "office": nil, "example.org": nil, "192.0.2.6": nil,
	} {
		if found := inHosts(strings.NewReader(file), host); !slices.Equal(found, want) {
			t.Errorf("%s: %v, want %v", host, found, want)
		}
	}
	long := strings.Repeat("192.0.2.1 vpn\n", 3) + strings.Repeat("x ", maxLine)
	if found := inHosts(strings.NewReader(long), "vpn"); len(found) != 1 {
		t.Errorf("before a line without an end: %v", found)
	}
}

func TestConfig(t *testing.T) {
	port := func(list ...string) (p []netip.AddrPort) {
		for _, addr := range addrs(list...) {
			p = append(p, netip.AddrPortFrom(addr, Port))
		}
		return p
	}
	local := port("127.0.0.1", "::1")
	for _, c := range []struct {
		file     string
		hostname string
		want     config
	}{
		{"", "host", config{local, nil, 1, 5 * time.Second, 2, false}},
		{"", "host.example.org", config{local, []string{"example.org."}, 1, 5 * time.Second, 2, false}},
		{"nameserver 192.0.2.1\nnameserver fe80::1%eth0 # router\n", "h", config{port("192.0.2.1", "fe80::1%eth0"), nil, 1, 5 * time.Second, 2, false}},
		{"nameserver x\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4", "h",
			config{port("192.0.2.1", "192.0.2.2", "192.0.2.3"), nil, 1, 5 * time.Second, 2, false}},
		{"search a.example b.example.\ndomain c.example d.example\n", "h.example", config{local, []string{"c.example."}, 1, 5 * time.Second, 2, false}},
		{"domain c.example\nsearch a.example . b.example. ö\n", "h.example", config{local, []string{"a.example.", "b.example."}, 1, 5 * time.Second, 2, false}},
		{"options ndots:3 timeout:7 attempts:4 rotate edns0\noptions use-vc\n", "h", config{local, nil, 3, 7 * time.Second, 4, true}},
		{"options ndots:99 timeout:0 attempts:0\n", "h", config{local, nil, 15, time.Second, 1, false}},
		{"options ndots:x timeout: attempts:-1 timeout:99\n", "h", config{local, nil, 1, 30 * time.Second, 2, false}},
		{"options attempts:9999\n;options timeout:1\n#options ndots:0\nnameserver\n", "h", config{local, nil, 1, 5 * time.Second, 5, false}},
	} {
		got := parseConfig(strings.NewReader(c.file), c.hostname)
		if !slices.Equal(got.servers, c.want.servers) || !slices.Equal(got.search, c.want.search) || got.ndots != c.want.ndots ||
			got.timeout != c.want.timeout || got.attempts != c.want.attempts || got.tcp != c.want.tcp {
			t.Errorf("%q: %+v, want %+v", c.file, got, c.want)
		}
	}
}

func TestCandidates(t *testing.T) {
	search := []string{"a.", "b."}
	for _, c := range []struct {
		host  string
		ndots int
		want  string
	}{
		{"vpn", 1, "vpn.a. vpn.b. vpn."},
		{"vpn", 0, "vpn. vpn.a. vpn.b."},
		{"vpn.n", 1, "vpn.n. vpn.n.a. vpn.n.b."},
		{"vpn.n", 2, "vpn.n.a. vpn.n.b. vpn.n."},
		{"vpn.", 1, "vpn."},
	} {
		cfg := config{search: search, ndots: c.ndots}
		if got := strings.Join(cfg.candidates(c.host), " "); got != c.want {
			t.Errorf("%s with ndots %d: %s", c.host, c.ndots, got)
		}
	}
}

func TestIsName(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "vpn.example.org": true, "vpn.example.org.": true, "my_host-1.example": true, "1.2.3": true, "A.B": true,
		"": false, ".": false, "a..b": false, ".a": false, "a b": false, "ö.example": false, "a@b": false, "a[b": false, "a/b": false,
		strings.Repeat("x", 63): true, strings.Repeat("x", 64): false,
		strings.Repeat("x.", 126) + "x": true, strings.Repeat("x.", 127) + "x": false,
	} {
		if isName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// FuzzFiles: whatever stands in the files, what comes out can be used.
func FuzzFiles(f *testing.F) {
	f.Add("nameserver 192.0.2.1\nsearch a.example\noptions ndots:2 timeout:3 attempts:1 use-vc\n", "vpn")
	f.Add("192.0.2.1 vpn vpn.example.org # office\n::1 vpn", "vpn")
	f.Fuzz(func(t *testing.T, file, host string) {
		for _, addr := range inHosts(strings.NewReader(file), host) {
			if !addr.Is4() {
				t.Errorf("address %v", addr)
			}
		}
		cfg := parseConfig(strings.NewReader(file), host)
		if n := len(cfg.servers); n == 0 || n > maxServers || cfg.text() == "" {
			t.Errorf("%d servers", n)
		}
		if cfg.ndots < 0 || cfg.ndots > maxNDots || cfg.timeout < time.Second || cfg.timeout > maxTimeout*time.Second || cfg.attempts < 1 || cfg.attempts > maxAttempts {
			t.Errorf("%+v", cfg)
		}
		if !isName(host) {
			return
		}
		for _, name := range cfg.candidates(host) {
			if _, ok := wireName(name); !ok && len(name) <= maxName-1 || !strings.HasSuffix(name, ".") {
				t.Errorf("cannot ask for %q", name)
			}
		}
	})
}
