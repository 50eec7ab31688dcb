package line

import "unicode/utf8"

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
		more := len(s.shown) - len(next)
		e.repeat(' ', more)
		e.repeat(backspace, more)
		s.shown = next
	}
	e.goTo(e.pos - s.first)
}

// goTo moves the cursor within what is shown.
func (e *Editor) goTo(column int) {
	s := &e.screen
	if s.cursor < column {
		e.print(s.shown[s.cursor:column])
	}
	e.repeat(backspace, s.cursor-column)
	s.cursor = column
}

func (e *Editor) print(text []rune) {
	e.out = append(e.out, string(text)...)
	e.screen.cursor += len(text)
}

func (e *Editor) repeat(c byte, n int) {
	for ; n > 0; n-- {
		e.out = append(e.out, c)
	}
}
