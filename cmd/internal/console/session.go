package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dun/cmd/internal/console/line"
	"dun/dialup/cause"
)

// session is one conversation. It belongs to one goroutine.
type session struct {
	cfg      Config
	terminal Terminal
	ctx      context.Context
	in       *queue
	editor   *line.Editor
	out      pager

	draft   Draft  // nil while nothing was changed
	entry   string // that is edited, "" = none
	trace   []string
	leaving bool // 'exit' was said, with changes that are not committed
	over    bool
}

// failure is an error that is known by its text.
type failure string

func (f failure) Error() string { return string(f) }

const (
	errStopped failure = "stopped"
	errEnd     failure = "the end of the input"
	errBadLine failure = "the line"
)

// badLine is errBadLine with what is wrong.
type badLine string

func (b badLine) Error() string        { return string(b) }
func (b badLine) Is(target error) bool { return target == errBadLine }

// readLine reads a line. errStopped says that the person gave it up.
func (s *session) readLine(prompt string, mode line.Mode) (string, error) {
	s.out.pause()
	s.editor.Begin(prompt, mode)
	s.flush()
	for {
		c, err := s.in.next(s.ctx, s.cfg.Idle)
		if err != nil {
			if text := s.editor.Rest(); text != "" && !s.terminal.Interactive {
				return text, nil // the last line has no end
			}
			return "", err
		}
		ev, ok := s.editor.Input(c)
		s.flush()
		if !ok {
			continue
		}
		switch ev.Kind {
		case line.Line:
			return ev.Text, nil
		case line.Noise:
			return ev.Text, badLine("There was noise in the line")
		case line.TooLong:
			return ev.Text, badLine(fmt.Sprintf("The line is longer than %d characters", line.MaxLine))
		case line.Interrupt:
			return "", errStopped
		case line.End:
			return "", errEnd
		case line.Complete:
			s.completeLine(ev.Text)
		case line.Help:
			s.helpLine(ev.Text)
		}
		s.flush()
	}
}

// flush writes what the editor has drawn.
func (s *session) flush() { s.terminal.Out.Write(s.editor.Output()) }

// ask reads a secret, twice where it is a new one.
func (s *session) ask(prompt string, twice bool) (string, error) {
	mode := line.Hidden
	if !s.terminal.Interactive {
		mode, twice = line.Silent, false
	}
	first, err := s.readLine(prompt+": ", mode)
	if err != nil || !twice {
		return first, err
	}
	again, err := s.readLine("The same once more: ", mode)
	if err == nil && again != first {
		err = cause.New(cause.Usage, "the two are not the same; nothing is changed")
	}
	return first, err
}

// execute runs a line.
func (s *session) execute(text string) error {
	words, _, err := split(text)
	if err != nil {
		return cause.New(cause.Usage, "%v", err)
	}
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	m, err := find(s.rows(), words, s.isEntry)
	if err != nil {
		return err
	}
	c, err := m.command()
	if err != nil {
		return err
	}
	if c.name() != "exit" {
		s.leaving = false
	}
	s.out.pause()
	err = c.run(s, m.args)
	if errors.Is(err, errStopped) {
		s.printf("stopped\n")
		return nil
	}
	return err
}

// rows are the commands that have a meaning now.
func (s *session) rows() []*command {
	var rows []*command
	all := table()
	for i := range all {
		if !all[i].inEdit || s.entry != "" {
			rows = append(rows, &all[i])
		}
	}
	return rows
}

// during runs f, which waits for something, until it is done or a person
// stops it: with Ctrl-C, a break, or any key.
func (s *session) during(anyKey bool, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	s.in.run(func() { cancel(errStopped) }, anyKey)
	defer s.in.rest()
	s.out.endless = true
	defer func() { s.out.endless = false }()
	err := f(ctx)
	if ctx.Err() != nil && s.ctx.Err() == nil {
		return errStopped
	}
	return err
}

// prompt tells where the person is, and with * that there is something to
// commit.
func (s *session) prompt() string {
	p := "dun"
	if s.entry != "" {
		p += " " + s.entry
	}
	if s.draft != nil && s.draft.Changed() {
		p += "*"
	}
	return p + "> "
}

// names are the entries as they shall be.
func (s *session) names() []string {
	if s.draft != nil {
		return s.draft.Entries()
	}
	return s.cfg.Book.Entries()
}

func (s *session) isEntry(name string) bool { return slices.Contains(s.names(), name) }

func (s *session) printf(format string, args ...any) { fmt.Fprintf(&s.out, format, args...) }

// fail tells what happened, what to do about it, and Windows' number.
func (s *session) fail(err error) {
	s.printf("%% %v\n", err)
	i := cause.Of(err).Info()
	if cause.Of(err) == cause.Usage || cause.Of(err) == cause.Internal {
		return
	}
	if i.Remedy != "" {
		s.printf("  %s\n", i.Remedy)
	}
	if i.RAS != 0 {
		s.printf("  [%s, Windows RAS error %d]\n", i.Name, i.RAS)
	}
}
