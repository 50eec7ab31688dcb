package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agent"
	"dun/cmd/internal/agenttest"
)

// TestDial is a session as a technician sees it.
func TestDial(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, true)
		server := w.serve()
		dial := w.up("office")

		// Beside it, other commands.
		s := w.device.status()
		if len(s.Connections) != 2 || s.Connections[1].Entry != "office" || s.Connections[1].Via != "isp" || s.Connections[1].Encryption != "mppe-128-stateless" {
			t.Errorf("status is %+v", s)
		}
		text := squeezed(w.device.run("status").exits(0).stdout())
		mustContain(t, text, "isp: up since", "office: up since", " via isp\n", " encryption mppe-128-stateless\n", " name servers 10.0.0.53\n")
		text = w.device.run("status", "office").exits(0).stdout()
		mustNotContain(t, text, "isp: up")
		mustContain(t, w.device.run("status", "nothing").exits(1).stderr(), "not-connected")
		mustContain(t, w.device.run("dial", "office").exits(6).stderr(), "already-up", `"office", phase up`)
		mustContain(t, w.device.run("dial", "nothing").exits(2).stderr(), "no-entry", "nothing")
		mustContain(t, w.device.run("serve").exits(2).stderr(), "server.toml")
		mustContain(t, w.device.run("hangup", "nothing").exits(1).stderr(), "not-connected", "606")
		calls := squeezed(w.office.run("status").exits(0).stdout())
		mustContain(t, calls, "server on 0.0.0.0 since", "1 of 100 calls", "call 1: up", " user alice\n")

		if err := agenttest.RoundTrips(nil, t, lanHost, 20, 1000); err != nil {
			t.Error(err)
		}
		w.device.run("hangup", "office").exits(0)
		dial.exits(5)
		w.nothingLeft(t)
		mustContain(t, w.device.run("status").exits(1).stderr(), "agent-unreachable")
		mustContain(t, w.device.run("hangup", "--all").exits(1).stderr(), "agent-unreachable")

		// The story: each phase once, in order, with its time; the end once.
		want := []string{
			"office     dial          vpn.example.com over isp",
			"isp        dial          5550100", "isp                      CONNECT 33600", "isp        link", "isp        authenticate",
			`isp                      logged in as "field7" by PAP`, "isp        network",
			"isp        up            address 198.51.100.7, peer 198.51.100.1, name servers 198.51.100.1",
			"office                   203.0.113.10", "office     link", "office     authenticate",
			`office                   logged in as "alice" by MS-CHAPv2`, "office     network", "office                   encrypted: MPPE 128-stateless",
			"office     up            address 10.0.0.100, peer 10.0.0.1, name servers 10.0.0.53",
			"office     hang-up", "isp        hang-up", "isp        down          The connection was hung up on request.",
		}
		line := regexp.MustCompile(`^ +\d+\.\d{3}  (.*)$`)
		var got []string
		for l := range strings.Lines(dial.stdout()) {
			m := line.FindStringSubmatch(strings.TrimRight(l, "\n"))
			if m == nil {
				t.Errorf("the line %q has no time", l)
				continue
			}
			got = append(got, m[1])
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("it printed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got := dial.stderr(); got != "dun: The connection was hung up on request.\n     [user-request, Windows RAS error 631, exit code 5]\n" {
			t.Errorf("at the end it said %q", got)
		}
		server.signal(unix.SIGTERM)
		server.exits(5)
		mustContain(t, server.stdout(), "call 1                   from 198.51.100.7:", `"alice" logged in by MS-CHAPv2`, "The remote side ended the connection")
	})
}

// TestDebug: packets, details and JSON; and never a password.
func TestDebug(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, true)
		server := w.office.start("--debug", "serve")
		server.says("listening")
		all := ""
		for _, flags := range [][]string{{"--debug"}, {"--json"}, {"--json", "--debug"}} {
			dial := w.device.start(append(flags, "dial", "office")...)
			dial.says("peer 10.0.0.1")
			for _, args := range [][]string{{"status"}, {"--json", "status"}, {"--json", "phonebook", "show", "office"}, {"phonebook", "show", "isp"}, {"phonebook", "check"}} {
				p := w.device.run(args...).exits(0)
				all += p.stdout() + p.stderr()
			}
			dial.signal(unix.SIGINT)
			dial.exits(5)
			all += dial.stdout() + dial.stderr()
			if flags[0] == "--json" {
				ends := 0
				in := bufio.NewScanner(strings.NewReader(dial.stdout()))
				for in.Scan() {
					var ev agent.Event
					if err := json.Unmarshal(in.Bytes(), &ev); err != nil {
						t.Errorf("%v: %s", err, in.Text())
					}
					if ev.End != nil {
						ends++
					}
				}
				if ends != 2 {
					t.Errorf("%d ends, want those of two entries", ends)
				}
				mustContain(t, dial.stdout(), `{"error":{"cause":"user-request"`)
				if dial.stderr() != "" {
					t.Errorf("beside JSON: %q", dial.stderr())
				}
			} else {
				mustContain(t, dial.stdout(), "LCP open, peer's MRU", "init ATZ", "[PPTP Outgoing-Call-Request", `sent [AT "ATDT5550100"]`)
			}
		}
		mustContain(t, all, `[PAP AuthReq id=0x1 user="field7" password=<hidden>]`, `[LCP ConfReq id=0x1 `, "[CHAP Success id=")
		// A wrong password is not shown either.
		w.device.write("secrets.toml", "[entry.isp]\npassword = 'wr0ng!pass'\n[entry.office]\npassword = 'x'\n")
		p := w.device.run("--debug", "dial", "office").exits(19)
		all += p.stdout() + p.stderr()
		mustContain(t, p.stderr(), "User name or password is wrong: isp", "[auth-failed, Windows RAS error 691, exit code 19]")
		server.signal(unix.SIGTERM)
		server.exits(5)
		all += server.stdout() + server.stderr()
		mustNotContain(t, all, officePassword, ispPassword, "wr0ng!pass")
	})
}

// TestSignals: each of the three hangs up in order; those that whoever started
// us ignores are ignored.
func TestSignals(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		server := w.serve()
		for i, s := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP} {
			dial := w.up("office")
			dial.signal(s)
			dial.exits(5)
			w.nothingLeft(t)
			agenttest.Eventually(t, func() error { // the peer was told
				if n := strings.Count(server.stdout(), "The remote side ended the connection"); n != i+1 {
					return errText("the server saw %d ends in order, want %d", n, i+1)
				}
				return nil
			})
		}
		signal.Ignore(unix.SIGHUP) // is inherited
		dial := w.up("office")
		signal.Reset(unix.SIGHUP)
		dial.signal(unix.SIGHUP)
		dial.signal(unix.SIGHUP)
		if err := agenttest.RoundTrips(nil, t, lanHost, 20, 100); err != nil {
			t.Error(err)
		}
		if s := w.device.status(); len(s.Connections) != 1 || s.Connections[0].Phase != "up" {
			t.Errorf("after a hang-up signal that nohup ignores: %+v", s)
		}
		dial.signal(unix.SIGTERM)
		dial.exits(5)
	})
}

// TestSecondSignal: who is in a hurry need not wait for a peer that is dead,
// and still leaves nothing.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		server := w.serve()
		dial := w.up("office")
		server.says("call 1     up") // and holds no lock that others want
		server.signal(unix.SIGSTOP)
		dial.signal(unix.SIGINT)
		dial.says("hang-up")
		begin := time.Now()
		dial.signal(unix.SIGINT)
		dial.exits(5)
		t.Logf("ended %v after the second signal", time.Since(begin))
		mustContain(t, dial.stderr(), "not hung up in order")
		w.nothingLeft(t)
		server.signal(unix.SIGCONT)
	})
}

// TestOutputGone: a reader of the output that goes away ends nothing.
func TestOutputGone(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		server := w.serve()
		r, pipe, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		dial := w.device.startWith(func(c *exec.Cmd) { c.Stdout = pipe }, "dial", "office")
		pipe.Close()
		server.says("call 1     up")
		agenttest.Eventually(t, func() error {
			if s := w.device.status(); len(s.Connections) != 1 || s.Connections[0].Phase != "up" {
				return errText("status is %+v", s)
			}
			return nil
		})
		if err := agenttest.RoundTrips(nil, t, lanHost, 20, 100); err != nil {
			t.Error(err)
		}
		dial.signal(unix.SIGINT)
		dial.exits(5)
		w.nothingLeft(t)
	})
}

// TestKilled: a process that was killed leaves routes, pins and name servers,
// which the next start takes back; what a second process has stays.
func TestKilled(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.serve()
		second := w.device.startWith(nil, "--runtime", filepath.Join(t.TempDir(), "other"), "dial", "second")
		second.says("second     up ")
		withSecond := agenttest.Snapshot(t, nil, w.resolv)

		killed := w.up("office")
		killed.signal(unix.SIGKILL)
		killed.wait()
		after := strings.Join(agenttest.Snapshot(t, nil, w.resolv), "\n")
		// The kernel has taken the interface and what hangs on it; the
		// resolver file still has the name server twice.
		mustContain(t, after, "file "+w.resolv)
		if left := agenttest.Left(withSecond, strings.Split(after, "\n")); len(left) == 0 {
			t.Error("nothing was left behind, so that nothing can be shown")
		}
		mustContain(t, w.device.run("doctor").stdout(), "1 process(es) died without taking back routes or name servers")

		again := w.up("office")
		again.signal(unix.SIGINT)
		again.exits(5)
		agenttest.NothingLeft(t, nil, withSecond, w.resolv)
		if err := agenttest.RoundTrips(nil, t, lanHost, 20, 100); err != nil {
			t.Errorf("through the second process's tunnel: %v", err)
		}
		second.signal(unix.SIGINT)
		second.exits(5)
		w.nothingLeft(t)

		// The same with nobody else: the pinned server goes too.
		killed = w.up("office")
		killed.signal(unix.SIGKILL)
		killed.wait()
		if left := agenttest.Left(w.before, agenttest.Snapshot(t, nil, w.resolv)); len(left) < 2 {
			t.Errorf("left behind are %v only", left)
		}
		w.device.write("secrets.toml", "[entry.office]\npassword = 'wrong'\n")
		w.device.run("dial", "office").exits(19)
		w.nothingLeft(t)
	})
}

// TestServerEnds: the server hangs up on all callers, and they know.
func TestServerEnds(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		before := agenttest.Snapshot(t, w.office.ns)
		server := w.serve()
		dial := w.up("office")
		server.signal(unix.SIGTERM)
		server.exits(5)
		dial.exits(16)
		mustContain(t, dial.stderr(), "peer-hangup")
		agenttest.NothingLeft(t, w.office.ns, before)
		w.nothingLeft(t)
		// And by the socket.
		server = w.serve()
		w.office.run("hangup", "--all").exits(0)
		server.exits(5)
	})
}
