package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dun/cmd/internal/agent"
	"dun/cmd/internal/console"
	"dun/configs"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

// consoleBook is the phonebook of a console.
type consoleBook struct {
	options *options
	keys    []console.Key // see Keys
}

func (b *consoleBook) Entries() []string {
	book, _, err := phonebook.Load(b.options.config)
	if err != nil {
		return nil
	}
	return book.Names()
}

// Keys are the settings of the annotated reference, with what it says of them.
func (b *consoleBook) Keys() []console.Key {
	if b.keys == nil {
		b.keys = keysOf(configs.PhonebookReference())
	}
	return b.keys
}

// keysOf takes the settings of entries out of an annotated reference: comments
// explain the lines behind them. The same setting may be explained for both
// kinds of entries.
func keysOf(reference string) []console.Key {
	var keys []console.Key
	comment, inEntry := "", false
	for _, line := range strings.Split(reference, "\n") {
		bare := strings.TrimPrefix(line, "#")
		key, _, isSetting := strings.Cut(bare, "=")
		key = strings.TrimRight(key, " ")
		switch {
		case strings.HasPrefix(line, "["):
			inEntry, comment = strings.HasPrefix(line, "[entry."), ""
		case strings.HasPrefix(bare, " "):
			comment += bare
		case line == "" || line == "#":
			comment = ""
		case isSetting && inEntry:
			i := 0
			for i < len(keys) && keys[i].Name != key {
				i++
			}
			if i == len(keys) {
				keys = append(keys, console.Key{Name: key, Example: bare})
			}
			keys[i].Help = strings.TrimSpace(keys[i].Help + comment)
		}
	}
	return append(keys,
		console.Key{Name: "password", Help: "The password. It is asked for, and kept in secrets.toml.", Example: "set password"},
		console.Key{Name: "nt-hash", Help: "The NT hash of the password in its place. It is asked for.", Example: "set nt-hash"})
}

// Values are the words in quotes of what the reference says, and names.
func (b *consoleBook) Values(key string) []string {
	switch key {
	case "via":
		return append(b.Entries(), phonebook.Lan)
	case "modem":
		return modemNames(b.options)
	}
	var words []string
	for _, k := range b.Keys() {
		if k.Name != key {
			continue
		}
		if strings.HasSuffix(k.Example, "= true") || strings.HasSuffix(k.Example, "= false") {
			return []string{"true", "false"}
		}
		parts := strings.Split(k.Help, `"`)
		for i := 1; i < len(parts); i += 2 {
			if w := parts[i]; w != "" && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	return words
}

func modemNames(o *options) []string {
	device, err := configs.LoadDevice(filepath.Join(o.config, configs.DeviceFile))
	if err != nil {
		return nil
	}
	return device.Names()
}

func (b *consoleBook) Draft() (console.Draft, error) {
	edit, err := phonebook.Draft(b.options.config)
	if err != nil {
		return nil, err
	}
	return &consoleDraft{options: b.options, edit: edit}, nil
}

func (b *consoleBook) Versions(w io.Writer) error {
	list, err := phonebook.Versions(b.options.config)
	if err != nil {
		return err
	}
	for i, v := range list {
		fmt.Fprintf(w, "%2d  before the change of %s\n", i+1, v.Saved.Format(time.DateTime))
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "There are none: nothing was changed yet.")
	}
	return nil
}

func (b *consoleBook) Trial() (left time.Duration, on bool) {
	t, err := phonebook.TrialOf(b.options.config)
	if t == nil || err != nil {
		return 0, false
	}
	return t.Left(), true
}

func (b *consoleBook) Confirm() (bool, error) { return phonebook.Confirm(b.options.config) }

// consoleDraft is a change in progress, and how it came about: it can be made
// again on top of other files.
type consoleDraft struct {
	options *options
	edit    *phonebook.Edit
	steps   []func(e *phonebook.Edit) error
}

// step makes a change, whole or not at all.
func (d *consoleDraft) step(f func(e *phonebook.Edit) error) error {
	was := *d.edit
	if err := f(d.edit); err != nil {
		*d.edit = was
		return err
	}
	d.steps = append(d.steps, f)
	return nil
}

func (d *consoleDraft) Entries() []string {
	book, _ := d.edit.Check()
	return book.Names()
}

func (d *consoleDraft) Show(w io.Writer, entry string) error {
	book, _ := d.edit.Check()
	if entry == "" {
		for _, e := range book.Entries() {
			fmt.Fprintln(w, describe(e))
		}
		if len(book.Names()) == 0 {
			fmt.Fprintln(w, "There are no entries; 'add NAME' adds one.")
		}
		return nil
	}
	lines, err := d.edit.Lines(entry)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "  "+strings.Join(lines, "\n  "))
	state := "not set"
	if d.edit.HasSecret(entry) {
		state = "set"
	}
	fmt.Fprintln(w, "  # password or NT hash: "+state)
	return nil
}

// describe is phonebook.Describe for an entry that may have mistakes.
func describe(e phonebook.Entry) string {
	if e.Device == phonebook.DeviceVPN && (e.Host == "" || len(e.Via) == 0) || e.Device == phonebook.DeviceModem && len(e.Dial) == 0 {
		return e.Name + ": is not whole yet"
	}
	return phonebook.Describe(e)
}

func (d *consoleDraft) Add(entry string, settings []string) error {
	list, err := assignments(entry, settings)
	if err != nil {
		return err
	}
	return d.step(func(e *phonebook.Edit) error { return e.Add(entry, list) })
}

func (d *consoleDraft) Set(entry, key string, values []string) error {
	value, err := phonebook.ValueOf(key, values)
	if err != nil {
		return err
	}
	return d.step(func(e *phonebook.Edit) error {
		if err := e.Set(entry, key, value); err != nil {
			return err
		}
		return wrongSetting(e, entry, key)
	})
}

// wrongSetting tells at once what would keep the value of a setting from being
// saved. What is still missing, or does not go together yet, 'check' tells.
func wrongSetting(e *phonebook.Edit, entry, key string) error {
	_, problems := e.Check()
	for _, p := range problems.Errors() {
		if p.Key == "entry."+entry+"."+key {
			return cause.New(cause.Usage, "%s: %s %s", key, p.Text, p.Remedy)
		}
	}
	return nil
}

func (d *consoleDraft) Unset(entry, key string) error {
	return d.step(func(e *phonebook.Edit) error {
		if isSecret(key) {
			return e.Forget(entry)
		}
		return e.Unset(entry, key)
	})
}

func (d *consoleDraft) SetSecret(entry, key, text string) error {
	secret, err := secretOf(key, text)
	if err != nil {
		return err
	}
	return d.step(func(e *phonebook.Edit) error { return e.SetSecret(entry, secret) })
}

// secretOf is what was given for password or nt-hash.
func secretOf(key, text string) (ppp.Secret, error) {
	secret := ppp.Secret{Password: text}
	if key == "nt-hash" {
		b, err := hex.DecodeString(strings.TrimSpace(text))
		if err != nil || len(b) != len(secret.NTHash) {
			return secret, cause.New(cause.Usage, "an NT hash has 32 hexadecimal digits")
		}
		secret = ppp.Secret{NTHash: [16]byte(b), HasHash: true}
	}
	return secret, nil
}

func (d *consoleDraft) Remove(entry string) error {
	return d.step(func(e *phonebook.Edit) error { return e.Remove(entry) })
}

func (d *consoleDraft) Rename(entry, name string) error {
	return d.step(func(e *phonebook.Edit) error { return e.Rename(entry, name) })
}

func (d *consoleDraft) Copy(entry, name string) error {
	return d.step(func(e *phonebook.Edit) error { return e.Copy(entry, name) })
}

func (d *consoleDraft) Undo(n int) (string, error) {
	var when time.Time
	err := d.step(func(e *phonebook.Edit) (err error) {
		when, err = e.Undo(n)
		return err
	})
	return when.Format(time.DateTime), err
}

func (d *consoleDraft) Load(text string) error {
	return d.step(func(e *phonebook.Edit) error { return e.Replace([]byte(text)) })
}

func (d *consoleDraft) Text() string {
	_, is := d.edit.Texts()
	return string(is)
}

func (d *consoleDraft) Changed() bool { return d.edit.Changed() }

func (d *consoleDraft) Diff(w io.Writer) {
	was, is := d.edit.Texts()
	console.Diff(w, textLines(was), textLines(is))
	for _, name := range d.edit.ChangedSecrets() {
		what := "is another one"
		if !d.edit.HasSecret(name) {
			what = "is removed"
		}
		fmt.Fprintf(w, "  the password of %s %s\n", name, what)
	}
}

func textLines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// Check tells every mistake, those of modems that device.toml does not have
// included, or what dialing does.
func (d *consoleDraft) Check(w io.Writer) error {
	book, problems := d.edit.Check()
	device, wrong := configs.CheckDevice(filepath.Join(d.options.config, configs.DeviceFile))
	if wrong.Err() == nil {
		problems = append(problems, book.CheckModems(device.Names())...)
	}
	for _, p := range problems {
		p.File = filepath.Base(p.File)
		fmt.Fprintln(w, p)
	}
	if n := len(problems.Errors()); n > 0 {
		return cause.New(cause.Usage, "%d mistakes above", n)
	}
	for _, e := range book.Entries() {
		text := phonebook.Describe(e)
		if e.User != "" && !d.edit.HasSecret(e.Name) {
			text += "; asks for the password"
		}
		fmt.Fprintln(w, text)
	}
	return nil
}

func (d *consoleDraft) Update() error {
	fresh, err := phonebook.Draft(d.options.config)
	if err != nil {
		return err
	}
	for _, f := range d.steps {
		if err := f(fresh); err != nil {
			return cause.New(cause.ConfigInUse, "your changes do not go on top of what the files are now: %v; 'discard' drops them", err)
		}
	}
	d.edit = fresh
	return nil
}

func (d *consoleDraft) Commit(w io.Writer, trial time.Duration) error {
	if file, err := d.edit.Stale(); err != nil {
		return err
	} else if file != "" {
		return cause.New(cause.ConfigInUse, "%s was changed by somebody else meanwhile; nothing was saved. 'update' puts your changes on top of that, 'discard' drops them", file)
	}
	book, problems := d.edit.Check()
	if problems.Err() != nil {
		return d.Check(w)
	}
	var err error
	if trial > 0 {
		_, err = d.edit.CommitOnTrial(trial, connected(d.options))
	} else {
		_, err = d.edit.Commit()
	}
	if err != nil {
		return err
	}
	if client, err := agent.Connect(runtimeDir(d.options)); err == nil {
		client.Reload() // it would notice by itself, a moment later
		client.Close()
	}
	for _, p := range problems { // warnings
		p.File = filepath.Base(p.File)
		fmt.Fprintln(w, p)
	}
	for _, e := range book.Entries() {
		fmt.Fprintln(w, phonebook.Describe(e))
	}
	if trial > 0 {
		return lookAfterTrial(d.options)
	}
	return nil
}

// connected names the entries that are up.
func connected(o *options) []string {
	client, err := agent.Connect(runtimeDir(o))
	if err != nil {
		return nil
	}
	defer client.Close()
	status, err := client.Status()
	if err != nil {
		return nil
	}
	var names []string
	for _, c := range status.Connections {
		if c.Phase == "up" {
			names = append(names, c.Entry)
		}
	}
	return names
}
