package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCompletion makes the shell's completion as 'make completion' does, and
// has bash complete with it. Words are parted at "=" as bash does it.
func TestCompletion(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "-tags", "man", ".", "completion", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	config := t.TempDir()
	for name, text := range map[string]string{
		"phonebook.toml": "[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['5550100']\nuser = 'a'\n[entry.office]\ndevice = 'vpn'\nhost = '192.0.2.1'\nuser = 'a'\n",
		"device.toml":    "[modem.line1]\nport = '/dev/ttyS1'\n[modem.gsm] # the other one\nport = '/dev/ttyUSB0'\n",
		"some.file":      "",
	} {
		if err := os.WriteFile(filepath.Join(config, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	complete := func(env, line string) []string {
		t.Helper()
		words := strings.Split(line, " ")
		words[0] = self
		script := `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dun; printf '%s\n' "${COMPREPLY[@]}"`
		cmd := exec.Command("bash", append([]string{"--norc", "-u", "-c", script, "bash", filepath.Join(dir, "dun")}, words...)...)
		cmd.Env = append(os.Environ(), dunEnv+"=1", "DUN_CONFIG="+env)
		cmd.Dir = config
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return strings.Fields(string(out))
	}
	setting := func(suffix string) (list []string) {
		for _, name := range []string{"device", "idle", "host", "routes", "auth"} {
			list = append(list, name+suffix)
		}
		return list
	}
	for line, want := range map[string]string{
		"dun st":                              "status",
		"dun phonebook re":                    "remove rename revert",
		"dun help phonebook un":               "unset undo",
		"dun dial ":                           "isp office",
		"dun dial o":                          "office",
		"dun --debug dial --leave i":          "isp",
		"dun dial office ":                    "",
		"dun dial --l":                        "--leave",
		"dun hangup --":                       "--all --config --runtime --json --debug --help",
		"dun status --config /nowhere ":       "",
		"dun status --config = /nowhere ":     "",
		"dun --json = true status ":           "isp office",
		"dun trace ":                          "isp office server",
		"dun trace office lcp ipv":            "ipv6cp",
		"dun capture office some.":            "some.file",
		"dun capture --snaplen ":              "",
		"dun capture --snaplen 80 off":        "office",
		"dun capture --snaplen = 80 office s": "some.file",
		"dun modem probe ":                    "line1 gsm",
		"dun phonebook undo ":                 "",
		"dun phonebook set office pass":       "password",
		"dun phonebook add new idl":           "idle=",
		"dun phonebook location here are":     "area=",
		"dun nonsense ":                       "",
		"dun phonebook rename office ":        "",
	} {
		if got := strings.Join(complete(config, line), " "); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	for _, c := range []struct {
		line string
		want []string
	}{
		{"dun phonebook set isp ", append(setting(""), "password", "nt-hash")},
		{"dun phonebook add new ", setting("=")},
	} {
		got := " " + strings.Join(complete(config, c.line), " ") + " "
		for _, name := range c.want {
			mustContain(t, got, " "+name+" ")
		}
	}
	// Another configuration on the command line than in the environment, and
	// one with a mistake: nothing is said, nothing is printed beside.
	if got := complete("/nowhere", "dun --config "+config+" dial "); len(got) != 2 {
		t.Errorf("with --config: %q", got)
	}
	if err := os.WriteFile(filepath.Join(config, "phonebook.toml"), []byte("[entry.office\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := complete(config, "dun dial "); len(got) != 0 {
		t.Errorf("with a mistake in the phonebook: %q", got)
	}
	// Every command is there, and every one of its flags.
	script, err := os.ReadFile(filepath.Join(dir, "dun"))
	if err != nil {
		t.Fatal(err)
	}
	commands().all(nil, func(path []string, c *command) {
		_, row, found := strings.Cut(string(script), "    '"+strings.Join(path, " ")+"') ")
		row, _, _ = strings.Cut(row, "\n")
		if !found {
			t.Errorf("%v is not there", path)
		}
		if c.flags != nil {
			own := newFlagSet()
			c.flags(own)
			own.VisitAll(func(f *flag) { mustContain(t, row, "--"+f.name) })
		}
	})
	mustNotContain(t, string(script), "@", "dun man'", "dun completion")
}
