package console

import (
	"context"
	"io"
	"time"
)

// Book is the phonebook, as a console sees it.
type Book interface {
	// Entries are the names of those that are saved.
	Entries() []string
	// Keys are the settings that an entry can have.
	Keys() []Key
	// Values are usual values of a setting.
	Values(key string) []string
	// Draft begins to change the phonebook.
	Draft() (Draft, error)
	// Versions tells what can be gone back to.
	Versions(w io.Writer) error
	// Trial tells how long there is to confirm the last change.
	Trial() (left time.Duration, on bool)
	Confirm() (bool, error)
}

// Key is a setting, explained.
type Key struct {
	Name    string
	Help    string // a paragraph
	Example string // "mtu = 1400"
}

// Draft is a change of the phonebook in progress, in memory.
type Draft interface {
	Entries() []string
	Show(w io.Writer, entry string) error // "" = all
	Add(entry string, settings []string) error
	Set(entry, key string, values []string) error
	Unset(entry, key string) error
	SetSecret(entry, key, secret string) error
	Remove(entry string) error
	Rename(entry, name string) error
	Copy(entry, name string) error
	// Undo goes back to what the phonebook was n changes ago.
	Undo(n int) (when string, err error)
	// Load puts another phonebook in the place of the whole.
	Load(text string) error
	// Text is the whole phonebook, without secrets.
	Text() string
	Changed() bool
	// Diff lists the changes, "+" and "-" before each line.
	Diff(w io.Writer)
	// Check tells every mistake and what dialing does.
	Check(w io.Writer) error
	// Update puts the changes on top of what the files are now.
	Update() error
	// Commit saves; trial, if it is not 0, is when all goes back unless it
	// is confirmed.
	Commit(w io.Writer, trial time.Duration) error
}

// Tools are what connects, and what looks inside. Those with a context go on
// until it ends, or they are done. Lists of what to trace may be empty.
type Tools interface {
	Status(w io.Writer, entry string) error // "" = all
	Dial(ctx context.Context, w io.Writer, entry, password string, trace []string) error
	HangUp(ctx context.Context, w io.Writer, entry string) error // "" = all
	Test(ctx context.Context, w io.Writer, entry, password string, trace []string) error
	Monitor(ctx context.Context, w io.Writer, trace []string) error
	Log(w io.Writer, n int) error
	Protocols() []string // that can be traced
	Modems() []string
	Modem(ctx context.Context, w io.Writer, name, command string) error // "" = all; "" = what it is
	Doctor(ctx context.Context, w io.Writer, entry string) error        // "" = the machine only
	Reload() error
}
