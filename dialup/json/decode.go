package json

import (
	"encoding"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errSyntax  = errors.New("json: this is no JSON")
	errType    = errors.New("json: a value of another type than is wanted")
	errUnknown = errors.New("json: an unknown field")
)

// Valid reports whether b is one JSON value.
func Valid(b []byte) bool { return Unmarshal(b, nil) == nil }

// Unmarshal reads one value into what v points to; nil only looks whether it
// is one. Numbers have to fit, and null leaves what is there alone, but for
// pointers, maps, lists and interfaces. Where something does not fit, the
// rest is read all the same, as the library does.
func Unmarshal(b []byte, v any) error { return unmarshal(b, v, false) }

// UnmarshalStrict refuses fields that v does not have.
func UnmarshalStrict(b []byte, v any) error { return unmarshal(b, v, true) }

func unmarshal(b []byte, v any, strict bool) error {
	d := decoder{rest: b, strict: strict}
	target := reflect.ValueOf(v)
	if v != nil {
		if target.Kind() != reflect.Pointer || target.IsNil() {
			return errType
		}
		// First the whole of it: nothing is set by half of a value.
		look := decoder{rest: b}
		if err := look.whole(reflect.Value{}); err != nil {
			return err
		}
		target = target.Elem()
	}
	return d.whole(target)
}

// decoder takes values off what is left.
type decoder struct {
	rest   []byte
	strict bool
	wrong  error // the first value that did not fit
}

func (d *decoder) whole(v reflect.Value) error {
	if err := d.value(v, 0); err != nil {
		return err
	}
	if d.blank(); len(d.rest) > 0 {
		return errSyntax
	}
	return d.wrong
}

func (d *decoder) blank() {
	for len(d.rest) > 0 && (d.rest[0] == ' ' || d.rest[0] == '\t' || d.rest[0] == '\n' || d.rest[0] == '\r') {
		d.rest = d.rest[1:]
	}
}

// next takes a sign that may be there.
func (d *decoder) next(c byte) bool {
	d.blank()
	if len(d.rest) == 0 || d.rest[0] != c {
		return false
	}
	d.rest = d.rest[1:]
	return true
}

// misfit remembers that a value does not fit.
func (d *decoder) misfit(err error) {
	if d.wrong == nil {
		d.wrong = err
	}
}

// value reads one into v, or passes over it where v is not valid.
func (d *decoder) value(v reflect.Value, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	d.blank()
	if len(d.rest) == 0 {
		return errSyntax
	}
	begin := d.rest
	if v.IsValid() && v.Type() == reflect.TypeFor[RawMessage]() {
		err := d.value(reflect.Value{}, depth)
		v.SetBytes(append([]byte(nil), begin[:len(begin)-len(d.rest)]...))
		return err
	}
	if d.word("null") {
		if v.IsValid() {
			switch v.Kind() {
			case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
				v.SetZero()
			}
		}
		return nil
	}
	for v.IsValid() && v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	switch c := begin[0]; {
	case c == '{':
		return d.object(v, depth)
	case c == '[':
		return d.list(v, depth)
	case c == '"':
		s, err := d.text()
		if err == nil && v.IsValid() {
			d.setText(v, s)
		}
		return err
	case d.word("true"), d.word("false"):
		if v.IsValid() {
			d.set(v, reflect.ValueOf(c == 't'), reflect.Bool)
		}
		return nil
	}
	return d.number(v)
}

func (d *decoder) word(w string) bool {
	if !strings.HasPrefix(string(d.rest[:min(len(d.rest), len(w))]), w) {
		return false
	}
	d.rest = d.rest[len(w):]
	return true
}

// set puts a plain value where it fits.
func (d *decoder) set(v, value reflect.Value, kind reflect.Kind) {
	switch {
	case v.Kind() == kind:
		v.Set(value.Convert(v.Type()))
	case v.Kind() == reflect.Interface && v.NumMethod() == 0:
		v.Set(value)
	default:
		d.misfit(errType)
	}
}

func (d *decoder) setText(v reflect.Value, s string) {
	if v.CanAddr() {
		if u, is := v.Addr().Interface().(encoding.TextUnmarshaler); is {
			if err := u.UnmarshalText([]byte(s)); err != nil {
				d.misfit(err)
			}
			return
		}
	}
	d.set(v, reflect.ValueOf(s), reflect.String)
}

// number reads a number (RFC 8259 section 6).
func (d *decoder) number(v reflect.Value) error {
	n := 0
	digits := func() bool {
		from := n
		for n < len(d.rest) && d.rest[n] >= '0' && d.rest[n] <= '9' {
			n++
		}
		return n > from
	}
	sign := func(signs string) bool {
		is := n < len(d.rest) && strings.IndexByte(signs, d.rest[n]) >= 0
		if is {
			n++
		}
		return is
	}
	sign("-")
	zero := n < len(d.rest) && d.rest[n] == '0'
	from := n
	ok := digits() && (!zero || n == from+1)
	if sign(".") {
		ok = digits() && ok
	}
	if sign("eE") {
		sign("+-")
		ok = digits() && ok
	}
	if !ok {
		return errSyntax
	}
	text := string(d.rest[:n])
	d.rest = d.rest[n:]
	if v.IsValid() {
		d.setNumber(v, text)
	}
	return nil
}

func (d *decoder) setNumber(v reflect.Value, text string) {
	switch {
	case v.CanInt():
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v.OverflowInt(i) {
			d.misfit(errType)
			return
		}
		v.SetInt(i)
	case v.CanUint():
		u, err := strconv.ParseUint(text, 10, 64)
		if err != nil || v.OverflowUint(u) {
			d.misfit(errType)
			return
		}
		v.SetUint(u)
	default:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			d.misfit(errType)
			return
		}
		d.set(v, reflect.ValueOf(f), reflect.Float64)
	}
}

// object reads {...} into a struct or a map.
func (d *decoder) object(v reflect.Value, depth int) error {
	d.next('{')
	if v.IsValid() {
		switch {
		case v.Kind() == reflect.Struct:
		case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
		case v.Kind() == reflect.Interface && v.NumMethod() == 0:
			m := reflect.ValueOf(make(map[string]any))
			v.Set(m)
			v = m
		default:
			d.misfit(errType)
			v = reflect.Value{}
		}
	}
	if d.next('}') {
		return nil
	}
	for {
		d.blank()
		name, err := d.text()
		if err != nil {
			return err
		}
		if !d.next(':') {
			return errSyntax
		}
		switch {
		case !v.IsValid():
			err = d.value(v, depth+1)
		case v.Kind() == reflect.Map:
			item := reflect.New(v.Type().Elem()).Elem()
			if err = d.value(item, depth+1); err == nil {
				v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), item)
			}
		default:
			f := field(v, name)
			if !f.IsValid() && d.strict {
				d.misfit(errUnknown)
			}
			err = d.value(f, depth+1)
		}
		if err != nil {
			return err
		}
		if d.next('}') {
			return nil
		}
		if !d.next(',') {
			return errSyntax
		}
	}
}

// field finds the field of a name, in any case where none is spelled so.
func field(v reflect.Value, name string) (found reflect.Value) {
	for i := range v.NumField() {
		switch known, _ := tag(v.Type().Field(i)); {
		case known == "":
		case known == name:
			return v.Field(i)
		case !found.IsValid() && strings.EqualFold(known, name):
			found = v.Field(i)
		}
	}
	return found
}

// list reads [...] into a slice.
func (d *decoder) list(v reflect.Value, depth int) error {
	d.next('[')
	whole := v
	if v.IsValid() {
		switch {
		case v.Kind() == reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		case v.Kind() == reflect.Interface && v.NumMethod() == 0:
			v = reflect.New(reflect.TypeFor[[]any]()).Elem()
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		default:
			d.misfit(errType)
			v = reflect.Value{}
		}
	}
	if d.next(']') {
		if v.IsValid() {
			whole.Set(v)
		}
		return nil
	}
	for {
		item := reflect.Value{}
		if v.IsValid() {
			item = reflect.New(v.Type().Elem()).Elem()
		}
		if err := d.value(item, depth+1); err != nil {
			return err
		}
		if v.IsValid() {
			v.Set(reflect.Append(v, item))
		}
		if d.next(']') {
			if v.IsValid() {
				whole.Set(v)
			}
			return nil
		}
		if !d.next(',') {
			return errSyntax
		}
	}
}

// text reads a string.
func (d *decoder) text() (string, error) {
	if len(d.rest) == 0 || d.rest[0] != '"' {
		return "", errSyntax
	}
	var b []byte
	for i := 1; i < len(d.rest); {
		c := d.rest[i]
		switch {
		case c == '"':
			d.rest = d.rest[i+1:]
			return string(b), nil
		case c < ' ':
			return "", errSyntax
		case c == '\\':
			r, n := unescape(d.rest[i:])
			if n == 0 {
				return "", errSyntax
			}
			b = utf8.AppendRune(b, r)
			i += n
		default:
			r, n := utf8.DecodeRune(d.rest[i:])
			b = utf8.AppendRune(b, r)
			i += n
		}
	}
	return "", errSyntax
}

// unescape reads an escape sequence and gives its length, 0 for what is none.
func unescape(b []byte) (rune, int) {
	const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if len(b) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(from, b[1]); i >= 0 {
		return rune(to[i]), 2
	}
	r, ok := unicodeEscape(b)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if second, ok := unicodeEscape(b[6:]); ok {
			if pair := utf16.DecodeRune(r, second); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

// unicodeEscape reads \uXXXX.
func unicodeEscape(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}
