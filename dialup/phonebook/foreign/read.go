package foreign

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

// The formats, by the names that people use for them.
const (
	Rasphone       = "rasphone"
	Wvdial         = "wvdial"
	Pppd           = "pppd"
	NetworkManager = "networkmanager"

	secretsFile = "secrets" // chap-secrets and pap-secrets, which come with pppd's
	chatScript  = "chat"    // a script that a peers file names
)

// Formats lists them.
func Formats() []string { return []string{Rasphone, Wvdial, Pppd, NetworkManager} }

const (
	maxFile    = 1 << 20 // octets of a file
	maxEntries = 256     // of all files together
	maxNotes   = 2000
	maxName    = 32 // octets, as in the phonebook
)

// File is a file in memory.
type File struct {
	Name string // as it is called in notes; its last part names entries and is what others include it by
	Data []byte
}

// Modem is a modem of device.toml: foreign files name ports, entries modems.
type Modem struct {
	Name, Port string
	Speed      int
	Init       []string
}

// Options say what the files cannot.
type Options struct {
	Format string // "" = what the contents look like
	As     string // the entry's name, where there is one
	User   string // who logs in where a file does not say it
	Modem  string // what dials where the port is none of Modems
	Modems []Modem
}

// Entry is what was read of one connection.
type Entry struct {
	Name      string
	Settings  []phonebook.Assignment
	Secret    ppp.Secret
	HasSecret bool
}

// Read makes entries of files. The notes, in the order of the files' lines,
// say what was not carried over (warnings), and which entries were not made at
// all. The error, with cause.BadConfig or cause.Usage, comes with notes too.
func Read(files []File, o Options) ([]Entry, phonebook.Problems, error) {
	r := &reader{o: o}
	if o.Format != "" && !slices.Contains(Formats(), o.Format) {
		return nil, nil, cause.New(cause.Usage, "%q is no format; choose %s", o.Format, strings.Join(Formats(), ", "))
	}
	for _, f := range files {
		if len(f.Data) > maxFile {
			return nil, nil, cause.New(cause.BadConfig, "%s has more than %d octets; this is no file of connections", f.Name, maxFile)
		}
		text, how := decode(f.Data)
		if strings.ContainsRune(text, 0) {
			return nil, nil, cause.New(cause.BadConfig, "%s is no text", f.Name)
		}
		t := textFile{name: f.Name, text: text, format: guess(f.Name, text, o.Format)}
		if t.format == "" {
			return nil, nil, cause.New(cause.BadConfig, "%s is in no format that is known here; --format chooses one of %s", f.Name, strings.Join(Formats(), ", "))
		}
		if how != "" {
			r.note(place{f.Name, 0}, "", how, "Look at names with letters beyond ASCII.")
		}
		r.files = append(r.files, t)
	}
	for _, f := range r.files {
		switch f.format {
		case Rasphone:
			r.readRasphone(f)
		case Wvdial:
			r.readWvdial(f)
		case NetworkManager:
			r.readKeyfile(f)
		}
	}
	r.readPppd()
	entries, err := r.finish()
	r.notes.Sort()
	return entries, r.notes, err
}

// reader is one run of Read.
type reader struct {
	o      Options
	files  []textFile
	drafts []*draft
	notes  phonebook.Problems
}

type textFile struct{ name, text, format string }

// place is where something stands in the files.
type place struct {
	file string
	line int
}

// draft is an entry in the making.
type draft struct {
	Entry
	at    place
	raw   string // its name in the file
	via   string // the raw name of the entry that it runs over
	modem bool
	port  *Modem  // of device.toml, nil where it has none for the port
	from  []place // where each of Settings comes from
}

// note says that something was not carried over.
func (r *reader) note(at place, key, text, remedy string) {
	p := phonebook.Problem{File: clean(at.file), Line: at.line, Key: clean(key), Text: clean(text), Remedy: clean(remedy), Warning: true}
	if at.line > 0 {
		p.Column = 1
	}
	if len(r.notes) < maxNotes && !slices.Contains(r.notes, p) {
		r.notes = append(r.notes, p)
	}
}

// clean makes a file's words safe for a terminal.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return '?'
		}
		return c
	}, s)
}

// refuse says that there is no entry for a connection.
func (r *reader) refuse(at place, key, text, remedy string) {
	r.note(at, key, text+" The entry was not made.", remedy)
	if n := len(r.notes); n > 0 {
		r.notes[n-1].Warning = false
	}
}

// Texts of notes that all formats have.
const (
	nothingLike = "dun has nothing like this."
	keepsUp     = "Redialing is what 'dun agent' does, for entries with autodial."
	setAutodial = "'dun phonebook set ENTRY autodial true' keeps it connected."
	scripted    = "dun has no login scripts: it starts PPP when the modem is connected."
)

// add begins an entry. nil, after a note, where there are too many.
func (r *reader) add(at place, raw string) *draft {
	if len(r.drafts) >= maxEntries {
		r.refuse(at, raw, "There are more than 256 connections.", "")
		return nil
	}
	d := &draft{at: at, raw: raw}
	r.drafts = append(r.drafts, d)
	return d
}

// put gives the entry a setting. What a person could not have typed is noted.
func (r *reader) put(d *draft, at place, key string, words ...string) {
	value, err := phonebook.ValueOf(key, words)
	if err != nil {
		r.note(at, key, "The value has a character that the phonebook does not take.", "")
		return
	}
	i := slices.IndexFunc(d.Settings, func(a phonebook.Assignment) bool { return a.Key == key })
	if i < 0 {
		i = len(d.Settings)
		d.Settings, d.from = append(d.Settings, phonebook.Assignment{}), append(d.from, place{})
	}
	d.Settings[i], d.from[i] = phonebook.Assignment{Key: key, Value: value}, at
}

func (d *draft) has(key string) bool {
	return slices.ContainsFunc(d.Settings, func(a phonebook.Assignment) bool { return a.Key == key })
}

// password gives the entry its secret; none where it is empty.
func (r *reader) password(d *draft, at place, key, password string) {
	if _, err := phonebook.ValueOf(key, []string{password}); err != nil || len(password) > 255 {
		r.note(at, key, "The password has characters that secrets.toml does not take, or is too long.", "'dun phonebook set ENTRY password' asks for one.")
		return
	}
	d.Secret, d.HasSecret = ppp.Secret{Password: password}, password != ""
}

// onModem makes an entry for a modem: the one of device.toml that has the
// port, or else one that is called like the port.
func (r *reader) onModem(d *draft, at place, port string) {
	d.modem = true
	r.put(d, d.at, "device", "modem")
	modem := r.o.Modem
	for i := range r.o.Modems {
		m := &r.o.Modems[i]
		if m.Port == port || port == "" && (m.Name == modem || modem == "" && len(r.o.Modems) == 1) {
			d.port, modem = m, m.Name
			break
		}
	}
	if modem == "" && port != "" {
		modem = name(base(port))
	}
	if modem == "" {
		modem = "line1"
	}
	r.put(d, at, "modem", modem)
	switch {
	case port == "" || d.port != nil:
	case port[0] == '/':
		r.ofModem(d, at, "port", `port = "`+port+`"`)
	default:
		r.ofModem(d, at, "port", "the serial port that "+port+" is")
	}
}

// ofModem says that something belongs into device.toml.
func (r *reader) ofModem(d *draft, at place, key, line string) {
	modem := "MODEM"
	for _, s := range d.Settings {
		if s.Key == "modem" {
			modem = strings.Trim(s.Value, `"'`)
		}
	}
	r.note(at, key, "This is a setting of the modem, not of the entry.", "Write "+line+" into [modem."+modem+"] of device.toml.")
}

// speed and init are the commonest of these; they are not told where
// device.toml has them.
func (r *reader) speed(d *draft, at place, key, speed string) {
	if d.port == nil || itoa(d.port.Speed) != speed {
		r.ofModem(d, at, key, "speed = "+speed)
	}
}

func (r *reader) init(d *draft, at place, key, command string) {
	switch {
	case d.port != nil && slices.Contains(d.port.Init, command):
	case slices.Contains(usualInit, strings.ReplaceAll(strings.ToUpper(command), " ", "")):
	case strings.Contains(strings.ToUpper(command), "CPIN"):
		r.ofModem(d, at, key, "this command, which has the PIN, at the beginning of init")
	default:
		r.ofModem(d, at, key, "the command '"+command+"' as one of init")
	}
}

// usualInit is what every profile of device.toml does in its own way.
var usualInit = []string{"", "AT", "ATZ", "ATH", "ATH0", "ATE1", "ATE0V1", "ATQ0V1E1", "ATQ0V1E1S0=0&C1&D2", "ATQ0V1E1S0=0&C1&D2+FCLASS=0"}

// name makes a name for the phonebook: letters, digits and . _ -
func name(raw string) string {
	s := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("._-", c) {
			return c
		}
		return '-'
	}, raw)
	for strings.Contains(s, "--") && !strings.Contains(raw, "--") {
		s = strings.ReplaceAll(s, "--", "-")
	}
	return strings.Trim(short(strings.TrimLeft(s, "._-"), maxName), "-")
}

// short cuts a text at the end of a character.
func short(s string, octets int) string {
	if len(s) <= octets {
		return s
	}
	for !utf8.RuneStart(s[octets]) {
		octets--
	}
	return s[:octets]
}

// names gives each entry a name of its own.
func (r *reader) names() {
	taken := map[string]bool{phonebook.Lan: true}
	for _, d := range r.drafts {
		want := d.raw
		if r.o.As != "" {
			want = r.o.As
		}
		base := name(want)
		if base == "" {
			base = "entry"
		}
		d.Name = base
		for n := 2; taken[d.Name]; n++ {
			d.Name = short(base, maxName-3) + "-" + itoa(n)
		}
		taken[d.Name] = true
		if d.Name != want {
			r.note(d.at, d.raw, "A name has letters, digits and . _ - and is there once, so the entry is called "+d.Name+".", "")
		}
	}
}

// finish makes entries of what was read.
func (r *reader) finish() ([]Entry, error) {
	if r.o.As != "" && len(r.drafts) > 1 {
		return nil, cause.New(cause.Usage, "there are %d connections, which cannot all be called %s", len(r.drafts), r.o.As)
	}
	r.names()
	byRaw := make(map[string]string)
	for _, d := range r.drafts {
		byRaw[strings.ToLower(d.raw)] = d.Name
		if !d.modem && !d.has("user") && r.o.User != "" || d.modem && !d.has("user") && d.HasSecret && r.o.User != "" {
			r.put(d, d.at, "user", r.o.User)
		}
	}
	for i, d := range r.drafts {
		if d.via != "" {
			if below, ok := byRaw[strings.ToLower(d.via)]; ok {
				r.put(r.drafts[i], d.at, "via", below)
			} else {
				r.note(d.at, d.raw, "It runs over a connection that is not in the file.", "'dun phonebook set ENTRY via NAME' names the one below it.")
			}
		}
	}
	r.check()
	var out []Entry
	for _, d := range r.drafts {
		slices.SortStableFunc(d.Settings, func(a, b phonebook.Assignment) int { return rank(a.Key) - rank(b.Key) })
		out = append(out, d.Entry)
	}
	if len(out) == 0 {
		return nil, cause.New(cause.BadConfig, "there is no connection to take over")
	}
	return out, nil
}

// rank puts first in an entry what people look for first.
func rank(key string) int {
	first := words("device modem phone host via user auth encryption mppe default-route routes dns")
	if i := slices.Index(first, key); i >= 0 {
		return i
	}
	return len(first)
}

// base is a file's name as others include it, or as an entry is called.
func base(file string) string { return file[strings.LastIndexAny(file, `/\`)+1:] }
