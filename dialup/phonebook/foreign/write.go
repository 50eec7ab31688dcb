package foreign

import (
	"strconv"
	"strings"
	"time"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// Output is a file that was made.
type Output struct {
	Name    string // as the format has it
	Text    string
	Private bool // it has a password, or is refused unless its owner alone can read it
}

// Write makes files of entries. Those whose Secret is set have it written
// where the format has a place for it. The notes say what the format cannot.
func Write(format string, entries []phonebook.Entry, modems []Modem) ([]*Output, phonebook.Problems, error) {
	w := &writer{format: format, modems: modems}
	for i := range entries {
		switch w.begin(&entries[i]); format {
		case Rasphone:
			w.rasphone()
		case Wvdial:
			w.wvdial()
		case Pppd:
			w.pppd()
		case NetworkManager:
			w.keyfile()
		default:
			return nil, nil, cause.New(cause.Usage, "%q is no format; choose one of %s", format, strings.Join(Formats(), ", "))
		}
	}
	if len(w.files) == 0 {
		return nil, w.notes, cause.New(cause.BadConfig, "there is no entry that %s could have", format)
	}
	return w.files, w.notes, nil
}

type writer struct {
	format string
	modems []Modem
	files  []*Output
	notes  phonebook.Problems

	e      *phonebook.Entry
	values []value // of the entry
}

// value is a setting of the entry, or something that was made of some.
type value struct {
	key    string
	list   []string
	isList bool
	kept   int // so many of them were written
}

// begin takes the entry's settings: whole numbers as they are, times in seconds.
func (w *writer) begin(e *phonebook.Entry) {
	w.e, w.values = e, nil
	w.set("name", e.Name)
	for _, s := range e.Settings() {
		switch v := s.Value.(type) {
		case string:
			if d, err := time.ParseDuration(v); err == nil && one(words("keepalive idle time-limit"), s.Key) {
				v = strconv.Itoa(int((d + time.Second - 1) / time.Second))
			}
			w.set(s.Key, v)
		case []string:
			w.values = append(w.values, value{key: s.Key, list: v, isList: true})
		case int:
			w.set(s.Key, strconv.Itoa(v))
		case bool:
			w.set(s.Key, either(v, "true", "false"))
		}
	}
	if e.Secret.Password != "" {
		w.set("password", e.Secret.Password)
	}
	if e.Secret.HasHash {
		w.set("nt-hash", "")
	}
	for i := range w.modems {
		if m := &w.modems[i]; e.Modem != "" && m.Name == e.Modem {
			w.set("port", m.Port)
			w.set("speed", strconv.Itoa(m.Speed))
			w.values = append(w.values, value{key: "init", list: m.Init, isList: true})
			w.find("modem").kept = 1
		}
	}
}

func (w *writer) set(key, text string) {
	w.values = append(w.values, value{key: key, list: []string{text}})
}

// find is the value of a key, the last one that was set, nil without one.
func (w *writer) find(key string) *value {
	for i := len(w.values) - 1; i >= 0; i-- {
		if w.values[i].key == key {
			return &w.values[i]
		}
	}
	return nil
}

// vpn says whether the entry is a tunnel.
func (w *writer) vpn() bool { return w.e.Device == phonebook.DeviceVPN }

// has says whether a setting is there and, unless want is "", has this value
// or element.
func (w *writer) has(key, want string) bool {
	v := w.find(key)
	return v != nil && (want == "" || one(v.list, want))
}

// to is the file of a name.
func (w *writer) to(name string, private bool) *Output {
	for _, f := range w.files {
		if f.Name == name {
			f.Private = f.Private || private
			return f
		}
	}
	f := &Output{Name: name, Private: private}
	w.files = append(w.files, f)
	return f
}

// fill writes the lines of a template. "{key}" stands for a setting, "{key.1}"
// for the second element of a list, "{key*}" for each in a line of its own,
// with "{#}" for its number, "{key;}" for all, a ";" behind each; "{key|text}"
// is the text where there is none. Without it the line is left out. A line
// that begins "?key " or "?key=value " is written where the entry has the key,
// or this value; with "!" behind "?" where it has not. What was written, or
// asked for, counts as kept.
func (w *writer) fill(f *Output, template, eol string, escape func(string) string) {
	for template != "" {
		var l string
		l, template, _ = strings.Cut(template, "\n")
		if l != "" && l[0] == '?' {
			var condition string
			condition, l, _ = strings.Cut(l[1:], " ")
			not := strings.HasPrefix(condition, "!")
			key, want, _ := strings.Cut(strings.TrimPrefix(condition, "!"), "=")
			if w.has(key, want) == not {
				continue
			}
			if v := w.find(key); v != nil && !not {
				v.kept = max(v.kept, 1)
			}
			if l == "" {
				continue
			}
		}
		for n := 0; ; n++ {
			text, ok, each := w.expand(l, n, escape)
			if ok {
				f.Text += text + eol
			}
			if !each || !ok {
				break
			}
		}
	}
}

// expand puts values into a line; each says that it is to be repeated.
func (w *writer) expand(l string, n int, escape func(string) string) (text string, ok, each bool) {
	for {
		before, rest, found := strings.Cut(l, "{")
		text += before
		if !found {
			return text, true, each
		}
		var key string
		key, l, _ = strings.Cut(rest, "}")
		if key == "#" {
			text += strconv.Itoa(n + 1)
			continue
		}
		key, other, hasOther := strings.Cut(key, "|")
		i, all := 0, false
		switch last := key[len(key)-1]; {
		case last == '*':
			key, i, each = key[:len(key)-1], n, true
		case last == ';':
			key, all = key[:len(key)-1], true
		default:
			if k, digit, is := strings.Cut(key, "."); is {
				key, i = k, int(digit[0]-'0')
			}
		}
		v := w.find(key)
		switch {
		case v != nil && all && v.isList:
			text += escape(strings.Join(v.list, ";") + ";")
			v.kept = len(v.list)
		case v != nil && i < len(v.list) && (key != "dns" || v.isList) && !all:
			text += escape(v.list[i])
			v.kept = max(v.kept, i+1)
		case hasOther:
			text += other
		default:
			return "", false, each
		}
	}
}

// done notes all settings of the entry that are not the default and were not
// kept.
func (w *writer) done() {
	plain := plainSettings(w.e.Device)
	for _, s := range w.e.Settings() {
		v := w.find(s.Key)
		if s.Key != "device" && s.Key != "protocol" && v.kept < len(v.list) && !strings.Contains(plain, "\n"+s.TOML()+"\n") {
			w.lost(s.Key)
		}
	}
	if v := w.find("nt-hash"); v != nil {
		w.lost("nt-hash")
	}
}

func (w *writer) lost(key string) {
	w.notes = append(w.notes, phonebook.Problem{File: phonebook.BookFile, Key: "entry." + w.e.Name + "." + key, Text: w.format + " has no place for this.", Warning: true})
}

// plainSettings are those of an entry with nothing that can be left out.
func plainSettings(d phonebook.Device) string {
	text := "[entry.x]\ndevice = \"vpn\"\nhost = \"x\"\nuser = \"x\"\n"
	if d == phonebook.DeviceModem {
		text = "[entry.x]\ndevice = \"modem\"\nmodem = \"x\"\nphone = [\"1\"]\n"
	}
	book, _, err := phonebook.Parse([]byte(text), nil)
	if err != nil {
		return ""
	}
	e, _ := book.Entry("x")
	text = "\n"
	for _, s := range e.Settings() {
		text += s.TOML() + "\n"
	}
	return text
}
