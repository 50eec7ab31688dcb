package agent

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
)

// sendOnce sends one datagram and wants its echo: nothing may be lost.
func sendOnce(t *testing.T, to netip.AddrPort, text string) {
	t.Helper()
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(agenttest.Patience))
	b := make([]byte, 100)
	n, err := conn.Read(b)
	if err != nil || string(b[:n]) != text {
		t.Fatalf("%q came back as %q, %v", text, b[:n], err)
	}
}

// TestDemand: the first packet dials, and is not lost; nobody's packets do not
// dial; an idle line is hung up, and the next packet dials again.
func TestDemand(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		r := newRig(t, lanBook+"on-demand = true\nidle = '1s'\naddress = '10.0.0.2'\n", lanSecrets, nil)
		r.Keep()
		agenttest.Eventually(t, func() error {
			if ifname, ours := routeOf(t, "10.0.0.0/8"); ifname == "" || !ours {
				return fmt.Errorf("there is no route: %q", ifname)
			}
			return nil
		})
		s := r.status("office")
		if s.Phase != "waiting" || s.Interface == "" || s.Local != "10.0.0.2" {
			t.Errorf("status is %+v", s)
		}
		index := indexOf(t, s.Interface)
		if n := r.office.Calls(); n != 0 {
			t.Errorf("%d calls before there is a packet", n)
		}
		for i := range 2 {
			sendOnce(t, echoHost, fmt.Sprint("the first packet of call ", i))
			r.times("office", "waiting", i+2)
			end := r.story.wait(t, "the end", func(ev Event) bool { return ev.Entry == "office" && ev.End != nil })
			if end.End.Cause != "idle" {
				t.Errorf("it ended with %+v", end.End)
			}
			s := r.status("office")
			if s.Phase != "waiting" || indexOf(t, s.Interface) != index || s.Kept.Stale+s.Kept.Dropped+s.Kept.Waiting != 0 || s.Kept.Last.Cause != "idle" {
				t.Errorf("status is %+v, %+v", s, s.Kept)
			}
			if n := r.office.Calls(); n != i+1 {
				t.Errorf("%d calls", n)
			}
		}
		if err := r.HangUp("office", cause.UserRequest); err != nil {
			t.Fatal(err)
		}
		agenttest.NothingLeft(t, nil, r.before, r.resolv)
	})
}

// TestDemandFails: packets that asked for a call in vain are thrown away and
// counted, and only new ones dial again.
func TestDemandFails(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		book := strings.Replace(lanBook, "203.0.113.10", "203.0.113.12", 1) + "on-demand = true\n" // refuses
		r := newRig(t, book, lanSecrets, nil)
		r.Keep()
		r.times("office", "waiting", 1)
		for i := range 2 {
			agenttest.Eventually(t, func() error {
				if s := r.status("office"); s.Phase != "waiting" || s.Interface == "" {
					return fmt.Errorf("status is %+v", s)
				}
				return nil
			})
			conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(echoHost))
			if err != nil {
				t.Fatal(err)
			}
			conn.Write([]byte("for nothing"))
			conn.Close()
			r.times("office", "pause", i+1)
			agenttest.Eventually(t, func() error {
				if s := r.status("office"); s.Kept.Dropped != uint64(i+1) || s.Kept.Waiting != 0 {
					return fmt.Errorf("kept: %+v", s.Kept)
				}
				return nil
			})
		}
		if s := r.status("office"); s.Kept.Last.Cause != "connect-refused" {
			t.Errorf("kept: %+v", s.Kept)
		}
	})
}

// TestDemandAddress: before the first call the address is not known. A TCP
// connection that was begun then takes the one that comes.
func TestDemandAddress(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		d := newTCPOffice(t, lanBook+"on-demand = true\n")
		d.Keep()
		agenttest.Eventually(t, func() error {
			if s := d.status("office"); s.Local != dummy.String() {
				return fmt.Errorf("status is %+v", s)
			}
			return nil
		})
		conn, err := net.DialTimeout("tcp4", lanHost.String(), agenttest.Patience)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		s := d.status("office")
		if from := netip.MustParseAddrPort(conn.LocalAddr().String()).Addr().String(); from != s.Local || from == dummy.String() {
			t.Errorf("connected from %s, the address is %s", from, s.Local)
		}
		if s.Kept.Stale == 0 {
			t.Errorf("kept: %+v", s.Kept)
		}
		saysTCP(t, conn, "hello")
	})
}

// TestTCPLivesOn: the interface and its address survive a redial that brings
// the same address, and a TCP connection does. What ends the calls is their
// limit, which is no reason to wait.
func TestTCPLivesOn(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		d := newTCPOffice(t, keptBook+"time-limit = '1s'\n")
		d.Keep()
		d.times("office", "up", 1)
		index := indexOf(t, d.status("office").Interface)
		conn, err := net.DialTimeout("tcp4", lanHost.String(), agenttest.Patience)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for i := range 3 {
			saysTCP(t, conn, fmt.Sprint("call ", i))
			d.times("office", "up", i+2)
		}
		saysTCP(t, conn, "and on")
		end := d.story.wait(t, "the end", func(ev Event) bool { return ev.Entry == "office" && ev.End != nil })
		if end.End.Cause != "time-limit" || slices.Contains(d.story.phases("office"), "pause") {
			t.Errorf("it ended with %+v; phases %v", end.End, d.story.phases("office"))
		}
		if s := d.status("office"); indexOf(t, s.Interface) != index || s.Kept.Stale != 0 {
			t.Errorf("status is %+v, %+v", s, s.Kept)
		}
	})
}

// newTCPOffice is a device and an office with a host that echoes on TCP.
func newTCPOffice(t *testing.T, book string) *device {
	t.Helper()
	ns, lan := netnstest.NewNS(t), netnstest.NewNS(t)
	netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "203.0.113.5/24"}, netnstest.End{NS: ns, Name: "eth0", Addr: officeOuter.String() + "/24"})
	netnstest.Veth(t, netnstest.End{NS: ns, Name: "eth1", Addr: officeLocal.String() + "/24"},
		netnstest.End{NS: lan, Name: "eth0", Addr: lanHost.Addr().String() + "/24"})
	echoTCP(t, lan)
	startServer(t, ns, serverTOML, "[user.'CORP\\bob']\npassword = '"+password+"'\naddress = '10.0.0.100'\n")
	return newDevice(t, book, lanSecrets, nil)
}

// echoTCP echoes on TCP connections to lanHost.
func echoTCP(t *testing.T, ns *netnstest.NS) {
	t.Helper()
	var l net.Listener
	var err error
	ns.Do(t, func() { l, err = net.Listen("tcp4", lanHost.String()) })
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go io.Copy(c, c)
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
}

func saysTCP(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(agenttest.Patience))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len(text))
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != text {
		t.Fatalf("%q came back as %q, %v", text, b, err)
	}
}

// TestDemandChain: a packet for the office dials the ISP and the tunnel over
// it. An idle tunnel frees the telephone line too; while it is up, its
// keepalives are no traffic of the line's, but it is in use.
func TestDemandChain(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		book := strings.Replace(chainBook, "auth = [\"pap\"]\n", "auth = [\"pap\"]\nidle = '1s'\n", 1) +
			"on-demand = true\nidle = '3s'\nkeepalive = '1s'\naddress = '10.0.0.100'\n"
		c := newChainOf(t, book)
		c.Keep()
		agenttest.Eventually(t, func() error {
			if s := c.status("office"); s.Phase != "waiting" || s.Interface == "" {
				return fmt.Errorf("office is %+v", s)
			}
			return nil
		})
		if err := agenttest.RoundTrips(nil, t, lanHost, 3, 100); err != nil {
			t.Fatal(err)
		}
		c.times("office", "waiting", 2)
		agenttest.Eventually(t, func() error {
			if n := c.line.Exchange.Calls(); n != 0 {
				return fmt.Errorf("%d telephone calls are up", n)
			}
			return nil
		})
		c.times("isp", "down", 1)
		for _, ev := range c.story.ends() {
			want := map[string]string{"office": "idle", "isp": "user-request"}[ev.Entry]
			if ev.End.Cause != want {
				t.Errorf("%s ended with %+v, want %s", ev.Entry, ev.End, want)
			}
		}
	})
}

// ends lists the ends that were told.
func (s *story) ends() (list []Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ev := range s.events {
		if ev.End != nil {
			list = append(list, ev)
		}
	}
	return list
}
