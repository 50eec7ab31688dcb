package strict

import (
	"bytes"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// span is a node's place in the document.
func (p *parser) span(r unstable.Range) Span {
	return Span{Offset: p.offset + int(r.Offset), Length: int(r.Length)}
}

func (p *parser) at(r unstable.Range) Pos { return p.doc.position(p.offset + int(r.Offset)) }

// behind is the start of the line behind an expression.
func (p *parser) behind(e *unstable.Node) int {
	end := p.offset + int(e.Raw.Offset+e.Raw.Length)
	if e.Kind != unstable.KeyValue {
		for it := e.Key(); it.Next(); {
			end = p.offset + int(it.Node().Raw.Offset+it.Node().Raw.Length)
		}
	}
	if line := p.doc.position(end).Line; line < len(p.doc.lines) {
		return p.doc.lines[line]
	}
	return len(p.doc.Data)
}

// header opens the table that [a.b] names.
func (p *parser) header(e *unstable.Node) {
	var parts []*unstable.Node
	for it := e.Key(); it.Next(); {
		parts = append(parts, it.Node())
	}
	if len(parts) == 0 {
		return
	}
	last := parts[len(parts)-1]
	at := p.at(parts[0].Raw)
	// What stands below a header that cannot be used is read, but belongs nowhere.
	p.table = &Table{index: make(map[string]*Item), At: at, defined: true}
	if len(parts) > maxDepth {
		p.doc.Wrong(at, "", "Settings need two levels: [entry.NAME].", "The table is nested too deeply.")
		return
	}
	for _, k := range parts {
		name, ok := p.key(p.table.Path, k)
		if !ok {
			p.table.Path = ""
			return
		}
		p.table.Path = dotted(p.table.Path, name)
	}
	if e.Kind == unstable.ArrayTable {
		p.doc.Wrong(at, p.table.Path, "Write it in single brackets: ["+p.table.Path+"].", "No setting is a list of tables.")
	}
	t := p.doc.Root
	for _, k := range parts[:len(parts)-1] {
		if t = p.descend(t, k, false); t == nil {
			return
		}
	}
	name := string(last.Data)
	it, known := t.Get(name)
	switch {
	case !known:
		t.add(&Item{Key: name, Path: p.table.Path, At: at, Value: Value{Kind: KindTable, At: at, Table: p.table}})
	case it.Value.Kind == KindTable && !it.Value.Table.defined && !it.Value.Table.dotted:
		p.table = it.Value.Table
		p.table.At, p.table.defined = at, true
	default:
		p.twice(at, it)
	}
}

// keyValue takes "key = value", whose key may be dotted.
func (p *parser) keyValue(t *Table, e *unstable.Node, depth int) {
	it := e.Key()
	for n := 0; it.Next(); n++ {
		k := it.Node()
		if !it.IsLast() {
			if n >= maxDepth {
				p.doc.Wrong(p.at(k.Raw), t.Path, "", "The key is nested too deeply.")
				return
			}
			if t = p.descend(t, k, true); t == nil {
				return
			}
			continue
		}
		name, ok := p.key(t.Path, k)
		if !ok {
			return
		}
		item := &Item{Key: name, Path: dotted(t.Path, name), At: p.at(k.Raw), Span: p.span(e.Raw)}
		if first, known := t.Get(name); known {
			p.twice(item.At, first)
			return
		}
		item.Value, ok = p.value(e.Value(), item, depth)
		item.Bad = !ok
		item.Value.Span = p.valueSpan(p.span(k.Raw), item.Span)
		item.Value.At = p.doc.position(item.Value.Span.Offset)
		t.add(item)
	}
}

// valueSpan is the part of "key = value" behind the equals sign; the parser
// tells it for scalars only.
func (p *parser) valueSpan(key, whole Span) Span {
	start, end := key.Offset+key.Length, whole.Offset+whole.Length
	rest := p.doc.Data[start:end]
	value := bytes.TrimLeft(rest, " \t=")
	return Span{Offset: end - len(value), Length: len(value)}
}

// descend goes into the table that key k of t is, or makes it.
func (p *parser) descend(t *Table, k *unstable.Node, isDotted bool) *Table {
	name, ok := p.key(t.Path, k)
	if !ok {
		return nil
	}
	it, known := t.Get(name)
	if !known {
		at := p.at(k.Raw)
		sub := &Table{Path: dotted(t.Path, name), At: at, index: make(map[string]*Item), dotted: isDotted}
		t.add(&Item{Key: name, Path: sub.Path, At: at, Value: Value{Kind: KindTable, At: at, Table: sub}})
		return sub
	}
	if sub := it.Value.Table; it.Value.Kind != KindTable || sub.inline || isDotted && sub.defined {
		p.twice(p.at(k.Raw), it)
		return nil
	}
	return it.Value.Table
}

func (p *parser) twice(at Pos, first *Item) {
	remedy := "Remove one of them."
	if first.Value.Kind == KindTable {
		remedy = "Give one of them another name, or put them together."
	}
	p.doc.Wrong(at, first.Path, remedy, "This is there twice; the first one is in line %d.", first.At.Line)
}

// key is the name of a key below path, checked.
func (p *parser) key(path string, k *unstable.Node) (string, bool) {
	if len(k.Data) > maxKey {
		p.doc.Wrong(p.at(k.Raw), path, "", "The name is longer than %d characters.", maxKey)
		return "", false
	}
	name := string(k.Data)
	if c, has := control(name); has {
		p.doc.Wrong(p.at(k.Raw), path, singleQuotes(p.raw(k), false), "The name has a control character (%s).", c)
		return "", false
	}
	return name, true
}

func (p *parser) raw(n *unstable.Node) string {
	s := p.span(n.Raw)
	return string(p.doc.Data[s.Offset : s.Offset+s.Length])
}

// value converts a node. item is the key it belongs to.
func (p *parser) value(n *unstable.Node, item *Item, depth int) (Value, bool) {
	v := Value{At: item.At, Span: p.span(n.Raw), Text: string(n.Data)}
	if n.Raw.Length > 0 {
		v.At = p.at(n.Raw)
	}
	if depth > maxDepth {
		p.doc.Wrong(v.At, item.Path, "", "The value is nested too deeply.")
		return v, false
	}
	switch n.Kind {
	case unstable.String:
		v.Kind = KindString
		v.Basic = strings.HasPrefix(p.raw(n), `"`)
		if c, has := control(v.Text); has {
			p.doc.Wrong(v.At, item.Path, singleQuotes(p.raw(n), p.doc.Private), "The string has a control character (%s).", c)
			return v, false
		}
	case unstable.Integer:
		v.Kind = KindInteger
	case unstable.Float:
		v.Kind = KindFloat
	case unstable.Bool:
		v.Kind = KindBool
	case unstable.Array:
		v.Kind, v.Text = KindArray, ""
		ok := true
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.Comment {
				continue
			}
			element, good := p.value(it.Node(), item, depth+1)
			ok = ok && good
			v.List = append(v.List, element)
		}
		return v, ok
	case unstable.InlineTable:
		v.Kind, v.Text = KindTable, ""
		v.Table = &Table{Path: item.Path, At: v.At, index: make(map[string]*Item), defined: true, inline: true}
		for it := n.Children(); it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				p.keyValue(v.Table, it.Node(), depth+1)
			}
		}
	default:
		v.Kind = KindTime
	}
	return v, true
}

// dotted joins a table's path and a key as TOML writes them.
func dotted(path, key string) string {
	if !bare(key) {
		if strings.Contains(key, "'") {
			key = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		} else {
			key = "'" + key + "'"
		}
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// bare reports whether a key needs no quotes.
func bare(key string) bool {
	for _, c := range []byte(key) {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return key != ""
}
