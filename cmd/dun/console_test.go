package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// TestConsoleSetsUp is a technician's visit to a new machine, over a line of
// 9600 bit/s: log in, add both entries, check, commit, test, log out.
func TestConsoleSetsUp(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.serve()
		m := w.device
		for _, name := range []string{"phonebook.toml", "secrets.toml"} {
			if err := os.Remove(filepath.Join(m.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		m.write("device.toml", m.file("device.toml")+consoleTOML())
		a := m.start("agent")
		m.answers()

		c := newCable(t, 9600)
		p := m.console(c)
		c.see("Password: ")
		c.typed("guess\r")
		c.see("Wrong.\r\n")
		c.logIn()
		mustContain(t, c.line("add isp device=modem modem=line1 phone=5550100 user=field7 auth=pap"), "dun isp*> ")
		c.secret("set password", ispPassword)
		c.typed("add office device=vpn host=vpn.example.com user=al")
		c.typed("ice\r")
		c.see("dun office*> ")
		mustContain(t, c.line("set vi isp"), "vi: There is no such setting", "dun office*> ")
		c.typed("set vi\tisp\r")
		c.see("dun office*> ")
		c.line("set routes 10.0.0.0/8")
		c.secret("set password", officePassword)
		mustContain(t, c.line("check"), "office: dials isp first", "10.0.0.0/8")
		mustContain(t, c.line("diff"), "+ [entry.office]", "the password of isp is")
		if m.file("phonebook.toml") != "" {
			t.Error("something was saved before commit")
		}
		mustContain(t, c.line("commit"), "Saved.", "dun office> ")
		c.line("end")
		c.line("trace at on")
		c.typed("test office\r")
		mustContain(t, squeezed(c.see("office works.\r\n")), "ATDT5550100", "isp authenticate", `logged in as "alice" by MS-CHAPv2`, "office up ",
			"office is up after ", "log-in ms-chap-v2, encryption mppe-128-stateless, MTU 1456", "office hang-up", "isp down ")
		c.see("dun> ")
		mustContain(t, c.line("log 40"), "office", "CONNECT")
		mustContain(t, c.line("show office"), "routes", "# password or NT hash: set", "It is not connected.")
		mustContain(t, c.line("modem line1"), "OK")
		c.typed("exit\r")
		p.exits(0)
		for _, secret := range []string{consolePasswordText, ispPassword, officePassword} {
			mustNotContain(t, c.all(), secret)
		}
		mustContain(t, m.file("secrets.toml"), officePassword)
		// The next one finds the door closed.
		p = m.console(c)
		c.see("Password: ")
		c.pull()
		p.exits(0)
		a.signal(unix.SIGTERM)
		a.exits(5)
		// From a file, and where no agent runs: then the console dials itself.
		said := squeezed(m.commands("test office", "show", "edit isp", "set mtu 1300", "commit").exits(0).stdout())
		mustContain(t, said, "office up ", "office works.", "No agent is running, so nothing is connected.", "Saved.")
		failed := m.commands("edit isp", "set phone 5559999", "commit", "test office", "set mtu 1200", "commit")
		if failed.wait() == 0 || strings.Contains(m.file("phonebook.toml"), "1200") {
			t.Error("it goes on behind a command that failed")
		}
		mustContain(t, failed.stdout(), "isp        dial", "5559999")
		mustContain(t, failed.stderr(), "[no-carrier, Windows RAS error 678")
		w.nothingLeft(t)
	})
}

// commands runs a console that reads them from a file.
func (m *machine) commands(lines ...string) *program {
	m.t.Helper()
	p := m.startWith(func(cmd *exec.Cmd) { cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n") }, "console")
	p.wait()
	return p
}

// answers waits for the agent's control socket.
func (m *machine) answers() {
	m.t.Helper()
	agenttest.Eventually(m.t, func() error {
		if p := m.run("status"); p.wait() != 0 {
			return fmt.Errorf("no agent yet: %s", p.stderr())
		}
		return nil
	})
}

// desert is a machine without any network that has two entries.
func desert(t *testing.T) *machine {
	return newMachine(t, nil, map[string]string{
		"phonebook.toml": "[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['5550100']\nuser = 'field7'\n" +
			"[entry.office]\ndevice = 'vpn'\nhost = '203.0.113.10'\nvia = ['isp']\nuser = 'alice'\nroutes = ['10.0.0.0/8']\n",
		"secrets.toml": "", "device.toml": "[modem.line1]\nport = '/dev/null'\n" + consoleTOML(),
	})
}

// TestConsoleOnBadLines: what technicians meet. None of it ends or stops the
// console, and none of it reaches the phonebook.
func TestConsoleOnBadLines(t *testing.T) {
	t.Parallel()
	m := desert(t)
	before := m.file("phonebook.toml")
	c, p := m.loggedIn(115200)
	mustContain(t, c.line("remove \x9foffice"), "There was noise in the line; it was not run.")
	mustContain(t, c.line("set "+strings.Repeat("x", 3996)), "is not understood here")
	mustContain(t, c.line(strings.Repeat("y", 4001)), "longer than 4000 characters")
	c.typed("remove office\x00") // a break
	c.see("\r\ndun> ")
	c.typed(strings.Repeat("z", 74) + "\x03")
	c.see("\r\ndun> ")
	random := rand.New(rand.NewPCG(1, 2))
	rubbish := make([]byte, 6000)
	for i := range rubbish {
		rubbish[i] = byte(random.IntN(256))
	}
	c.typed(string(rubbish))
	c.typed("\x03\x11\r\x03discard\r# here")
	c.see("# here")
	mustContain(t, c.line(" we are"), "> ")
	mustContain(t, c.line("show phonebook"), "office: dials isp first")
	c.typed("exit\r")
	p.exits(0)
	if m.file("phonebook.toml") != before {
		t.Errorf("rubbish was saved:\n%s", m.file("phonebook.toml"))
	}
}

// TestConsoleCablePulled in the middle of an edit: it is dropped, and whoever
// comes next begins anew.
func TestConsoleCablePulled(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"", "commi", "set password\r", "load\r[entry.x]\r", "show phonebook\r"} {
		m := desert(t)
		before := m.file("phonebook.toml")
		c, p := m.loggedIn(115200)
		c.line("edit office")
		mustContain(t, c.line("set mtu 1300"), "dun office*> ")
		c.typed(last)
		c.pull()
		p.exits(0)
		if m.file("phonebook.toml") != before {
			t.Errorf("%q: it was saved", last)
		}
		c, p = m.loggedIn(115200)
		mustContain(t, c.line("diff"), "Nothing is changed.")
		c.typed("exit\r")
		p.exits(0)
	}
}

// TestConsolesBesideOthers: two of them, and a person at the command line.
func TestConsolesBesideOthers(t *testing.T) {
	t.Parallel()
	m := desert(t)
	first, _ := m.loggedIn(115200)
	second, _ := m.loggedIn(115200)
	taken := m.console(first)
	mustContain(t, taken.exits(6).stderr(), "port-busy")
	for i, c := range []*cable{first, second} {
		c.line("edit office")
		c.line("set " + []string{"mtu 1300", "auth ms-chap-v2 chap"}[i])
	}
	mustContain(t, first.line("commit"), "Saved.")
	mustContain(t, second.line("commit"), "phonebook.toml was changed by somebody else meanwhile", "dun office*> ")
	mustContain(t, second.line("update"), "on top of what the files are now")
	mustContain(t, second.line("diff"), "+ auth")
	mustContain(t, second.line("commit"), "Saved.")
	mustContain(t, m.file("phonebook.toml"), "mtu", "auth")
	// Another person takes the entry away that is edited here.
	first.line("set mtu 1200")
	m.run("phonebook", "remove", "office").exits(0)
	mustContain(t, first.line("commit"), "somebody else", "dun office*> ")
	mustContain(t, first.line("update"), "do not go on top")
	mustContain(t, first.line("discard"), "dun> ")
	mustContain(t, first.line("show phonebook"), "isp: ")
	mustNotContain(t, m.file("phonebook.toml"), "office")
}

// fiveMinutesLater ends the time of the trial that is on, as if it had passed.
func (m *machine) fiveMinutesLater() {
	m.t.Helper()
	lines := strings.Split(m.file(".phonebook.trial"), "\n")
	if until, err := strconv.Atoi(lines[2]); err != nil || until == 0 {
		m.t.Fatalf("no trial is on: %q", lines)
	}
	lines[2] = "0"
	m.write(".phonebook.trial", strings.Join(lines, "\n"))
}

// TestTrialOutlivesTheConsole: killed by kill -9, its change goes back in time,
// by the process that it has left; and where that is killed too by the next dun.
func TestTrialOutlivesTheConsole(t *testing.T) {
	t.Parallel()
	m := desert(t)
	before := m.file("phonebook.toml")
	trial := func() (*cable, *program) {
		t.Helper()
		c, p := m.loggedIn(115200)
		c.line("edit office")
		c.line("set host 203.0.113.99")
		mustContain(t, c.line("commit confirm 5"), "all goes back in 5m0s unless 'confirm' comes")
		mustContain(t, m.file("phonebook.toml"), "203.0.113.99")
		return c, p
	}
	wentBack := func() error {
		if m.file("phonebook.toml") != before {
			return errors.New("the change on trial has not gone back")
		}
		return nil
	}
	_, p := trial()
	p.signal(unix.SIGKILL)
	<-p.done
	guard := m.guard()
	m.fiveMinutesLater()
	agenttest.Eventually(t, wentBack)
	m.gone(guard)

	_, p = trial()
	p.signal(unix.SIGKILL)
	<-p.done
	guard = m.guard()
	if err := unix.Kill(guard, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	m.gone(guard)
	m.fiveMinutesLater()
	c, p := m.loggedIn(115200)
	if err := wentBack(); err != nil {
		t.Error(err)
	}
	c.typed("exit\r")
	p.exits(0)

	// Confirmed, also by another console, it stays, and nobody waits on.
	c, p = trial()
	guard = m.guard()
	c.typed("exit\r")
	p.exits(0)
	p = m.console(c)
	c.see("Password: ")
	c.typed(consolePasswordText + "\r")
	c.see("is on trial: it goes back in ")
	c.see("dun> ")
	mustContain(t, c.line("confirm"), "Confirmed.")
	m.gone(guard)
	mustContain(t, m.file("phonebook.toml"), "203.0.113.99")
	c.typed("exit\r")
	p.exits(0)
}

// guard finds the process that takes the change of this machine back.
func (m *machine) guard() (pid int) {
	m.t.Helper()
	agenttest.Eventually(m.t, func() error {
		dirs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, name := range dirs {
			b, _ := os.ReadFile(name)
			if words := strings.Join(strings.Split(string(b), "\x00"), " "); strings.Contains(words, m.dir) && strings.Contains(words, "revert --wait") {
				pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(name)))
				return nil
			}
		}
		return errors.New("nobody waits for the end of the trial")
	})
	m.t.Cleanup(func() { unix.Kill(pid, unix.SIGKILL) })
	return pid
}

func (m *machine) gone(pid int) {
	m.t.Helper()
	agenttest.Eventually(m.t, func() error {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && !strings.Contains(string(b), ") Z ") {
			return fmt.Errorf("process %d runs on", pid)
		}
		return nil
	})
}

// TestTrialBringsTheLineBack: the technician sits behind the tunnel that he
// changes, and cuts himself off. The agent dials as before.
func TestTrialBringsTheLineBack(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.serve()
		m := w.device
		m.write("device.toml", m.file("device.toml")+consoleTOML())
		a := m.start("agent")
		m.answers()
		m.run("dial", "--leave", "office").exits(0)
		c, p := m.loggedIn(115200)
		c.line("edit office")
		c.line("set host 203.0.113.99")
		mustContain(t, c.line("commit confirm"), "all goes back in 5m0s")
		c.line("hangup office")
		p.signal(unix.SIGKILL)
		<-p.done
		m.fiveMinutesLater()
		a.says("the phonebook is as it was before the change that nobody confirmed")
		agenttest.Eventually(t, func() error {
			for _, conn := range m.status().Connections {
				if conn.Entry == "office" && conn.Phase == "up" {
					return nil
				}
			}
			return errors.New("office is not up again")
		})
		mustContain(t, m.file("phonebook.toml"), "203.0.113.10'")
		a.signal(unix.SIGTERM)
		a.exits(5)
		w.nothingLeft(t)
	})
}

// TestConsoleByAgent: the agent leads it, and drops what was not committed when
// the terminal goes.
func TestConsoleByAgent(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		private(t)
		m := desert(t)
		before := m.file("phonebook.toml")
		a := m.start("agent")
		m.answers()
		start := func() (*cable, *program) {
			t.Helper()
			c := newCable(t, 115200)
			tty, err := os.OpenFile(c.port, os.O_RDWR|unix.O_NOCTTY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer tty.Close()
			p := m.startWith(func(cmd *exec.Cmd) { cmd.Stdin, cmd.Stdout = tty, tty }, "console", "--agent")
			mustContain(t, c.see("dun> "), " agent\r\n")
			return c, p
		}
		c, p := start()
		c.line("edit office")
		c.line("set mtu 1300")
		c.pull()
		p.wait()
		if m.file("phonebook.toml") != before {
			t.Error("it was saved")
		}
		c, p = start()
		mustContain(t, c.line("diff"), "Nothing is changed.")
		mustContain(t, c.line("show"), "Nothing is connected.")
		c.line("edit off")
		c.line("edit office")
		c.line("set mtu 1300")
		mustContain(t, c.line("commit confirm"), "all goes back in 5m0s")
		mustContain(t, c.line("commit"), "Confirmed.")
		c.typed("exit\r")
		p.exits(0)
		mustContain(t, m.file("phonebook.toml"), "mtu = 1300")
		mustContain(t, m.run("console", "--agent").exits(2).stderr(), "is for a terminal")
		mustContain(t, m.run("console", "--agent", "--port", "/dev/null").exits(2).stderr(), "no serial port")
		// It ends with the agent.
		_, p = start()
		a.signal(unix.SIGTERM)
		a.exits(5)
		p.exits(0)
	})
}
