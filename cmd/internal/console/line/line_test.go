package line

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// typed gives all events of what comes, and what goes out.
func typed(e *Editor, s string) (events []Event, out string) {
	for i := range len(s) {
		ev, ok := e.Input(s[i])
		out += string(e.Output())
		if !ok {
			continue
		}
		events = append(events, ev)
		if ev.Kind != Complete && ev.Kind != Help {
			if ev.Kind == Line {
				e.Remember(ev.Text)
			}
			e.Begin("> ", e.mode)
			out += string(e.Output())
		}
	}
	return events, out
}

// TestKeys: what was typed, and the lines that came of it.
func TestKeys(t *testing.T) {
	const up, down, left, right = "\x1b[A", "\x1bOB", "\x1b[D", "\x1b[C"
	long := strings.Repeat("x", MaxLine)
	for _, c := range []struct {
		typed string
		want  []Event
	}{
		{"show\r", []Event{{Line, "show"}}},
		{"a\r\nb\nc\r\r", []Event{{Line, "a"}, {Line, "b"}, {Line, "c"}, {Line, ""}}},
		{"shiw\b\bow\x7fw\r", []Event{{Line, "show"}}},
		{"how\x01s\x05!\r", []Event{{Line, "show!"}}},
		{"ac" + left + "b" + right + "d\r", []Event{{Line, "abcd"}}},
		{"dial office\x17isp\r", []Event{{Line, "dial isp"}}},
		{"dial office\x15show\r", []Event{{Line, "show"}}},
		{"abc\x01\x06\x0b\r", []Event{{Line, "a"}}},
		{"abc\x01\x04\x1b[3~\r", []Event{{Line, "c"}}},
		{"one two\x1bb\x1bd2\x1b[H0\x1b[F!\r", []Event{{Line, "0one 2!"}}},
		{"a\rb\r" + up + up + "\r", []Event{{Line, "a"}, {Line, "b"}, {Line, "a"}}},
		{"a\rb\rnew" + up + up + up + down + down + down + "er\r", []Event{{Line, "a"}, {Line, "b"}, {Line, "newer"}}},
		{"a\ra\rb\r\x10\x10\x10\x0e\r", []Event{{Line, "a"}, {Line, "a"}, {Line, "b"}, {Line, "b"}}},
		{"half\x03\r", []Event{{Interrupt, "half"}, {Line, ""}}},
		{"half\x00show\r", []Event{{Interrupt, "half"}, {Line, "show"}}},
		{"\x04", []Event{{End, ""}}},
		{"sh\x04ow\r", []Event{{Line, "show"}}},
		{"show ?sta\t\r", []Event{{Help, "show "}, {Complete, "show sta"}, {Line, "show sta"}}},
		{`set user "a?" ?` + "\r", []Event{{Help, `set user "a?" `}, {Line, `set user "a?" `}}},
		{"Zoë 日本\r", []Event{{Line, "Zoë 日本"}}},
		{long + "\r", []Event{{Line, long}}},
		{long + "yz\rshow\r", []Event{{TooLong, long}, {Line, "show"}}},
		{long + "yz\x15show\r", []Event{{Line, "show"}}},
		// Noise: control characters, broken characters, half sequences.
		{"sh\x81ow\rshow\r", []Event{{Noise, "show"}, {Line, "show"}}},
		{"show\x1d\r", []Event{{Noise, "show"}}},
		{"show\x1d\x15show\r", []Event{{Line, "show"}}},
		{"show\xc3\r", []Event{{Noise, "show"}}},
		{"show\xe2\x82\r\n", []Event{{Noise, "show"}}},
		{"\xc3show\r", []Event{{Noise, "show"}}},
		{"show\x1b\r", []Event{{Noise, "show"}}},
		{"show\x1b[1;\r", []Event{{Noise, "show"}}},
		{"show\x1b[111111111111111111111;2R\r", []Event{{Noise, ""}}},
		{"show\x1b[25~\x1bOP\x1b[1;5R\r", []Event{{Line, "show"}}}, // keys without a meaning
		{"show\xff\xfe\x03show\r", []Event{{Interrupt, "show"}, {Line, "show"}}},
		{"\x1b[\x03show\r", []Event{{Interrupt, ""}, {Line, "show"}}},
	} {
		e := New(80)
		e.Begin("> ", Edit)
		got, _ := typed(e, c.typed)
		if len(got) != len(c.want) {
			t.Errorf("%.60q gives %d events, want %d: %.200v", c.typed, len(got), len(c.want), got)
			continue
		}
		for i := range got {
			if got[i].Kind != c.want[i].Kind || got[i].Text != c.want[i].Text && got[i].Kind != Noise {
				t.Errorf("%.60q gives %d %.60q, want %d %.60q", c.typed, got[i].Kind, got[i].Text, c.want[i].Kind, c.want[i].Text)
			}
		}
	}
}

// TestOtherModes: pasted text is text, and a password is not shown.
func TestOtherModes(t *testing.T) {
	e := New(80)
	e.Begin("", Plain)
	events, out := typed(e, "a\tb = ['?']\r")
	if len(events) != 1 || events[0].Text != "a\tb = ['?']" || out != "a b = ['?']\r\n> " {
		t.Errorf("plain: %v, %q", events, out)
	}
	e.Begin("Password: ", Hidden)
	if got := string(e.Output()); got != "Password: " {
		t.Errorf("the prompt is %q", got)
	}
	events, out = typed(e, "se?same\x7fe\x1b[A\x1b[D\r")
	if len(events) != 1 || events[0] != (Event{Line, "se?same"}) {
		t.Errorf("hidden: %v", events)
	}
	if strings.ContainsAny(out, "same?\b") {
		t.Errorf("a password shows itself: %q", out)
	}
	e.Begin("> ", Silent)
	events, out = typed(e, "a\tb\r\x7f\x03")
	if len(events) != 2 || out != "" {
		t.Errorf("silent: %v, %q", events, out)
	}
}

// TestCheap: typing, and deleting, at the end costs what a slow line can bear.
func TestCheap(t *testing.T) {
	{
		e := New(80)
		e.Begin("> ", Edit)
		e.Output()
		if _, out := typed(e, "abc"); out != "abc" {
			t.Errorf("typing sends %q", out)
		}
		if _, out := typed(e, "\b"); len(out) > 4 {
			t.Errorf("deleting sends %q", out)
		}
		_, out := typed(e, strings.Repeat("x", MaxLine))
		if len(out) > 4*MaxLine {
			t.Errorf("a line of %d characters sends %d octets", MaxLine, len(out))
		}
		if _, out := typed(e, "\x01"); len(out) > 240 {
			t.Errorf("going to its beginning sends %d octets", len(out))
		}
	}
}

// TestHistoryIsBounded: in lines and in characters.
func TestHistoryIsBounded(t *testing.T) {
	var h history
	for i := range 5000 {
		h.add(strings.Repeat("x", i%300) + "y")
	}
	size := 0
	for _, l := range h.lines {
		size += len(l)
	}
	if len(h.lines) > maxHistory || size != h.size || size > maxHistorySize || len(h.lines) < 50 {
		t.Errorf("%d lines, %d octets, counted %d", len(h.lines), size, h.size)
	}
}

// row is the one row of a terminal that matters: what it shows is compared
// with what the editor thinks.
type row struct {
	t      *testing.T
	cells  []rune
	cursor int
	bells  int
}

func (r *row) write(out string) {
	runes := []rune(out)
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == '\b':
			if r.cursor == 0 {
				r.t.Fatal("a backspace before the first column")
			}
			r.cursor--
		case c == '\r':
			r.cursor = 0
		case c == '\n':
			r.cells = nil
		case c == '\a':
			r.bells++
		case c < ' ':
			r.t.Fatalf("%q is more than a dumb terminal knows", out)
		default:
			for len(r.cells) <= r.cursor {
				r.cells = append(r.cells, ' ')
			}
			r.cells[r.cursor] = c
			r.cursor++
			if r.cursor > 40 {
				r.t.Fatal("the line leaves its row")
			}
		}
	}
}

// TestScreen: after any keys the row shows the line, and the cursor is in it.
func TestScreen(t *testing.T) {
	keys := []string{"a", "b ", "word", "é", "\t", "\b", "\x7f", "\x01", "\x05", "\x02", "\x06", "\x0b", "\x17", "\x15", "\x0c",
		"\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[3~", "\x1bb", "\x1bf", "\x1bd", strings.Repeat("long ", 30), "\r", "\x03", "?"}
	{
		for seed := range uint64(200) {
			random := rand.New(rand.NewPCG(seed, 1))
			e, r := New(40), &row{t: t}
			begin := func() {
				e.Begin("dun> ", Edit)
				r.write(string(e.Output()))
			}
			begin()
			for range 200 {
				for _, c := range []byte(keys[random.IntN(len(keys))]) {
					ev, ok := e.Input(c)
					r.write(string(e.Output()))
					switch {
					case ok && ev.Kind == Help:
						r.write("\r\nhelp\r\n")
						e.Again()
						r.write(string(e.Output()))
					case ok && ev.Kind == Complete:
						e.Insert("done ")
						r.write(string(e.Output()))
					case ok:
						e.Remember(ev.Text)
						begin()
					}
				}
				first := e.screen.first
				want := "dun> " + strings.ReplaceAll(string(e.text[first:min(len(e.text), first+34)]), "\t", " ")
				if got := string(r.cells); strings.TrimRight(got, " ") != strings.TrimRight(want, " ") {
					t.Fatalf("seed %d: the row shows %q, want %q", seed, got, want)
				}
				if r.cursor != 5+e.pos-first || r.cursor < 5 {
					t.Fatalf("seed %d: the cursor is in column %d, want %d", seed, r.cursor, 5+e.pos-first)
				}
			}
		}
	}
}

// FuzzEditor: whatever comes, the line stays bounded and the next Enter,
// Ctrl-C or break ends it; behind Ctrl-U the line is empty and clean.
func FuzzEditor(f *testing.F) {
	f.Add([]byte("show\x1b[A\xff\x00\r\n?\t"), uint8(0))
	f.Add([]byte("\x1b[\x1bO\xe2\x82"), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, mode uint8) {
		for _, end := range []byte{enter, lineFeed, ctrlC, null} {
			e := New(40)
			e.Begin("> ", Mode(mode%4))
			typed(e, string(b))
			e.Input('x')
			if len(e.text) > MaxLine || e.pos > len(e.text) || e.screen.first > e.pos || len(e.sequence) > maxSequence+1 || len(e.partial) > 4 {
				t.Fatalf("out of bounds: %d characters, cursor %d", len(e.text), e.pos)
			}
			if ev, ok := e.Input(end); !ok || ev.Kind == Complete || ev.Kind == Help {
				t.Fatalf("%#x does not end the line, but gives %v", end, ev)
			}
		}
		e := New(40)
		e.Begin("> ", Mode(mode%4))
		typed(e, string(b)+"\x15")
		if ev, ok := e.Input('\n'); !ok || ev.Kind != Line || ev.Text != "" {
			t.Fatalf("behind Ctrl-U it is %v", ev)
		}
	})
}
