package strict

import (
	"fmt"
	"sort"
	"unicode/utf8"
)

// Document is a parsed file.
type Document struct {
	File    string
	Data    []byte // as read; Span says where things are in it
	Root    *Table
	Private bool // values may not be quoted in problems
	Missing bool // the file was not there

	problems Problems
	lines    []int           // offset of each line's start
	asked    map[string]bool // whole keys that readers wanted
}

// Pos is a place in a document, both from 1; the column counts characters.
type Pos struct{ Line, Column int }

// Span is a range of octets of Document.Data.
type Span struct{ Offset, Length int }

// Table is a TOML table: keys in the order of the file.
type Table struct {
	Path    string // whole name, "" for the root
	At      Pos    // of the header, or of the key for tables written inline
	Items   []*Item
	Damaged bool // a syntax error has swallowed some of it

	index   map[string]*Item
	defined bool // by a header of its own, or inline: no second one is allowed
	dotted  bool // by a dotted key: no header is allowed
	inline  bool // in { }: nothing can be added
}

// Item is a key with its value.
type Item struct {
	Key   string
	Path  string // whole key
	At    Pos    // of the key
	Span  Span   // "key = value"; of a table with a header: empty
	Bad   bool   // the value is of no use, which has been reported
	Value Value
}

// Kind is the type of a Value.
type Kind uint8

const (
	KindString Kind = iota
	KindInteger
	KindFloat
	KindBool
	KindTime // dates and times, which no setting has
	KindArray
	KindTable
)

var kindNames = [...]string{"a string", "a number", "a number with a fraction", "true or false", "a date or time", "a list", "a table"}

func (k Kind) String() string { return kindNames[k] }

// Value is a TOML value.
type Value struct {
	Kind  Kind
	At    Pos
	Span  Span   // as it is written; empty for tables with a header
	Text  string // strings: decoded; other scalars: as written
	Basic bool   // a string in double quotes, where \ is special
	List  []Value
	Table *Table
}

func newDocument(file string, data []byte, private bool) *Document {
	d := &Document{File: file, Data: data, Private: private, lines: []int{0}, asked: make(map[string]bool)}
	for i, c := range data {
		if c == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	d.Root = &Table{index: make(map[string]*Item), At: Pos{1, 1}, defined: true}
	return d
}

// Get finds a key of the table.
func (t *Table) Get(key string) (*Item, bool) {
	it, ok := t.index[key]
	return it, ok
}

func (t *Table) add(it *Item) {
	t.Items = append(t.Items, it)
	t.index[it.Key] = it
}

// position turns an offset into a place.
func (d *Document) position(offset int) Pos {
	offset = min(offset, len(d.Data))
	line := sort.SearchInts(d.lines, offset+1) - 1
	start := d.lines[line]
	if offset-start > 4096 {
		return Pos{Line: line + 1, Column: offset - start + 1} // no one counts these; keeps long lines from taking long
	}
	return Pos{Line: line + 1, Column: utf8.RuneCount(d.Data[start:offset]) + 1}
}

// Problems is everything that was found, in the order of the lines.
func (d *Document) Problems() Problems {
	d.problems.Sort()
	return d.problems
}

// Wrong reports an error at a place of the document, Warn a warning.
func (d *Document) Wrong(at Pos, key, remedy, text string, args ...any) {
	d.report(Problem{File: d.File, Line: at.Line, Column: at.Column, Key: key, Text: fmt.Sprintf(text, args...), Remedy: remedy})
}

// Warn reports what may be meant so, but seldom is.
func (d *Document) Warn(at Pos, key, remedy, text string, args ...any) {
	d.report(Problem{File: d.File, Line: at.Line, Column: at.Column, Key: key, Text: fmt.Sprintf(text, args...), Remedy: remedy, Warning: true})
}

func (d *Document) report(p Problem) {
	switch {
	case len(d.problems) < maxProblems:
		d.problems = append(d.problems, p)
	case len(d.problems) == maxProblems:
		d.problems = append(d.problems, Problem{File: d.File, Line: p.Line, Column: p.Column, Text: "There are more problems, which are not listed."})
	}
}

// Asked lists the whole keys that readers have asked for, there or not.
func (d *Document) Asked() []string {
	keys := make([]string, 0, len(d.asked))
	for k := range d.asked {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
