package console

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dun/dialup/cause"
)

// fakeBook is a phonebook in memory: lines by entry.
type fakeBook struct {
	mu      sync.Mutex
	entries map[string][]string
	secrets map[string]string
	edition int // counts what was saved
	trial   time.Duration
}

func newBook() *fakeBook {
	return &fakeBook{
		entries: map[string][]string{"isp": {"device = modem"}, "office": {"device = vpn", "host = vpn.example.com"}},
		secrets: make(map[string]string),
	}
}

func (b *fakeBook) Entries() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.entries))
}

func (b *fakeBook) Keys() []Key {
	return []Key{
		{"device", "What is dialed on. Needed.", `device = "modem"`}, {"host", "The server. Its name.", `host = "h"`},
		{"mtu", "How large. In octets.", "mtu = 1400"}, {"routes", "Networks.", "routes"}, {"password", "Secret.", "set password"},
	}
}

func (b *fakeBook) Values(key string) []string {
	if key == "device" {
		return []string{"modem", "vpn"}
	}
	return nil
}

func (b *fakeBook) Versions(w io.Writer) error { return nil }

func (b *fakeBook) Trial() (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.trial, b.trial > 0
}

func (b *fakeBook) Confirm() (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.trial > 0
	b.trial = 0
	return was, nil
}

func (b *fakeBook) Draft() (Draft, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := &fakeDraft{book: b, entries: maps.Clone(b.entries), edition: b.edition, secrets: make(map[string]string)}
	return d, nil
}

type fakeDraft struct {
	book    *fakeBook
	entries map[string][]string
	secrets map[string]string
	edition int
	changed bool
}

func (d *fakeDraft) Entries() []string { return slices.Sorted(maps.Keys(d.entries)) }

func (d *fakeDraft) Show(w io.Writer, entry string) error {
	if entry == "" {
		for _, name := range d.Entries() {
			fmt.Fprintln(w, name+": dials")
		}
		return nil
	}
	if d.entries[entry] == nil {
		return cause.New(cause.NoEntry, "%q", entry)
	}
	for _, l := range d.entries[entry] {
		fmt.Fprintln(w, "  "+l)
	}
	return nil
}

func (d *fakeDraft) with(entry string, f func(lines []string) []string) error {
	lines := d.entries[entry]
	if lines == nil {
		return cause.New(cause.NoEntry, "%q", entry)
	}
	d.entries[entry], d.changed = f(slices.Clone(lines)), true
	return nil
}

func (d *fakeDraft) Add(entry string, settings []string) error {
	if d.entries[entry] != nil {
		return cause.New(cause.BadConfig, "there is %q already", entry)
	}
	d.entries[entry], d.changed = append([]string{}, settings...), true
	return nil
}

func (d *fakeDraft) Set(entry, key string, values []string) error {
	return d.with(entry, func(l []string) []string { return append(l, key+" = "+strings.Join(values, ",")) })
}

func (d *fakeDraft) Unset(entry, key string) error {
	return d.with(entry, func(l []string) []string {
		return slices.DeleteFunc(l, func(s string) bool { return strings.HasPrefix(s, key+" ") })
	})
}

func (d *fakeDraft) SetSecret(entry, key, secret string) error {
	d.secrets[entry], d.changed = key+":"+secret, true
	return nil
}

func (d *fakeDraft) Remove(entry string) error {
	if d.entries[entry] == nil {
		return cause.New(cause.NoEntry, "%q", entry)
	}
	delete(d.entries, entry)
	d.changed = true
	return nil
}

func (d *fakeDraft) Rename(entry, name string) error {
	lines := d.entries[entry]
	if err := d.Remove(entry); err != nil {
		return err
	}
	return d.Add(name, lines)
}

func (d *fakeDraft) Copy(entry, name string) error { return d.Add(name, d.entries[entry]) }

func (d *fakeDraft) Undo(n int) (string, error) {
	return "", cause.New(cause.Usage, "0 changes can be taken back")
}

func (d *fakeDraft) Load(text string) error {
	d.entries, d.changed = make(map[string][]string), true
	name := ""
	for _, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(l, "[") {
			name = strings.Trim(l, "[]")
			d.entries[name] = []string{}
		} else {
			d.entries[name] = append(d.entries[name], l)
		}
	}
	return nil
}

func (d *fakeDraft) Text() string {
	var b strings.Builder
	for _, name := range d.Entries() {
		b.WriteString("[" + name + "]\n")
		for _, l := range d.entries[name] {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

func (d *fakeDraft) Changed() bool           { return d.changed }
func (d *fakeDraft) Diff(w io.Writer)        { fmt.Fprintln(w, "+ something") }
func (d *fakeDraft) Check(w io.Writer) error { return nil }
func (d *fakeDraft) Update() error           { d.edition = d.book.edition; return nil }
func (d *fakeDraft) String() string          { return d.Text() }

func (d *fakeDraft) Commit(w io.Writer, trial time.Duration) error {
	b := d.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if d.edition != b.edition {
		return cause.New(cause.ConfigInUse, "it was changed meanwhile")
	}
	b.entries, b.trial = d.entries, trial
	b.edition++
	maps.Copy(b.secrets, d.secrets)
	return nil
}

// fakeTools do nothing for long.
type fakeTools struct {
	mu   sync.Mutex
	said []string
}

func (t *fakeTools) say(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, fmt.Sprintf(format, args...))
}

func (t *fakeTools) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.said) == 0 {
		return ""
	}
	return t.said[len(t.said)-1]
}

func (t *fakeTools) Status(w io.Writer, entry string) error {
	fmt.Fprintln(w, "status of "+entry)
	return nil
}

func (t *fakeTools) Dial(ctx context.Context, w io.Writer, entry, password string, trace []string) error {
	if entry == "isp" && password == "" {
		return cause.New(cause.PasswordMissing, "entry %q", entry)
	}
	t.say("dial %s %s", entry, password)
	fmt.Fprintln(w, "dialing "+entry)
	if password == "right" {
		return nil
	}
	<-ctx.Done()
	t.say("dial stopped")
	return ctx.Err()
}

func (t *fakeTools) HangUp(ctx context.Context, w io.Writer, entry string) error {
	t.say("hangup %s", entry)
	return nil
}

func (t *fakeTools) Test(ctx context.Context, w io.Writer, entry, password string, trace []string) error {
	t.say("test %s %v", entry, trace)
	return cause.New(cause.AuthFailed, "%s", entry)
}

func (t *fakeTools) Monitor(ctx context.Context, w io.Writer, trace []string) error {
	fmt.Fprintln(w, "monitoring")
	<-ctx.Done()
	t.say("monitor stopped")
	return nil
}

func (t *fakeTools) Log(w io.Writer, n int) error {
	for i := range n {
		fmt.Fprintf(w, "line %d\n", i)
	}
	return nil
}

func (t *fakeTools) Protocols() []string { return []string{"lcp", "at", "pptp"} }

func (t *fakeTools) Modems() []string { return []string{"line1", "line2"} }

func (t *fakeTools) Modem(ctx context.Context, w io.Writer, name, command string) error {
	t.say("modem %s %s", name, command)
	return nil
}

func (t *fakeTools) Doctor(ctx context.Context, w io.Writer, entry string) error {
	t.say("doctor %s", entry)
	return nil
}

func (t *fakeTools) Reload() error { return nil }

// desk is a console with a technician before it.
type desk struct {
	t     testing.TB
	book  *fakeBook
	tools *fakeTools
	keys  *io.PipeWriter

	mu     sync.Mutex
	came   *sync.Cond
	screen strings.Builder
	seen   int
	ended  bool
	err    error
	done   chan struct{}

	patience time.Duration // a guard against hanging, not a measure
}

func (d *desk) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.screen.Write(b)
	d.came.Broadcast()
	return len(b), nil
}

// sit starts a console.
func sit(t testing.TB, book *fakeBook, change func(*Terminal, *Config)) *desk {
	t.Helper()
	in, keys := io.Pipe()
	d := &desk{t: t, book: book, tools: new(fakeTools), keys: keys, done: make(chan struct{}), patience: time.Minute}
	d.came = sync.NewCond(&d.mu)
	terminal := Terminal{In: in, Out: d, Interactive: true, Rows: 0}
	cfg := Config{Greeting: "dun 1, test", Book: book, Tools: d.tools}
	if change != nil {
		change(&terminal, &cfg)
	}
	go func() {
		defer close(d.done)
		err := Run(context.Background(), terminal, cfg)
		d.mu.Lock()
		d.ended, d.err = true, err
		d.mu.Unlock()
		d.came.Broadcast()
		in.Close()
	}()
	t.Cleanup(func() {
		keys.Close()
		<-d.done
	})
	return d
}

func (d *desk) typed(s string) {
	d.t.Helper()
	if _, err := io.WriteString(d.keys, s); err != nil {
		d.t.Fatalf("typing %.60q: %v; the screen has\n%s", s, err, d.all())
	}
}

func (d *desk) all() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.screen.String()
}

// see waits until text is on the screen, behind what was seen before, and
// gives what came up to its end.
func (d *desk) see(text string) string {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	late := false
	guard := time.AfterFunc(d.patience, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		late = true
		d.came.Broadcast()
	})
	defer guard.Stop()
	for {
		rest := d.screen.String()[d.seen:]
		if i := strings.Index(rest, text); i >= 0 {
			d.seen += i + len(text)
			return rest[:i+len(text)]
		}
		if d.ended {
			d.t.Fatalf("no %q, the console ended (%v) after\n%s", text, d.err, d.screen.String())
		}
		if late {
			d.t.Fatalf("no %q on the screen, only\n%q", text, rest)
		}
		d.came.Wait()
	}
}

// line types a command and gives what it says, up to the next prompt.
func (d *desk) line(command string) string {
	d.t.Helper()
	d.typed(command + "\r")
	d.see("\r\n")
	return d.see("> ")
}

// end waits for the end of the console.
func (d *desk) end() error {
	<-d.done
	return d.err
}

func newCond(d *desk) *sync.Cond { return sync.NewCond(&d.mu) }

func (b *fakeBook) saved() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.edition
}

// prompted types a comment until a prompt comes behind it, or the console
// has ended.
func (d *desk) prompted(comment string) {
	d.t.Helper()
	mark := len(d.all())
	if _, err := io.WriteString(d.keys, "\x03"+comment+"\r"); err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	late := false
	guard := time.AfterFunc(d.patience, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		late = true
		d.came.Broadcast()
	})
	defer guard.Stop()
	for !d.ended {
		_, behind, found := strings.Cut(d.screen.String()[mark:], comment)
		if found && strings.Contains(behind, "> ") {
			return
		}
		if late {
			d.t.Fatalf("no prompt comes back, the screen ends with\n%q", d.screen.String()[max(0, d.screen.Len()-600):])
		}
		d.came.Wait()
	}
}
