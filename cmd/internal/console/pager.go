package console

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pager writes lines to a terminal, and stops before they leave the screen.
type pager struct {
	to      io.Writer
	crlf    bool
	rows    int
	more    func() bool // asks whether to go on
	endless bool        // what is written comes by the time, and is not stopped
	lines   int         // since the person typed
	dropped bool        // the rest is not wanted
	broken  error
}

// pause begins a screen: the person has read the last one.
func (p *pager) pause() { p.lines, p.dropped = 0, false }

// Write tells of no error but a terminal that is gone.
func (p *pager) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 && p.broken == nil && !p.dropped {
		row, rest, ended := bytes.Cut(b, []byte("\n"))
		if p.crlf && !p.endless && p.rows > 2 && p.lines >= p.rows-1 {
			if !p.more() {
				p.dropped = true
				break
			}
		}
		_, p.broken = p.to.Write(printable(row))
		if ended && p.broken == nil {
			p.lines++
			end := "\n"
			if p.crlf {
				end = "\r\n"
			}
			_, p.broken = io.WriteString(p.to, end)
		}
		b = rest
	}
	return total, p.broken
}

// printable replaces what could do something to the terminal: names and texts
// of peers are strangers'.
func printable(row []byte) []byte {
	return bytes.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			return '.'
		}
		return r
	}, row)
}

const moreText = "-- more: space, Enter, q --"

// more waits for a key at the end of a screen.
func (s *session) more() bool {
	if s.in.waiting() { // more commands are there already: nobody reads
		return true
	}
	io.WriteString(s.terminal.Out, moreText)
	defer io.WriteString(s.terminal.Out, "\r"+strings.Repeat(" ", len(moreText))+"\r")
	for {
		c, err := s.in.next(s.ctx, s.cfg.Idle)
		switch {
		case err != nil:
			return false
		case c == ' ':
			s.out.lines = 0
			return true
		case c == '\r', c == '\n':
			s.out.lines--
			return true
		case c == 'q', c == 'Q', c == keyStop, c == keyBreak, c == 0x15, c == 0x04:
			return false
		}
	}
}
