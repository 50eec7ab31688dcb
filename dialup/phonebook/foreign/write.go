package foreign

import (
	"slices"
	"strings"
	"time"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

// Write makes files of entries. Those whose Secret is set have it written,
// where the format has a place for it: the file's Private tells. The notes say
// what the format cannot.
func Write(format string, entries []phonebook.Entry, modems []Modem) ([]*Output, phonebook.Problems, error) {
	w := &writer{modems: modems, format: format}
	var write func(e phonebook.Entry)
	switch format {
	case Rasphone:
		write = w.rasphone
	case Wvdial:
		write = w.wvdial
	case Pppd:
		write = w.pppd
	case NetworkManager:
		write = w.keyfile
	default:
		return nil, nil, cause.New(cause.Usage, "%q is no format; choose %s", format, strings.Join(Formats(), ", "))
	}
	for _, e := range entries {
		write(e)
	}
	if len(w.files) == 0 {
		return nil, w.notes, cause.New(cause.BadConfig, "there is no entry that %s could have", format)
	}
	return w.files, w.notes, nil
}

// Output is a file that was made.
type Output struct {
	Name    string // as the format has it
	Text    string
	Private bool // it has a password, or is refused unless its owner alone can read it
}

type writer struct {
	format string
	modems []Modem
	files  []*Output
	notes  phonebook.Problems
}

// to is the text of a file, which begins empty.
func (w *writer) to(name string) *Output {
	for _, f := range w.files {
		if f.Name == name {
			return f
		}
	}
	f := &Output{Name: name}
	w.files = append(w.files, f)
	return f
}

// line adds a line to the file.
func (o *Output) line(parts ...string) { o.Text += strings.Join(parts, "") + "\n" }

// drop notes that the format cannot say something about an entry.
func (w *writer) drop(e phonebook.Entry, key, text string) {
	if text == "" {
		text = w.format + " has no place for this."
	}
	w.notes = append(w.notes, phonebook.Problem{File: phonebook.BookFile, Key: "entry." + e.Name + "." + key, Text: text, Warning: true})
}

// left notes all settings of an entry that are not the default and not among
// those that were written.
func (w *writer) left(e phonebook.Entry, written string) {
	kept := append(words(written), "device", "protocol")
	plain := make(map[string]bool)
	for _, s := range plainEntry(e.Device).Settings() {
		plain[s.TOML()] = true
	}
	for _, s := range e.Settings() {
		if !plain[s.TOML()] && !slices.Contains(kept, s.Key) {
			w.drop(e, s.Key, "")
		}
	}
}

// plainEntry is an entry with what cannot be left out.
func plainEntry(d phonebook.Device) phonebook.Entry {
	text := "[entry.x]\ndevice = \"vpn\"\nhost = \"x\"\nuser = \"x\"\n"
	if d == phonebook.DeviceModem {
		text = "[entry.x]\ndevice = \"modem\"\nmodem = \"x\"\nphone = [\"1\"]\n"
	}
	book, _, err := phonebook.Parse([]byte(text), nil)
	if err != nil {
		return phonebook.Entry{}
	}
	e, _ := book.Entry("x")
	return e
}

// password is what can be written of the secret, "" where there is none.
func (w *writer) password(e phonebook.Entry) string {
	if e.Secret.HasHash {
		w.drop(e, "nt-hash", "An NT hash has no place there; the password itself is needed.")
	}
	return e.Secret.Password
}

// modem is what device.toml has for an entry's modem.
func (w *writer) modem(e phonebook.Entry) Modem {
	for _, m := range w.modems {
		if m.Name == e.Modem {
			return m
		}
	}
	w.drop(e, "modem", "device.toml has no such modem, so port and speed are missing in the file.")
	return Modem{Name: e.Modem}
}

// dials gives the numbers as they are dialed from here.
func (w *writer) dials(e phonebook.Entry) []string {
	if !slices.Equal(e.Dial, e.Phone) || e.Rule != phonebook.DialAuto && e.Rule != phonebook.DialExactly {
		w.drop(e, "phone", "The numbers are written as they are dialed from the place where the machine is.")
	}
	return e.Dial
}

// has says whether an entry may log in by a way, in the words of the phonebook.
func has(e phonebook.Entry, word string) bool {
	return slices.ContainsFunc(e.Auth, func(a ppp.Auth) bool { return phonebook.AuthName(a) == word })
}

// pppOptions are pppd's options for logging in and encryption.
func (w *writer) pppOptions(e phonebook.Entry) []string {
	list := []string{"refuse-eap"}
	for _, a := range allAuth {
		if !has(e, a) {
			list = append(list, "refuse-"+strings.Replace(a, "ms-chap", "mschap", 1))
		}
	}
	if len(e.Auth) == 0 {
		w.drop(e, "auth", "")
	}
	switch e.Encryption {
	case ppp.Allow:
		return list
	case ppp.Deny:
		return append(list, "nomppe")
	case ppp.Prefer:
		w.drop(e, "encryption", "There encryption is required or never asked for; it was written as never.")
		return list
	}
	bits := make(map[int]bool)
	stateless, stateful := false, false
	for _, m := range e.MPPE {
		bits[m.Bits] = true
		stateless, stateful = stateless || m.Stateless, stateful || !m.Stateless
	}
	option := "require-mppe"
	if !bits[40] {
		option = "require-mppe-128"
	} else if !bits[128] {
		option = "require-mppe-40"
	}
	list = append(list, option)
	if bits[56] || stateful && !stateless {
		w.drop(e, "mppe", "There encryption has 128 or 40 bit, and is stateful only beside stateless.")
	}
	if stateful {
		list = append(list, "mppe-stateful")
	}
	return list
}

// seconds is a time as those files have it.
func seconds(d time.Duration) string { return itoa(int((d + time.Second - 1) / time.Second)) }
