package strict

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Reader takes typed values out of one table. A getter's ok is false when the
// key is not there, and when its value is wrong, which it then has reported:
// Has tells the two apart.
type Reader struct {
	doc   *Document
	table *Table
	known []string
}

// Text is a string with its place.
type Text struct {
	Text string
	At   Pos
}

// Reader starts to read t.
func (d *Document) Reader(t *Table) *Reader { return &Reader{doc: d, table: t} }

// Damaged tells that keys may be missing because of a syntax error.
func (r *Reader) Damaged() bool { return r.table.Damaged }

// Has reports whether key is there, with a right value or a wrong one.
func (r *Reader) Has(key string) bool {
	_, there := r.table.Get(key)
	return there
}

// At is the place of key's value, or of the table where it is missing.
func (r *Reader) At(key string) Pos {
	if it, there := r.table.Get(key); there {
		return it.Value.At
	}
	return r.table.At
}

// Wrong reports an error in key, at the key's value.
func (r *Reader) Wrong(key, remedy, text string, args ...any) {
	r.WrongAt(r.At(key), key, remedy, text, args...)
}

// WrongAt reports an error in key, at an element of it.
func (r *Reader) WrongAt(at Pos, key, remedy, text string, args ...any) {
	r.doc.Wrong(at, dotted(r.table.Path, key), remedy, text, args...)
}

// Warn reports a warning about key.
func (r *Reader) Warn(key, remedy, text string, args ...any) {
	r.doc.Warn(r.At(key), dotted(r.table.Path, key), remedy, text, args...)
}

// Missing reports that key has to be there and is not; not where a syntax
// error may have swallowed it.
func (r *Reader) Missing(key, remedy, text string, args ...any) {
	if !r.Has(key) && !r.table.Damaged {
		r.Wrong(key, remedy, text, args...)
	}
}

// get finds a key and remembers that it has a meaning.
func (r *Reader) get(key string) (*Item, bool) {
	if !slices.Contains(r.known, key) {
		r.known = append(r.known, key)
		r.doc.asked[dotted(r.table.Path, key)] = true
	}
	it, there := r.table.Get(key)
	return it, there && !it.Bad
}

// typed finds a key and insists on its type.
func (r *Reader) typed(key string, kind Kind, example string) (*Item, bool) {
	it, ok := r.get(key)
	if ok && it.Value.Kind != kind {
		r.wrongType(it.Value, key, kind.String(), example)
		return nil, false
	}
	return it, ok
}

func (r *Reader) wrongType(v Value, key, want, example string) {
	r.WrongAt(v.At, key, "Write for example: "+key+" = "+example, "This has to be %s, not %s.", want, v.Kind)
}

// Quote shows a value in a problem, cut where it is long, or hides it where
// the document is private.
func (r *Reader) Quote(s string) string {
	if r.doc.Private {
		return "the value"
	}
	if runes := []rune(s); len(runes) > 60 {
		s = string(runes[:60]) + "..."
	}
	return strconv.Quote(s)
}

// String is a string; example is shown where something else is written.
func (r *Reader) String(key, example string) (string, bool) {
	it, ok := r.typed(key, KindString, example)
	if !ok {
		return "", false
	}
	return it.Value.Text, true
}

// Strings is a list of strings, with at least one unless none is allowed.
// Wrong elements are reported and left out.
func (r *Reader) Strings(key, example string) ([]Text, bool) {
	it, ok := r.typed(key, KindArray, example)
	if !ok {
		return nil, false
	}
	list := make([]Text, 0, len(it.Value.List))
	for _, v := range it.Value.List {
		if v.Kind != KindString {
			r.wrongType(v, key, "a list of strings", example)
			ok = false
			continue
		}
		list = append(list, Text{v.Text, v.At})
	}
	return list, ok
}

// IsList reports whether key is there and has a list, for settings that take
// a word or a list.
func (r *Reader) IsList(key string) bool {
	it, ok := r.get(key)
	return ok && it.Value.Kind == KindArray
}

// Bool is true or false.
func (r *Reader) Bool(key string) (value, ok bool) {
	it, ok := r.typed(key, KindBool, "true")
	return ok && it.Value.Text == "true", ok
}

// Int is a whole number within low and high, both allowed.
func (r *Reader) Int(key string, low, high int) (int, bool) {
	it, ok := r.typed(key, KindInteger, strconv.Itoa(low))
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(it.Value.Text, 0, 64)
	if err != nil || n < int64(low) || n > int64(high) {
		r.Wrong(key, fmt.Sprintf("Choose a number from %d to %d.", low, high), "%s is out of range.", r.Quote(it.Value.Text))
		return 0, false
	}
	return int(n), true
}

// Uint32 is a number of 32 bits, for maps of bits.
func (r *Reader) Uint32(key, example string) (uint32, bool) {
	it, ok := r.typed(key, KindInteger, example)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(it.Value.Text, 0, 32)
	if err != nil {
		r.Wrong(key, "Write for example: "+key+" = "+example, "%s is no number of 32 bits.", r.Quote(it.Value.Text))
		return 0, false
	}
	return uint32(n), true
}

// Duration is "30s", "2m", "1h30m" or a number of seconds, within low and high.
func (r *Reader) Duration(key string, low, high time.Duration) (time.Duration, bool) {
	d, _, ok := r.DurationOr(key, "", low, high)
	return d, ok
}

// DurationOr also takes the word off, if it is not empty.
func (r *Reader) DurationOr(key, off string, low, high time.Duration) (d time.Duration, isOff, ok bool) {
	it, ok := r.get(key)
	if !ok {
		return 0, false, false
	}
	remedy := fmt.Sprintf(`Write "30s", "2m" or a number of seconds, from %s to %s`, low, high)
	if off != "" {
		remedy += `, or "` + off + `"`
	}
	remedy += "."
	v := it.Value
	switch v.Kind {
	case KindString:
		if off != "" && v.Text == off {
			return 0, true, true
		}
		var err error
		if d, err = time.ParseDuration(v.Text); err != nil {
			r.Wrong(key, remedy, "%s is no duration.", r.Quote(v.Text))
			return 0, false, false
		}
	case KindInteger:
		n, err := strconv.ParseInt(v.Text, 0, 64)
		if err != nil || n > math.MaxInt64/int64(time.Second) || n < math.MinInt64/int64(time.Second) {
			r.Wrong(key, remedy, "%s is out of range.", r.Quote(v.Text))
			return 0, false, false
		}
		d = time.Duration(n) * time.Second
	default:
		r.WrongAt(v.At, key, remedy, "This has to be a duration, not %s.", v.Kind)
		return 0, false, false
	}
	if d < low || d > high {
		r.Wrong(key, remedy, "%s is out of range.", r.Quote(v.Text))
		return 0, false, false
	}
	return d, false, true
}

// Choice is one of some words; the result is its index.
func (r *Reader) Choice(key string, words ...string) (int, bool) {
	s, ok := r.String(key, `"`+words[0]+`"`)
	if !ok {
		return 0, false
	}
	return r.word(key, Text{s, r.At(key)}, words)
}

// Choices is a list of words, none twice and at least one; the result has
// their indexes, in order.
func (r *Reader) Choices(key string, words ...string) ([]int, bool) {
	list, ok := r.Strings(key, `["`+words[0]+`"]`)
	if !ok {
		return nil, false
	}
	if len(list) == 0 {
		r.Wrong(key, "Name at least one of "+List(words, "and")+".", "The list is empty.")
		return nil, false
	}
	var chosen []int
	for _, text := range list {
		i, good := r.word(key, text, words)
		switch {
		case !good:
			ok = false
		case slices.Contains(chosen, i):
			r.WrongAt(text.At, key, "Remove one of them.", "%s is there twice.", r.Quote(text.Text))
			ok = false
		default:
			chosen = append(chosen, i)
		}
	}
	return chosen, ok
}

func (r *Reader) word(key string, text Text, words []string) (int, bool) {
	if i := slices.Index(words, text.Text); i >= 0 {
		return i, true
	}
	remedy := "Choose " + List(words, "or") + "."
	if near := Nearest(text.Text, words); near != "" {
		remedy = `Did you mean "` + near + `"? ` + remedy
	}
	r.WrongAt(text.At, key, remedy, "%s is not known here.", r.Quote(text.Text))
	return 0, false
}

// IPv4 is an address that a machine can have.
func (r *Reader) IPv4(key string) (netip.Addr, bool) {
	s, ok := r.String(key, `"192.0.2.1"`)
	if !ok {
		return netip.Addr{}, false
	}
	return r.ParseIPv4(key, Text{s, r.At(key)})
}

// ParseIPv4 is IPv4 for an element of a list.
func (r *Reader) ParseIPv4(key string, text Text) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text.Text)
	switch {
	case err != nil || !addr.Is4():
		r.WrongAt(text.At, key, `Write four numbers from 0 to 255, for example "192.0.2.1".`, "%s is no IPv4 address.", r.Quote(text.Text))
		return netip.Addr{}, false
	case addr.IsUnspecified() || addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		r.WrongAt(text.At, key, "Remove it, or give the address of a machine.", "%s is no address that a machine can have.", r.Quote(text.Text))
		return netip.Addr{}, false
	}
	return addr, true
}

// Tables lists the tables below key, [key.NAME], in the order of the file.
func (r *Reader) Tables(key string) []*Item {
	it, ok := r.get(key)
	if !ok {
		return nil
	}
	if it.Value.Kind != KindTable {
		r.doc.Wrong(it.Value.At, it.Path, "Write it as a table: ["+it.Path+".NAME].", "This has to be a table, not %s.", it.Value.Kind)
		return nil
	}
	var tables []*Item
	for _, sub := range it.Value.Table.Items {
		switch {
		case sub.Bad:
		case sub.Value.Kind != KindTable:
			r.doc.Wrong(sub.At, sub.Path, "Put it below a header with a name: ["+it.Path+".NAME].", "This setting stands outside of any %s.", key)
		default:
			tables = append(tables, sub)
		}
	}
	return tables
}

// Table is the single table [key].
func (r *Reader) Table(key string) (*Table, bool) {
	it, ok := r.get(key)
	if !ok {
		return nil, false
	}
	if it.Value.Kind != KindTable {
		r.doc.Wrong(it.Value.At, it.Path, "Write it as a table: ["+it.Path+"].", "This has to be a table, not %s.", it.Value.Kind)
		return nil, false
	}
	return it.Value.Table, true
}

// Finish reports the keys that no getter has asked for.
func (r *Reader) Finish() {
	for _, it := range r.table.Items {
		if slices.Contains(r.known, it.Key) {
			continue
		}
		remedy := "Remove it."
		if near := Nearest(it.Key, r.known); near != "" && !r.Has(near) {
			remedy = `Did you mean "` + near + `"?`
		} else if len(r.known) <= 12 {
			remedy = "Known here: " + List(r.known, "and") + "."
		}
		if it.Value.Kind == KindTable {
			r.doc.Wrong(it.At, it.Path, remedy, "There is no such table.")
			continue
		}
		r.doc.Wrong(it.At, it.Path, remedy, "There is no such setting.")
	}
}
