package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dun/configs"
	"dun/dialup/cause"
)

// TestManual makes the manual as 'make man' does, and looks for every command,
// flag, cause and setting in it.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "-tags", "man", ".", "man", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pages := make(map[string]string)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		pages[f.Name()] = string(b)
	}
	wanted := make(map[string]bool)
	commands().all(nil, func(path []string, c *command) {
		name := strings.Join(path, "-") + ".8"
		wanted[name] = true
		page := plain(pages[name])
		mustContain(t, page, strings.Join(path, "-")+" - "+c.short, c.usage(path)+" [FLAG...]", ".SH \"EXIT STATUS\"", ".SH \"SEE ALSO\"")
		for _, sub := range c.sub {
			mustContain(t, page, strings.Join(path, "-")+"-"+sub.name+"(8)")
		}
		if c.flags != nil {
			own := newFlagSet()
			c.flags(own)
			own.VisitAll(func(f *flag) { _, usage := f.unquote(); mustContain(t, page, "--"+f.name, usage) })
		}
		common := newFlagSet()
		new(options).add(common)
		common.VisitAll(func(f *flag) { mustContain(t, page, "--"+f.name) })
		const little = 400 // octets up to the options
		if strings.Index(page, ".SH \"OPTIONS\"") < little && c.sub == nil && c.name != "version" {
			t.Errorf("%s says very little:\n%s", name, page)
		}
	})
	mustContain(t, plain(pages["dun.8"]), "FILES", "ENVIRONMENT", "SIGNALS", "RIGHTS", "CAP_NET_ADMIN", "DUN_CONFIG", "DUN_RUNTIME_DIR", "EXAMPLES")
	for _, c := range cause.All() {
		mustContain(t, plain(pages["dun.8"]), "\n.B \""+c.String(), c.Info().Sentence)
	}
	setting := regexp.MustCompile(`(?m)^#?([a-z0-9-]+) *= `)
	for _, name := range []string{"phonebook", "secrets", "device", "server"} {
		file := "dun-" + name + ".5"
		wanted[file] = true
		text, _ := configs.Reference(name)
		found := setting.FindAllStringSubmatch(text, -1)
		if len(found) < 3 {
			t.Errorf("%s has %d settings", name, len(found))
		}
		for _, m := range found {
			mustContain(t, plain(pages[file]), "\n.B \""+m[1]+" ")
		}
	}
	for name, page := range pages {
		if !wanted[name] {
			t.Errorf("there is %s, which nobody wants", name)
		}
		wellFormed(t, name, page)
	}
	for name := range wanted {
		if pages[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
}

// plain takes the escapes out of a page.
func plain(page string) string {
	return strings.NewReplacer(`\-`, "-", `\e`, `\`, `\(dq`, `"`, `\&`, "", `\fB`, "", `\fI`, "", `\fP`, "").Replace(page)
}

// wellFormed knows the macros and escapes that we use, and takes others for
// text that was not made safe.
func wellFormed(t *testing.T, name, page string) {
	t.Helper()
	request := regexp.MustCompile(`^\.(\\"|TH|SH|SS|PP|TP|TQ|RS|RE|nf|fi|B)( .*)?$`)
	escape := regexp.MustCompile(`\\(-|e|\(dq|&|f[BIP]|")`)
	if strings.Contains(page, "\n.PP\n.PP\n") || regexp.MustCompile(`(?m)^\.S[HS] .*\n\.PP`).MatchString(page) {
		t.Errorf("%s has a paragraph with nothing in it", name)
	}
	for i, l := range strings.Split(page, "\n") {
		if strings.HasPrefix(l, ".") && !request.MatchString(l) || strings.HasPrefix(l, "'") {
			t.Errorf("%s:%d: a request by mistake: %s", name, i+1, l)
		}
		if strings.Contains(escape.ReplaceAllString(l, ""), `\`) {
			t.Errorf("%s:%d: an escape by mistake: %s", name, i+1, l)
		}
		for _, c := range l {
			if c > '~' || c < ' ' {
				t.Errorf("%s:%d: the character %q", name, i+1, c)
			}
		}
	}
}
