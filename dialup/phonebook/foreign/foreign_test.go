package foreign

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

var update = flag.Bool("update", false, "write the golden files")

// sample is one format's files, with entries as people have them.
type sample struct {
	format string
	files  []string
	o      Options
}

var line1 = []Modem{{Name: "line1", Port: "/dev/ttyS1", Speed: 115200, Init: []string{"ATZ"}}}

var samples = []sample{
	{Rasphone, []string{"rasphone.pbk"}, Options{User: `CORP\alice`}},
	{Wvdial, []string{"wvdial.conf"}, Options{Modems: line1}},
	{Pppd, []string{"pppd/isp", "pppd/office", "pppd/branch", "pppd/gprs", "pppd/options.pptp", "pppd/gprs.chat", "pppd/chap-secrets", "pppd/pap-secrets"}, Options{Modems: line1}},
	{NetworkManager, []string{"nm/office.nmconnection", "nm/all.nmconnection", "nm/mobile.nmconnection", "nm/wifi.nmconnection"}, Options{Modem: "line1"}},
}

func (s sample) read(t *testing.T) []File {
	t.Helper()
	var files []File
	for _, name := range s.files {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{name, b})
	}
	return files
}

// book makes a phonebook of what was read, as phonebook.Edit would: there must
// be nothing wrong with it.
func book(t *testing.T, list []Entry) (string, string) {
	t.Helper()
	var b, s strings.Builder
	for _, e := range list {
		b.WriteString("[entry.'" + e.Name + "']\n")
		for _, a := range e.Settings {
			b.WriteString(a.Key + " = " + a.Value + "\n")
		}
		if e.HasSecret {
			s.WriteString("[entry.'" + e.Name + "']\npassword = '''" + e.Secret.Password + "'''\n")
		}
	}
	return b.String(), s.String()
}

// load is the entries with their secrets.
func load(t *testing.T, list []Entry) []phonebook.Entry {
	t.Helper()
	text, secretText := book(t, list)
	b, secrets, err := phonebook.Parse([]byte(text), []byte(secretText))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	entries := b.Entries()
	for i := range entries {
		entries[i].Secret = secrets.Entry(entries[i].Name)
	}
	return entries
}

// TestSamples reads each sample and holds entries and notes against the golden
// files; no note shows a password.
func TestSamples(t *testing.T) {
	for _, s := range samples {
		list, notes, err := Read(s.read(t), s.o)
		if err != nil {
			t.Fatalf("%s: %v", s.format, err)
		}
		load(t, list)
		text, secrets := book(t, list)
		var all strings.Builder
		for _, n := range notes {
			all.WriteString(n.String() + "\n")
		}
		for _, secret := range []string{"sesame", "secret7", "4711", "w;b", `w"eb`, `b\ob`} {
			if strings.Contains(all.String()+text, secret) {
				t.Errorf("%s: %q is shown:\n%s%s", s.format, secret, all.String(), text)
			}
		}
		golden := filepath.Join("testdata", s.format+".golden")
		got := text + "\n# secrets.toml\n" + secrets + "\n# notes\n" + all.String()
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || got != string(want) {
			t.Errorf("%s: %v; it gives\n%s", s.format, err, got)
		}
	}
}

// TestRoundTrips: import, export and import again give the same entries and
// passwords.
func TestRoundTrips(t *testing.T) {
	for _, s := range samples {
		list, _, err := Read(s.read(t), s.o)
		if err != nil {
			t.Fatal(err)
		}
		first := load(t, list)
		modems := []Modem{ // as the notes say
			{Name: "line1", Port: "/dev/ttyS1", Speed: 115200, Init: []string{"ATZ", "ATX3M0"}},
			{Name: "COM3", Port: "/dev/ttyS2", Speed: 115200},
			{Name: "ttyUSB0", Port: "/dev/ttyUSB0", Speed: 460800, Init: []string{"AT+CPIN=4711", `AT+CGDCONT=1,"IP","internet"`, "AT^X='1'"}},
		}
		out, notes, err := Write(s.format, first, modems)
		if err != nil {
			t.Fatalf("%s: %v", s.format, err)
		}
		for _, n := range notes {
			t.Logf("%s: %s", s.format, n)
		}
		var files []File
		for _, f := range out {
			files = append(files, File{f.Name, []byte(f.Text)})
		}
		o := s.o
		o.Modems = modems
		again, notes, err := Read(files, o)
		if err != nil {
			t.Fatalf("%s: %v", s.format, err)
		}
		for _, n := range notes {
			t.Logf("%s again: %s", s.format, n)
		}
		second := load(t, again)
		for _, want := range first {
			i := slices.IndexFunc(second, func(e phonebook.Entry) bool { return e.Name == want.Name })
			if i < 0 {
				t.Errorf("%s: %s is lost; %d entries are left", s.format, want.Name, len(second))
				continue
			}
			got := second[i]
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s was\n%+v\nand is\n%+v", s.format, want.Name, got.Settings(), want.Settings())
			}
		}
		if len(second) != len(first) {
			t.Errorf("%s: %d entries, then %d", s.format, len(first), len(second))
		}
	}
}

// TestEncodings: the same phonebook in every form that Windows has had.
func TestEncodings(t *testing.T) {
	b, err := os.ReadFile("testdata/rasphone.pbk")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	wide := func(low int) string {
		var out []byte
		for _, c := range text {
			pair := []byte{byte(c >> 8), byte(c >> 8)}
			pair[low] = byte(c)
			out = append(out, pair...)
		}
		return string(out)
	}
	var ansi []byte
	for _, c := range text {
		ansi = append(ansi, byte(c))
	}
	want, wantNotes, _ := Read([]File{{"x.pbk", b}}, Options{User: "u"})
	for name, data := range map[string]string{
		"UTF-8 with a mark": "\ufeff" + text, "UTF-16LE": "\xff\xfe" + wide(0), "UTF-16BE": "\xfe\xff" + wide(1),
		"UTF-16LE without a mark": wide(0), "UTF-16BE without a mark": wide(1), "code page 1252": string(ansi),
		"with CR": strings.ReplaceAll(text, "\n", "\r\n"),
	} {
		got, notes, err := Read([]File{{"x.pbk", []byte(data)}}, Options{User: "u"})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n%+v\nwant\n%+v", name, err, got, want)
		}
		if extra := len(notes) - len(wantNotes); extra != 0 && (name != "code page 1252" || extra != 1) {
			t.Errorf("%s: %d notes more", name, extra)
		}
	}
	if s, how := decode([]byte("\x80\x93\xe4\xff")); s != "€“äÿ" || !how {
		t.Errorf("code page 1252 is read as %q", s)
	}
}

// TestWrongFiles: each is refused, and the error says what is wrong.
func TestWrongFiles(t *testing.T) {
	for _, c := range []struct {
		name, data, format, says string
		cause                    cause.Cause
	}{
		{"empty", "", "", "in no format that is known", cause.BadConfig},
		{"photo.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x02\x03", "", "is no text", cause.BadConfig},
		{"letter.txt", "Dear Sir,\nthank you.\n", "", "in no format that is known", cause.BadConfig},
		{"x", "[Dialer a]\nPhone = 1\n", "winfax", `"winfax" is no format; choose one of rasphone`, cause.Usage},
		{"large", strings.Repeat("a", maxFile+1), "", "more than a mebioctet", cause.BadConfig},
		{"wvdial.conf", "[Dialer Defaults]\nModem = /dev/modem\n", "", "no connection to take over", cause.BadConfig},
		{"x.pbk", "[a]\nEncoding=1\nType=2\nDEVICE=vpn\nPhoneNumber=host\n", "", "no connection", cause.BadConfig}, // no user
		{"chap-secrets", "a * b *\n", "", "no connection", cause.BadConfig},
		{"wifi", "[connection]\nid=x\ntype=wifi\n", "", "no connection", cause.BadConfig},
		{"pppoe", "plugin rp-pppoe.so\nnoauth\nuser a\n", "", "no connection", cause.BadConfig},
		{"ssh", "pty 'ssh host pppd'\nnoauth\n", "", "no connection", cause.BadConfig},
	} {
		list, notes, err := Read([]File{{c.name, []byte(c.data)}}, Options{Format: c.format})
		if list != nil || cause.Of(err) != c.cause || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v; want %q", c.name, list, err, c.says)
		}
		if strings.HasPrefix(c.says, "no connection") && c.name != "wvdial.conf" && c.name != "chap-secrets" && notes.Err() == nil {
			t.Errorf("%s: nothing says why: %v", c.name, notes)
		}
	}
}

// TestLeftOut: a setting that the phonebook would refuse is left out, with its
// line; an entry that cannot be without it, too.
func TestLeftOut(t *testing.T) {
	const conf = `[Dialer one]
Phone = call me
[Dialer two]
Phone = 5550100
Idle Seconds = soon
Force Address = 300.1.1.1
Username = a` + "\a" + `b
[Dialer two]
[Dialer lan]
Phone = 1
[Dialer Two!]
Phone = 2
`
	list, notes, err := Read([]File{{"w", []byte(conf)}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	load(t, list)
	var names []string
	for _, e := range list {
		names = append(names, e.Name)
	}
	if !slices.Equal(names, []string{"two", "lan-2", "Two"}) {
		t.Errorf("the entries are %q", names)
	}
	for _, want := range []string{
		"w:2:1: warning: Dialer one.Phone: The character", "w:1:1: one: The entry has no number to dial. The entry was not made.",
		"w:5:1: warning: Dialer two.Idle Seconds:", "w:6:1: warning: Dialer two.Force Address:", "w:7:1: warning: Dialer two.Username: The value has a character",
		"the entry is called lan-2", "the entry is called Two.",
	} {
		if !slices.ContainsFunc(notes, func(p phonebook.Problem) bool { return strings.Contains(p.String(), want) }) {
			t.Errorf("no note %q in\n%v", want, notes)
		}
	}
}

// TestNeverWeaker: where a file wants encryption and permits no way of logging
// in that gives keys, encryption stays.
func TestNeverWeaker(t *testing.T) {
	for name, text := range map[string]string{
		"peer":  "pty 'pptp h --nolaunchpppd'\nname a\nrequire-mppe\nrefuse-mschap\nrefuse-mschap-v2\n",
		"x.pbk": "[a]\nEncoding=1\nType=2\nDataEncryption=256\nAuthRestrictions=8\nDEVICE=vpn\nPhoneNumber=h\n",
		"y.pbk": "[a]\nEncoding=1\nType=1\nDataEncryption=512\nAuthRestrictions=128\nDEVICE=modem\nPhoneNumber=1\n",
		"nm":    "[connection]\ntype=vpn\n[vpn]\nservice-type=" + pptpService + "\ngateway=h\nuser=a\nrequire-mppe-40=yes\nrefuse-mschapv2=yes\n",
	} {
		list, notes, err := Read([]File{{name, []byte(text)}}, Options{User: "u"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e := load(t, list)[0]
		if e.Encryption != 0 || len(notes) == 0 {
			t.Errorf("%s became %v", name, e)
		}
	}
}

// TestIncludeEachOther: files that include each other, and a file itself, many
// times, are read to an end.
func TestIncludeEachOther(t *testing.T) {
	again := strings.Repeat("file a\ncall b\n", 200)
	list, _, err := Read([]File{{"a", []byte("pty 'pptp h --nolaunchpppd'\nname u\n" + again)}, {"b", []byte("noauth\n" + again)}, {"c", []byte("#\n")}}, Options{Format: Pppd})
	if err != nil || len(list) == 0 || list[0].Name != "a" {
		t.Errorf("%v %v", list, err)
	}
}

func TestWriteSaysWhatIsLost(t *testing.T) {
	b, _, err := phonebook.Parse([]byte(`
[entry.office]
device = "vpn"
host = "vpn.example.com"
via = ["isp", "lan"]
user = 'CORP\alice'
encryption = "prefer"
mppe = ["56-stateless"]
routes = ["10.0.0.0/8"]
dns = ["10.0.0.53", "10.0.0.54", "10.0.0.55"]
hash-domain = true
mtu = 1400
keepalive = "off"
time-limit = "8h"
block-when-down = true
[entry.isp]
device = "modem"
modem = "line1"
phone = ["1", "2", "3", "4", "5", "6"]
auth = ["pap"]
routes = ["10.0.0.0/8"]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ format, lost string }{
		{Rasphone, "office.user office.via office.mppe office.routes office.dns office.hash-domain office.mtu office.keepalive office.time-limit office.block-when-down isp.modem isp.routes"},
		{Wvdial, "office.device isp.modem isp.phone isp.auth isp.routes isp.default-route"},
		{Pppd, "office.via office.encryption office.mppe office.routes office.dns office.hash-domain office.block-when-down isp.modem isp.phone isp.routes"},
		{NetworkManager, "office.via office.encryption office.mppe office.hash-domain office.mtu office.keepalive office.time-limit office.block-when-down isp.phone isp.modem"},
	} {
		_, notes, err := Write(c.format, b.Entries(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range strings.Fields(c.lost) {
			if !slices.ContainsFunc(notes, func(p phonebook.Problem) bool { return p.Key == "entry."+want }) {
				t.Errorf("%s does not say that %s is lost", c.format, want)
			}
		}
		for _, n := range notes {
			if !slices.Contains(strings.Fields(c.lost), strings.TrimPrefix(n.Key, "entry.")) {
				t.Errorf("%s: %s", c.format, n)
			}
		}
	}
}
