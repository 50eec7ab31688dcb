package foreign

import (
	"strings"

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
	choose := "choose one of " + strings.Join(Formats(), ", ")
	if o.Format != "" && !one(Formats(), o.Format) {
		return nil, nil, cause.New(cause.Usage, "%q is no format; %s", o.Format, choose)
	}
	for i := range files {
		f := &files[i]
		wrong := ""
		t := &textFile{name: f.Name}
		ansi := false
		if len(f.Data) > maxFile {
			wrong = "has more than a mebioctet; it is no file of connections"
		} else if t.text, ansi = decode(f.Data); strings.IndexByte(t.text, 0) >= 0 {
			wrong = "is no text"
		} else if t.format = guess(f.Name, t.text, o.Format); t.format == "" {
			wrong = "is in no format that is known here; by --format " + choose
		}
		if wrong != "" {
			return nil, nil, cause.New(cause.BadConfig, "%s %s", f.Name, wrong)
		}
		if ansi {
			r.note(&item{file: f.Name}, notUTF8, "")
		}
		if t.format == Pppd {
			open := false
			if t.words, open = pppdWords(t.text); open {
				r.note(&item{file: f.Name}, openQuote, "")
			}
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
		case Pppd:
			r.readPeer(f)
		}
	}
	entries, err := r.finish()
	r.notes.Sort()
	return entries, r.notes, err
}

// reader is one run of Read.
type reader struct {
	o      Options
	files  []*textFile
	drafts []*draft
	notes  phonebook.Problems
}

type textFile struct {
	name, text, format string
	words              []word // of pppd's files
}

// item is a setting of a file.
type item struct {
	file       string
	line       int
	section    string // "" where a file has none
	key, value string // key "" = the beginning of the section
	as         string // what it is called in tables, or for the entry; "" = the key
}

// draft is an entry in the making: first what the file says, in words of the
// phonebook where there is one, then settings.
type draft struct {
	Entry
	at    *item // the connection's name
	said  []item
	flags uint32 // see letter
	from  []*item
	port  *Modem // of device.toml, nil where it has none for the port

	toModem []modemNote
}

// say keeps a value for the entry; of several, all.
func (d *draft) say(it *item, key, value string) {
	said := *it
	said.as, said.value = key, value
	d.said = append(d.said, said)
}

// get is the last of the values that were said, nil where there is none.
func (d *draft) get(key string) *item {
	for i := len(d.said) - 1; i >= 0; i-- {
		if d.said[i].as == key {
			return &d.said[i]
		}
	}
	return nil
}

// value is its text.
func (d *draft) value(key string) string {
	if it := d.get(key); it != nil {
		return it.value
	}
	return ""
}

// all is each of them.
func (d *draft) all(key string) (list []string) {
	for i := range d.said {
		if d.said[i].as == key {
			list = append(list, d.said[i].value)
		}
	}
	return list
}

// letter is the flag of a letter in the tables.
func letter(c byte) uint32 { return 1 << (c - 'A') }

func (d *draft) has(letters string) bool {
	for i := range len(letters) {
		if d.flags&letter(letters[i]) != 0 {
			return true
		}
	}
	return false
}

// draft begins an entry.
func (r *reader) draft(at *item, name string) *draft {
	it := *at
	it.section, it.key, it.value = name, "", name
	d := &draft{at: &it}
	if r.drafts = append(r.drafts, d); len(r.drafts) > maxEntries {
		r.refuse(d, &it, tooMany)
	}
	return d
}

// refuse says that there is no entry for a connection, and takes it out.
func (r *reader) refuse(d *draft, at *item, n int) {
	last := len(r.notes)
	if r.note(at, n, ""); len(r.notes) > last {
		r.notes[last].Warning = false
		r.notes[last].Text += " The entry was not made."
	}
	r.drop(d)
}

func (r *reader) drop(d *draft) {
	for i := range r.drafts {
		if r.drafts[i] == d {
			r.drafts = append(r.drafts[:i], r.drafts[i+1:]...)
			return
		}
	}
}

// put gives the entry a setting.
func (r *reader) put(d *draft, at *item, key string, words ...string) {
	value, err := phonebook.ValueOf(key, words)
	if err != nil {
		r.note(at, badCharacter, "")
		return
	}
	d.Settings = append(d.Settings, phonebook.Assignment{Key: key, Value: value})
	d.from = append(d.from, at)
}

// finish makes entries of what was read.
func (r *reader) finish() ([]Entry, error) {
	if r.o.As != "" && len(r.drafts) > 1 {
		return nil, cause.New(cause.Usage, "there are %d connections, which cannot all be called %s", len(r.drafts), r.o.As)
	}
	r.names()
	for _, d := range r.drafts {
		r.compose(d)
	}
	r.check()
	if len(r.drafts) == 0 {
		return nil, cause.New(cause.BadConfig, "there is no connection to take over")
	}
	var out []Entry
	for _, d := range r.drafts {
		out = append(out, d.Entry)
	}
	return out, nil
}
