package strict

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

const editable = "# about the file\n\n# about a\n[entry.a] # first\nx = \"1\"   # one\n  l = [ # list\n  [\"[entry.b]\"],\n]\n#y = 2\n\n# free comment\n\n# about b\n[ entry . 'b' ]\n# nothing\n\n[entry.c]\nz = true"

// table finds [entry.NAME].
func table(t *testing.T, d *Document, name string) *Table {
	t.Helper()
	entry, ok := d.Root.Get("entry")
	if !ok {
		t.Fatal("no entry")
	}
	it, ok := entry.Value.Table.Get(name)
	if !ok {
		t.Fatalf("no entry.%s", name)
	}
	return it.Value.Table
}

// TestEdit: each change makes exactly the difference that it should.
func TestEdit(t *testing.T) {
	set := func(table, key, value string) func(*testing.T, *Document) ([]byte, error) {
		return func(t *testing.T, d *Document) ([]byte, error) { return d.Set(tableOf(t, d, table), key, value) }
	}
	for name, c := range map[string]struct {
		do       func(*testing.T, *Document) ([]byte, error)
		old, new string // what is replaced, once
	}{
		"value":             {set("a", "x", "'2'"), `"1"   # one`, `'2'   # one`},
		"list":              {set("a", "l", "[]"), "[ # list\n  [\"[entry.b]\"],\n]", "[]"},
		"new, by comment":   {set("a", "y", "3"), "#y = 2\n", "#y = 2\n  y = 3\n"},
		"new, at the end":   {set("a", "w", "3"), "]\n#y", "]\n  w = 3\n#y"},
		"new, empty table":  {set("b", "w", "3"), "'b' ]\n", "'b' ]\nw = 3\n"},
		"new, no line end":  {set("c", "w", "3"), "z = true", "z = true\nw = 3"},
		"new, odd name":     {set("c", "a b", "3"), "z = true", "z = true\n'a b' = 3"},
		"unset":             {unset("a", "x"), "x = \"1\"   # one\n", ""},
		"unset list":        {unset("a", "l"), "  l = [ # list\n  [\"[entry.b]\"],\n]\n", ""},
		"remove first":      {remove("a"), "# about a\n[entry.a] # first\nx = \"1\"   # one\n  l = [ # list\n  [\"[entry.b]\"],\n]\n#y = 2\n\n", ""},
		"remove empty":      {remove("b"), "# about b\n[ entry . 'b' ]\n# nothing\n\n", ""},
		"remove last":       {remove("c"), "\n[entry.c]\nz = true", ""},
		"rename":            {rename("b", "new"), " entry . 'b' ", "entry.new"},
		"rename, odd name":  {rename("a", "ä]"), "entry.a] # first", "entry.'ä]'] # first"},
		"add":               {add("d", "k = 1"), "z = true", "z = true\n\n[entry.d]\nk = 1\n"},
		"remove, old c new": {set("c", "z", "false"), "true", "false"},
	} {
		for _, eol := range []string{"\n", "\r\n"} {
			crlf := func(s string) string { return strings.ReplaceAll(s, "\n", eol) }
			text := crlf(editable)
			d := Parse("x", []byte(text), false)
			got, err := c.do(t, d)
			if n := strings.Count(text, crlf(c.old)); n != 1 {
				t.Fatalf("%s: %q is there %d times", name, c.old, n)
			}
			want := strings.Replace(text, crlf(c.old), crlf(c.new), 1)
			if err != nil || string(got) != want {
				t.Errorf("%s: %v\n%q\nwant\n%q", name, err, got, want)
			}
			if string(d.Data) != text {
				t.Errorf("%s changed the document", name)
			}
			if problems := Parse("x", got, false).Problems(); len(problems) > 0 {
				t.Errorf("%s: %v", name, problems)
			}
		}
	}
}

func tableOf(t *testing.T, d *Document, name string) *Table { return table(t, d, name) }

func unset(name, key string) func(*testing.T, *Document) ([]byte, error) {
	return func(t *testing.T, d *Document) ([]byte, error) {
		it, ok := table(t, d, name).Get(key)
		if !ok {
			t.Fatal("not there")
		}
		return d.Unset(it)
	}
}

func remove(name string) func(*testing.T, *Document) ([]byte, error) {
	return func(t *testing.T, d *Document) ([]byte, error) { return d.Remove(table(t, d, name)) }
}

func rename(from, to string) func(*testing.T, *Document) ([]byte, error) {
	return func(t *testing.T, d *Document) ([]byte, error) { return d.Rename(table(t, d, from), "entry", to) }
}

func add(name string, lines ...string) func(*testing.T, *Document) ([]byte, error) {
	return func(t *testing.T, d *Document) ([]byte, error) { return d.Add([]string{"entry", name}, lines), nil }
}

// TestEditOnlyTable: a comment at the file's beginning is about the file.
func TestEditOnlyTable(t *testing.T) {
	d := Parse("x", []byte("\ufeff# about the file\n[entry.a]\nx = 1\n"), false)
	if got, err := d.Remove(table(t, d, "a")); err != nil || string(got) != "\ufeff# about the file\n" {
		t.Errorf("%v %q", err, got)
	}
	for text, want := range map[string]string{"": "[entry.a]\n", "\n": "\n[entry.a]\n", "# x": "# x\n\n[entry.a]\n", "# x\n\n": "# x\n\n[entry.a]\n"} {
		if got := Parse("x", []byte(text), false).Add([]string{"entry", "a"}, nil); string(got) != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestEditWithoutHeader: values can be changed anywhere, the rest needs a header.
func TestEditWithoutHeader(t *testing.T) {
	for _, text := range []string{"entry.a.x = 1\n", "entry = { a = { x = 1 } }\n", "[entry]\na = { x = 1 }\n", "[entry]\na.x = 1\n"} {
		d := Parse("x", []byte(text), false)
		a := table(t, d, "a")
		if got, err := d.Set(a, "x", "2"); err != nil || string(got) != strings.Replace(text, "1", "2", 1) {
			t.Errorf("%q: %v %q", text, err, got)
		}
		_, setErr := d.Set(a, "y", "2")
		_, removeErr := d.Remove(a)
		_, renameErr := d.Rename(a, "entry", "b")
		_, linesErr := d.Lines(a)
		for _, err := range []error{setErr, removeErr, renameErr, linesErr} {
			if !errors.Is(err, ErrNoHeader) {
				t.Errorf("%q: %v", text, err)
			}
		}
		it, _ := a.Get("x")
		if got, err := d.Unset(it); strings.Contains(text, "{") != errors.Is(err, ErrNoHeader) || err == nil && strings.Contains(string(got), "x") {
			t.Errorf("%q: %v %q", text, err, got)
		}
	}
}

// FuzzEdit makes every change to every table of a document without mistakes:
// the result has none either, and what was not meant is as it was.
func FuzzEdit(f *testing.F) {
	f.Add([]byte(editable))
	f.Add([]byte("entry.a.x = 1\n[b]\nc = { d = [\n1\n] }\r\n[[x]]\n[a.\"b]\"]#]\nk='''\n[q]\n'''"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := Parse("x", data, false)
		if len(d.Problems()) > 0 {
			return
		}
		before := keys(d)
		var walk func(table *Table)
		walk = func(table *Table) {
			check := func(what string, text []byte, err error, gone, new string) {
				if err != nil {
					if !errors.Is(err, ErrNoHeader) {
						t.Fatalf("%s: %v", what, err)
					}
					return
				}
				after := Parse("x", text, false)
				if len(after.Problems()) > 0 {
					t.Fatalf("%s %q made\n%s\nof\n%s\n%v", what, table.Path, text, data, after.Problems())
				}
				left := keys(after)
				for k, v := range before {
					within := gone != "" && (k == gone || strings.HasPrefix(k, gone+"."))
					if !within && !bytes.Equal(left[k], v) {
						t.Fatalf("%s %q lost %q of\n%s\nand made\n%s", what, table.Path, k, data, text)
					}
				}
				if _, there := left[new]; new != "" && !there {
					t.Fatalf("%s %q: no %q in\n%s", what, table.Path, new, text)
				}
			}
			text, err := d.Set(table, "fuzz new", "1")
			if _, there := table.Get("fuzz new"); !there {
				check("set", text, err, "", dotted(table.Path, "fuzz new"))
			}
			if table.Path != "" {
				text, err = d.Remove(table)
				check("remove", text, err, table.Path, "")
			}
			for _, it := range table.Items {
				if it.Value.Table != nil && it.Span.Length == 0 {
					walk(it.Value.Table)
					continue
				}
				text, err = d.Set(table, it.Key, "1")
				check("change", text, err, it.Path, it.Path)
				text, err = d.Unset(it)
				check("unset", text, err, it.Path, "")
			}
		}
		walk(d.Root)
	})
}

// keys are all whole keys with their values as they are written.
func keys(d *Document) map[string][]byte {
	all := make(map[string][]byte)
	var walk func(t *Table)
	walk = func(t *Table) {
		for _, it := range t.Items {
			all[it.Path] = d.Data[it.Value.Span.Offset : it.Value.Span.Offset+it.Value.Span.Length]
			if it.Value.Table != nil && it.Span.Length == 0 {
				walk(it.Value.Table)
			}
		}
	}
	walk(d.Root)
	return all
}
