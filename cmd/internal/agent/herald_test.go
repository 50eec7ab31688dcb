package agent

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dun/board/hooks"
	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup"
	"dun/dialup/cause"
)

// told is what a machine's programs wrote down: a line a visit.
type told struct {
	t    *testing.T
	file string
}

// hooked gives an agent programs that write down what they are told.
func hooked(t *testing.T, a *Agent) *told {
	t.Helper()
	dir := t.TempDir()
	h := &told{t, filepath.Join(dir, "log")}
	for _, d := range []string{upDir, downDir} {
		script := "#!/bin/sh\n(echo " + d + "; for a in \"$@\"; do echo \"<$a>\"; done; env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort) | tr '\\n' ' ' >>" + h.file + "\necho >>" + h.file + "\n"
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, d, "write"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	a.hooks = hooks.New(hooks.Config{Dir: dir, Tell: func(about, text string) { a.emitText(about, "%s", text) }})
	return h
}

// lines waits for so many visits.
func (h *told) lines(n int) (lines []string) {
	h.t.Helper()
	agenttest.Eventually(h.t, func() error {
		b, _ := os.ReadFile(h.file)
		lines = strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
		if !strings.HasSuffix(string(b), "\n") || len(lines) < n {
			return fmt.Errorf("%d lines, want %d: %s", len(lines), n, b)
		}
		return nil
	})
	return lines
}

// has wants words in a line.
func (h *told) has(line string, words ...string) {
	h.t.Helper()
	for _, w := range words {
		if !strings.Contains(" "+line, " "+w+" ") {
			h.t.Errorf("no %q in %q", w, line)
		}
	}
}

// TestHooksOfEntries: programs are told of each time that an entry is up and
// of each fall, as pppd would tell them.
func TestHooksOfEntries(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		r := newRig(t, keptBook, lanSecrets, nil)
		h := hooked(t, r.Agent)
		r.Keep()
		r.times("office", "up", 1)
		s := r.status("office")
		if err := agenttest.RoundTrips(nil, t, echoHost, 5, 1000); err != nil {
			t.Error(err)
		}
		same := []string{
			"<" + s.Interface + "> <pptp> <0> <" + s.Local + "> <" + s.Remote + "> <office>", "IFNAME=" + s.Interface, "IPLOCAL=" + s.Local, "IPREMOTE=" + s.Remote,
			"LINKNAME=office", "PPP_IFACE=" + s.Interface, "PPP_IPPARAM=office", "PPP_LOCAL=" + s.Local, "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin",
		}
		r.office.HangUp() // the link falls
		lines := h.lines(3)
		for i, dir := range []string{upDir, downDir, upDir} {
			h.has(lines[i], append(same, dir)...)
		}
		h.has(lines[1], "CONNECT_TIME=0")
		var in, out int
		for _, f := range strings.Fields(lines[1]) {
			fmt.Sscanf(f, "BYTES_RCVD=%d", &in)
			fmt.Sscanf(f, "BYTES_SENT=%d", &out)
		}
		if in < 5*1028 || out < 5*1028 {
			t.Errorf("%d and %d octets in %s", in, out, lines[1])
		}
		for _, w := range []string{"CONNECT_TIME", "BYTES_SENT", "PEERNAME"} {
			if strings.Contains(lines[0], w) {
				t.Errorf("%s in %s", w, lines[0])
			}
		}
		r.end()
		if all := h.lines(4); len(all) != 4 || !strings.HasPrefix(all[3], downDir) {
			t.Errorf("at the end it was told\n%s", strings.Join(all, "\n"))
		}
		if strings.Contains(strings.Join(lines, ""), password) {
			t.Error("the password was told")
		}
	})
}

// TestHooksOfChain: a modem has its port and speed, and the peer's name servers.
func TestHooksOfChain(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		c := newChain(t)
		h := hooked(t, c.Agent)
		c.up(c.dial("office"))
		lines := h.lines(2)
		if strings.Contains(lines[0], "LINKNAME=office") { // they do not wait for each other
			slices.Reverse(lines)
		}
		m := c.cfg.Modems["line1"]
		h.has(lines[0], fmt.Sprintf("<%s> <%d>", m.Port, m.Speed), "DEVICE="+m.Port, fmt.Sprintf("SPEED=%d", m.Speed), "LINKNAME=isp", "USEPEERDNS=1", "DNS1=198.51.100.1")
		h.has(lines[1], "<pptp> <0>", "LINKNAME=office", "DNS1=10.0.0.53")
		c.end()
		if lines = h.lines(4); len(lines) != 4 || !strings.HasPrefix(lines[2], downDir) || !strings.HasPrefix(lines[3], downDir) {
			t.Errorf("at the end it was told\n%s", strings.Join(lines, "\n"))
		}
	})
}

// TestHooksOfCallers: callers of ours have their names; one who takes the
// place of his older call is told of after it.
func TestHooksOfCallers(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, aliceSecrets+"address = '10.0.0.50'\n", nil)
		told := hooked(t, h.Agent)
		older := h.call("alice", password)
		older.address()
		told.lines(1)
		newer := h.call("alice", password)
		newer.address()
		lines := told.lines(3)
		for i, dir := range []string{upDir, downDir, upDir} {
			told.has(lines[i], dir, "PEERNAME=alice", "IPLOCAL=10.0.0.1", "IPREMOTE=10.0.0.50", "LINKNAME=server", "PPP_IPPARAM=203.0.113.5")
		}
		h.stop()
		newer.ends(cause.PeerHangup, cause.CallCleared)
		<-h.served
		lines = told.lines(4)
		told.has(lines[3], downDir, "PEERNAME=alice")
	})
}

// TestHeraldOfChanges: other addresses are a network that goes and one that
// comes; the same ones are nothing new, and IPv6 alone is none.
func TestHeraldOfChanges(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	for _, d := range []string{upDir, downDir} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, d, "x"), []byte("#!/bin/sh\necho "+d+" $4 $DNS1 $DNS2 $WINS1 $USEPEERDNS. >>"+log+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	runner := hooks.New(hooks.Config{Dir: dir, Tell: func(_, text string) { t.Error(text) }})
	h := &herald{runner: runner, entry: "x"}
	waitFor := func(n int) {
		agenttest.Eventually(t, func() error {
			b, _ := os.ReadFile(log)
			if got := strings.Count(string(b), "\n"); got != n {
				return fmt.Errorf("%d lines, want %d: %s", got, n, b)
			}
			return nil
		})
	}
	n := dialup.Network{Interface: "dun0", IPv6Local: addr("fe80::1"), MTU: 1400}
	h.follow(dialup.Report{Network: &n}, nil)
	n.Local, n.Remote, n.DNS, n.NBNS = addr("10.0.0.2"), addr("10.0.0.1"), []netip.Addr{addr("10.0.0.53"), addr("10.0.0.54"), addr("10.0.0.55")}, []netip.Addr{addr("10.0.0.9")}
	h.follow(dialup.Report{Network: &n}, nil)
	waitFor(1)
	n.MTU = 1300
	h.follow(dialup.Report{Network: &n}, nil)
	n.Local = addr("10.0.0.3")
	h.follow(dialup.Report{Network: &n}, nil)
	waitFor(3)
	h.useDNS = true
	h.follow(dialup.Report{Phase: dialup.PhaseHangUp}, nil)
	h.follow(dialup.Report{Phase: dialup.PhaseHangUp}, nil)
	runner.Close(agenttest.Patience)
	b, _ := os.ReadFile(log)
	want := "ip-up.d 10.0.0.2 10.0.0.53 10.0.0.54 10.0.0.9 .\nip-down.d 10.0.0.2 10.0.0.53 10.0.0.54 10.0.0.9 .\nip-up.d 10.0.0.3 10.0.0.53 10.0.0.54 10.0.0.9 .\nip-down.d 10.0.0.3 10.0.0.53 10.0.0.54 10.0.0.9 1.\n"
	if string(b) != want {
		t.Errorf("it was told\n%swant\n%s", b, want)
	}
}
