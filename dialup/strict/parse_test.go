package strict

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

// found is "line:column key|text|remedy" of each problem.
func found(d *Document) []string {
	var list []string
	for _, p := range d.Problems() {
		list = append(list, fmt.Sprintf("%d:%d %s|%s|%s", p.Line, p.Column, p.Key, p.Text, p.Remedy))
	}
	return list
}

// expect compares problems with patterns "line:column key|text|remedy", where
// text and remedy need to be contained.
func expect(t *testing.T, d *Document, want []string) {
	t.Helper()
	got := found(d)
	if len(got) != len(want) {
		t.Fatalf("%d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		g, w := strings.SplitN(got[i], "|", 3), strings.SplitN(want[i], "|", 3)
		if g[0] != w[0] || !strings.Contains(g[1], w[1]) || !strings.Contains(g[2], w[2]) {
			t.Errorf("problem %d is\n%s\nwant\n%s", i, got[i], want[i])
		}
	}
}

func TestParseReportsWithPlaceAndRemedy(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"backspace", `[e]` + "\n" + `user = "CORP\bob"`, []string{`2:8 e.user|backspace, from \b|use single quotes: 'CORP\bob'`}},
		{"bad escape", `user = "CORP\alice"`, []string{`1:13 user|backslash is special|single quotes`}},
		{"escape in a name", `[user."CORP\bob"]`, []string{`1:7 user|control character|'CORP\bob'`}},
		{"tabulator as such", "a = 'x\ty'", []string{`1:5 a|control character|Remove`}},
		{"tabulator in a list", `a = ["x", "\t"]`, []string{`1:11 a|tabulator|single quotes`}},
		{"unquoted", "a = hello", []string{`1:5 a|not quoted|quotes`}},
		{"typographic quotes", "a = “hello”", []string{`1:5 a|typographic quotes|plain`}},
		{"no setting", "[e]\nhello", []string{`2:5 e|neither a table|#`}},
		{"unclosed list", "a = [1\nb = 2\nc = x", []string{`2:1 a|expected ','|Close the list`, `3:5 c|not quoted|`}},
		{"unclosed string", "a = \"x\nb = y", []string{`1:7 a|new lines|Close the string`, `2:5 b|not quoted|`}},
		{"unclosed header", "[e\na = 1\n[f]\na = x", []string{`1:3 |close table name|]`, `4:5 f.a|not quoted|`}},
		{"twice", "[e.a]\n[e.a]\n", []string{`2:2 e.a|twice; the first one is in line 1|another name`}},
		{"key twice", "a = 1\na = 1\n", []string{`2:1 a|twice; the first one is in line 1|Remove`}},
		{"dotted twice", "a.b = 1\n[a]\n", []string{`2:2 a|twice|`}},
		{"inline extended", "a = {b = 1}\n[a.c]\n", []string{`2:2 a|twice|`}},
		{"table under a value", "a = 1\n[a.c]\n", []string{`2:2 a|twice|`}},
		{"list of tables", "[[a]]\nb = 1", []string{`1:3 a|list of tables|[a]`}},
		{"utf-16", "\xff\xfea\x00", []string{`0:0 |UTF-8|Save`}},
		{"latin-1", "# ok\n# f\xfcr", []string{`2:4 |not UTF-8|Save`}},
		{"deep", "a = " + strings.Repeat("[", 30) + strings.Repeat("]", 30), []string{`1:1 a|too deeply|`}},
		{"deep key", "[a.a.a.a.a.a.a.a.a.a.a]", []string{`1:2 |too deeply|`}},
		{"long key", strings.Repeat("k", 200) + " = 1", []string{`1:1 |longer than|`}},
		{"columns are characters", "a = \"äöü\" x", []string{`1:11 a||`}},
		{"byte order mark and CRLF", "\ufeff[a]\r\nb = 1\r\n", nil},
		{"supertable later", "[a.b]\n[a]\nc = 1", nil},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, Parse("x.toml", []byte(c.text), false), c.want) })
	}
}

func TestPrivateValuesAreNeverQuoted(t *testing.T) {
	const secret = "sesame"
	for _, text := range []string{
		`password = "sesame\b"`, `password = "sesame\q"`, `password = sesame`, `password = “sesame”`,
		`password = "sesame" sesame`, `password = ["sesame"]`, `password = "sesame`, `password sesame`,
		`a = "sesame"`, `b = "sesame"`, `c = "sesame"`, `d = "sesame"`, `e = ["sesame"]`, `f = "sesame"`,
	} {
		d := Parse("secrets.toml", []byte(text), true)
		r := d.Reader(d.Root)
		r.String("password", `"..."`)
		r.Bool("a")
		r.Int("b", 0, 9)
		r.IPv4("c")
		r.Choice("d", "x", "y")
		r.Choices("e", "x", "y")
		r.Duration("f", 0, time.Hour)
		r.Finish()
		if len(d.Problems()) == 0 {
			t.Errorf("%s: no problem", text)
		}
		for _, p := range d.Problems() {
			if strings.Contains(p.String(), secret) {
				t.Errorf("%s: the problem quotes it: %s", text, p)
			}
		}
	}
}

func TestSpansLeadBackToTheText(t *testing.T) {
	text := "# c\n[entry.isp]\nphone = [ \"1\",\n  \"2\" ] # two\nuser='x'\n"
	d := Parse("x.toml", []byte(text), false)
	isp := d.Root.Items[0].Value.Table.Items[0].Value.Table
	for key, want := range map[string][2]string{
		"phone": {"phone = [ \"1\",\n  \"2\" ]", "[ \"1\",\n  \"2\" ]"},
		"user":  {"user='x'", "'x'"},
	} {
		it, ok := isp.Get(key)
		if !ok {
			t.Fatalf("no %s", key)
		}
		cut := func(s Span) string { return text[s.Offset : s.Offset+s.Length] }
		if cut(it.Span) != want[0] || cut(it.Value.Span) != want[1] {
			t.Errorf("%s: %q, %q", key, cut(it.Span), cut(it.Value.Span))
		}
	}
}

func TestProblemsAreACause(t *testing.T) {
	d := Parse("x.toml", []byte("a = 1\nb = 2"), false)
	d.Warn(Pos{1, 1}, "a", "", "just so")
	if err := d.Problems().Err(); err != nil {
		t.Fatalf("a warning is no error: %v", err)
	}
	d.Reader(d.Root).Finish()
	err := d.Problems().Err()
	if cause.Of(err) != cause.BadConfig {
		t.Fatalf("cause %v", cause.Of(err))
	}
	var ps Problems
	if !errors.As(err, &ps) || len(ps) != 2 || !strings.Contains(err.Error(), "x.toml:1:1: a: ") || !strings.Contains(err.Error(), "1 more") {
		t.Fatalf("%v, %v", ps, err)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	d := Parse("x.toml", []byte(strings.Repeat("a = x\n", MaxSize/6)), false)
	if n := len(d.Problems()); n != maxSyntax {
		t.Errorf("%d syntax errors", n)
	}
	d = Parse("x.toml", []byte(strings.Repeat("a=1\n", MaxSize/4)), false)
	if n := len(d.Problems()); n != maxProblems+1 {
		t.Errorf("%d problems", n)
	}
	d = Parse("x.toml", make([]byte, MaxSize+1), false)
	expect(t, d, []string{"0:0 |larger than 1 MiB|"})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"[entry.isp]\nphone = [\"1\"]\n", "a = \"\\b\"", "a.b.c = {d = [1, 2.5, true, 1979-05-27]}", "[[a]]\n[a]\n[a.b", "a = [\n1,\n[b]\n",
		"a = '''\nx\n'''", "\ufeffa=1\r\n", "a = \"\"\"x", "= 1", "a = 0x_1", "[a]\nb=x\nb=y\n[a]\n", "a = [ # c\n # d\n 1 ]",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, private bool) {
		d := Parse("x.toml", data, private)
		var walk func(*Table)
		walk = func(table *Table) {
			for _, it := range table.Items {
				for _, s := range []Span{it.Span, it.Value.Span} {
					if s.Offset < 0 || s.Length < 0 || s.Offset+s.Length > len(data) {
						t.Fatalf("%s: span %v of %d octets", it.Path, s, len(data))
					}
				}
				if it.Value.Table != nil {
					walk(it.Value.Table)
				}
			}
		}
		walk(d.Root)
		r := d.Reader(d.Root)
		r.String("a", `""`)
		r.Int("b", 0, 9)
		r.Duration("c", 0, time.Hour)
		r.Choices("d", "x", "y")
		r.IPv4("e")
		r.Tables("entry")
		r.Finish()
		for _, p := range d.Problems() {
			if p.Text == "" || p.Line > len(d.lines) || p.Line > 0 && p.Column < 1 {
				t.Fatalf("problem %+v", p)
			}
		}
	})
}
