package agent

import (
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"dun/board/netcfg"
	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/modem"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveEnv); dir != "" {
		os.Exit(serveChild(dir))
	}
	os.Exit(m.Run())
}

var addr = netip.MustParseAddr

// device is an agent in the test's own network, with all that it stands on.
type device struct {
	*Agent
	t      *testing.T
	net    *netcfg.Manager
	resolv string // the resolver file
	before []string
	others map[string]bool // goroutines
	story  *story
	ended  bool
}

const resolvText = "nameserver 192.0.2.53\n"

// newDevice makes an agent of the two files' text.
func newDevice(t *testing.T, book, secrets string, modems map[string]modem.Config) *device {
	t.Helper()
	b, s, err := phonebook.Parse([]byte(book), []byte(secrets))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d := &device{t: t, resolv: filepath.Join(dir, "resolv.conf"), others: agenttest.Goroutines()}
	if err := os.WriteFile(d.resolv, []byte(resolvText), 0o644); err != nil {
		t.Fatal(err)
	}
	d.before = agenttest.Snapshot(t, nil, d.resolv)
	d.net, err = netcfg.Open(filepath.Join(dir, "state"), netcfg.Options{
		ResolvConf: d.resolv, Warn: func(text string) { t.Log(text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if d.Agent, err = New(Config{Version: "test", Phonebook: b, Secrets: s, Modems: modems, Net: d.net, FastPath: FastPath{Loops: 2, NoFilter: true}}); err != nil {
		t.Fatal(err)
	}
	d.story = listen(d.Agent)
	t.Cleanup(func() { d.end() })
	return d
}

// end closes everything and checks that nothing is left of it.
func (d *device) end() {
	if d.ended {
		return
	}
	d.ended = true
	d.Close()
	d.story.wg.Wait()
	if err := d.net.Close(); err != nil {
		d.t.Errorf("taking back: %v", err)
	}
	agenttest.NothingLeft(d.t, nil, d.before, d.resolv)
	agenttest.NoGoroutines(d.t, d.others)
	if d.t.Failed() {
		d.t.Log("what happened:\n" + d.story.text())
	}
}

// dial starts an entry's call.
func (d *device) dial(name string) *Call {
	d.t.Helper()
	c, err := d.Dial(name)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// up waits for a call's network.
func (d *device) up(c *Call) ConnectionStatus {
	d.t.Helper()
	select {
	case <-c.Up():
	case <-c.Done():
		d.t.Fatalf("it ended: %v", c.Err())
	case <-time.After(agenttest.Patience):
		d.t.Fatal("it does not come up")
	}
	return d.status(c.entry.Name)
}

func (d *device) status(entry string) ConnectionStatus {
	d.t.Helper()
	for _, c := range d.Status().Connections {
		if c.Entry == entry {
			return c
		}
	}
	d.t.Fatalf("status does not show %s", entry)
	return ConnectionStatus{}
}

// ends waits for the end of a call and wants its cause.
func (d *device) ends(c *Call, want cause.Cause) error {
	d.t.Helper()
	select {
	case <-c.Done():
	case <-time.After(agenttest.Patience):
		d.t.Fatal("it does not end")
	}
	if got := cause.Of(c.Err()); got != want {
		d.t.Errorf("%s ended with %v (%v), want %v", c.entry.Name, got, c.Err(), want)
	}
	d.story.wait(d.t, "the end", func(ev Event) bool { return ev.Entry == c.entry.Name && ev.End != nil })
	return c.Err()
}

// resolvHas says whether the resolver file names a server.
func (d *device) resolvHas(server string) bool {
	b, err := os.ReadFile(d.resolv)
	return err == nil && slices.Contains(strings.Split(string(b), "\n"), "nameserver "+server)
}

// story is all that an agent told.
type story struct {
	wg sync.WaitGroup

	mu     sync.Mutex
	events []Event
	change chan struct{}
}

func listen(a *Agent) *story {
	s := &story{change: make(chan struct{})}
	events, _ := a.Subscribe(true)
	s.wg.Go(func() {
		for ev := range events {
			s.mu.Lock()
			s.events = append(s.events, ev)
			close(s.change)
			s.change = make(chan struct{})
			s.mu.Unlock()
		}
	})
	return s
}

// wait waits for an event.
func (s *story) wait(t *testing.T, what string, right func(Event) bool) Event {
	t.Helper()
	deadline := time.After(agenttest.Patience)
	for {
		s.mu.Lock()
		i := slices.IndexFunc(s.events, right)
		var ev Event
		if i >= 0 {
			ev = s.events[i]
		}
		change := s.change
		s.mu.Unlock()
		if i >= 0 {
			return ev
		}
		select {
		case <-change:
		case <-deadline:
			t.Fatalf("nothing was told of %s:\n%s", what, s.text())
		}
	}
}

// phases lists an entry's phases as they were told.
func (s *story) phases(entry string) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ev := range s.events {
		if ev.Entry == entry && ev.Phase != "" {
			list = append(list, ev.Phase)
		}
	}
	return list
}

// text is the story as JSON, a line each.
func (s *story) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	for _, ev := range s.events {
		out.Encode(ev)
	}
	return b.String()
}

// routeOf gives the interface of the main table's route for exactly dst, and
// whether the route carries our protocol number.
func routeOf(t *testing.T, dst string) (ifname string, ours bool) {
	t.Helper()
	p := netip.MustParsePrefix(dst)
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if r.Dst == nil || r.Dst.String() != (&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), 32)}).String() {
			continue
		}
		link, err := netlink.LinkByIndex(r.LinkIndex)
		if err != nil {
			t.Fatal(err)
		}
		return link.Attrs().Name, r.Protocol == netcfg.Protocol
	}
	return "", false
}

func wantRoute(t *testing.T, dst, ifname string) {
	t.Helper()
	if got, ours := routeOf(t, dst); got != ifname || !ours {
		t.Errorf("the route to %s is through %q, ours %v; want %q", dst, got, ours, ifname)
	}
}

func mtuOf(t *testing.T, ifname string) int {
	t.Helper()
	link, err := netlink.LinkByName(ifname)
	if err != nil {
		t.Fatal(err)
	}
	return link.Attrs().MTU
}

// wantPhases holds an entry's story to its phases, each once.
func (d *device) wantPhases(entry string, want ...string) {
	d.t.Helper()
	got := d.story.phases(entry)
	if !slices.Equal(got, want) {
		d.t.Errorf("%s told the phases %v, want %v", entry, got, want)
	}
}

// forget forgets what was told.
func (s *story) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = nil
}

func setMTU(t *testing.T, ifname string, mtu int) {
	t.Helper()
	link, err := netlink.LinkByName(ifname)
	if err == nil {
		err = netlink.LinkSetMTU(link, mtu)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func addAddr(t *testing.T, ns *netnstest.NS, ifname, prefix string) {
	t.Helper()
	var err error
	ns.Do(t, func() {
		var link netlink.Link
		var a *netlink.Addr
		if link, err = netlink.LinkByName(ifname); err != nil {
			return
		}
		if a, err = netlink.ParseAddr(prefix); err == nil {
			err = netlink.AddrAdd(link, a)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func dropLink(t *testing.T, ifname string) {
	t.Helper()
	link, err := netlink.LinkByName(ifname)
	if err == nil {
		err = netlink.LinkDel(link)
	}
	if err != nil {
		t.Fatal(err)
	}
}
