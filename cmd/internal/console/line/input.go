package line

import (
	"unicode"
	"unicode/utf8"
)

// MaxLine is how many characters a line has at most.
const MaxLine = 4000

// maxSequence bounds an escape sequence: what is longer is none.
const maxSequence = 16

// Keys that are no text.
const (
	null      = 0x00 // a break reads so
	ctrlA     = 0x01
	ctrlB     = 0x02
	ctrlC     = 0x03
	ctrlD     = 0x04
	ctrlE     = 0x05
	ctrlF     = 0x06
	bell      = 0x07
	backspace = 0x08
	tab       = 0x09
	lineFeed  = 0x0a
	ctrlK     = 0x0b
	ctrlL     = 0x0c
	enter     = 0x0d
	ctrlN     = 0x0e
	ctrlP     = 0x10
	ctrlU     = 0x15
	ctrlW     = 0x17
	escape    = 0x1b
	del       = 0x7f
)

// Input takes one octet of what comes.
func (e *Editor) Input(c byte) (Event, bool) {
	wasCR := e.sawCR
	e.sawCR = c == enter
	switch c { // these end whatever had begun, so that nothing can swallow them
	case null, ctrlC:
		return e.done(Interrupt), true
	case lineFeed:
		if wasCR {
			return Event{}, false
		}
		return e.enter(), true
	case enter:
		return e.enter(), true
	case ctrlU:
		e.reset()
		e.refresh()
		return Event{}, false
	}
	if len(e.sequence) > 0 {
		e.inSequence(c)
		return Event{}, false
	}
	if e.partial != nil || c >= utf8.RuneSelf {
		e.inRune(c)
		return Event{}, false
	}
	return e.key(c)
}

// key is an octet that stands for itself.
func (e *Editor) key(c byte) (Event, bool) {
	switch {
	case c == ctrlD && len(e.text) == 0 && e.noise == 0:
		return e.done(End), true
	case c == tab && e.mode == Edit:
		return e.asked(Complete), true
	case c == '?' && e.mode == Edit && !e.quoted():
		return e.asked(Help), true
	case c == tab && e.mode != Hidden, c >= ' ' && c < del:
		e.insert(rune(c))
	default:
		e.control(c)
	}
	e.refresh()
	return Event{}, false
}

// control moves and deletes.
func (e *Editor) control(c byte) {
	if e.mode == Silent { // nobody edits
		e.noise++
		return
	}
	switch c {
	case escape:
		e.sequence = append(e.sequence[:0], c)
	case backspace, del:
		e.erase(e.pos-1, e.pos)
	case ctrlD:
		e.erase(e.pos, e.pos+1)
	case ctrlW:
		e.erase(e.wordLeft(), e.pos)
	case ctrlK:
		e.erase(e.pos, len(e.text))
	case ctrlA:
		e.pos = 0
	case ctrlE:
		e.pos = len(e.text)
	case ctrlB:
		e.move(-1)
	case ctrlF:
		e.move(1)
	case ctrlP:
		e.recall(-1)
	case ctrlN:
		e.recall(1)
	case ctrlL:
		e.draw("\r\n")
		e.Again()
	default:
		e.noise++
	}
}

// inSequence goes on with an escape sequence (ECMA-48 section 5.4, and the
// VT100's two forms of cursor keys). Those without a meaning here are passed
// over: they are keys that were pressed, and no noise.
func (e *Editor) inSequence(c byte) {
	e.sequence = append(e.sequence, c)
	s := e.sequence
	switch {
	case c == escape:
		e.sequence = s[:1]
		return
	case len(s) > maxSequence || c < ' ' || c > '~':
		e.noise++
	case len(s) == 2 && (c == '[' || c == 'O'):
		return
	case len(s) == 2:
		e.meta(c)
	case s[1] == '[' && c < '@': // a parameter
		return
	default:
		e.function(string(s[2:]))
	}
	e.sequence = e.sequence[:0]
	e.refresh()
}

// function is a key that sends a sequence.
func (e *Editor) function(key string) {
	switch key {
	case "A":
		e.recall(-1)
	case "B":
		e.recall(1)
	case "C":
		e.move(1)
	case "D":
		e.move(-1)
	case "H", "1~", "7~":
		e.pos = 0
	case "F", "4~", "8~":
		e.pos = len(e.text)
	case "3~":
		e.erase(e.pos, e.pos+1)
	}
}

// meta is a key that was pressed together with Alt.
func (e *Editor) meta(c byte) {
	switch c {
	case 'b':
		e.pos = e.wordLeft()
	case 'f':
		e.pos = e.wordRight()
	case 'd':
		e.erase(e.pos, e.wordRight())
	}
}

// inRune collects a character of several octets.
func (e *Editor) inRune(c byte) {
	if e.partial != nil && c&0xc0 != 0x80 { // it broke off
		e.noise++
		e.partial = nil
		if c < utf8.RuneSelf {
			e.key(c)
			return
		}
	}
	e.partial = append(e.partial, c)
	if !utf8.FullRune(e.partial) {
		return
	}
	r, size := utf8.DecodeRune(e.partial)
	if r == utf8.RuneError || size != len(e.partial) || !unicode.IsPrint(r) {
		e.noise++
	} else {
		e.insert(r)
	}
	e.partial = nil
	e.refresh()
}
