package names

import (
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The bounds of resolv.conf(5), its RES_MAXNDOTS and the like, and how much
// of a file is read.
const (
	maxServers  = 3
	maxSearch   = 16
	maxNDots    = 15
	maxTimeout  = 30
	maxAttempts = 5
)

// Port is where name servers are.
const Port = 53

// config is what a resolv.conf says.
type config struct {
	servers  []netip.AddrPort
	search   []string // domains, with a dot at the end
	ndots    int
	timeout  time.Duration
	attempts int
	tcp      bool
}

// parseConfig reads a resolv.conf of the host that is called hostname. Where it
// names no server, the server is this host.
func parseConfig(r io.Reader, hostname string) config {
	cfg := config{ndots: 1, timeout: 5 * time.Second, attempts: 2}
	searched := false
	eachLine(r, func(fields []string) {
		switch value := fields[1:]; fields[0] {
		case "nameserver":
			if addr, err := netip.ParseAddr(value[0]); err == nil && len(cfg.servers) < maxServers {
				cfg.servers = append(cfg.servers, netip.AddrPortFrom(addr, Port))
			}
		case "domain":
			searched, cfg.search = true, domains(value[:1])
		case "search":
			searched, cfg.search = true, domains(value)
		case "options":
			for _, option := range value {
				cfg.option(option)
			}
		}
	})
	if len(cfg.servers) == 0 {
		cfg.servers = []netip.AddrPort{
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), Port),
			netip.AddrPortFrom(netip.IPv6Loopback(), Port),
		}
	}
	if !searched {
		if _, domain, ok := strings.Cut(hostname, "."); ok {
			cfg.search = domains([]string{domain})
		}
	}
	return cfg
}

func (c *config) option(s string) {
	key, value, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(value, 10, 16)
	switch {
	case key == "use-vc" || key == "usevc" || key == "tcp":
		c.tcp = true
	case err != nil:
	case key == "ndots":
		c.ndots = int(min(n, maxNDots))
	case key == "timeout":
		c.timeout = time.Duration(min(max(n, 1), maxTimeout)) * time.Second
	case key == "attempts":
		c.attempts = int(min(max(n, 1), maxAttempts))
	}
}

// domains are the usable ones of a search list.
func domains(list []string) (rooted []string) {
	for _, domain := range list {
		domain = strings.TrimSuffix(domain, ".")
		if isName(domain) && len(rooted) < maxSearch {
			rooted = append(rooted, domain+".")
		}
	}
	return rooted
}

// candidates are the names to ask for, in order: one with a dot at the end is
// whole; one with enough dots is tried as it is first, others at last.
func (c *config) candidates(host string) []string {
	if strings.HasSuffix(host, ".") {
		return []string{host}
	}
	host += "."
	var names []string
	for _, domain := range c.search {
		names = append(names, host+domain)
	}
	if strings.Count(host, ".")-1 >= c.ndots {
		return append([]string{host}, names...)
	}
	return append(names, host)
}

// text lists the servers for a person.
func (c *config) text() string {
	var list []string
	for _, server := range c.servers {
		text := server.String()
		if server.Port() == Port {
			text = server.Addr().String()
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}
