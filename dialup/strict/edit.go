package strict

import (
	"bytes"
	"errors"
	"strings"
)

// The functions here change one thing in a document and give the new text, in
// which every other octet is as it was. The document itself stays: who wants
// another change parses the text again. Values are given as TOML.

// ErrNoHeader tells that a table is not written below a header of its own, so
// that there is no place to change it.
var ErrNoHeader = errors.New("the table is written inline or with dotted keys; write it below a header of its own, [table.NAME], first")

// block is where a table with a header stands: offsets of Document.Data.
type block struct {
	about int // the comment lines right above the header, or the header
	head  int // the header's line
	body  int // the line behind it
	end   int // behind the line of the last setting, or body
	next  int // the comment lines right above the next header, or the end
}

// Set gives the text with key = value in t: in the place of the old value, or
// as a new line: below the same setting in a comment, or else below the last
// setting.
func (d *Document) Set(t *Table, key, value string) ([]byte, error) {
	if it, there := t.Get(key); there {
		return d.Replace(it.Value.Span, value), nil
	}
	b, ok := d.block(t)
	if !ok {
		return nil, ErrNoHeader
	}
	at, indent := b.end, ""
	if n := len(t.Items); n > 0 {
		start := d.lineStart(t.Items[n-1].Span.Offset)
		line := d.line(start)
		indent = line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	}
	for o := b.body; o < b.next; o = d.lineEnd(o) {
		comment, is := strings.CutPrefix(strings.TrimSpace(d.line(o)), "#")
		name, _, setting := strings.Cut(comment, "=")
		if is && setting && strings.TrimSpace(name) == key {
			at = d.lineEnd(o)
		}
	}
	return d.insert(at, indent+dotted("", key)+" = "+value), nil
}

// Unset gives the text without a setting, its line's comment included.
func (d *Document) Unset(it *Item) ([]byte, error) {
	start := d.lineStart(it.Span.Offset)
	before := strings.TrimSpace(string(d.Data[start:it.Span.Offset]))
	if before != "" && !strings.HasSuffix(before, ".") || it.Span.Length == 0 {
		return nil, ErrNoHeader
	}
	return d.cut(start, d.lineEnd(it.Span.Offset+it.Span.Length)), nil
}

// Add gives the text with another table at its end.
func (d *Document) Add(path []string, lines []string) []byte {
	name := ""
	for _, p := range path {
		name = dotted(name, p)
	}
	eol := d.eol()
	var b bytes.Buffer
	b.Write(d.Data)
	if text := string(d.Data); text != "" {
		if !strings.HasSuffix(text, "\n") {
			b.WriteString(eol)
		}
		if last := strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"); !strings.HasSuffix(last, "\n") && last != "" {
			b.WriteString(eol)
		}
	}
	b.WriteString("[" + name + "]" + eol)
	for _, l := range lines {
		b.WriteString(l + eol)
	}
	return b.Bytes()
}

// Remove gives the text without a table: its header, the comment lines right
// above it, and all down to its last setting. A comment that begins the file
// stays: it is about the file.
func (d *Document) Remove(t *Table) ([]byte, error) {
	b, ok := d.block(t)
	if !ok {
		return nil, ErrNoHeader
	}
	start, end := b.about, b.end
	if start <= len("\ufeff") {
		start = b.head
	}
	for end < b.next && strings.TrimSpace(d.line(end)) != "" {
		end = d.lineEnd(end) // settings that are commented out
	}
	for end < b.next && strings.TrimSpace(d.line(end)) == "" {
		end = d.lineEnd(end)
	}
	if end == len(d.Data) && start > 0 { // what Add puts between
		if above := d.lineStart(start - 1); strings.TrimSpace(d.line(above)) == "" {
			start = above
		}
	}
	return d.cut(start, end), nil
}

// Rename gives the text with another name, the last part of the header, for t.
func (d *Document) Rename(t *Table, path ...string) ([]byte, error) {
	b, ok := d.block(t)
	if !ok {
		return nil, ErrNoHeader
	}
	name := ""
	for _, p := range path {
		name = dotted(name, p)
	}
	open := b.head + bytes.IndexByte(d.Data[b.head:], '[') + 1
	end, quote := open, byte(0)
	for ; end < b.body && (quote != 0 || d.Data[end] != ']'); end++ {
		switch c := d.Data[end]; {
		case quote == '"' && c == '\\':
			end++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		}
	}
	return d.Replace(Span{open, min(end, b.body) - open}, name), nil
}

// Lines gives the lines of a table below its header, down to its last setting.
func (d *Document) Lines(t *Table) ([]string, error) {
	b, ok := d.block(t)
	if !ok {
		return nil, ErrNoHeader
	}
	var lines []string
	for o := b.body; o < b.end; o = d.lineEnd(o) {
		lines = append(lines, d.line(o))
	}
	return lines, nil
}

// Replace gives the text with something else in the place of s.
func (d *Document) Replace(s Span, text string) []byte {
	out := append([]byte(nil), d.Data[:s.Offset]...)
	out = append(out, text...)
	return append(out, d.Data[s.Offset+s.Length:]...)
}

func (d *Document) cut(start, end int) []byte { return d.Replace(Span{start, end - start}, "") }

// insert puts a line before the one that begins at offset.
func (d *Document) insert(offset int, line string) []byte {
	line += d.eol()
	if offset > 0 && d.Data[offset-1] != '\n' {
		line = d.eol() + strings.TrimRight(line, "\r\n") // the last line has no end
	}
	return d.Replace(Span{offset, 0}, line)
}

// eol is how the file ends its lines.
func (d *Document) eol() string {
	if i := bytes.IndexByte(d.Data, '\n'); i > 0 && d.Data[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

func (d *Document) lineStart(offset int) int { return d.lines[d.position(offset).Line-1] }

func (d *Document) lineEnd(offset int) int {
	if line := d.position(offset).Line; line < len(d.lines) {
		return d.lines[line]
	}
	return len(d.Data)
}

// block finds a table's header. Lines within a value that goes over several
// are none, though they may begin with '['.
func (d *Document) block(t *Table) (block, bool) {
	within := make(map[int]bool) // by the line's offset
	var walk func(t *Table)
	walk = func(t *Table) {
		for _, it := range t.Items {
			end := it.Span.Offset + it.Span.Length
			if it.Span.Length == 0 && it.Value.Table != nil {
				walk(it.Value.Table)
			} else if it.Span.Length > 0 {
				for o := d.lineEnd(it.Span.Offset); o < end; o = d.lineEnd(o) {
					within[o] = true
				}
			}
		}
	}
	walk(d.Root)
	isHeader := func(o int) bool {
		return !within[o] && strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(d.line(o), "\ufeff"), " \t"), "[")
	}
	if !t.defined || t.inline || t == d.Root || t.At.Line > len(d.lines) {
		return block{}, false
	}
	b := block{head: d.lines[t.At.Line-1], next: len(d.Data)}
	if !isHeader(b.head) {
		return block{}, false
	}
	b.body = d.lineEnd(b.head)
	b.about = d.commentsAbove(b.head)
	b.end = b.body
	for o := b.body; o < len(d.Data); o = d.lineEnd(o) {
		if isHeader(o) {
			b.next = max(b.end, d.commentsAbove(o))
			break
		}
		if text := strings.TrimSpace(d.line(o)); within[o] || text != "" && text[0] != '#' {
			b.end = d.lineEnd(o)
		}
	}
	return b, true
}

// commentsAbove is the first of the comment lines right above a line.
func (d *Document) commentsAbove(offset int) int {
	for offset > 0 {
		above := d.lineStart(offset - 1)
		if !strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(d.line(above), "\ufeff")), "#") {
			break
		}
		offset = above
	}
	return offset
}
