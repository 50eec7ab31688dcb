package phonebook

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dun/dialup/cause"
	"dun/dialup/ppp"
	"dun/dialup/strict"
)

// Keys whose values are not strings: lists, and what is written without quotes.
var (
	listKeys = []string{"phone", "via", "auth", "mppe", "routes"}
	bareKeys = []string{
		"hash-domain", "default-route", "autodial", "on-demand", "block-when-down", "mtu", "mru", "keepalive", "keepalive-failures",
		"link-timeout", "login-timeout", "network-timeout", "idle", "time-limit",
	}
)

// ValueOf makes what a person typed for a key into TOML: each word is an
// element of a list, or several with commas between them (not of phone, where
// a comma is a pause). Whether the value fits is left to the check.
func ValueOf(key string, words []string) (string, error) {
	for _, w := range words {
		if !utf8.ValidString(w) || strings.IndexFunc(w, unicode.IsControl) >= 0 {
			return "", cause.New(cause.Usage, "the value of %s has a control character", key)
		}
	}
	isList := slices.Contains(listKeys, key) || key == "dns" && !slices.Equal(words, []string{"peer"}) && !slices.Equal(words, []string{"ignore"})
	switch {
	case isList && len(words) == 1 && strings.HasPrefix(words[0], "["):
		return words[0], nil
	case isList:
		var list []string
		for _, w := range words {
			if key == "phone" {
				list = append(list, w)
				continue
			}
			for _, part := range strings.Split(w, ",") {
				if part = strings.TrimSpace(part); part != "" {
					list = append(list, part)
				}
			}
		}
		return tomlList(list), nil
	case len(words) != 1:
		return "", cause.New(cause.Usage, "%s takes one value; quote it if it has blanks", key)
	}
	w := words[0]
	if slices.Contains(bareKeys, key) && (w == "true" || w == "false" || w != "" && strings.Trim(w, "0123456789") == "") {
		return w, nil
	}
	return tomlString(w), nil
}

// Assignment is a setting of an entry, its value as TOML (see ValueOf).
type Assignment struct{ Key, Value string }

// tables finds [kind.NAME] in a document.
func findTable(doc *strict.Document, kind, name string) (*strict.Table, bool) {
	if it, ok := doc.Root.Get(kind); ok && it.Value.Table != nil {
		if it, ok = it.Value.Table.Get(name); ok && it.Value.Table != nil {
			return it.Value.Table, true
		}
	}
	return nil, false
}

// entry finds an entry in the phonebook as it would be.
func (e *Edit) entry(name string) (*strict.Document, *strict.Table, error) {
	return e.table("entry", name)
}

func (e *Edit) table(kind, name string) (*strict.Document, *strict.Table, error) {
	doc := e.bookDoc()
	t, ok := findTable(doc, kind, name)
	if !ok {
		return nil, nil, cause.New(cause.NoEntry, "%q", name)
	}
	return doc, t, nil
}

// takeText keeps the text that a change of the phonebook gave.
func (e *Edit) takeText(text []byte, err error) error {
	if err != nil {
		return cause.Wrap(cause.BadConfig, err, "%s", BookFile)
	}
	e.bookText = text
	return nil
}

// Add adds an entry. Names follow the rules of the file, which Commit checks.
func (e *Edit) Add(name string, settings []Assignment) error {
	return e.addTable("entry", name, settings)
}

func (e *Edit) addTable(kind, name string, settings []Assignment) error {
	if _, _, err := e.table(kind, name); err == nil {
		return cause.New(cause.BadConfig, "there is %q already", name)
	}
	if strings.IndexFunc(name, unicode.IsControl) >= 0 || !utf8.ValidString(name) {
		return cause.New(cause.BadConfig, "%q cannot be a name", name)
	}
	doc := e.bookDoc()
	if it, there := doc.Root.Get(kind); there && (it.Value.Table == nil || it.Span.Length > 0) {
		return e.takeText(nil, strict.ErrNoHeader)
	}
	e.bookText = doc.Add([]string{kind, name}, nil)
	for _, s := range settings {
		if err := e.setIn(kind, name, s.Key, s.Value); err != nil {
			return err
		}
	}
	return nil
}

// Set changes a setting of an entry, or adds it.
func (e *Edit) Set(name, key, value string) error { return e.setIn("entry", name, key, value) }

func (e *Edit) setIn(kind, name, key, value string) error {
	doc, t, err := e.table(kind, name)
	if err != nil {
		return err
	}
	return e.takeText(doc.Set(t, key, value))
}

// Unset removes a setting, so that its default is in effect.
func (e *Edit) Unset(name, key string) error {
	doc, t, err := e.entry(name)
	if err != nil {
		return err
	}
	it, there := t.Get(key)
	if !there {
		return cause.New(cause.Usage, "%s of entry %q is not set", key, name)
	}
	return e.takeText(doc.Unset(it))
}

// Remove removes an entry and its secret.
func (e *Edit) Remove(name string) error {
	doc, t, err := e.entry(name)
	if err != nil {
		return err
	}
	if err := e.takeText(doc.Remove(t)); err != nil {
		return err
	}
	return e.Forget(name)
}

// Rename gives an entry another name, also in the via of others and in
// secrets.toml.
func (e *Edit) Rename(from, to string) error {
	doc, t, err := e.entry(from)
	if err != nil {
		return err
	}
	if err := e.free(to); err != nil {
		return err
	}
	if err := e.takeText(doc.Rename(t, "entry", to)); err != nil {
		return err
	}
	for {
		doc := e.bookDoc()
		span, found := findVia(doc, from)
		if !found {
			break
		}
		e.bookText = doc.Replace(span, tomlString(to))
	}
	secrets := e.secretsDoc()
	if t, there := findTable(secrets, "entry", from); there {
		return e.takeSecrets(secrets.Rename(t, "entry", to))
	}
	return nil
}

// free tells that a name is taken: by an entry, or by a secret without one,
// which would become the new entry's unseen.
func (e *Edit) free(name string) error {
	if _, _, err := e.entry(name); err == nil {
		return cause.New(cause.BadConfig, "there is an entry %q already", name)
	}
	if _, there := findTable(e.secretsDoc(), "entry", name); there {
		return cause.New(cause.BadConfig, "%s has a secret of the name %q, though there is no such entry; remove it there", SecretsFile, name)
	}
	return nil
}

// findVia finds the first via that names an entry.
func findVia(doc *strict.Document, name string) (strict.Span, bool) {
	entries, ok := doc.Root.Get("entry")
	if !ok || entries.Value.Table == nil {
		return strict.Span{}, false
	}
	for _, it := range entries.Value.Table.Items {
		if it.Value.Table == nil {
			continue
		}
		via, ok := it.Value.Table.Get("via")
		if !ok {
			continue
		}
		for _, v := range via.Value.List {
			if v.Kind == strict.KindString && v.Text == name {
				return v.Span, true
			}
		}
	}
	return strict.Span{}, false
}

// Copy makes a second entry with all settings of the first, comments
// included, and its secret.
func (e *Edit) Copy(from, to string) error {
	doc, t, err := e.entry(from)
	if err != nil {
		return err
	}
	if err := e.free(to); err != nil {
		return err
	}
	lines, err := doc.Lines(t)
	if err != nil {
		return e.takeText(nil, err)
	}
	if err := e.takeText(doc.Add([]string{"entry", to}, lines), nil); err != nil {
		return err
	}
	if secret, ok := readSecrets(e.secretsDoc()).entries[from]; ok {
		return e.SetSecret(to, *secret)
	}
	return nil
}

// SetSecret stores the password or the NT hash of an entry.
func (e *Edit) SetSecret(name string, secret ppp.Secret) error {
	if _, _, err := e.entry(name); err != nil {
		return err
	}
	if strings.IndexFunc(secret.Password, unicode.IsControl) >= 0 || !utf8.ValidString(secret.Password) {
		return cause.New(cause.BadConfig, "the password has a control character, which %s cannot hold", SecretsFile)
	}
	doc := e.secretsDoc()
	t, there := findTable(doc, "entry", name)
	if !there {
		return e.takeSecrets(doc.Add([]string{"entry", name}, []string{secretLine(secret)}), nil)
	}
	key, value, _ := strings.Cut(secretLine(secret), " = ")
	for _, other := range []string{"password", "nt-hash"} {
		if it, there := t.Get(other); there && other != key {
			if err := e.takeSecrets(doc.Unset(it)); err != nil {
				return err
			}
			doc = e.secretsDoc()
			t, _ = findTable(doc, "entry", name)
		}
	}
	if t == nil { // the last dotted key of a table was taken out
		return e.takeSecrets(nil, strict.ErrNoHeader)
	}
	return e.takeSecrets(doc.Set(t, key, value))
}

// Forget removes the secret of an entry, if there is one.
func (e *Edit) Forget(name string) error {
	doc := e.secretsDoc()
	if t, there := findTable(doc, "entry", name); there {
		return e.takeSecrets(doc.Remove(t))
	}
	return nil
}

func (e *Edit) takeSecrets(text []byte, err error) error {
	if errors.Is(err, strict.ErrNoHeader) {
		return cause.Wrap(cause.BadConfig, err, "%s", SecretsFile)
	}
	e.secretsText = text
	return err
}

// SetLocation adds a dialing location, or changes settings of it.
func (e *Edit) SetLocation(name string, settings []Assignment) error {
	if _, _, err := e.table("location", name); err != nil {
		return e.addTable("location", name, settings)
	}
	for _, s := range settings {
		if err := e.setIn("location", name, s.Key, s.Value); err != nil {
			return err
		}
	}
	return nil
}

// ChooseLocation says where the machine is; NoLocation is no place.
func (e *Edit) ChooseLocation(name string) error {
	doc := e.bookDoc()
	it, there := doc.Root.Get("dialing")
	if !there {
		return e.takeText(doc.Add([]string{"dialing"}, []string{"location = " + tomlString(name)}), nil)
	}
	if it.Value.Table == nil {
		return e.takeText(nil, strict.ErrNoHeader)
	}
	return e.takeText(doc.Set(it.Value.Table, "location", tomlString(name)))
}
