package agent

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
	"dun/modem"
)

const keptBook = lanBook + "autodial = true\n"

// phases waits until an entry has told so many of a phase.
func (d *device) times(entry, phase string, n int) {
	d.t.Helper()
	agenttest.Eventually(d.t, func() error {
		told := 0
		for _, p := range d.story.phases(entry) {
			if p == phase {
				told++
			}
		}
		if told < n {
			return fmt.Errorf("%s was %s %d times, want %d:\n%s", entry, phase, told, n, d.story.text())
		}
		return nil
	})
}

func indexOf(t *testing.T, ifname string) int {
	t.Helper()
	link, err := netlink.LinkByName(ifname)
	if err != nil {
		t.Fatal(err)
	}
	return link.Attrs().Index
}

// TestKeep: an entry is connected by itself and again when its server dies;
// the interface, its address and its routes stay. Who hangs up is obeyed.
func TestKeep(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		r := newRig(t, keptBook, lanSecrets, nil)
		r.Keep()
		r.times("office", "up", 1)
		first := r.status("office")
		index := indexOf(t, first.Interface)
		for i := range 3 {
			r.office.HangUp()
			r.times("office", "up", i+2)
			s := r.status("office")
			if s.Interface != first.Interface || indexOf(t, s.Interface) != index || s.Local != first.Local {
				t.Errorf("the interface was %+v and is %+v", first, s)
			}
			if s.Kept == nil || s.Kept.Last == nil || s.Kept.Next != nil {
				t.Errorf("status of the keeper is %+v", s.Kept)
			}
			if err := agenttest.RoundTrips(nil, t, echoHost, 5, 100); err != nil {
				t.Error(err)
			}
			if !r.resolvHas("192.0.2.53") {
				t.Error("the machine's name server is gone")
			}
		}
		if err := r.HangUp("office", cause.UserRequest); err != nil {
			t.Fatal(err)
		}
		agenttest.NothingLeft(t, nil, r.before, r.resolv)
		agenttest.Eventually(t, func() error {
			if s := r.status("office"); s.Phase != "stopped" {
				return fmt.Errorf("after a hang-up it is %+v", s)
			}
			return nil
		})
		if err := r.HangUp("office", cause.UserRequest); cause.Of(err) != cause.NotConnected {
			t.Errorf("hanging up again: %v", err)
		}
		calls := r.office.Calls()
		r.up(r.dial("office"))
		r.office.HangUp()
		agenttest.Eventually(t, func() error {
			if n := r.office.Calls(); n != calls+2 {
				return fmt.Errorf("%d calls, want %d", n, calls+2)
			}
			return nil
		})
	})
}

// TestKeepStops: a wrong password is tried once, until it is corrected; then
// the file's change is enough.
func TestKeepStops(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		dir := t.TempDir()
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("phonebook.toml", keptBook)
		r := newRig(t, keptBook, strings.Replace(lanSecrets, "correct", "wrong", 1), nil)
		r.cfg.Load = func() (Files, error) {
			book, secrets, err := phonebook.Load(dir)
			return Files{Phonebook: book, Secrets: secrets}, err
		}
		if err := r.Follow(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		r.Keep()
		r.times("office", "stopped", 1)
		agenttest.NothingLeft(t, nil, r.before, r.resolv)
		s := r.status("office")
		if s.Phase != "stopped" || s.Kept.Last.Cause != "auth-failed" {
			t.Errorf("status is %+v, %+v", s, s.Kept)
		}
		write("secrets.toml", "password 'is what'\n")
		r.story.wait(t, "a file with a mistake", func(ev Event) bool { return ev.Entry == configEntry && strings.Contains(ev.Text, "left as") })
		if n := r.office.Calls(); n != 1 {
			t.Errorf("the office was called %d times with a wrong password", n)
		}
		write("secrets.toml", lanSecrets)
		r.times("office", "up", 1)
		if n := r.office.Calls(); n != 2 {
			t.Errorf("the office was called %d times", n)
		}
		// An entry that is taken out is hung up.
		write("secrets.toml", "")
		write("phonebook.toml", "")
		agenttest.NothingLeft(t, nil, r.before, r.resolv)
		agenttest.Eventually(t, func() error { // the control connection ends after the network
			if left := r.Status().Connections; len(left) != 0 {
				return fmt.Errorf("status shows %+v", left)
			}
			return nil
		})
	})
}

// TestKeepStopsBelow: the ISP's wrong password stops the tunnel over it as well,
// after one log-in, until it is corrected.
func TestKeepStopsBelow(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		book := chainBook + "autodial = true\n"
		c := newChainOf(t, book)
		secrets := func(text string) *phonebook.Secrets {
			_, s, err := phonebook.Parse([]byte(book), []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		right := Files{Phonebook: c.cfg.Phonebook, Secrets: c.cfg.Secrets, Modems: c.cfg.Modems}
		c.cfg.Secrets = secrets(strings.Replace(chainSecrets, ispPassword, "wrong", 1))
		c.cfg.Load = func() (Files, error) { return right, nil }
		c.Keep()
		c.times("office", "stopped", 1)
		if s := c.status("office"); s.Kept.Last == nil || s.Kept.Last.Cause != "auth-failed" || !strings.Contains(s.Kept.Last.Detail, "isp") {
			t.Errorf("office stopped with %+v", s.Kept.Last)
		}
		logins := 0
		for _, p := range c.story.phases("isp") {
			if p == "authenticate" {
				logins++
			}
		}
		if logins != 1 {
			t.Errorf("%d log-ins with a wrong password", logins)
		}
		if err := c.Reload(); err != nil {
			t.Fatal(err)
		}
		c.times("office", "up", 1)
	})
}

// TestKeepPauses: a server that is away is called again with pauses, and a
// person need not wait for their end.
func TestKeepPauses(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		book := strings.Replace(keptBook, "203.0.113.10", "203.0.113.12", 1) // refuses
		r := newRig(t, book, lanSecrets, nil)
		r.Keep()
		r.times("office", "pause", 2)
		s := r.status("office")
		for s.Kept.Next == nil { // it is dialing
			s = r.status("office")
		}
		if s.Kept.Tries == 0 || s.Kept.Last.Cause != "connect-refused" {
			t.Errorf("status is %+v, %+v", s, s.Kept)
		}
		r.story.forget()
		call, err := r.Dial("office")
		for cause.Of(err) == cause.AlreadyUp {
			call, err = r.Dial("office")
		}
		if err != nil {
			t.Fatal(err)
		}
		r.ends(call, cause.ConnectRefused)
		agenttest.Eventually(t, func() error {
			if s := r.status("office"); s.Kept.Tries > 2 {
				return fmt.Errorf("the pauses were not begun anew: %+v", s.Kept)
			}
			return nil
		})
	})
}

// TestKeepChain: the telephone line is cut; the ISP and then the tunnel come
// back by themselves. The ISP stays up while the office alone is redialed.
func TestKeepChain(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		c := newChainOf(t, chainBook+"autodial = true\n")
		c.Keep()
		c.times("office", "up", 1)
		before := c.status("office")
		c.line.Exchange.Drop(agenttest.Number)
		c.times("office", "up", 2)
		if s := c.status("office"); s.Interface != before.Interface || s.Via != "isp" {
			t.Errorf("office was %+v and is %+v", before, s)
		}
		if err := agenttest.RoundTrips(nil, t, lanHost, 5, 100); err != nil {
			t.Error(err)
		}
		end := c.story.wait(t, "the tunnel's end", func(ev Event) bool { return ev.Entry == "office" && ev.End != nil })
		if end.End.Cause != "lower-link-down" {
			t.Errorf("the tunnel ended with %+v", end.End)
		}
		if got := c.story.phases("isp"); slices.Index(got, "up") < 0 || len(got) != 12 {
			t.Errorf("isp went through %v", got)
		}
		// Who hangs up the ISP wants the line free.
		if err := c.HangUp("isp", cause.UserRequest); err != nil {
			t.Fatal(err)
		}
		agenttest.NothingLeft(t, nil, c.before, c.resolv)
		agenttest.Eventually(t, func() error {
			if s := c.status("office"); s.Phase != "stopped" {
				return fmt.Errorf("office is %+v", s)
			}
			return nil
		})
	})
}

// TestKeepVia: the LAN is taken where the server is reachable there, the ISP
// where it is not, and the ISP's line is free again afterwards.
func TestKeepVia(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		line := agenttest.NewLine(t)
		isp := netnstest.NewNS(t)
		book := strings.Replace(keptBook, "user =", `via = ["lan", "isp"]`+"\nkeepalive = '1s'\nkeepalive-failures = 1\nuser =", 1) +
			"[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['5550100']\nuser = 'field7'\nauth = ['pap']\n"
		secrets := lanSecrets + "[entry.isp]\npassword = '" + ispPassword + "'\n"
		agenttest.StartISP(t, line, agenttest.ISPConfig{
			NS: isp, Require: []ppp.Auth{ppp.AuthPAP}, Users: agenttest.Users{"field7": ispPassword},
		})
		agenttest.Forward(t, isp) // says at once that it has no way to the office
		r := newRig(t, book, secrets, map[string]modem.Config{"line1": agenttest.Modem(t, line.Near)})
		r.Keep()
		r.times("office", "up", 1)
		if s := r.status("office"); s.Via != "" {
			t.Errorf("it runs over %q with a LAN", s.Via)
		}
		setLink(t, "eth0", false) // the LAN's cable is pulled
		r.times("isp", "up", 1)
		setLink(t, "eth0", true)
		r.times("office", "up", 2)
		if s := r.status("office"); s.Via != "" {
			t.Errorf("it runs over %q", s.Via)
		}
		agenttest.Eventually(t, func() error {
			if n := line.Exchange.Calls(); n != 0 {
				return fmt.Errorf("%d telephone calls are up", n)
			}
			return nil
		})
	})
}

// TestKeepViaRefused: without a LAN the ISP is tried, and has another password:
// it is asked once, and the LAN is taken when it is there again.
func TestKeepViaRefused(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		line := agenttest.NewLine(t)
		book := strings.Replace(keptBook, "user =", `via = ["isp", "lan"]`+"\nuser =", 1) +
			"[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['5550100']\nuser = 'field7'\nauth = ['pap']\n"
		agenttest.StartISP(t, line, agenttest.ISPConfig{
			NS: netnstest.NewNS(t), Require: []ppp.Auth{ppp.AuthPAP}, Users: agenttest.Users{"field7": ispPassword},
		})
		r := newRig(t, book, lanSecrets+"[entry.isp]\npassword = 'wrong'\n", map[string]modem.Config{"line1": agenttest.Modem(t, line.Near)})
		setLink(t, "eth0", false)
		r.Keep()
		r.times("office", "pause", 2)
		setLink(t, "eth0", true)
		r.times("office", "up", 1)
		r.office.HangUp()
		r.times("office", "up", 2)
		logins := 0
		for _, p := range r.story.phases("isp") {
			if p == "authenticate" {
				logins++
			}
		}
		if logins != 1 {
			t.Errorf("%d log-ins with a wrong password", logins)
		}
		call, err := r.Dial("isp") // a person is obeyed
		if err != nil {
			t.Fatal(err)
		}
		r.ends(call, cause.AuthFailed)
	})
}

func setLink(t *testing.T, ifname string, up bool) {
	t.Helper()
	link, err := netlink.LinkByName(ifname)
	if err == nil && up {
		err = netlink.LinkSetUp(link)
	} else if err == nil {
		err = netlink.LinkSetDown(link)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestKeepName: a name that cannot be looked up, as when the machine has just
// started, is looked up again; later its addresses are known.
func TestKeepName(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		resolv := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(resolv, []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount(resolv, "/etc/resolv.conf", "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		r := newRig(t, strings.Replace(keptBook, "203.0.113.10", "vpn.example.com", 1), lanSecrets, nil)
		r.Keep()
		r.times("office", "pause", 1)
		if s := r.status("office"); s.Kept.Last == nil || s.Kept.Last.Cause != "name-not-found" {
			t.Errorf("status is %+v", s.Kept)
		}
		t.Run("name server", func(t *testing.T) {
			agenttest.DNS(t, nil, map[string][]netip.Addr{"vpn.example.com.": {officeOuter}})
			r.times("office", "up", 1)
		})
		r.office.HangUp() // and nobody can be asked any more
		r.times("office", "up", 2)
	})
}
