package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dun/dialup/cause"
)

const (
	foreignConf = "[Dialer Defaults]\nModem = /dev/ttyS1\n[Dialer night]\nPhone = 5550101\nUsername = field7\nPassword = sesame\nLogin Prompt = hello\n"
	foreignPeer = "pty \"pptp vpn.example.com --nolaunchpppd\"\nname CORP\\\\alice\nremotename office2\nrequire-mppe-128\nfile options.pptp\nusepeerdns\n"
)

// TestImport takes entries over, tells what was lost, and can be taken back.
func TestImport(t *testing.T) {
	dir := config(t, map[string]string{
		"phonebook.toml": "# mine\n" + testBook, "device.toml": "[modem.line1]\nport = \"/dev/ttyS1\"\n",
		"wvdial.conf": foreignConf, "peers/office2": foreignPeer, "peers/options.pptp": "refuse-pap\nlock\n", "peers/chap-secrets": "'CORP\\\\alice' office2 'sesame open' *\n",
		"more.conf": "[Dialer other]\nPhone = 1\n", "nothing.txt": "hello\n",
	})
	before := fileText(t, dir, "phonebook.toml")
	at := func(name string) string { return filepath.Join(dir, name) }

	out, errOut, err := execute(t, dir, "phonebook", "import", "--dry-run", at("wvdial.conf"))
	if err != nil || fileText(t, dir, "phonebook.toml") != before {
		t.Fatalf("%v; a dry run changed the phonebook", err)
	}
	mustContain(t, out, "night: dials 5550101 on modem line1; all traffic", "Nothing was saved.")
	mustContain(t, errOut, "wvdial.conf:7:1: warning: Dialer night.Login Prompt: dun has no login scripts")
	mustNotContain(t, out+errOut, "sesame")

	out, errOut, err = execute(t, dir, "phonebook", "import", at("wvdial.conf"), at("peers"))
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, out, "night: dials", "office2: calls vpn.example.com; traffic for the other end only; MS-CHAPv2 or MS-CHAP, MPPE-128 stateless required")
	mustContain(t, errOut, "There is neither routes nor default-route")
	mustNotContain(t, out+errOut, "sesame", "asks for the password", "Nothing was saved")
	mustContain(t, fileText(t, dir, "phonebook.toml"), before, "[entry.office2]\ndevice = \"vpn\"\nhost = \"vpn.example.com\"\n")
	mustContain(t, fileText(t, dir, "secrets.toml"), "[entry.night]\npassword = \"sesame\"\n", "[entry.office2]\npassword = \"sesame open\"\n")

	for _, c := range []struct {
		line, says string
		cause      cause.Cause
	}{
		{"wvdial.conf", "the phonebook has night already; --replace overwrites", cause.Usage},
		{"nothing.txt", "is in no format that is known here", cause.BadConfig},
		{"missing.pbk", "no such file", cause.Usage},
		{"wvdial.conf more.conf --as x", "2 connections, which cannot all be called x", cause.Usage},
		{"wvdial.conf --format x", `"x" is no format`, cause.Usage},
	} {
		args := []string{"phonebook", "import"}
		for i, w := range strings.Fields(c.line) {
			if strings.Contains(w, ".") || i == 0 {
				w = at(w)
			}
			args = append(args, w)
		}
		was := fileText(t, dir, "phonebook.toml")
		if _, _, err := execute(t, dir, args...); cause.Of(err) != c.cause || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.line, err, c.says)
		}
		if fileText(t, dir, "phonebook.toml") != was {
			t.Errorf("%s changed the phonebook", c.line)
		}
	}

	// Replaced by a file without a password the entry keeps it; another name.
	os.WriteFile(at("wvdial.conf"), []byte("[Dialer night]\nModem = /dev/ttyS1\nPhone = 5550102\nUsername = field7\n"), 0o600)
	out, _, err = execute(t, dir, "phonebook", "import", "--replace", at("wvdial.conf"))
	if err != nil || strings.Contains(out, "asks for the password") {
		t.Errorf("%v %s", err, out)
	}
	mustContain(t, out, "night: dials 5550102 on modem line1")
	mustContain(t, fileText(t, dir, "secrets.toml"), "[entry.night]\npassword = \"sesame\"\n")
	out, _, err = execute(t, dir, "phonebook", "import", at("more.conf"), "--as", "third", "--json")
	if err != nil {
		t.Error(err)
	}
	mustContain(t, out, `"entries":["third"],"saved":true,"notes":[`)
	if _, _, err := execute(t, dir, "phonebook", "undo", "3"); err != nil || fileText(t, dir, "phonebook.toml") != before {
		t.Errorf("%v, and the phonebook is\n%s", err, fileText(t, dir, "phonebook.toml"))
	}
}

// TestImportNeverTakesASecretUnseen: one without an entry is not made the new
// entry's.
func TestImportNeverTakesASecretUnseen(t *testing.T) {
	dir := config(t, map[string]string{"phonebook.toml": testBook, "secrets.toml": "[entry.night]\npassword = 'old'\n", "w.conf": "[Dialer night]\nPhone = 1\nUsername = u\n"})
	_, _, err := execute(t, dir, "phonebook", "import", filepath.Join(dir, "w.conf"))
	if cause.Of(err) != cause.BadConfig || fileText(t, dir, "phonebook.toml") != testBook {
		t.Errorf("%v", err)
	}
}

// TestExport writes files, secrets only where they are asked for.
func TestExport(t *testing.T) {
	dir := config(t, map[string]string{"phonebook.toml": testBook, "secrets.toml": "[entry.office]\npassword = 'sesame'\n", "device.toml": "[modem.line1]\nport = \"/dev/ttyS1\"\n"})
	to := filepath.Join(t.TempDir(), "out")
	export := func(line string) (string, string, error) {
		return execute(t, dir, append([]string{"phonebook", "export"}, strings.Fields(line)...)...)
	}
	for _, format := range []string{"rasphone", "pppd", "networkmanager"} {
		out, errOut, err := export("--format " + format + " office")
		if err != nil {
			t.Fatal(err)
		}
		mustContain(t, out, "192.0.2.1")
		lost := map[string]string{"rasphone": "user"}[format]
		if lost == "" {
			lost = "via"
		}
		mustContain(t, errOut, "phonebook.toml: warning: entry.office."+lost+": "+format)
		mustNotContain(t, out+errOut, "sesame")
	}
	for _, c := range []struct {
		line, says string
		cause      cause.Cause
	}{
		{"office", "--format says for whom", cause.Usage},
		{"--format pppd --secrets office", "--secrets wants --output", cause.Usage},
		{"--format pppd", "has a file for each entry", cause.Usage},
		{"--format pppd nobody", "nobody", cause.NoEntry},
		{"--format wvdial office", "no entry that wvdial could have", cause.BadConfig},
		{"--format nothing office", "is no format", cause.Usage},
	} {
		if out, _, err := export(c.line); cause.Of(err) != c.cause || !strings.Contains(err.Error(), c.says) || out != "" {
			t.Errorf("%s: %v, %q", c.line, err, out)
		}
	}
	out, _, err := export("--format pppd --secrets --output " + to)
	if err != nil {
		t.Fatal(err)
	}
	mustContain(t, out, to+"/office\n", to+"/isp\n", to+"/chap-secrets\n")
	mustNotContain(t, out+fileText(t, to, "office"), "sesame")
	mustContain(t, fileText(t, to, "chap-secrets"), `"office" "sesame" *`)
	for name, mode := range map[string]os.FileMode{"office": 0o644, "chap-secrets": 0o600} {
		if info, err := os.Stat(filepath.Join(to, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	if _, _, err := export("--format pppd office --output " + to); err == nil || !strings.Contains(err.Error(), "--replace overwrites") {
		t.Errorf("%v", err)
	}
	if _, _, err := export("--format pppd --replace office --output " + to); err != nil {
		t.Error(err)
	}
	key := filepath.Join(to, "key")
	if _, _, err := export("--format networkmanager --secrets office --output " + key); err != nil {
		t.Error(err)
	}
	mustContain(t, fileText(t, to, "key"), "password=sesame")
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	out, _, err = export("--format networkmanager office --json")
	if err != nil {
		t.Error(err)
	}
	mustContain(t, out, `"files":[]`, `"text":"[connection]`, `"key":"entry.office.via"`)
	left, _ := filepath.Glob(filepath.Join(to, ".dun*"))
	if len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
}
