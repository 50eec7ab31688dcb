package strict

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

const (
	maxDepth  = 8 // of tables and lists in each other
	maxKey    = 128
	maxSyntax = 20 // syntax errors after which the rest is left alone
)

// Parse makes a document of a file's contents. It never fails: what is wrong
// is among Problems. After a syntax error it goes on with the next line that
// looks like a setting or a table.
func Parse(file string, data []byte, private bool) *Document {
	d := newDocument(file, data, private)
	if !d.readable() {
		return d
	}
	p := parser{doc: d, table: d.Root}
	base := len(data) - len(bytes.TrimPrefix(data, []byte("\ufeff"))) // Notepad's byte order mark
	for base < len(data) && p.failed < maxSyntax {
		base = p.run(base)
	}
	return d
}

// readable refuses what is no text at all.
func (d *Document) readable() bool {
	switch {
	case len(d.Data) > MaxSize:
		d.report(Problem{File: d.File, Text: "The file is larger than 1 MiB.", Remedy: "Settings are short: this is another file."})
	case bytes.IndexByte(d.Data, 0) >= 0:
		d.report(Problem{File: d.File, Text: "The file is not text in UTF-8.", Remedy: "Save it as UTF-8; some editors write UTF-16."})
	default:
		if i := invalidUTF8(d.Data); i >= 0 {
			d.Wrong(d.position(i), "", "Save the file as UTF-8.", "This character is not UTF-8.")
			return false
		}
		return true
	}
	return false
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

type parser struct {
	doc    *Document
	toml   unstable.Parser
	offset int    // of what toml sees
	base   int    // line behind the last good expression
	table  *Table // that the next settings belong to
	failed int
}

// run parses from offset base on and returns where to go on after a syntax
// error, or the end.
func (p *parser) run(base int) int {
	p.offset, p.base = base, base
	p.toml.Reset(p.doc.Data[base:])
	for p.toml.NextExpression() {
		e := p.toml.Expression()
		p.base = p.behind(e)
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			p.header(e)
		case unstable.KeyValue:
			p.keyValue(p.table, e, 0)
		}
	}
	err := p.toml.Error()
	if err == nil {
		return len(p.doc.Data)
	}
	p.failed++
	key := p.lost()
	return p.resume(p.syntax(err, key))
}

// lost makes a bad item of the setting that could not be read, so that nobody
// calls it missing, and returns its whole key. Where even the key is not to
// be made out, the table is damaged.
func (p *parser) lost() string {
	begun := p.begun()
	line := p.doc.line(begun)
	name, _, is := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if strings.HasPrefix(strings.TrimSpace(line), "[") {
		// The settings below it are not those of the table before.
		p.table = &Table{index: make(map[string]*Item), At: p.doc.position(begun), Damaged: true}
		return ""
	}
	if !is || !bare(name) || len(name) > maxKey {
		p.table.Damaged = true
		return p.table.Path
	}
	item := &Item{Key: name, Path: dotted(p.table.Path, name), At: p.doc.position(begun), Bad: true}
	item.Value.At = item.At
	if _, known := p.table.Get(name); !known {
		p.table.add(item)
	}
	return item.Path
}

// syntax reports a syntax error in key and returns its offset.
func (p *parser) syntax(err error, key string) int {
	offset := len(p.doc.Data)
	var pe *unstable.ParserError
	if errors.As(err, &pe) {
		offset = p.offset + int(p.toml.Range(pe.Highlight).Offset)
	}
	text, remedy := "This is not TOML: "+err.Error()+".", ""
	switch message := err.Error(); {
	case strings.Contains(message, "after array value"):
		remedy = "Close the list with ]; its elements have a comma between them."
	case strings.Contains(message, "strings cannot have new lines"):
		remedy = "Close the string with the quote that it begins with."
	case strings.Contains(message, "close table name"):
		remedy = "Close the table's name with ]."
	}
	line := p.doc.line(offset)
	switch {
	case strings.Contains(err.Error(), "escape"):
		text = `In double quotes the backslash is special, and this use of it is not allowed.`
		remedy = `Use single quotes, in which a backslash is just a backslash: 'CORP\alice'.`
	case strings.ContainsAny(line, "‘’“”"):
		text = "This is not TOML: the line has typographic quotes."
		remedy = `Use plain ones: " or '.`
	case !strings.ContainsAny(line, `="'[]#`) && strings.TrimSpace(line) != "":
		text = "This line is neither a table in [ ] nor 'key = value'."
		remedy = "Comments begin with #."
	case isUnquoted(line):
		text = "The value is not quoted."
		remedy = `Put text into quotes: key = "text".`
	case p.doc.Private:
		text = "This is not TOML." // the parser quotes characters
		remedy = `A line is key = "value", or key = 'value' where the value has a backslash.`
	}
	p.doc.Wrong(p.doc.position(offset), key, remedy, "%s", text)
	return offset
}

// isBeginning reports whether a line looks like a table or a setting.
func isBeginning(line string) bool {
	line = strings.TrimSpace(line)
	if inner, is := strings.CutPrefix(line, "["); is {
		return inner != "" && (bare(inner[:1]) || inner[0] == '"' || inner[0] == '\'') && strings.Contains(inner, "]")
	}
	key, _, is := strings.Cut(line, "=")
	if key = strings.TrimSpace(key); !is || key == "" {
		return false
	}
	if q := key[0]; q == '"' || q == '\'' {
		return len(key) > 1 && key[len(key)-1] == q
	}
	return bare(strings.ReplaceAll(key, ".", ""))
}

// isUnquoted reports whether a line is a setting with text for its value that
// has no quotes.
func isUnquoted(line string) bool {
	_, value, is := strings.Cut(line, "=")
	value = strings.TrimSpace(value)
	return is && isBeginning(line) && value != "" && !strings.ContainsAny(value[:1], "\"'[{#+-0123456789")
}

// resume finds the line to go on with after an error at offset failed: the
// next one that begins a setting or a table, and is not the line where the
// failed expression began. What was left open may have run into that line.
func (p *parser) resume(failed int) int {
	d := p.doc
	at := max(d.position(p.begun()).Line, d.position(failed).Line-1) // counted from 0: the line behind the first
	for ; at < len(d.lines); at++ {
		if isBeginning(d.line(d.lines[at])) {
			return d.lines[at]
		}
	}
	return len(d.Data)
}

// begun is where the expression behind the last good one begins.
func (p *parser) begun() int {
	at := p.base
	for at < len(p.doc.Data) {
		line := p.doc.Data[at:]
		next := len(line)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			next = i + 1
		}
		if text := bytes.TrimSpace(line[:next]); len(text) > 0 && text[0] != '#' {
			break
		}
		at += next
	}
	return at
}

// line is the line that an offset is in.
func (d *Document) line(offset int) string {
	start := d.lines[d.position(offset).Line-1]
	rest := d.Data[start:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimSuffix(string(rest), "\r")
}
