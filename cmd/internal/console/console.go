package console

import (
	"context"
	"errors"
	"io"
	"time"

	"dun/cmd/internal/console/line"
	"dun/dialup/cause"
)

// Terminal is where the technician sits. Reading ends when the cable goes, or
// when whoever has opened it closes it.
type Terminal struct {
	In  io.Reader
	Out io.Writer
	// Interactive says that a person types: lines are edited, prompts shown.
	// Without, the input is a list of commands, of which the first that fails
	// ends the conversation.
	Interactive   bool
	Columns, Rows int // 80 by 24 where they are 0
}

// Config is what a console is made of.
type Config struct {
	Greeting string        // "dun 1.2, ttyS0"
	Login    *Login        // nil: no log-in is needed
	Idle     time.Duration // without a key for so long it logs out; 0 = never
	Book     Book
	Tools    Tools
}

// Why a conversation ended that nobody said good-bye to.
const (
	ErrIdle = "logged out: " + errIdle
	// ErrGone is what the context of Run is cancelled with when the cable goes.
	ErrGone failure = "the terminal is gone"
)

// Run leads one conversation, until the technician leaves, the terminal goes
// or ctx ends. What was not committed is dropped. The error is nil after
// 'exit', and for a terminal without a person that of the command that failed.
//
// The goroutine that reads the terminal ends with the terminal's next octet or
// end, not with Run: whoever has opened the terminal closes it.
func Run(ctx context.Context, t Terminal, cfg Config) error {
	if t.Columns <= 0 {
		t.Columns = 80
	}
	if t.Rows <= 0 {
		t.Rows = 24
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &session{cfg: cfg, terminal: t, ctx: ctx, in: newQueue(!t.Interactive), editor: line.New(t.Columns)}
	s.out.to, s.out.rows = t.Out, t.Rows
	s.out.crlf = t.Interactive
	s.out.more = s.more
	go s.in.fill(ctx, t.In, func() {
		if t.Interactive {
			cancel(ErrGone)
		}
	})
	if !t.Interactive {
		return s.script()
	}
	return s.converse()
}

// converse leads a conversation with a person.
func (s *session) converse() error {
	if s.cfg.Login != nil {
		if err := s.login(); err != nil {
			return s.farewell(err)
		}
	}
	s.greet()
	for !s.over {
		text, err := s.readLine(s.prompt(), line.Edit)
		switch {
		case errors.Is(err, errStopped):
			s.leaving = false
			continue
		case errors.Is(err, errEnd):
			s.printf("'exit' logs out.\n") // the octet may be noise
			continue
		case errors.Is(err, errBadLine):
			s.printf("%v; it was not run.\n", err)
			continue
		case err != nil:
			return s.farewell(err)
		}
		s.editor.Remember(text)
		if err := s.execute(text); err != nil {
			s.fail(err)
		}
		if s.ctx.Err() != nil {
			return s.farewell(context.Cause(s.ctx))
		}
	}
	return nil
}

// farewell says why it ends.
func (s *session) farewell(err error) error {
	if errors.Is(err, errIdle) {
		err = ErrIdle
	}
	if s.ctx.Err() == nil {
		s.printf("\n%v\n", err)
		if s.draft != nil && s.draft.Changed() {
			s.printf("What was not committed is dropped.\n")
		}
	}
	return err
}

// script runs commands that no person types.
func (s *session) script() error {
	for !s.over {
		text, err := s.readLine("", line.Silent)
		switch {
		case errors.Is(err, io.EOF):
			return s.unsaved()
		case errors.Is(err, errStopped), errors.Is(err, errEnd):
			return cause.New(cause.Usage, "a control character in the commands")
		case err != nil:
			return err
		}
		if err := s.execute(text); err != nil {
			return err
		}
	}
	return s.unsaved()
}

// unsaved tells that commands ended without commit.
func (s *session) unsaved() error {
	if s.draft != nil && s.draft.Changed() {
		return cause.New(cause.Usage, "the commands end without 'commit': nothing was saved")
	}
	return nil
}
