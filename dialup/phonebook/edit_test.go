package phonebook

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dun/dialup/cause"
	"dun/dialup/ppp"
)

const editBook = `# my entries

# the provider
[entry.isp]  # by modem
device = "modem"
modem = "line1"
phone = ["5550100"]   # day and night
#dial-as = "exactly"

# the office
[entry.office]
device = "vpn"
host = "vpn.example.com"
via = ["lan", # first
  "isp",
]
user = 'CORP\alice'
routes = ["10.0.0.0/8"]
`

const editSecrets = `# keep!
[entry.isp]
password = 'isp\secret' # old

[user.bob]
password = "bob's"
`

// newDir writes both files.
func newDir(t *testing.T, book, secrets string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{BookFile: book, SecretsFile: secrets} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// change makes one change and commits it.
func change(t *testing.T, dir string, f func(e *Edit) error) error {
	t.Helper()
	e, err := Begin(dir)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := f(e); err != nil {
		return err
	}
	_, err = e.Commit()
	return err
}

// TestChanges: each makes exactly the difference that it should, in both files.
func TestChanges(t *testing.T) {
	type text struct{ old, new string }
	for name, c := range map[string]struct {
		do      func(e *Edit) error
		book    []text
		secrets []text
	}{
		"set":         {func(e *Edit) error { return e.Set("isp", "phone", `["1", "2"]`) }, []text{{`["5550100"]`, `["1", "2"]`}}, nil},
		"set new":     {func(e *Edit) error { return e.Set("office", "mtu", "1400") }, []text{{"\"10.0.0.0/8\"]\n", "\"10.0.0.0/8\"]\nmtu = 1400\n"}}, nil},
		"set comment": {func(e *Edit) error { return e.Set("isp", "dial-as", "'local'") }, []text{{"#dial-as = \"exactly\"\n", "#dial-as = \"exactly\"\ndial-as = 'local'\n"}}, nil},
		"unset":       {func(e *Edit) error { return e.Unset("office", "via") }, []text{{"via = [\"lan\", # first\n  \"isp\",\n]\n", ""}}, nil},
		"add": {func(e *Edit) error {
			return e.Add("new", []Assignment{{"device", "'vpn'"}, {"host", "'h'"}, {"user", "'u'"}, {"default-route", "true"}})
		}, []text{{"routes = [\"10.0.0.0/8\"]\n", "routes = [\"10.0.0.0/8\"]\n\n[entry.new]\ndevice = 'vpn'\nhost = 'h'\nuser = 'u'\ndefault-route = true\n"}}, nil},
		"rename": {func(e *Edit) error { return e.Rename("isp", "provider.2") },
			[]text{{"[entry.isp]", "[entry.'provider.2']"}, {"\"isp\",", "\"provider.2\","}}, []text{{"[entry.isp]", "[entry.'provider.2']"}}},
		"remove office": {func(e *Edit) error { return e.Remove("office") }, []text{{editBook[strings.Index(editBook, "\n# the office"):], ""}}, nil},
		"remove both": {func(e *Edit) error { return errors.Join(e.Remove("office"), e.Remove("isp")) },
			[]text{{editBook[strings.Index(editBook, "\n# the provider"):], ""}}, []text{{"# keep!\n[entry.isp]\npassword = 'isp\\secret' # old\n\n", "# keep!\n"}}},
		"copy": {func(e *Edit) error { return e.Copy("isp", "night") },
			[]text{{"10.0.0.0/8\"]\n", "10.0.0.0/8\"]\n\n[entry.night]\ndevice = \"modem\"\nmodem = \"line1\"\nphone = [\"5550100\"]   # day and night\n"}},
			[]text{{"bob's\"\n", "bob's\"\n\n[entry.night]\npassword = 'isp\\secret'\n"}}},
		"password": {func(e *Edit) error { return e.SetSecret("isp", ppp.Secret{Password: `it's "new"\`}) }, nil,
			[]text{{`'isp\secret'`, `"it's \"new\"\\"`}}},
		"new password": {func(e *Edit) error { return e.SetSecret("office", ppp.Secret{Password: "x"}) }, nil,
			[]text{{"bob's\"\n", "bob's\"\n\n[entry.office]\npassword = \"x\"\n"}}},
		"hash": {func(e *Edit) error {
			return errors.Join(e.Set("isp", "auth", `["ms-chap-v2"]`), e.SetSecret("isp", ppp.Secret{NTHash: [16]byte{1, 15: 255}, HasHash: true}))
		}, []text{{"#dial-as", "auth = [\"ms-chap-v2\"]\n#dial-as"}}, []text{{"password = 'isp\\secret' # old\n", "nt-hash = \"010000000000000000000000000000ff\"\n"}}},
		"forget": {func(e *Edit) error { return e.Forget("isp") }, nil, []text{{"[entry.isp]\npassword = 'isp\\secret' # old\n\n", ""}}},
		"new place": {func(e *Edit) error {
			return errors.Join(e.SetLocation("home", []Assignment{{"country", "'49'"}}), e.ChooseLocation("home"))
		}, []text{{"routes = [\"10.0.0.0/8\"]\n", "routes = [\"10.0.0.0/8\"]\n\n[location.home]\ncountry = '49'\n\n[dialing]\nlocation = \"home\"\n"}}, nil},
	} {
		dir := newDir(t, editBook, editSecrets)
		if err := change(t, dir, c.do); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantBook, wantSecrets := editBook, editSecrets
		for _, r := range c.book {
			wantBook = strings.Replace(wantBook, r.old, r.new, 1)
		}
		for _, r := range c.secrets {
			wantSecrets = strings.Replace(wantSecrets, r.old, r.new, 1)
		}
		if got := content(t, dir, BookFile); got != wantBook || (wantBook == editBook) != (c.book == nil) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, wantBook)
		}
		if got := content(t, dir, SecretsFile); got != wantSecrets || (wantSecrets == editSecrets) != (c.secrets == nil) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, wantSecrets)
		}
	}
}

// TestRefusedChanges change nothing and say why.
func TestRefusedChanges(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(e *Edit) error
		says string
	}{
		"wrong value":     {func(e *Edit) error { return e.Set("office", "mtu", "9") }, "phonebook.toml:19:7: entry.office.mtu: \"9\" is out of range. Choose a number from 128 to 1500."},
		"wrong key":       {func(e *Edit) error { return e.Set("office", "mtuu", "1") }, `entry.office.mtuu: There is no such setting. Did you mean "mtu"?`},
		"needed":          {func(e *Edit) error { return e.Unset("office", "host") }, "phonebook.toml:11:2: entry.office.host: The entry does not say which server"},
		"unset nothing":   {func(e *Edit) error { return e.Unset("office", "mtu") }, `mtu of entry "office" is not set`},
		"needed by other": {func(e *Edit) error { return e.Remove("isp") }, `entry.office.via: There is no entry "isp"`},
		"no entry":        {func(e *Edit) error { return e.Set("offic", "mtu", "1400") }, `"offic"`},
		"no entry, pass":  {func(e *Edit) error { return e.SetSecret("offic", ppp.Secret{}) }, `"offic"`},
		"there already":   {func(e *Edit) error { return e.Add("isp", nil) }, `there is "isp" already`},
		"taken":           {func(e *Edit) error { return e.Rename("isp", "office") }, `there is an entry "office" already`},
		"copy taken":      {func(e *Edit) error { return e.Copy("isp", "office") }, `there is an entry "office" already`},
		"bad name":        {func(e *Edit) error { return e.Rename("office", "my office") }, "cannot be an entry's name"},
		"evil name":       {func(e *Edit) error { return e.Copy("office", "x]\n[entry.y") }, "TOML"},
		"evil value":      {func(e *Edit) error { return e.Set("office", "user", "'x'\n[entry.y]") }, "entry.y.device"},
		"evil key":        {func(e *Edit) error { return e.Set("office", "x = 1\n[entry.y]\nz", "1") }, "TOML"},
		"hash without ms": {func(e *Edit) error {
			return errors.Join(e.Set("isp", "auth", "['pap']"), e.SetSecret("isp", ppp.Secret{HasHash: true}))
		}, "an NT hash serves MS-CHAP only"},
		"password":        {func(e *Edit) error { return e.SetSecret("isp", ppp.Secret{Password: "sesame\x07"}) }, "control character"},
		"no place":        {func(e *Edit) error { return e.ChooseLocation("moon") }, `There is no location "moon"`},
		"place w/o where": {func(e *Edit) error { return e.SetLocation("moon", nil) }, "in which country"},
		"nothing to undo": {func(e *Edit) error { _, err := e.Undo(1); return err }, "0 changes can be taken back"},
	} {
		dir := newDir(t, editBook, editSecrets)
		err := change(t, dir, c.do)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if content(t, dir, BookFile) != editBook || content(t, dir, SecretsFile) != editSecrets {
			t.Errorf("%s changed the files", name)
		}
	}
}

// TestBrokenFilesAreLeftAlone: what does not parse, or cannot be trusted, is
// not overwritten.
func TestBrokenFilesAreLeftAlone(t *testing.T) {
	for name, files := range map[string][2]string{
		"book":    {editBook + "mtu = \n", editSecrets},
		"secrets": {editBook, editSecrets + "[user.sesame"},
		"binary":  {"\x00\x01", editSecrets},
	} {
		dir := newDir(t, files[0], files[1])
		_, err := Begin(dir)
		if cause.Of(err) != cause.BadConfig || !strings.Contains(err.Error(), ".toml") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", name, err)
		}
		if content(t, dir, BookFile) != files[0] || content(t, dir, SecretsFile) != files[1] {
			t.Errorf("%s: changed", name)
		}
		// The lock is free again.
		os.WriteFile(filepath.Join(dir, BookFile), nil, 0o600)
		os.WriteFile(filepath.Join(dir, SecretsFile), nil, 0o600)
		if err := change(t, dir, func(e *Edit) error { return nil }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := newDir(t, editBook, editSecrets)
	os.Chmod(filepath.Join(dir, SecretsFile), 0o644)
	if _, err := Begin(dir); cause.Of(err) != cause.BadConfig || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("others can read the secrets: %v", err)
	}
	// Somebody saves the file with an editor while we are at it.
	dir = newDir(t, editBook, editSecrets)
	err := change(t, dir, func(e *Edit) error {
		os.WriteFile(filepath.Join(dir, BookFile), []byte("# mine\n"), 0o600)
		return e.Set("isp", "user", "'x'")
	})
	if cause.Of(err) != cause.ConfigInUse || content(t, dir, BookFile) != "# mine\n" {
		t.Errorf("%v", err)
	}
	// A mistake that is there can be put right, and nothing else done before.
	dir = newDir(t, editBook+"mtu = 9\n", editSecrets)
	if err := change(t, dir, func(e *Edit) error { return e.Set("isp", "user", "'x'") }); cause.Of(err) != cause.BadConfig {
		t.Errorf("%v", err)
	}
	if err := change(t, dir, func(e *Edit) error { return e.Set("office", "mtu", "1400") }); err != nil {
		t.Errorf("%v", err)
	}
}

// TestFiles: modes, links and new files.
func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "dir")
	add := func(e *Edit) error {
		return errors.Join(e.Add("o", []Assignment{{"device", "'vpn'"}, {"host", "'h'"}, {"user", "'u'"}, {"default-route", "true"}}), e.SetSecret("o", ppp.Secret{Password: "p"}))
	}
	if err := change(t, dir, add); err != nil {
		t.Fatal(err)
	}
	mode := func(name string, want os.FileMode) {
		t.Helper()
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	mode(BookFile, 0o644)
	mode(SecretsFile, 0o600)
	mode(VersionsDir, 0o700)
	if got := content(t, dir, SecretsFile); got != "[entry.o]\npassword = \"p\"\n" {
		t.Errorf("secrets: %q", got)
	}
	// A link is followed, and stays; the mode stays too.
	other := t.TempDir()
	real := filepath.Join(other, "real.toml")
	os.Rename(filepath.Join(dir, BookFile), real)
	os.Chmod(real, 0o640)
	os.Symlink(real, filepath.Join(dir, BookFile))
	if err := change(t, dir, func(e *Edit) error { return e.Set("o", "mtu", "1400") }); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(filepath.Join(dir, BookFile)); err != nil || to != real || !strings.Contains(content(t, other, "real.toml"), "mtu = 1400") {
		t.Errorf("link to %q, %v", to, err)
	}
	mode(BookFile, 0o640)
	os.Remove(real)
	if err := change(t, dir, add); cause.Of(err) != cause.NotSaved || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("a link to nothing: %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*.new*"))
	more, _ := filepath.Glob(filepath.Join(other, ".*.new*"))
	if len(left)+len(more) > 0 {
		t.Errorf("left behind: %v %v", left, more)
	}
}

func TestOneWriter(t *testing.T) {
	dir := newDir(t, editBook, editSecrets)
	e, err := Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeLock(dir, 0); cause.Of(err) != cause.ConfigInUse || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())+" is writing") {
		t.Errorf("a second writer: %v", err)
	}
	os.WriteFile(filepath.Join(dir, lockFile), []byte("\x1b[2J rubbish"), 0o644)
	if _, err := takeLock(dir, 0); cause.Of(err) != cause.ConfigInUse || !strings.Contains(err.Error(), "another process is writing") {
		t.Errorf("a second writer: %v", err)
	}
	e.Close()
	e.Close()
	if err := change(t, dir, func(*Edit) error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestUndo: ten steps back, and an undo taken back.
func TestUndo(t *testing.T) {
	dir := newDir(t, editBook, editSecrets)
	set := func(mtu int) {
		t.Helper()
		err := change(t, dir, func(e *Edit) error {
			return errors.Join(e.Set("office", "mtu", strconv.Itoa(mtu)), e.SetSecret("office", ppp.Secret{Password: strconv.Itoa(mtu)}))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(mtu int) {
		t.Helper()
		if !strings.Contains(content(t, dir, BookFile), "mtu = "+strconv.Itoa(mtu)+"\n") || !strings.Contains(content(t, dir, SecretsFile), `"`+strconv.Itoa(mtu)+`"`) {
			t.Errorf("not as with %d:\n%s%s", mtu, content(t, dir, BookFile), content(t, dir, SecretsFile))
		}
	}
	undo := func(n int) error {
		return change(t, dir, func(e *Edit) error { _, err := e.Undo(n); return err })
	}
	set(1000)
	if err := undo(1); err != nil || content(t, dir, BookFile) != editBook || content(t, dir, SecretsFile) != editSecrets {
		t.Errorf("%v\n%s", err, content(t, dir, BookFile))
	}
	if err := undo(1); err != nil {
		t.Error(err)
	}
	is(1000)
	for mtu := 1001; mtu <= 1012; mtu++ {
		set(mtu)
	}
	if err := undo(11); cause.Of(err) != cause.Usage || !strings.Contains(err.Error(), "10 changes") {
		t.Error(err)
	}
	if err := undo(10); err != nil {
		t.Error(err)
	}
	is(1002)
	if err := undo(1); err != nil {
		t.Error(err)
	}
	is(1012)
	// What a save left that was cut short does not count.
	if err := keepVersion(dir, []byte(content(t, dir, BookFile)), []byte(content(t, dir, SecretsFile))); err != nil {
		t.Fatal(err)
	}
	if err := undo(1); err != nil {
		t.Error(err)
	}
	is(1002)
	if vs, err := Versions(dir); err != nil || len(vs) != maxVersions || vs[0].Saved.IsZero() {
		t.Errorf("%d versions, %v", len(vs), err)
	}
}

// TestValues: what people type, as TOML.
func TestValues(t *testing.T) {
	for _, c := range []struct{ key, words, want string }{
		{"user", `CORP\alice`, `'CORP\alice'`}, {"user", "12345", `"12345"`}, {"user", "true", `"true"`}, {"mtu", "1400", "1400"}, {"mtu", "big", `"big"`},
		{"autodial", "true", "true"}, {"autodial", "yes", `"yes"`}, {"idle", "600", "600"}, {"idle", "10m", `"10m"`}, {"keepalive", "off", `"off"`},
		{"via", "isp|lan", `["isp", "lan"]`}, {"via", "isp,lan", `["isp", "lan"]`}, {"phone", "0,555|556", `["0,555", "556"]`}, {"dns", "peer", `"peer"`},
		{"dns", "10.0.0.1", `["10.0.0.1"]`}, {"dns", "ignore", `"ignore"`}, {"routes", `["10.0.0.0/8"]`, `["10.0.0.0/8"]`}, {"routes", "", "[]"},
	} {
		if got, err := ValueOf(c.key, strings.Split(c.words, "|")); err != nil || got != c.want {
			t.Errorf("%s %s: %s, %v; want %s", c.key, c.words, got, err, c.want)
		}
	}
	for _, words := range [][]string{{"a", "b"}, nil, {"a\nb"}, {"\xff"}} {
		if got, err := ValueOf("user", words); cause.Of(err) != cause.Usage {
			t.Errorf("%q: %s, %v", words, got, err)
		}
	}
}

// TestKindsOfValues: every key of an entry has the type that the parser wants.
func TestKindsOfValues(t *testing.T) {
	b, _ := mustParse(t, goodBook, "")
	for _, e := range b.Entries() {
		table, _ := findTable(b.doc, "entry", e.Name)
		for _, it := range table.Items {
			var words []string
			for _, v := range it.Value.List {
				words = append(words, v.Text)
			}
			if words == nil {
				words = []string{it.Value.Text}
			}
			value, err := ValueOf(it.Key, words)
			if err != nil {
				t.Error(err)
			}
			again, _ := mustParse(t, strings.Replace(goodBook, string(b.doc.Data[it.Span.Offset:it.Span.Offset+it.Span.Length]), it.Key+" = "+value, 1), "")
			if got, _ := again.Entry(e.Name); spell(got) != spell(e) {
				t.Errorf("%s = %s:\n%s\nwant\n%s", it.Key, value, spell(got), spell(e))
			}
		}
	}
}
