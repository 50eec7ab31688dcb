package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// manager is a service manager that listens.
type manager struct {
	t    *testing.T
	name string
	conn *net.UnixConn

	mu    sync.Mutex
	heard []string
}

func newManager(t *testing.T, name string) *manager {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	m := &manager{t: t, name: name, conn: conn}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.heard = append(m.heard, string(b[:n]))
			m.mu.Unlock()
		}
	}()
	return m
}

// all is what was heard, once each in a row.
func (m *manager) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.heard)
}

// hears waits until it has heard something so many times.
func (m *manager) hears(what string, times int) {
	m.t.Helper()
	agenttest.Eventually(m.t, func() error {
		n := 0
		for _, h := range m.all() {
			if h == what {
				n++
			}
		}
		if n < times {
			return fmt.Errorf("%q was heard %d times, want %d: %q", what, n, times, m.all())
		}
		return nil
	})
}

// TestAgentAsService: a service manager is told when the agent is ready, what
// it does, that it lives and that it stops; the machine's programs are run, also
// at the end; metrics are there for as long as the agent is.
func TestAgentAsService(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.keepOffice()
		m := newManager(t, "@dun-test-manager")
		metrics := filepath.Join(t.TempDir(), "dun.prom")
		w.device.write("device.toml", "[resolver]\nfile = '"+w.resolv+"'\n[agent]\nmetrics = '"+metrics+"'\nmetrics-interval = 1\nhook-timeout = 5\n")
		for _, d := range []string{"ip-up.d", "ip-down.d"} {
			if err := os.Mkdir(filepath.Join(w.device.dir, d), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(w.device.dir, d, "tell"), []byte("#!/bin/sh\necho \"$LINKNAME $IPLOCAL ${NOTIFY_SOCKET-none}\"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		w.serve()
		w.device.env = []string{"NOTIFY_SOCKET=" + m.name, "WATCHDOG_USEC=100000"}
		a := w.device.start("agent")
		w.device.env = nil
		m.hears("READY=1", 1)
		a.says("ip-up.d/tell: office 10.0.0.100 none")
		m.hears("STATUS=office up", 1)
		m.hears("WATCHDOG=1", 3)
		if b, err := os.ReadFile(metrics); err != nil || !strings.Contains(string(b), `dun_info{version="`) {
			t.Errorf("metrics: %v, %q", err, b)
		}
		other := w.device.start("--runtime", t.TempDir(), "dial", "second")
		other.says("another dun writes ")
		other.signal(unix.SIGTERM)
		other.exits(5)
		a.signal(unix.SIGTERM)
		a.exits(5)
		mustContain(t, a.stdout(), "ip-down.d/tell: office 10.0.0.100 none")
		all := m.all()
		if slices.Index(all, "STOPPING=1") < slices.Index(all, "READY=1") {
			t.Errorf("the manager heard %q", all)
		}
		if _, err := os.Stat(metrics); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the metrics are still there: %v", err)
		}
	})
}

// TestServeAndDialAsService: ready is when callers are answered, and when the
// entry is up.
func TestServeAndDialAsService(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		m := newManager(t, filepath.Join(t.TempDir(), "notify"))
		w.office.env = []string{"NOTIFY_SOCKET=" + m.name}
		w.serve()
		m.hears("READY=1", 1)
		w.device.env = []string{"NOTIFY_SOCKET=" + m.name}
		d := w.up("office")
		m.hears("READY=1", 2)
		m.hears("STATUS=1 calls", 1)
		d.signal(unix.SIGTERM)
		d.exits(5)
		m.hears("STOPPING=1", 1)
		if slices.Contains(m.all(), "WATCHDOG=1") {
			t.Error("a watchdog that nobody has was fed")
		}
	})
}

// TestServiceFiles: what they start exists, what they rely on is so, and those
// who know their form find nothing wrong.
func TestServiceFiles(t *testing.T) {
	dir := filepath.Join("..", "..", "configs", "services")
	for _, name := range []string{"dun.openrc", "dun.procd", "S50dun"} {
		file := filepath.Join(dir, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mustContain(t, string(text), "/usr/sbin/dun", "reload", "agent")
		if info, err := os.Stat(file); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s is not executable", name)
		}
		for _, shell := range [][]string{{"sh"}, {"busybox", "sh"}} {
			if _, err := exec.LookPath(shell[0]); err != nil {
				continue
			}
			if out, err := exec.Command(shell[0], append(shell[1:], "-n", file)...).CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", shell, err, out)
			}
		}
	}
	testUnit(t, dir, "dun.service", map[string]string{
		"Type": "notify", "ExecStart": "/usr/sbin/dun agent", "ExecReload": "/usr/sbin/dun reload", "SuccessExitStatus": "5",
		"CapabilityBoundingSet": "CAP_NET_ADMIN CAP_NET_RAW", "WantedBy": "multi-user.target",
	})
	testUnit(t, dir, "dun-console@.service", map[string]string{
		"Type": "", "ExecStart": "/usr/sbin/dun console --port /dev/%I --speed 9600", "Restart": "always", "WantedBy": "multi-user.target",
	})
}

// testUnit reads a unit by our own rules, and has systemd read it.
func testUnit(t *testing.T, dir, name string, wants map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	checkUnit(t, string(text), wants)
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("systemd-analyze is not here: the unit was read by our own rules only")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/usr/sbin/dun", self)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput(); err != nil || strings.Contains(string(out), name) {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}

// checkUnit reads a unit: sections and keys that we know, each line in its form.
func checkUnit(t *testing.T, text string, wants map[string]string) {
	t.Helper()
	known := map[string]string{
		"[Unit]":    " Description Documentation After Conflicts ",
		"[Service]": " Type ExecStart ExecReload SuccessExitStatus Restart RestartSec RestartPreventExitStatus TimeoutStopSec WatchdogSec RuntimeDirectory RuntimeDirectoryPreserve CapabilityBoundingSet NoNewPrivileges KillMode ",
		"[Install]": " WantedBy ",
	}
	section, seen := "", make(map[string]string)
	in := bufio.NewScanner(strings.NewReader(text))
	for in.Scan() {
		line := in.Text()
		key, value, pair := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case known[line] != "":
			section = line
		case !pair || value == "" || !strings.Contains(known[section], " "+key+" ") || seen[key] != "":
			t.Errorf("the line %q in %s", line, section)
		default:
			seen[key] = value
		}
	}
	for key, want := range wants {
		if seen[key] != want {
			t.Errorf("%s is %q, want %q", key, seen[key], want)
		}
	}
	for _, key := range []string{"ExecStart", "ExecReload"} {
		if words := strings.Fields(seen[key]); len(words) > 0 && !slices.ContainsFunc(commands().sub, func(c *command) bool { return c.name == words[1] }) {
			t.Errorf("dun has no command %q", words[1])
		}
	}
}
