package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"dun/configs"
	"dun/dialup/cause"
)

// execute runs a command line within the test.
func execute(t *testing.T, config string, args ...string) (out, errOut string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	c := &call{
		options: &options{config: config, runtime: filepath.Join(config, "run")},
		ctx:     context.Background(), out: &o, errOut: &e,
	}
	err = commands().execute(c, args)
	return o.String(), e.String(), err
}

// all calls f for every command of the table, with the words that name it.
func (c *command) all(path []string, f func(path []string, c *command)) {
	path = append(path[:len(path):len(path)], c.name)
	f(path, c)
	for _, sub := range c.sub {
		sub.all(path, f)
	}
}

// TestEveryCommandHasHelp: both ways to ask for it, and what it says.
func TestEveryCommandHasHelp(t *testing.T) {
	n, dir := 0, t.TempDir()
	commands().all(nil, func(path []string, c *command) {
		n++
		args := append(append([]string(nil), path[1:]...), "--help")
		help, _, err := execute(t, dir, args...)
		if err != nil {
			t.Errorf("%v: %v", args, err)
		}
		mustContain(t, help, "usage: "+strings.Join(path, " "), c.short, "--config", "--json", "-h, --help")
		if c.short == "" || strings.HasSuffix(c.short, ".") || len(c.short) > 76 {
			t.Errorf("%v: short text %q", path, c.short)
		}
		for line := range strings.Lines(c.long) {
			if len(line) > 80 {
				t.Errorf("%v: the line %q is too long", path, line)
			}
		}
		if c.run == nil && c.sub == nil || c.sub != nil && c.args != "" {
			t.Errorf("%v does nothing, or too much", path)
		}
		if (c.max > 0) != (c.args != "") || c.min > c.max {
			t.Errorf("%v takes %d to %d arguments and calls them %q", path, c.min, c.max, c.args)
		}
		for _, sub := range c.sub {
			mustContain(t, help, "  "+sub.name, sub.short)
		}
		args = append([]string{"help"}, path[1:]...)
		if again, _, err := execute(t, dir, args...); err != nil || again != help {
			t.Errorf("%v: %v\n%s\nbut --help says\n%s", args, err, again, help)
		}
		if c.flags != nil {
			own := newFlagSet()
			c.flags(own)
			own.VisitAll(func(f *flag) { _, usage := f.unquote(); mustContain(t, help, "--"+f.name, usage) })
		}
	})
	if n < 12 {
		t.Errorf("%d commands only", n)
	}
	// Without a command, and as "help", the list.
	for _, args := range [][]string{nil, {"help"}, {"phonebook"}, {"phonebook", "help"}} {
		if out, _, err := execute(t, t.TempDir(), args...); err != nil || !strings.Contains(out, "commands:") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}

// TestWrongCommandLines: each is a usage error, exit code 2, and says what is
// wrong.
func TestWrongCommandLines(t *testing.T) {
	for _, c := range []struct{ line, says string }{
		{"dail office", `"dail" is no command`},
		{"help nonsense", `"nonsense" is no command`},
		{"phonebook lst", `"lst" is no command; 'dun phonebook help'`},
		{"dial", "0 arguments given; usage: dun dial ENTRY"},
		{"dial a b", "2 arguments given; usage: dun dial ENTRY"},
		{"serve office", "usage: dun serve"},
		{"hangup", "hangup wants an entry, or --all"},
		{"hangup office --all", "hangup wants an entry, or --all"},
		{"status a b", "usage: dun status [ENTRY]"},
		{"modem at /dev/ttyS9", "usage: dun modem at MODEM|PORT COMMAND"},
		{"modem probe", "usage: dun modem probe MODEM|PORT"},
		{"version now", "usage: dun version"},
		{"--frob", "--frob"},
		{"dial office --frob", "--frob"},
		{"-x status", "x"},
		{"status --json=maybe", "maybe"},
		{"--config", "--config"},
	} {
		_, _, err := execute(t, t.TempDir(), strings.Fields(c.line)...)
		if cause.Of(err) != cause.Usage || exitCode(err) != 2 || !strings.Contains(err.Error(), c.says) {
			t.Errorf("dun %s: exit code %d, %v; want %q", c.line, exitCode(err), err, c.says)
		}
	}
}

// TestFlagsStandAnywhere: common flags before and behind the command.
func TestFlagsStandAnywhere(t *testing.T) {
	for _, args := range [][]string{{"--json", "version"}, {"version", "--json"}} {
		out, _, err := execute(t, t.TempDir(), args...)
		var v map[string]string
		if err != nil || json.Unmarshal([]byte(out), &v) != nil || v["version"] != version {
			t.Errorf("%v: %v %q", args, err, out)
		}
	}
	if out, _, _ := execute(t, t.TempDir(), "version"); out != "dun "+version+"\n" {
		t.Errorf("version says %q", out)
	}
	dir := t.TempDir()
	for _, args := range [][]string{{"--config", dir, "phonebook", "check"}, {"phonebook", "--config=" + dir, "check"}, {"phonebook", "check", "--config", dir}} {
		if out, _, err := execute(t, "/nonexistent", args...); err != nil || !strings.Contains(out, dir) {
			t.Errorf("%v: %v %q", args, err, out)
		}
	}
}

const testBook = `[entry.isp]
device = "modem"
modem = "line1"
phone = ["5550100"]
user = "field7"
[entry.office]
device = "vpn"
host = "192.0.2.1"
via = ["isp"]
user = 'CORP\alice'
`

func config(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestPhonebook: list, show and check, in text and in JSON, never with a
// password.
func TestPhonebook(t *testing.T) {
	dir := config(t, map[string]string{
		"phonebook.toml": testBook,
		"secrets.toml":   "[entry.office]\npassword = 'hidden horse'\n[user.x]\npassword = 'hidden horse'\n",
		"device.toml":    "[modem.line1]\nport = '/dev/ttyS1'\n",
	})
	for _, c := range []struct {
		line string
		has  []string
	}{
		{"phonebook list", []string{"isp: dials 5550100 on modem line1", "office: dials isp first, then calls 192.0.2.1"}},
		{"phonebook list --json", []string{`["isp","office"]`}},
		{"phonebook show office", []string{"office: dials isp first", `  user = 'CORP\alice'`, `  encryption = "require"`}},
		{"phonebook show office --json", []string{`{"key":"user","value":"CORP\\alice"}`}},
		{"phonebook check", []string{"office: dials isp first"}},
		{"phonebook check --json", []string{`[`}},
	} {
		out, errOut, err := execute(t, dir, strings.Fields(c.line)...)
		if err != nil {
			t.Errorf("dun %s: %v", c.line, err)
		}
		mustContain(t, out, c.has...)
		mustNotContain(t, out+errOut, "hidden horse")
		if strings.Contains(c.line, "--json") && !json.Valid([]byte(out)) {
			t.Errorf("dun %s: %s is no JSON", c.line, out)
		}
	}
	if _, _, err := execute(t, dir, "phonebook", "show", "nothing"); cause.Of(err) != cause.NoEntry || exitCode(err) != 2 {
		t.Errorf("got %v", err)
	}
	// Mistakes: in all four files, with their places.
	dir = config(t, map[string]string{
		"phonebook.toml": testBook + "colour = 'red'\n",
		"secrets.toml":   "[entry.office]\npassword = 'hidden horse'\npasword = 'hidden horse'\n",
		"device.toml":    "[modem.line2]\nport = 'ttyS1'\n",
		"server.toml":    "[pptp]\nlocal = '10.0.0.1'\n",
	})
	for _, json := range []bool{false, true} {
		args := []string{"phonebook", "check"}
		if json {
			args = append(args, "--json")
		}
		out, errOut, err := execute(t, dir, args...)
		if cause.Of(err) != cause.BadConfig || exitCode(err) != 2 {
			t.Errorf("got %v", err)
		}
		mustContain(t, out, "colour", "pasword", "ttyS1", "pool")
		mustNotContain(t, out+errOut+fmt.Sprint(err), "hidden horse")
		if !json {
			if !regexp.MustCompile(`phonebook\.toml:11:1: `).MatchString(out) {
				t.Errorf("no place in:\n%s", out)
			}
		}
	}
	for _, line := range []string{"phonebook list", "dial office", "doctor office", "serve", "modem probe nothing"} {
		if _, _, err := execute(t, dir, strings.Fields(line)...); cause.Of(err) != cause.BadConfig && line != "doctor office" {
			t.Errorf("dun %s with mistakes: %v", line, err)
		}
	}
}

// TestModemCommands: what is wrong with a port is told.
func TestModemCommands(t *testing.T) {
	dir := config(t, map[string]string{"device.toml": "[modem.line1]\nport = '/nonexistent/ttyS1'\n"})
	for _, line := range []string{"modem probe line1", "modem probe /nonexistent/x", "modem at line1 ATI"} {
		if _, _, err := execute(t, dir, strings.Fields(line)...); cause.Of(err) != cause.PortMissing || exitCode(err) != 7 {
			t.Errorf("dun %s: %v", line, err)
		}
	}
	if _, _, err := execute(t, dir, "modem", "probe", "line2"); cause.Of(err) != cause.BadConfig {
		t.Errorf("got %v", err)
	}
}

// TestUnreachable: nobody is there.
func TestUnreachable(t *testing.T) {
	for _, line := range []string{"status", "status office", "hangup office", "hangup --all"} {
		if _, _, err := execute(t, t.TempDir(), strings.Fields(line)...); cause.Of(err) != cause.AgentUnreachable {
			t.Errorf("dun %s: %v", line, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("DUN_TEST_X", "")
	if envOr("DUN_TEST_X", "y") != "y" {
		t.Error("an empty variable is none")
	}
	t.Setenv("DUN_TEST_X", "x")
	if envOr("DUN_TEST_X", "y") != "x" {
		t.Error("the variable does not count")
	}
}

// TestRoomForLoops: packet loops do not have Go to themselves, and who wants
// more gets it.
func TestRoomForLoops(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, c := range []struct {
		env                string
		now, loops, expect int
	}{{"", 1, 1, 2}, {"", 8, 1, 2}, {"", 4, 4, 5}, {"5", 5, 1, 5}, {"5", 5, 8, 9}} {
		t.Setenv("GOMAXPROCS", c.env)
		runtime.GOMAXPROCS(c.now)
		leaveRoomForLoops(c.loops)
		if n := runtime.GOMAXPROCS(0); n != c.expect {
			t.Errorf("%+v: GOMAXPROCS is %d", c, n)
		}
	}
}

// TestFastPathOfMachine: as many loops as asked for, or as the file says, or
// as there are processors.
func TestFastPathOfMachine(t *testing.T) {
	for _, c := range []struct{ asked, file, want int }{{1, 0, 1}, {1, 3, 1}, {0, 3, 3}, {0, 0, 1}} {
		if f := fastPath(configs.FastPath{Loops: c.file, NoOffload: true}, c.asked); f.Loops != c.want || !f.PlainTUN || f.Loop.Small == 0 {
			t.Errorf("%+v: %+v", c, f)
		}
	}
	if mib := machineMemory() >> 20; mib < 1 {
		t.Errorf("the machine has %d MiB", mib)
	}
}
