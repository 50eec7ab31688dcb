package phonebook

import (
	"path/filepath"
	"slices"

	"dun/dialup/strict"
)

// The files' names in the configuration directory.
const (
	BookFile    = "phonebook.toml"
	SecretsFile = "secrets.toml"
)

// Problem and Problems are what is wrong with the files.
type (
	Problem  = strict.Problem
	Problems = strict.Problems
)

// Book is a phonebook without mistakes.
type Book struct {
	entries  []Entry
	places   []Location
	here     *Location // where the machine is, nil where nothing says so
	warnings Problems
	doc      *strict.Document
}

// Load reads both files of a directory. A file that does not exist is an
// empty one. The error has cause.BadConfig and wraps the Problems.
func Load(dir string) (*Book, *Secrets, error) {
	return load(open(dir))
}

// Parse is Load for files that are in memory.
func Parse(book, secrets []byte) (*Book, *Secrets, error) {
	return load(strict.Parse(BookFile, book, false), strict.Parse(SecretsFile, secrets, true))
}

// Check lists all that is wrong with the files of a directory, or just
// unusual, in the order of their lines.
func Check(dir string) Problems {
	_, _, problems := read(open(dir))
	return problems
}

func open(dir string) (book, secrets *strict.Document) {
	return strict.Load(filepath.Join(dir, BookFile), false), strict.Load(filepath.Join(dir, SecretsFile), true)
}

func load(bookDoc, secretsDoc *strict.Document) (*Book, *Secrets, error) {
	book, secrets, problems := read(bookDoc, secretsDoc)
	if err := problems.Err(); err != nil {
		return nil, nil, err
	}
	book.warnings = problems
	return book, secrets, nil
}

// read reads both documents and what they say about each other.
func read(bookDoc, secretsDoc *strict.Document) (*Book, *Secrets, Problems) {
	b := &Book{doc: bookDoc}
	r := bookDoc.Reader(bookDoc.Root)
	tables := make(map[string]*strict.Reader)
	for _, it := range r.Tables("entry") {
		er := bookDoc.Reader(it.Value.Table)
		checkName(bookDoc, it)
		b.entries = append(b.entries, readEntry(er, it.Key))
		tables[it.Key] = er
	}
	b.readLocations(r)
	r.Finish()
	for i := range b.entries {
		b.entries[i].compose(b.here)
	}
	b.checkNumbers(tables)
	b.checkVia(tables)
	s := readSecrets(secretsDoc)
	s.checkEntries(b, bookDoc.Root.Damaged)

	var problems Problems
	if bookDoc.Missing {
		problems = append(problems, Problem{File: bookDoc.File, Text: "The file does not exist, so there are no entries.", Remedy: "Create it.", Warning: true})
	} else {
		problems = append(problems, bookDoc.Problems()...)
	}
	if !secretsDoc.Missing {
		problems = append(problems, secretsDoc.Problems()...)
	}
	return b, s, problems
}

// Entry finds an entry by its exact name.
func (b *Book) Entry(name string) (Entry, bool) {
	for _, e := range b.entries {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// Entries lists the entries in the order of the file.
func (b *Book) Entries() []Entry { return slices.Clone(b.entries) }

// Names lists their names.
func (b *Book) Names() []string {
	names := make([]string, len(b.entries))
	for i, e := range b.entries {
		names[i] = e.Name
	}
	return names
}

// Warnings is what is unusual in the files, but no mistake.
func (b *Book) Warnings() Problems { return b.warnings }

// Document is the parsed phonebook.toml.
func (b *Book) Document() *strict.Document { return b.doc }

// CheckModems lists the entries that name a modem which is not there; modems
// are the names in device.toml.
func (b *Book) CheckModems(modems []string) Problems {
	var problems Problems
	for _, e := range b.entries {
		if e.Device != DeviceModem || slices.Contains(modems, e.Modem) {
			continue
		}
		remedy := "Add [modem." + e.Modem + "] to device.toml."
		if len(modems) > 0 {
			remedy = "device.toml has " + strict.List(modems, "and") + "."
		}
		p := Problem{File: b.doc.File, Key: "entry." + e.Name + ".modem", Text: "device.toml has no modem of this name.", Remedy: remedy}
		if at, ok := b.place(e.Name, "modem"); ok {
			p.Line, p.Column = at.Line, at.Column
		}
		problems = append(problems, p)
	}
	return problems
}

// place finds where the value of an entry's setting stands.
func (b *Book) place(entry, key string) (strict.Pos, bool) {
	t := b.doc.Root
	for _, k := range []string{"entry", entry} {
		it, ok := t.Get(k)
		if !ok || it.Value.Table == nil {
			return strict.Pos{}, false
		}
		t = it.Value.Table
	}
	it, ok := t.Get(key)
	if !ok {
		return strict.Pos{}, false
	}
	return it.Value.At, true
}
