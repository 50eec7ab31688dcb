package console

import (
	"slices"
	"strings"
	"testing"

	"dun/dialup/cause"
)

func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in:\n%s", p, text)
		}
	}
}

// TestConversation is a set-up: nothing counts before commit.
func TestConversation(t *testing.T) {
	book := newBook()
	d := sit(t, book, nil)
	has(t, d.see("dun> "), "dun 1, test", "'help' lists the commands")
	has(t, d.line("add vpn device=vpn"), "dun vpn*> ")
	d.line("set host 'h.example'")
	d.line("set routes 10.0.0.0/8 10.9.0.0/16")
	d.line("set mtu 1400")
	d.line("unset mtu")
	has(t, d.line("show"), "  device=vpn\r\n", "  host = h.example\r\n", "  routes = 10.0.0.0/8,10.9.0.0/16\r\n")
	d.typed("set password\r")
	d.see("New password for entry vpn: ")
	d.typed("sesame\r")
	d.see("The same once more: ")
	d.typed("sesame\r")
	if got := d.see("> "); strings.Contains(got, "sesame") || strings.Contains(d.all(), "sesame") {
		t.Error("the password is on the screen")
	}
	has(t, d.line("diff"), "+ something")
	if slices.Contains(book.Entries(), "vpn") {
		t.Error("the entry is there before commit")
	}
	has(t, d.line("exit"), "There are changes", "dun vpn*> ")
	has(t, d.line("commit"), "Saved.", "dun vpn> ")
	if got := book.entries["vpn"]; !slices.Equal(got, []string{"device=vpn", "host = h.example", "routes = 10.0.0.0/8,10.9.0.0/16"}) || book.secrets["vpn"] != "password:sesame" {
		t.Errorf("saved is %q, secrets %v", got, book.secrets)
	}
	has(t, d.line("end"), "\r\ndun> "[4:])
	has(t, d.line("commit"), "Nothing is changed.")
	has(t, d.line("edit office"), "dun office> ")
	d.line("set mtu 1300")
	has(t, d.line("discard"), "dun office> ")
	d.line("set mtu 1300")
	has(t, d.line("commit confirm 7"), "all goes back in 7m0s unless", "dun office> ")
	has(t, d.line("confirm"), "Confirmed.")
	has(t, d.line("confirm"), "nothing is on trial")
	d.line("set mtu 1200")
	d.line("commit confirm")
	if left, _ := book.Trial(); left.Minutes() != 5 {
		t.Errorf("the trial is for %v", left)
	}
	has(t, d.line("commit"), "Confirmed.")
	has(t, d.line("commit confirm 0"), `"0" is no number of minutes`)
	has(t, d.line("rename office head"), "dun head*> ")
	d.line("remove head")
	has(t, d.line("show phonebook"), "isp: dials\r\n", "dun*> ")
	d.typed("exit\r")
	d.see("'exit' once more")
	d.typed("\x04")
	d.see("'exit' logs out.")
	d.typed("exit\r")
	if err := d.end(); err != nil {
		t.Error(err)
	}
	if book.entries["office"] == nil {
		t.Error("what was not committed is saved")
	}
}

// TestHelp: '?' and Tab at every place, from the table.
func TestHelp(t *testing.T) {
	d := sit(t, newBook(), func(_ *Terminal, c *Config) {})
	d.see("dun> ")
	ask := func(typed string) string {
		d.t.Helper()
		d.typed(typed + "?")
		got := d.see("dun> ")
		d.typed("\x15\r")
		d.see("\r\n")
		d.see("> ")
		return got
	}
	d.line("terminal rows 0")
	has(t, ask(""), "  add ", "  monitor ", "show what happens")
	has(t, ask("d"), "dial ", "diff ", "discard ", "doctor ")
	has(t, ask("dial "), "isp", "office", "an entry of the phonebook")
	has(t, ask("show"), "show what is connected")
	has(t, ask("show "), "phonebook", "versions", "isp", "<Enter>")
	has(t, ask("commit "), "confirm", "<Enter>")
	has(t, ask("commit confirm "), "<MINUTES>", "1 to 1440", "<Enter>")
	has(t, ask("terminal "), "rows", "columns")
	has(t, ask("terminal rows "), "<N>")
	has(t, ask("trace "), "pptp", "all", "<Enter>")
	has(t, ask("trace lcp "), "on", "off")
	has(t, ask("modem "), "line1", "line2")
	has(t, ask("nonsense "), `"nonsense" is not understood here`)
	has(t, ask("set "), "not understood") // no entry is edited
	has(t, ask("exit now "), "not understood")
	has(t, d.line("help dial"), "dial ENTRY", "connect an entry")
	has(t, d.line("help set mtu"), "In octets.", "mtu = 1400")
	has(t, d.line("help nonsense"), "there is no command")
	has(t, d.line("help"), "monitor ", "Ctrl-U")
	d.line("edit office")
	d.typed("set ?")
	has(t, d.see("dun office> "), "mtu", "How large")
	d.typed("\x15set device ?")
	has(t, d.see("set device \r\n")+d.see("dun office> "), "modem", "vpn", "<VALUE>")

	// Tab.
	d.typed("\x15")
	for _, c := range []struct{ typed, becomes string }{
		{"moni\t", "monitor "}, {"di\tal off\t", ""}, {"ed\tof\t", "edit office "}, {"set ho\t", "set host "},
		{"set dev\tm\t", "set device modem "}, {"add new dev\t", "add new device="},
	} {
		if c.becomes == "" {
			continue
		}
		d.typed(c.typed)
		d.see(c.becomes)
		d.typed("\x15")
	}
	d.typed("di\t\t")
	has(t, d.see("dun office> "), "dial", "diff", "discard")
}

// TestShortWords: words may be cut short as long as only one fits, and an
// entry's name comes first.
func TestShortWords(t *testing.T) {
	rows := (&session{entry: "x"}).rows()
	entries := []string{"phone", "isp"}
	for _, c := range []struct{ line, syntax, args string }{
		{"sh", "show [ENTRY]", ""}, {"sh ph", "show phonebook", ""}, {"show phone", "show [ENTRY]", "phone"}, {"show isp", "show [ENTRY]", "isp"},
		{"sh nothing", "show [ENTRY]", "nothing"}, {"com", "", "commit"}, {"comm", "", ""}, {"commi", "commit", ""}, {"commit c 3", "commit confirm [MINUTES]", "3"},
		{"hangup al", "hangup all", ""}, {"ter r 3", "terminal rows|columns N", "rows 3"},
		{"mod line1 ATI 3", "modem MODEM AT...", "line1 ATI 3"}, {"mod", "modem [MODEM]", ""}, {"dial", "", ""}, {"dial a b", "", ""}, {"se routes a b c", "set KEY [VALUE...]", "routes a b c"},
		{"d", "", ""}, {"", "", ""},
	} {
		words, _, _ := split(c.line)
		m, err := find(rows, words, func(s string) bool { return slices.Contains(entries, s) })
		var row *command
		if err == nil {
			row, err = m.command()
		}
		if c.syntax == "" {
			if err == nil && c.line != "" && c.line != "com" && c.line != "comm" {
				t.Errorf("%q is %q", c.line, row.syntax)
			}
			continue
		}
		if err != nil || row.syntax != c.syntax || strings.Join(m.args, " ") != c.args {
			t.Errorf("%q is %v with %q, %v; want %q with %q", c.line, row, m.args, err, c.syntax, c.args)
		}
	}
}

// TestTable: every row can be typed, means itself, and is explained.
func TestTable(t *testing.T) {
	rows := (&session{entry: "x"}).rows()
	for _, c := range rows {
		if c.short == "" || strings.HasSuffix(c.short, ".") || c.run == nil {
			t.Errorf("%s: %q", c.syntax, c.short)
		}
		var words []string
		for i, w := range strings.Fields(c.syntax) {
			b := bare(w)
			if isValue(b) && valueText(b) == "" {
				t.Errorf("%s: nobody explains %s", c.syntax, b)
			}
			switch {
			case w[0] == '[':
			case isValue(b):
				words = append(words, "value")
			default:
				words = append(words, strings.Split(b, "|")[0])
			}
			if strings.Contains(w, "...") && i != len(strings.Fields(c.syntax))-1 {
				t.Errorf("%s: what comes several times has to be the last", c.syntax)
			}
		}
		m, err := find(rows, words, func(string) bool { return false })
		if err != nil {
			t.Errorf("%q: %v", words, err)
			continue
		}
		if got, err := m.command(); err != nil || got != c {
			t.Errorf("%q means %v, %v", words, got, err)
		}
	}
	if len(Commands()) != len(rows) {
		t.Errorf("%d commands for the manual, %d here", len(Commands()), len(rows))
	}
}

// TestSplit: quotes hold together, backslashes are letters.
func TestSplit(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
		open bool
		bad  bool
	}{
		{"", nil, false, false},
		{"  a  b ", []string{"a", "b"}, false, false},
		{`set user CORP\alice`, []string{"set", "user", `CORP\alice`}, true, false},
		{`a 'b c' "d'e" ''`, []string{"a", "b c", "d'e", ""}, true, false},
		{`user='a b' x="`, []string{"user=a b", "x="}, true, true},
		{"it's", []string{"it's"}, true, false},
		{"'a b", []string{"a b"}, true, true},
	} {
		words, open, err := split(c.line)
		if !slices.Equal(words, c.want) || open != c.open || (err != nil) != c.bad {
			t.Errorf("%q is %q, %v, %v", c.line, words, open, err)
		}
	}
}

// TestLive: what waits can be stopped, and asks for what it needs.
func TestLive(t *testing.T) {
	d := sit(t, newBook(), nil)
	d.see("dun> ")
	d.typed("dial office\r")
	d.see("dialing office")
	d.typed("show\r\x03") // what was typed ahead goes with Ctrl-C
	has(t, d.see("> "), "stopped")
	if d.tools.last() != "dial stopped" {
		t.Errorf("it did %q", d.tools.last())
	}
	d.typed("dial isp\r")
	d.see("Password for entry isp: ")
	d.typed("right\r")
	d.see("dialing isp")
	d.see("> ")
	if strings.Contains(d.all(), "right") || d.tools.last() != "dial isp right" {
		t.Errorf("the password: %q", d.tools.last())
	}
	d.typed("dial office\r")
	d.see("dialing")
	d.typed("\x00") // a break
	d.see("> ")
	d.typed("monitor\r")
	d.see("monitoring")
	d.typed("x")
	d.see("dun> ")
	has(t, d.line("trace"), "Nothing is traced.")
	has(t, d.line("trace pptp on"), "packets of pptp.")
	has(t, d.line("trace lcp on"), "packets of lcp pptp.")
	d.line("test office")
	if d.tools.last() != "test office [lcp pptp]" {
		t.Errorf("it did %q", d.tools.last())
	}
	has(t, d.line("trace all on"), "packets of lcp at pptp.")
	has(t, d.line("trace at off"), "packets of lcp pptp.")
	has(t, d.line("trace all off"), "Nothing is traced.")
	has(t, d.line("trace ipx on"), `"ipx" is no protocol`)
	has(t, d.line("test office"), "% User name or password is wrong: office", "Windows RAS error 691")
	d.line("hangup all")
	if d.tools.last() != "hangup " {
		t.Errorf("it did %q", d.tools.last())
	}
	d.line("modem line1 AT&V")
	if d.tools.last() != "modem line1 AT&V" {
		t.Errorf("it did %q", d.tools.last())
	}
}

// TestPager stops before a screen is full, and goes on by key.
func TestPager(t *testing.T) {
	d := sit(t, newBook(), nil)
	d.see("dun> ")
	d.typed("log 100\r")
	has(t, d.see(moreText), "line 22\r\n")
	d.typed("\r")
	has(t, d.see(moreText), "line 23\r\n")
	d.typed(" ")
	has(t, d.see(moreText), "line 46\r\n")
	for _, key := range []string{"q", "\x03", "\x15", "\x00"} {
		d.typed(key)
		d.see("dun> ")
		d.typed("log 100\r")
		d.see(moreText)
	}
	d.typed("q")
	d.see("> ")
	d.line("terminal rows 0")
	has(t, d.line("log 100"), "line 99\r\n")
}

// TestPaste: a whole phonebook goes out, comes back, and is refused when
// anything was lost.
func TestPaste(t *testing.T) {
	book := newBook()
	d := sit(t, book, nil)
	d.see("dun> ")
	d.typed("save\r")
	d.see("\r\n")
	saved := strings.TrimSuffix(d.see("lines\r\n"), "")
	d.see("> ")
	has(t, saved, "[isp]\r\n", "# checksum ", ", 5 lines")
	saved = strings.ReplaceAll(saved, "\r\n", "\r")
	load := func(text string) string {
		d.t.Helper()
		d.typed("load\r")
		d.see("gives it up.\r\n")
		d.typed(text)
		return d.see("> ")
	}
	for name, text := range map[string]string{
		"a letter lost":    strings.Replace(saved, "modem", "moden", 1),
		"a line lost":      strings.Replace(saved, "device = vpn\r", "", 1),
		"noise":            strings.Replace(saved, "modem", "mod\x81em", 1),
		"a line of 5000":   strings.Replace(saved, "modem", strings.Repeat("m", 5000), 1),
		"noise at the end": saved[:len(saved)-3] + "\xff\r",
	} {
		if got := load(text); !strings.Contains(got, "nothing is changed") || !strings.Contains(got, "dun> ") {
			t.Errorf("%s: %s", name, got)
		}
	}
	has(t, load(strings.Replace(saved, "device = vpn\r", "", 1)), "4 lines came of 5")
	has(t, load("half of it\r\x03"), "stopped", "dun> ")
	has(t, load(saved), "5 lines came whole", "dun*> ")
	d.line("discard")
	// Blanks that a terminal program adds or leaves out are nothing.
	has(t, load("\r\r"+strings.ReplaceAll(saved, "\r", " \r\n")), "5 lines came whole")
	d.line("discard")
	has(t, load("[new]\rdevice = vpn\r# checksum none\r"), "2 lines came whole")
	d.line("commit")
	if got := book.Entries(); !slices.Equal(got, []string{"new"}) {
		t.Errorf("the entries are %q", got)
	}
}

// TestTwoConsoles: the second one's commit does not undo the first one's.
func TestTwoConsoles(t *testing.T) {
	book := newBook()
	first, second := sit(t, book, nil), sit(t, book, nil)
	for i, d := range []*desk{first, second} {
		d.see("dun> ")
		d.line("edit office")
		d.line("set mtu " + []string{"1400", "1300"}[i])
	}
	has(t, first.line("commit"), "Saved.")
	has(t, second.line("commit"), "changed meanwhile", "Somebody else is changing", "dun office*> ")
	has(t, second.line("update"), "on top of what the files are now")
	has(t, second.line("commit"), "Saved.")
}

// TestScript: commands of nobody end at the first one that fails.
func TestScript(t *testing.T) {
	run := func(commands string) (*fakeBook, string, error) {
		book := newBook()
		d := sit(t, book, func(t *Terminal, _ *Config) { t.Interactive = false })
		go func() {
			d.keys.Write([]byte(commands))
			d.keys.Close()
		}()
		return book, d.all(), d.end()
	}
	book, _, err := run("# a comment\n\nadd new device=vpn\nset password\nsesame\nset host 'h'\ncommit")
	if err != nil || book.entries["new"] == nil || book.secrets["new"] != "password:sesame" {
		t.Errorf("%v: %v", err, book.entries)
	}
	book, _, err = run("add new device=vpn\nset nonsense\ncommit\n")
	if cause.Of(err) != cause.Usage || book.entries["new"] != nil {
		t.Errorf("%v: %v", err, book.entries)
	}
	if _, _, err = run("add new device=vpn\nexit\nexit\n"); cause.Of(err) != cause.Usage {
		t.Errorf("without commit: %v", err)
	}
	if _, _, err = run("show\x01\n"); err == nil {
		t.Error("a control character is a command")
	}
	if _, out, err := run("load\n[x]\ndevice = vpn\n# checksum none\ncommit\nexit\nnonsense\n"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	long := strings.Repeat("# "+strings.Repeat("x", 70)+"\n", 1000)
	if book, _, err = run(long + "add new device=vpn\n" + long + "commit\n"); err != nil || book.entries["new"] == nil {
		t.Errorf("after much: %v", err)
	}
}
