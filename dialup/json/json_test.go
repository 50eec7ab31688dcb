package json

import (
	"bytes"
	twin "encoding/json"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	A int      `json:"a"`
	B []string `json:"b,omitempty"`
}

type word string

type everything struct {
	Text    string            `json:"text"`
	Empty   string            `json:"empty,omitempty"`
	Int     int8              `json:"int"`
	Uint    uint64            `json:"uint,omitempty"`
	Float   float64           `json:"float"`
	Yes     bool              `json:"yes,omitempty"`
	Word    word              `json:"word"`
	Time    *time.Time        `json:"time,omitempty"`
	Addr    netip.Addr        `json:"addr,omitzero"`
	Addrs   []netip.Addr      `json:"addrs"`
	Map     map[string]uint64 `json:"map"`
	Inner   inner             `json:"inner"`
	Pointer *inner            `json:"pointer,omitempty"`
	List    []inner           `json:"list,omitzero"`
	Any     any               `json:"any,omitempty"`
	Deep    map[string][]inner
	hidden  int
	Dash    int `json:"-"`
}

// values are what both encoders are given.
func values() []any {
	at := time.Date(2026, 11, 21, 14, 30, 1, 500, time.FixedZone("", 3600))
	return []any{
		nil, true, -1, uint8(255), 1.5, 0.0, 1e21, 1e-7, -2.5e-9, 3e300, math.MaxFloat64, "", "a\"\\\n\r\t\b\f\x01\x7fé日\u2028\xff",
		[]string(nil), []string{}, map[string]int(nil), map[string]int{"b": 1, "a": 2}, map[word]any{"x": nil},
		everything{hidden: 1, Dash: 2}, &everything{
			Text: "t", Int: -128, Uint: math.MaxUint64, Float: 2.25, Yes: true, Word: "w", Time: &at, Addr: netip.MustParseAddr("10.0.0.1"),
			Addrs: []netip.Addr{{}, netip.MustParseAddr("::1")}, Map: map[string]uint64{"z": 1, "a": 0}, Inner: inner{B: []string{"x"}},
			Pointer: &inner{A: 3}, List: []inner{}, Any: []any{1.0, "x", nil, map[string]any{"k": true}}, Deep: map[string][]inner{"d": {{A: 1}}, "n": nil},
		},
		[2]bool{true, false}, struct{ R RawMessage }{RawMessage(`{"a": 1}`)}, struct{ R RawMessage }{}, (*inner)(nil), &at,
	}
}

// TestMarshalIsTwin: the same text as the library's.
func TestMarshalIsTwin(t *testing.T) {
	for _, v := range values() {
		got, err := Marshal(v)
		var b bytes.Buffer
		e := twin.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if twinErr := e.Encode(v); err != nil || twinErr != nil {
			t.Fatalf("%#v: %v, %v", v, err, twinErr)
		}
		want := b.Bytes()
		if strings.Contains(string(want), `"R":`) { // the library takes blanks out
			b.Reset()
			twin.Compact(&b, got)
			got = append(b.Bytes(), '\n')
		} else {
			got = append(got, '\n')
		}
		if string(got) != string(want) {
			t.Errorf("%#v is\n%s, want\n%s", v, got, want)
		}
	}
	for _, v := range []any{math.NaN(), math.Inf(1), make(chan int), func() {}, map[int]int{1: 1}} {
		if b, err := Marshal(v); err == nil {
			t.Errorf("%T becomes %s", v, b)
		}
	}
	type loop struct{ L *loop }
	l := new(loop)
	l.L = l
	if _, err := Marshal(l); err == nil {
		t.Error("a loop has an end")
	}
}

// same reads text with both and compares.
func same(t *testing.T, text []byte) {
	t.Helper()
	deep := 0
	for _, c := range text {
		if c == '[' || c == '{' {
			deep++
		}
	}
	if deep >= maxDepth { // the library goes deeper
		Valid(text)
		return
	}
	if got, want := Valid(text), twin.Valid(text); got != want {
		t.Fatalf("%q is valid: %v, want %v", text, got, want)
	}
	var a, b everything
	errA, errB := Unmarshal(text, &a), twin.Unmarshal(text, &b)
	if (errA == nil) != (errB == nil) {
		t.Fatalf("%q: %v, the library says %v", text, errA, errB)
	}
	if errA == nil && !reflect.DeepEqual(a, b) {
		t.Fatalf("%q is\n%+v, want\n%+v", text, a, b)
	}
	var x, y any
	if errX, errY := Unmarshal(text, &x), twin.Unmarshal(text, &y); (errX == nil) != (errY == nil) || errX == nil && !reflect.DeepEqual(x, y) {
		t.Fatalf("%q is %#v, %v; want %#v, %v", text, x, errX, y, errY)
	}
}

var texts = []string{
	"", " ", "null", "true", "tru", "truex", "1", "-0", "01", "1.", "1.5e+3", "1e", "-", "+1", `"a`, `"a"`, `"\u00e9\ud83d\ude00\ud800\n\/"`, `"\x"`, `"\u12"`, "\"\x01\"", "\"\xff\"",
	"[]", "[1,]", "[1 2]", "[1,2]", "[[[]]]", "{}", "{,}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, "{} {}", "nul", "\ufeff{}",
	`{"text":"x","INT":5,"int":6,"unknown":[{}],"float":1,"yes":true,"word":"w","uint":18446744073709551615}`,
	`{"int":300}`, `{"int":1.0}`, `{"uint":-1}`, `{"text":1}`, `{"yes":"true"}`, `{"map":{"a":1,"b":2}}`, `{"map":[]}`, `{"map":{"a":-1}}`, `{"list":[{"a":1},{"b":["x"]}]}`, `{"list":{}}`,
	`{"inner":{"a":1,"a":2}}`, `{"inner":null,"pointer":null,"list":null}`, `{"pointer":{"a":7}}`, `{"time":"2026-11-21T14:30:01.5+01:00"}`, `{"time":"yesterday"}`, `{"addr":"10.0.0.1","addrs":["::1",""]}`,
	`{"addr":"x"}`, `{"addr":5}`, `{"any":{"k":[1,"x",null,false]}}`, `{"any":1e400}`, `{"float":1e400}`, `{"Deep":{"d":[{"a":1}],"n":null}}`, `{"hidden":1,"Dash":2,"-":3}`,
}

// TestUnmarshalIsTwin: the same values as the library's, and the same refusals.
func TestUnmarshalIsTwin(t *testing.T) {
	for _, text := range texts {
		same(t, []byte(text))
	}
	for _, v := range values() {
		b, err := Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		same(t, b)
	}
	if err := Unmarshal([]byte("{}"), everything{}); err == nil {
		t.Error("a value that cannot be changed is")
	}
	if Valid([]byte(strings.Repeat("[", 1<<20))) {
		t.Error("depth has no end")
	}
	var v inner
	if err := UnmarshalStrict([]byte(`{"a":1,"c":2}`), &v); err == nil {
		t.Error("an unknown field is known")
	}
	if err := UnmarshalStrict([]byte(`{"a":1}`), &v); err != nil {
		t.Error(err)
	}
	raw := struct{ R RawMessage }{}
	if err := Unmarshal([]byte(`{"R": [1, {"x":null}] }`), &raw); err != nil || string(raw.R) != `[1, {"x":null}]` {
		t.Errorf("%s, %v", raw.R, err)
	}
	if err := Unmarshal([]byte(`{"R":null}`), &raw); err != nil || string(raw.R) != "null" {
		t.Errorf("%s, %v", raw.R, err)
	}
}

// FuzzUnmarshal holds the two together.
func FuzzUnmarshal(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) { same(t, b) })
}
