package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dun/dialup/cause"
)

func fileText(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestPhonebookEditing goes through a phonebook's life.
func TestPhonebookEditing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc")
	for _, c := range []struct {
		line string // words with | between
		has  []string
	}{
		{`add|isp|device=modem|modem=line1|phone=+49 (89) 5550100|phone=0,1`, []string{"isp: dials +49 (89) 5550100, then 0,1 on modem line1"}},
		{`add|office|device=vpn|host=vpn.example.com|via=isp,lan|user=CORP\alice|routes=10.0.0.0/8,10.9.0.0/16`,
			[]string{"office: dials isp (or else the machine's own network) first", "10.0.0.0/8, 10.9.0.0/16"}},
		{`set|office|dns|10.0.0.53|10.0.0.54`, []string{"office: dials"}},
		{`set|office|dns|peer`, []string{"office: dials"}},
		{`unset|office|routes`, []string{"traffic for the other end only"}},
		{`set|office|default-route|true`, []string{"all traffic"}},
		{`rename|isp|provider`, []string{"provider: dials"}},
		{`copy|office|branch`, []string{"branch: dials provider"}},
		{`location|home|country=49|area=30|outside=0,|long-distance=0`, []string{"  home: +49 (30)\n", "No location is chosen"}},
		{`location|home`, []string{"* home: +49 (30)\n"}},
		{`location|--json`, []string{`{"location":"home","locations":["home"]}`}},
		{`show|provider`, []string{"provider: dials 0,0895550100 (+49 (89) 5550100)", "# dials 0,0895550100\n", "# password or NT hash in secrets.toml: not set"}},
		{`show|provider|--json`, []string{`{"key":"dials","value":["0,0895550100","0,1"]}`, `{"key":"secret","value":"not set"}`}},
		{`remove|branch`, nil},
		{`undo`, []string{"as it was before the change of"}},
		{`undo|--json`, []string{"[]"}},
		{`check|--json`, nil},
	} {
		out, errOut, err := execute(t, dir, append([]string{"phonebook"}, strings.Split(c.line, "|")...)...)
		if err != nil && !strings.HasPrefix(c.line, "check") {
			t.Errorf("%s: %v", c.line, err)
		}
		mustContain(t, out, c.has...)
		if strings.Contains(c.line, "unset") != strings.Contains(errOut, "only the server itself can be reached") {
			t.Errorf("%s warns %q", c.line, errOut)
		}
	}
	want := `[entry.provider]
device = "modem"
modem = "line1"
phone = ["+49 (89) 5550100", "0,1"]

[entry.office]
device = "vpn"
host = "vpn.example.com"
via = ["provider", "lan"]
user = 'CORP\alice'
dns = "peer"
default-route = true

[location.home]
country = "49"
area = "30"
outside = "0,"
long-distance = "0"

[dialing]
location = "home"
`
	if got := fileText(t, dir, "phonebook.toml"); got != want {
		t.Errorf("the phonebook is\n%s", got)
	}
}

// TestWrongPhonebookEditing changes nothing and says what is wrong.
func TestWrongPhonebookEditing(t *testing.T) {
	dir := config(t, map[string]string{"phonebook.toml": testBook, "secrets.toml": "[entry.office]\npassword = 'sesame'\n"})
	for _, c := range []struct {
		line, says string
		cause      cause.Cause
	}{
		{"add|x|device", `"device" is not KEY=VALUE`, cause.Usage},
		{"add|x|password=sesame", "'dun phonebook set x password' asks for it", cause.Usage},
		{"add|x|device=vpn", "2 mistakes above; nothing was saved", cause.BadConfig},
		{"set|office|password|sesame", "others can see it", cause.Usage},
		{"set|office|nt-hash|sesame", "others can see it", cause.Usage},
		{"set|office|mtu", "'dun phonebook unset office mtu' removes it", cause.Usage},
		{"set|office|host|a|b", "host takes one value", cause.Usage},
		{"set|office|mtu|9", "phonebook.toml:", cause.BadConfig},
		{"set|nothing|mtu|1400", "nothing", cause.NoEntry},
		{"set|nothing|password", "nothing", cause.NoEntry},
		{"remove|isp", `entry.office.via: There is no entry "isp"`, cause.BadConfig},
		{"rename|isp|office", "already", cause.BadConfig},
		{"location|moon", `no location "moon"`, cause.BadConfig},
		{"undo|x", `"x" is no number`, cause.Usage},
		{"undo", "0 changes", cause.Usage},
	} {
		out, errOut, err := execute(t, dir, append([]string{"phonebook"}, strings.Split(c.line, "|")...)...)
		if cause.Of(err) != c.cause || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.line, err, c.says)
		}
		mustNotContain(t, out+errOut+err.Error(), "sesame")
		if c.line == "add|x|device=vpn" {
			mustContain(t, errOut, "entry.x.host: The entry does not say which server", "entry.x.user:")
		}
		if fileText(t, dir, "phonebook.toml") != testBook {
			t.Fatalf("%s changed the phonebook", c.line)
		}
	}
}

func stdin(f *os.File) func(*exec.Cmd) { return func(c *exec.Cmd) { c.Stdin = f } }

// TestSetPassword: from a line, or twice from a terminal without echo.
func TestSetPassword(t *testing.T) {
	m := newMachine(t, nil, map[string]string{"phonebook.toml": testBook})
	line := func(text, key string, exit int) *program {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		w.WriteString(text)
		w.Close()
		return m.startWith(stdin(r), "phonebook", "set", "office", key).exits(exit)
	}
	secrets := func(want string) {
		t.Helper()
		if got := fileText(t, m.dir, "secrets.toml"); got != want {
			t.Errorf("secrets.toml is %q, want %q", got, want)
		}
	}
	line("sesame open\nmore", "password", 0)
	secrets("[entry.office]\npassword = \"sesame open\"\n")
	if info, err := os.Stat(filepath.Join(m.dir, "secrets.toml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	line("44EBBA8D5312B8D611474411F56989AE", "nt-hash", 0)
	secrets("[entry.office]\nnt-hash = \"44ebba8d5312b8d611474411f56989ae\"\n")
	mustContain(t, line("44EBBA", "nt-hash", 2).stderr(), "32 hexadecimal digits")
	mustContain(t, line("", "password", 2).stderr(), "password-missing")

	term := newTerminal(t)
	set := m.startWith(term.session, "phonebook", "set", "office", "password")
	term.see("New password for entry office: ")
	if term.echoes() {
		t.Error("the terminal shows what is typed")
	}
	term.typed("sesame\r")
	term.see("The same once more: ")
	term.typed("sesami\r")
	set.exits(2)
	mustNotContain(t, term.see("the two are not the same"), "sesam")
	set = m.startWith(term.session, "phonebook", "set", "office", "password")
	term.see("New password for entry office: ")
	term.typed("sesame\r")
	term.see("The same once more: ")
	term.typed("sesame\r")
	set.exits(0)
	secrets("[entry.office]\npassword = \"sesame\"\n")
	set = m.startWith(term.session, "phonebook", "set", "office", "password")
	term.see("New password for entry office: ")
	term.typed("half\x03")
	if code := set.wait(); code == 0 || !term.echoes() {
		t.Errorf("broken off: exit code %d", code)
	}
	if _, _, err := execute(t, m.dir, "phonebook", "unset", "office", "password"); err != nil {
		t.Error(err)
	}
	secrets("")
}
