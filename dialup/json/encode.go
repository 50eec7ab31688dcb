package json

import (
	"encoding"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// RawMessage is a value that is passed on as it is.
type RawMessage []byte

// MarshalJSON gives the value, or null.
func (m RawMessage) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("null"), nil
	}
	return m, nil
}

// marshaler is encoding/json's: what words itself.
type marshaler interface{ MarshalJSON() ([]byte, error) }

var (
	errDepth = errors.New("json: nested too deeply")
	errValue = errors.New("json: a value that JSON cannot have")
)

const maxDepth = 100

// Marshal gives a value as JSON.
func Marshal(v any) ([]byte, error) { return encode(nil, reflect.ValueOf(v), 0) }

func encode(b []byte, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	if !v.IsValid() {
		return append(b, "null"...), nil
	}
	kind := v.Kind()
	if (kind == reflect.Pointer || kind == reflect.Interface || kind == reflect.Map) && v.IsNil() {
		return append(b, "null"...), nil
	}
	if v.CanInterface() && kind != reflect.Interface {
		switch m := v.Interface().(type) {
		case marshaler:
			text, err := m.MarshalJSON()
			return append(b, text...), err
		case encoding.TextMarshaler:
			text, err := m.MarshalText()
			return quote(b, string(text)), err
		}
	}
	switch kind {
	case reflect.Pointer, reflect.Interface:
		return encode(b, v.Elem(), depth+1)
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.String:
		return quote(b, v.String()), nil
	case reflect.Float32, reflect.Float64:
		return number(b, v.Float())
	case reflect.Map:
		return encodeMap(b, v, depth)
	case reflect.Struct:
		return encodeStruct(b, v, depth)
	case reflect.Slice, reflect.Array:
		return encodeList(b, v, depth)
	}
	switch {
	case v.CanInt():
		return strconv.AppendInt(b, v.Int(), 10), nil
	case v.CanUint():
		return strconv.AppendUint(b, v.Uint(), 10), nil
	}
	return nil, errValue
}

// number writes as ECMAScript does.
func number(b []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errValue
	}
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		text := strconv.FormatFloat(f, 'e', -1, 64)
		return append(b, strings.Replace(text, "e-0", "e-", 1)...), nil
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64), nil
}

func encodeMap(b []byte, v reflect.Value, depth int) (_ []byte, err error) {
	var keys []string
	for _, k := range v.MapKeys() {
		if k.Kind() != reflect.String {
			return nil, errValue
		}
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(quote(b, k), ':')
		if b, err = encode(b, v.MapIndex(reflect.ValueOf(k).Convert(v.Type().Key())), depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func encodeList(b []byte, v reflect.Value, depth int) (_ []byte, err error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = encode(b, v.Index(i), depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// tag is how a field is called, and what of it is left out; "" = it is no
// part of the object.
func tag(f reflect.StructField) (name, options string) {
	if !f.IsExported() {
		return "", ""
	}
	name, options, _ = strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return "", ""
	}
	if name == "" {
		name = f.Name
	}
	return name, options
}

func encodeStruct(b []byte, v reflect.Value, depth int) (_ []byte, err error) {
	b = append(b, '{')
	first := true
	for i := range v.NumField() {
		name, options := tag(v.Type().Field(i))
		f := v.Field(i)
		if name == "" || options == "omitempty" && isEmpty(f) || options == "omitzero" && f.IsZero() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(quote(b, name), ':')
		if b, err = encode(b, f, depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// isEmpty is what omitempty leaves out.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

const hexDigits = "0123456789abcdef"

// quote writes a string. What is no UTF-8 becomes U+FFFD; the separators that
// are no part of a string in JavaScript are escaped.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', s[i])
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\r':
			b = append(b, '\\', 'r')
		case r == '\t':
			b = append(b, '\\', 't')
		case r == '\b':
			b = append(b, '\\', 'b')
		case r == '\f':
			b = append(b, '\\', 'f')
		case r < ' ' || r == 0x2028 || r == 0x2029 || r == utf8.RuneError && size == 1:
			b = append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return append(b, '"')
}
