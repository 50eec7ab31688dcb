package netcfg

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
)

// order is what a child process is to do before it waits for its end.
type order struct {
	Dir, Resolv string
	TUN         string
	Keep        bool // the TUN outlives the process
	Name        string
	State       State
	Pins        []Pin
	Loop        bool // sets and clears without end
}

const orderEnv = "NETCFG_TEST_ORDER"

func TestMain(m *testing.M) {
	if s := os.Getenv(orderEnv); s != "" {
		if err := obey(s); err != nil {
			fmt.Println("child:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func obey(s string) error {
	var o order
	if err := json.Unmarshal([]byte(s), &o); err != nil {
		return err
	}
	if o.TUN != "" {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		ifr, err := unix.NewIfreq(o.TUN)
		if err != nil {
			return err
		}
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
			return err
		}
		if o.Keep {
			if err := unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 1); err != nil {
				return err
			}
		}
	}
	m, err := Open(o.Dir, Options{ResolvConf: o.Resolv})
	if err != nil {
		return err
	}
	for other := o.State; o.Loop; {
		other.Routes, other.DefaultRoute, other.DNS = nil, false, addrsOf("10.9.0.99")
		for i, err := range []error{m.Pin(o.Name, o.Pins), m.Set(o.Name, o.State), m.Set(o.Name, other), m.Pin(o.Name, nil), m.Clear(o.Name)} {
			if err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
		fmt.Println("ready")
	}
	if err := m.Pin(o.Name, o.Pins); err != nil {
		return err
	}
	if o.State.Interface != "" {
		if err := m.Set(o.Name, o.State); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	return m.Close()
}

// child is a process with an owner of its own.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

func (w world) child(t testing.TB, o order) *child {
	t.Helper()
	o.Dir, o.Resolv = w.dir, w.resolv
	b := must(json.Marshal(o))(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), orderEnv+"="+string(b))
	stdin := must(cmd.StdinPipe())(t)
	stdout := must(cmd.StdoutPipe())(t)
	cmd.Stderr = os.Stderr
	check(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if line != "ready\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	return &child{cmd, stdin}
}

func (c *child) kill(t testing.TB) {
	t.Helper()
	check(t, c.cmd.Process.Kill())
	if st, _ := c.cmd.Process.Wait(); st.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("child ended by itself: %v", st)
	}
}

func (c *child) end(t testing.TB) {
	t.Helper()
	check(t, c.stdin.Close())
	check(t, c.cmd.Wait())
}

// all is a state that leaves something of every kind behind.
func all(dev, addr string) State {
	s := office()
	s.Interface = dev
	s.LinkLocal, s.BlockIPv6 = State{}.LinkLocal, true
	s.Forward, s.Remote, s.ProxyARP = true, addrOf(addr), addrsOf(addr)
	return s
}

func TestNextStartCleansUpAfterKill(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("persistent TUN %v", keep), func(t *testing.T) {
			netnstest.Run(t, func(t *testing.T) {
				lan(t)
				w := newWorld(t)
				before := snapshot(t)

				alive := w.child(t, order{TUN: "dun1", Name: "office", State: all("dun1", "192.0.2.101"), Pins: []Pin{{Addr: addrOf("198.51.100.8")}, {Addr: addrOf("198.51.100.9")}}})
				withAlive := snapshot(t)
				resolvAlive := readFile(t, w.resolv)
				dead := w.child(t, order{TUN: "dun2", Keep: keep, Name: "office", State: func() State {
					s := all("dun2", "192.0.2.102")
					s.DNS = addrsOf("10.9.0.54")
					return s
				}(), Pins: []Pin{{Addr: addrOf("198.51.100.7")}, {Addr: addrOf("198.51.100.9")}}})
				has(t, "route 198.51.100.7/32 type 1 via 192.0.2.1 dev eth0 proto 68 metric 0", "proxy 192.0.2.102 dev eth0",
					"route ::/1 type 7 dev lo proto 68 metric 63", "link eth0 forwarding 1")
				if readFile(t, w.resolv) == resolvAlive {
					t.Error("the second process changed nothing in the resolver file")
				}
				dead.kill(t)
				hasLeft := snapshot(t)
				if len(hasLeft) <= len(withAlive) {
					t.Error("the killed process left nothing to clean up")
				}

				m := w.open(t)
				if keep {
					withAlive = append(withAlive, "link dun2 forwarding 0")
				}
				sameHost(t, "next start", snapshot(t), withAlive)
				if got := readFile(t, w.resolv); got != resolvAlive {
					t.Errorf("resolver file:\n%s\nwant\n%s", got, resolvAlive)
				}
				check(t, m.Close())
				sameHost(t, "its end", snapshot(t), withAlive)
				alive.end(t)
				if keep {
					before = append(before, "link dun2 forwarding 0")
				}
				sameHost(t, "all gone", snapshot(t), before)
				if got := readFile(t, w.resolv); got != resolvBefore {
					t.Errorf("resolver file:\n%s", got)
				}
				if left := must(filepath.Glob(filepath.Join(w.dir, "*.*")))(t); len(left) > 0 {
					t.Errorf("left in the state directory: %q", left)
				}
			})
		})
	}
}

// TestLivingOwnerCleansUp: no restart is needed when another process lives.
func TestLivingOwnerCleansUp(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		m := w.open(t)
		before := snapshot(t)
		c := w.child(t, order{TUN: "dun2", Name: "x", State: all("dun2", "192.0.2.102"), Pins: []Pin{{Addr: addrOf("198.51.100.7")}}})
		c.kill(t)
		check(t, m.Pin("y", nil))
		sameHost(t, "after any work", snapshot(t), before)
		if got := readFile(t, w.resolv); got != resolvBefore {
			t.Errorf("resolver file:\n%s", got)
		}
	})
}

// TestHalfDone: the journal says what is to come before it comes, so after a
// crash its items may be there or not.
func TestHalfDone(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		before := snapshot(t)
		c := w.child(t, order{TUN: "dun2", Keep: true, Name: "x", State: all("dun2", "192.0.2.102"), Pins: []Pin{{Addr: addrOf("198.51.100.7")}}})
		c.kill(t)
		files := must(filepath.Glob(filepath.Join(w.dir, "*.journal")))(t)
		if len(files) != 1 {
			t.Fatalf("journals %q", files)
		}
		j := must(readJournal(files[0]))(t)
		h := must(openHost())(t)
		var items []item
		j.items(func(it item) bool { items = append(items, it); return true })
		if len(items) < 8 {
			t.Fatalf("items %+v", items)
		}
		for i, it := range items {
			if i%2 == 0 {
				check(t, h.revoke(it))
			}
		}
		h.close()
		w.open(t)
		sameHost(t, "next start", snapshot(t), append(before, "link dun2 forwarding 0"))
	})
}

// TestKilledAnywhere kills a process that sets and clears without end, in
// whatever step it is.
func TestKilledAnywhere(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		before := snapshot(t)
		for range 25 {
			c := w.child(t, order{TUN: "dun2", Name: "x", State: all("dun2", "192.0.2.102"), Pins: []Pin{{Addr: addrOf("198.51.100.7")}}, Loop: true})
			c.kill(t)
			m := w.open(t)
			sameHost(t, "next start", snapshot(t), before)
			if got := readFile(t, w.resolv); got != resolvBefore {
				t.Errorf("resolver file:\n%s", got)
			}
			check(t, m.Close())
			if left := must(os.ReadDir(filepath.Dir(w.resolv)))(t); len(left) != 2 { // the file and the state directory
				t.Errorf("left: %v", left)
			}
			if left := must(os.ReadDir(w.dir))(t); len(left) != 1 { // lock
				t.Errorf("left: %v", left)
			}
			if t.Failed() {
				return
			}
		}
	})
}

func TestUnreadableJournalIsPutAside(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		w.child(t, order{Name: "x", Pins: []Pin{{Addr: addrOf("198.51.100.7")}}}).kill(t)
		files := must(filepath.Glob(filepath.Join(w.dir, "*.journal")))(t)
		check(t, os.WriteFile(files[0], []byte("{"), 0o600))
		m := w.open(t)
		w.warned(t, "cannot be read")
		check(t, m.Pin("y", []Pin{{Addr: addrOf("198.51.100.8")}}))
		if _, err := os.Stat(filepath.Join(w.dir, "unreadable.journal")); err != nil {
			t.Error(err)
		}
	})
}

func TestOtherNamespaceIsLeftAlone(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		w.child(t, order{Name: "x", Pins: []Pin{{Addr: addrOf("198.51.100.7")}}}).kill(t)
		files := must(filepath.Glob(filepath.Join(w.dir, "*.journal")))(t)
		text := readFile(t, files[0])
		j := must(parseJournal([]byte(text)))(t)
		left := snapshot(t)

		check(t, os.WriteFile(files[0], []byte(strings.Replace(text, j.NetNS, "1:2", 1)), 0o600))
		m := w.open(t)
		sameHost(t, "another namespace's journal", snapshot(t), left)
		check(t, m.Close())
		if _, err := os.Stat(files[0]); err != nil {
			t.Error("the journal is gone:", err)
		}
		// After a reboot the kernel has nothing of it.
		check(t, os.WriteFile(files[0], []byte(strings.Replace(text, j.Boot, "another", 1)), 0o600))
		w.open(t)
		sameHost(t, "another boot's journal", snapshot(t), left)
		if _, err := os.Stat(files[0]); err == nil {
			t.Error("the journal of another boot is still there")
		}
	})
}

func TestStateDirectory(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := t.TempDir()
		check(t, os.Chmod(d, 0o777))
		if _, err := Open(d, Options{ResolvConf: "/nonexistent/resolv.conf"}); err == nil || !strings.Contains(err.Error(), "may write") {
			t.Errorf("a directory that everyone may write to: %v", err)
		}
		check(t, os.Chmod(d, 0o755))
		check(t, os.WriteFile(d+"/agent.lock", nil, 0o600)) // not one of ours
		m := must(Open(d, Options{ResolvConf: d + "/resolv.conf"}))(t)
		if _, err := os.Stat(d + "/agent.lock"); err != nil {
			t.Error(err)
		}
		check(t, m.Close())
		check(t, m.Close())
		if err := m.Clear("x"); err == nil {
			t.Error("Clear after Close")
		}
	})
}

func TestStartTime(t *testing.T) {
	for _, c := range []struct {
		stat string
		want uint64
	}{
		{"12 (a) S 1 1 1 0 -1 1 2 3 4 5 6 7 8 9 20 0 1 0 4711 1 2", 4711},
		{"12 (a) b) (c) S 1 1 1 0 -1 1 2 3 4 5 6 7 8 9 20 0 1 0 4712 1 2", 4712},
		{"12 a S 1", 0},
		{"", 0},
	} {
		got, err := startTime(c.stat)
		if got != c.want || (err == nil) != (c.want != 0) {
			t.Errorf("%q: %d, %v", c.stat, got, err)
		}
	}
}
