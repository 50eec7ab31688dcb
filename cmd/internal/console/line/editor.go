package line

import (
	"unicode"
	"unicode/utf8"
)

// Editor is one terminal's line. It belongs to one goroutine.
type Editor struct {
	columns int
	mode    Mode
	prompt  string
	text    []rune
	pos     int  // of the cursor, in text
	noise   int  // octets that were no text and no key
	tooLong bool // more came than fits

	sawCR    bool
	sequence []byte // an escape sequence in progress
	partial  []byte // a character of several octets in progress

	history history
	screen  screen
	out     []byte
}

// MinColumns is the narrowest terminal.
const MinColumns = 20

// New gives an editor for a terminal with so many columns.
func New(columns int) *Editor { return &Editor{columns: max(columns, MinColumns)} }

// Resize tells that the terminal has so many columns now; the next line fits
// them.
func (e *Editor) Resize(columns int) { e.columns = max(columns, MinColumns) }

// Begin starts a line.
func (e *Editor) Begin(prompt string, mode Mode) {
	if runes := []rune(prompt); len(runes) > e.columns-10 {
		prompt = string(runes[:e.columns-10])
	}
	e.prompt, e.mode = prompt, mode
	e.reset()
	e.history.rewind()
	e.Again()
}

// Output gives what is to be written since the last call. It is valid up to
// the next call of any method.
func (e *Editor) Output() []byte {
	out := e.out
	e.out = e.out[:0]
	return out
}

// Again draws the line anew, in the row where the cursor is: others have written.
func (e *Editor) Again() {
	e.screen = screen{}
	e.draw(e.prompt)
	e.refresh()
}

// Insert puts text in at the cursor, as if it had been typed.
func (e *Editor) Insert(s string) {
	for _, r := range s {
		e.insert(r)
	}
	e.refresh()
}

// Remember puts a line into the history.
func (e *Editor) Remember(s string) { e.history.add(s) }

// reset empties the line.
func (e *Editor) reset() {
	clear(e.text) // it may have been a password
	e.text, e.pos = e.text[:0], 0
	e.noise, e.tooLong = 0, false
	e.sequence, e.partial = e.sequence[:0], nil
}

// enter ends the line.
func (e *Editor) enter() Event {
	if len(e.sequence) > 0 || e.partial != nil {
		e.noise++
	}
	switch {
	case e.noise > 0:
		return e.done(Noise)
	case e.tooLong:
		return e.done(TooLong)
	}
	return e.done(Line)
}

// done leaves the line, the cursor in the next row.
func (e *Editor) done(kind Kind) Event {
	ev := Event{Kind: kind, Text: string(e.text)}
	e.pos = len(e.text)
	e.refresh()
	if kind == Interrupt && utf8.RuneCountInString(e.prompt)+e.screen.cursor+2 <= e.columns { // else it would leave the row
		e.draw("^C")
	}
	e.draw("\r\n")
	e.reset()
	return ev
}

func (e *Editor) asked(kind Kind) Event {
	return Event{Kind: kind, Text: string(e.text[:e.pos])}
}

// quoted tells that the cursor is within quotes.
func (e *Editor) quoted() bool {
	var quote rune
	for _, r := range e.text[:e.pos] {
		switch {
		case quote == r:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		}
	}
	return quote != 0
}

func (e *Editor) insert(r rune) {
	if len(e.text) >= MaxLine {
		if !e.tooLong {
			e.ring()
		}
		e.tooLong = true
		return
	}
	e.text = append(e.text, 0)
	copy(e.text[e.pos+1:], e.text[e.pos:])
	e.text[e.pos] = r
	e.pos++
}

// erase removes what is between two places.
func (e *Editor) erase(from, to int) {
	from, to = max(from, 0), min(to, len(e.text))
	if from >= to {
		e.ring()
		return
	}
	n := copy(e.text[from:], e.text[to:])
	clear(e.text[from+n:])
	e.text, e.pos = e.text[:from+n], from
}

func (e *Editor) move(by int) { e.pos = min(max(e.pos+by, 0), len(e.text)) }

func (e *Editor) wordLeft() int {
	at := e.pos
	for at > 0 && unicode.IsSpace(e.text[at-1]) {
		at--
	}
	for at > 0 && !unicode.IsSpace(e.text[at-1]) {
		at--
	}
	return at
}

func (e *Editor) wordRight() int {
	at := e.pos
	for at < len(e.text) && unicode.IsSpace(e.text[at]) {
		at++
	}
	for at < len(e.text) && !unicode.IsSpace(e.text[at]) {
		at++
	}
	return at
}

// recall shows an older (-1) or a newer line.
func (e *Editor) recall(by int) {
	if e.mode != Edit {
		return
	}
	s, ok := e.history.step(by, string(e.text))
	if !ok {
		e.ring()
		return
	}
	e.text = append(e.text[:0], []rune(s)...)
	e.pos = len(e.text)
}

func (e *Editor) ring() {
	if e.mode != Silent {
		e.out = append(e.out, bell)
	}
}

// Rest is what was typed of the line so far; "" if it is not fit to be taken.
func (e *Editor) Rest() string {
	if e.noise > 0 || e.tooLong || len(e.sequence) > 0 || e.partial != nil {
		return ""
	}
	return string(e.text)
}
