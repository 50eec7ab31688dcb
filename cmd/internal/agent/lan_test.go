package agent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
	"dun/modem"
	"dun/modem/modemtest"
)

const lanBook = `[entry.office]
device = "vpn"
host = "203.0.113.10"
user = 'CORP\bob'
routes = ["10.0.0.0/8"]
`

const lanSecrets = "[entry.office]\npassword = '" + password + "'\n"

// TestLAN: a tunnel over the LAN to our own server, and traffic to a host
// behind it. The MTU follows the LAN's.
func TestLAN(t *testing.T) {
	for _, mtu := range []int{1500, 1200} {
		t.Run(fmt.Sprint(mtu), func(t *testing.T) {
			t.Parallel()
			netnstest.Run(t, func(t *testing.T) { testLAN(t, mtu) })
		})
	}
}

func testLAN(t *testing.T, mtu int) {
	ns := office(t, netnstest.End{Name: "eth0", Addr: "203.0.113.5/24"})
	setMTU(t, "eth0", mtu)
	startServer(t, ns, serverTOML, serverSecrets)
	d := newDevice(t, lanBook, lanSecrets, nil)
	call := d.dial("office")
	s := d.up(call)
	if s.Via != "" || s.User != `CORP\bob` || s.Encryption != "mppe-128-stateless" || s.Remote != "10.0.0.1" || !slices.Equal(s.DNS, []string{"10.0.0.53"}) {
		t.Errorf("status is %+v", s)
	}
	// RFC 2637: IPv4 20, GRE 16, PPP 4; RFC 3078: MPPE 4.
	if want := mtu - 20 - 16 - 4 - 4; s.MTU != want || mtuOf(t, s.Interface) != want {
		t.Errorf("MTU %d, the interface's %d, want %d", s.MTU, mtuOf(t, s.Interface), want)
	}
	wantRoute(t, "10.0.0.0/8", s.Interface)
	wantRoute(t, officeOuter.String()+"/32", "eth0")
	if ifname, _ := routeOf(t, "0.0.0.0/1"); ifname != "" {
		t.Errorf("the default route went to %s", ifname)
	}
	if !d.resolvHas("10.0.0.53") || !d.resolvHas("192.0.2.53") {
		t.Error("the resolver file does not have both name servers")
	}
	for _, size := range []int{20, s.MTU - 28, 3000} { // the last in fragments
		if err := agenttest.RoundTrips(nil, t, lanHost, 20, size); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.HangUp("office", cause.UserRequest); err != nil {
		t.Fatal(err)
	}
	d.ends(call, cause.UserRequest)
	agenttest.NothingLeft(t, nil, d.before, d.resolv)
	d.wantPhases("office", "dial", "link", "authenticate", "network", "up", "hang-up", "down")
	// Once more: nothing of the first call is in the way.
	call = d.dial("office")
	d.up(call)
	if err := agenttest.RoundTrips(nil, t, lanHost, 5, 100); err != nil {
		t.Fatal(err)
	}
}

// rig is an office on the LAN, in this process, that has no interface.
type rig struct {
	*device
	office *agenttest.Office
}

var echoHost = netip.MustParseAddrPort("10.20.30.40:7") // any address does

func newRig(t *testing.T, book, secrets string, modems map[string]modem.Config, addrs ...netip.Addr) *rig {
	t.Helper()
	ns := netnstest.NewNS(t)
	netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "203.0.113.5/24"}, netnstest.End{NS: ns, Name: "eth0", Addr: "203.0.113.10/24"})
	for _, a := range []string{"203.0.113.11/24", "203.0.113.12/24"} {
		addAddr(t, ns, "eth0", a)
	}
	if addrs == nil {
		addrs = []netip.Addr{officeOuter}
	}
	o := agenttest.StartOffice(t, agenttest.OfficeConfig{
		NS: ns, Addrs: addrs, Users: agenttest.Users{`CORP\bob`: password}, Local: addr("10.0.0.1"), Remote: addr("10.0.0.2"),
	})
	return &rig{newDevice(t, book, secrets, modems), o}
}

// TestWrongPassword: 691, at once, and no second try that could lock the
// account, though there is another way.
func TestWrongPassword(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		book := strings.Replace(lanBook, "user =", `via = ["lan", "other"]`+"\nuser =", 1) + "[entry.other]\ndevice = 'vpn'\nhost = '203.0.113.11'\nuser = 'x'\n"
		r := newRig(t, book, strings.Replace(lanSecrets, "correct", "wrong", 1), nil)
		err := r.ends(r.dial("office"), cause.AuthFailed)
		if f := FailureOf(err); f.RAS != 691 || f.Exit != 19 {
			t.Errorf("failure is %+v", f)
		}
		if n := r.office.Calls(); n != 1 {
			t.Errorf("the office was called %d times", n)
		}
		r.wantPhases("office", "dial", "link", "authenticate", "hang-up", "down")
		if text := r.story.text(); strings.Contains(text, "horse") {
			t.Error("the password was told")
		}
	})
}

// TestNoPassword: a password that is not stored is asked for, and nothing is
// dialed where nobody can be asked.
func TestNoPassword(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		r := newRig(t, lanBook, "", nil)
		r.ends(r.dial("office"), cause.PasswordMissing)
		asked := ""
		r.cfg.AskPassword = func(_ context.Context, entry, user string) (string, error) {
			asked = entry + " " + user
			return password, nil
		}
		r.up(r.dial("office"))
		if asked != `office CORP\bob` {
			t.Errorf("asked for %q", asked)
		}
		r.HangUpAll(cause.UserRequest)
		r.cfg.AskPassword = func(context.Context, string, string) (string, error) { return "", errors.New("gone") }
		r.ends(r.dial("office"), cause.PasswordMissing)
		// Who is being asked can hang up.
		asking := make(chan struct{})
		r.cfg.AskPassword = func(ctx context.Context, _, _ string) (string, error) {
			close(asking)
			<-ctx.Done()
			return "", context.Cause(ctx)
		}
		call := r.dial("office")
		<-asking
		r.HangUp("office", cause.UserRequest)
		r.ends(call, cause.UserRequest)
		if n := r.office.Calls(); n != 1 {
			t.Errorf("the office was called %d times", n)
		}
	})
}

// TestAddressesInTurn: every address of a name is tried, each with the route
// to it pinned, until one answers.
func TestAddressesInTurn(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		hosts := filepath.Join(t.TempDir(), "hosts")
		if err := os.WriteFile(hosts, []byte("203.0.113.11 many\n203.0.113.12 many\n203.0.113.10 many\n203.0.113.11 dead\n203.0.113.12 dead\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount(hosts, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
			t.Fatalf("mounting over /etc/hosts: %v", err)
		}
		for _, last := range []netip.Addr{addr("203.0.113.10"), addr("203.0.113.12")} {
			r := newRigAgain(t, strings.Replace(lanBook, "203.0.113.10", "many", 1), last)
			call := r.dial("office")
			if s := r.up(call); s.Target != last.String() {
				t.Errorf("connected to %s, want %v", s.Target, last)
			}
			wantRoute(t, last.String()+"/32", "eth0")
			for _, other := range []string{"203.0.113.10/32", "203.0.113.11/32", "203.0.113.12/32"} {
				if ifname, _ := routeOf(t, other); ifname != "" && other != last.String()+"/32" {
					t.Errorf("%s is still pinned", other)
				}
			}
			r.end()
		}
		r := newRigAgain(t, strings.Replace(lanBook, "203.0.113.10", "dead", 1), addr("203.0.113.10"))
		err := r.ends(r.dial("office"), cause.ConnectRefused)
		if r.story.wait(t, "the first address", func(ev Event) bool { return strings.Contains(ev.Text, "refuse") }); !strings.Contains(err.Error(), "203.0.113.1") {
			t.Errorf("%v does not name the address", err)
		}
	})
}

var rigs int

// newRigAgain is newRig where there is one already.
func newRigAgain(t *testing.T, book string, office netip.Addr) *rig {
	if rigs++; rigs > 1 {
		dropLink(t, "eth0")
	}
	return newRig(t, book, lanSecrets, nil, office)
}

// TestViaInTurn: where the first way cannot be, the next is gone.
func TestViaInTurn(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		line := agenttest.NewLine(t)
		line.Exchange.Set(agenttest.Number, modemtest.Number{Party: modemtest.Busy})
		book := strings.Replace(lanBook, "user =", `via = ["isp", "lan"]`+"\nuser =", 1) + "[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['5550100']\n"
		r := newRig(t, book, lanSecrets, map[string]modem.Config{"line1": agenttest.Modem(t, line.Near)})
		call := r.dial("office")
		if s := r.up(call); s.Via != "" {
			t.Errorf("it runs over %q", s.Via)
		}
		r.story.wait(t, "the busy line", func(ev Event) bool {
			return ev.Entry == "office" && strings.HasSuffix(ev.Text, "busy: isp: BUSY")
		})
		if err := agenttest.RoundTrips(nil, t, echoHost, 10, 100); err != nil {
			t.Error(err)
		}
	})
}

// TestCancelWhileDialing: a hang-up ends every stage of dialing.
func TestCancelWhileDialing(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		line := agenttest.NewLine(t)
		line.Exchange.Set(agenttest.Number, modemtest.Number{Party: modemtest.Dead})
		book := lanBook + `[entry.isp]
device = 'modem'
modem = 'line1'
phone = ['5550100']
[entry.over]
device = 'vpn'
host = '203.0.113.10'
via = ['isp']
user = 'x'
[entry.silent]
device = 'vpn'
host = '203.0.113.99' # nobody answers there, not even ARP
user = 'x'
[entry.name]
device = 'vpn'
host = 'nobody.answers.example'
user = 'x'
`
		secrets := lanSecrets + "[entry.over]\npassword = 'x'\n[entry.silent]\npassword = 'x'\n[entry.name]\npassword = 'x'\n"
		r := newRig(t, book, secrets, map[string]modem.Config{"line1": agenttest.Modem(t, line.Near)})
		resolv := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(resolv, []byte("nameserver 203.0.113.98\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount(resolv, "/etc/resolv.conf", "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		for entry, at := range map[string]func(Event) bool{
			"isp":    func(ev Event) bool { return ev.Packet == `sent [AT "ATDT5550100"]` },
			"over":   func(ev Event) bool { return ev.Packet == `sent [AT "ATDT5550100"]` },
			"silent": func(ev Event) bool { return ev.Entry == "silent" },
			"name":   func(ev Event) bool { return ev.Entry == "name" && strings.HasPrefix(ev.Text, "resolving") },
			"office": func(ev Event) bool { return ev.Phase == "link" },
		} {
			r.story.forget()
			call := r.dial(entry)
			r.story.wait(t, "dialing "+entry, at)
			begin := time.Now()
			if err := r.HangUp(entry, cause.UserRequest); err != nil && cause.Of(err) != cause.NotConnected {
				t.Fatal(err)
			}
			r.ends(call, cause.UserRequest)
			t.Logf("%s ended after %v", entry, time.Since(begin))
			agenttest.NothingLeft(t, nil, r.before, r.resolv)
		}
		if err := r.HangUp("office", cause.UserRequest); cause.Of(err) != cause.NotConnected {
			t.Errorf("hanging up what is not connected: %v", err)
		}
		if _, err := r.Dial("nothing"); cause.Of(err) != cause.NoEntry {
			t.Errorf("dialing what is not there: %v", err)
		}
	})
}

// TestClosedAgent: nothing begins once Close was called, and Close ends what
// has begun.
func TestClosedAgent(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		r := newRig(t, lanBook, lanSecrets, nil)
		call := r.dial("office")
		r.Close()
		r.ends(call, cause.UserRequest)
		if _, err := r.Dial("office"); cause.Of(err) != cause.Cancelled {
			t.Errorf("dialing with a closed agent: %v", err)
		}
		if err := r.Serve(t.Context(), ServerConfig{}, nil); cause.Of(err) != cause.Cancelled {
			t.Errorf("serving with a closed agent: %v", err)
		}
		r.HangUpAll(cause.UserRequest)
		r.Close()
	})
}
