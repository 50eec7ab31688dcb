package line

import (
	"strconv"
	"unicode/utf8"
)

// screen is the row of the terminal behind the prompt, as it looks now.
type screen struct {
	first  int    // the character of the line that stands leftmost
	shown  []rune // what stands there
	cursor int
}

func (e *Editor) draw(s string) {
	if e.mode != Silent {
		e.out = append(e.out, s...)
	}
}

// refresh draws what changed. The line moves by half a row at a time, so that
// typing at its end stays cheap.
func (e *Editor) refresh() {
	if e.mode == Hidden || e.mode == Silent {
		return
	}
	s := &e.screen
	width := max(e.columns-utf8.RuneCountInString(e.prompt)-1, 8)
	if e.pos < s.first || e.pos > s.first+width {
		s.first = max(e.pos-width/2, 0)
	}
	next := make([]rune, 0, width)
	for _, r := range e.text[s.first:min(s.first+width, len(e.text))] {
		if r == '\t' {
			r = ' '
		}
		next = append(next, r)
	}
	same := 0
	for same < len(next) && same < len(s.shown) && next[same] == s.shown[same] {
		same++
	}
	if same < len(next) || same < len(s.shown) {
		e.goTo(same)
		e.print(next[same:])
		if more := len(s.shown) - len(next); more > 0 {
			e.blank(more)
		}
		s.shown = next
	}
	e.goTo(e.pos - s.first)
}

// goTo moves the cursor within what is shown.
func (e *Editor) goTo(column int) {
	s := &e.screen
	switch back := s.cursor - column; {
	case back > 4 && e.VT100:
		e.out = append(e.out, escape, '[')
		e.out = append(strconv.AppendInt(e.out, int64(back), 10), 'D')
	case back > 0:
		for range back {
			e.out = append(e.out, backspace)
		}
	case back < -4 && e.VT100:
		e.out = append(e.out, escape, '[')
		e.out = append(strconv.AppendInt(e.out, int64(-back), 10), 'C')
	case back < 0:
		e.print(s.shown[s.cursor:column])
	}
	s.cursor = column
}

func (e *Editor) print(text []rune) {
	e.out = append(e.out, string(text)...)
	e.screen.cursor += len(text)
}

// blank clears n columns from the cursor on.
func (e *Editor) blank(n int) {
	if e.VT100 {
		e.out = append(e.out, escape, '[', 'K')
		return
	}
	for range n {
		e.out = append(e.out, ' ')
	}
	for range n {
		e.out = append(e.out, backspace)
	}
}
