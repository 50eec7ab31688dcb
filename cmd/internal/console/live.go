package console

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"dun/cmd/internal/console/line"
	"dun/dialup/cause"
)

func (s *session) show(args []string) error {
	if len(args) == 0 && s.entry != "" {
		args = []string{s.entry}
	}
	if len(args) == 0 {
		return s.cfg.Tools.Status(&s.out, "")
	}
	if err := s.look(func(d Draft) error { return d.Show(&s.out, args[0]) }); err != nil {
		return err
	}
	if err := s.cfg.Tools.Status(&s.out, args[0]); err != nil {
		s.printf("%v\n", err)
	}
	return nil
}

func (s *session) showBook([]string) error {
	return s.look(func(d Draft) error { return d.Show(&s.out, "") })
}

func (s *session) showVersions([]string) error { return s.cfg.Book.Versions(&s.out) }

// withPassword runs f, and once more with a password where none is stored.
func (s *session) withPassword(entry string, f func(ctx context.Context, password string) error) error {
	err := s.during(false, func(ctx context.Context) error { return f(ctx, "") })
	if cause.Of(err) != cause.PasswordMissing {
		return err
	}
	password, err := s.ask("Password for entry "+entry, false)
	if err != nil {
		return err
	}
	return s.during(false, func(ctx context.Context) error { return f(ctx, password) })
}

func (s *session) dial(args []string) error {
	return s.withPassword(args[0], func(ctx context.Context, password string) error {
		return s.cfg.Tools.Dial(ctx, &s.out, args[0], password, s.trace)
	})
}

func (s *session) test(args []string) error {
	if s.draft != nil && s.draft.Changed() {
		s.printf("This tries what is saved, not what is not committed yet.\n")
	}
	return s.withPassword(args[0], func(ctx context.Context, password string) error {
		return s.cfg.Tools.Test(ctx, &s.out, args[0], password, s.trace)
	})
}

func (s *session) hangUp(args []string) error {
	return s.during(false, func(ctx context.Context) error { return s.cfg.Tools.HangUp(ctx, &s.out, args[0]) })
}

func (s *session) hangUpAll([]string) error {
	return s.during(false, func(ctx context.Context) error { return s.cfg.Tools.HangUp(ctx, &s.out, "") })
}

// monitor stops by any key, and when nobody has pressed one for too long.
func (s *session) monitor([]string) error {
	s.printf("Any key stops.\n")
	err := s.during(true, func(ctx context.Context) error {
		if s.cfg.Idle > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.cfg.Idle)
			defer cancel()
		}
		return s.cfg.Tools.Monitor(ctx, &s.out, s.trace)
	})
	if err == errStopped {
		return nil
	}
	return err
}

// everything is what to trace for all of it.
const everything = "all"

// setTrace says which packets dial, test and monitor show.
func (s *session) setTrace(args []string) error {
	var trace []string
	found := false
	for _, p := range s.cfg.Tools.Protocols() {
		on := slices.Contains(s.trace, p)
		if args[0] == everything || args[0] == p {
			on, found = args[1] == "on", true
		}
		if on {
			trace = append(trace, p)
		}
	}
	if !found {
		return cause.New(cause.Usage, "%q is no protocol; '?' shows them", args[0])
	}
	s.trace = trace
	return s.showTrace(nil)
}

func (s *session) showTrace([]string) error {
	if len(s.trace) == 0 {
		s.printf("Nothing is traced.\n")
		return nil
	}
	s.printf("dial, test and monitor show the packets of %s.\n", strings.Join(s.trace, " "))
	return nil
}

func (s *session) log(args []string) error {
	n := max(s.terminal.Rows-2, 10)
	if len(args) > 0 {
		var err error
		if n, err = strconv.Atoi(args[0]); err != nil || n < 1 {
			return cause.New(cause.Usage, "%q is no number of lines", args[0])
		}
	}
	return s.cfg.Tools.Log(&s.out, n)
}

func (s *session) modem(args []string) error {
	name, command := "", ""
	if len(args) > 0 {
		name, command = args[0], strings.Join(args[1:], " ")
	}
	return s.during(false, func(ctx context.Context) error { return s.cfg.Tools.Modem(ctx, &s.out, name, command) })
}

func (s *session) doctor(args []string) error {
	entry := ""
	if len(args) > 0 {
		entry = args[0]
	}
	return s.during(false, func(ctx context.Context) error { return s.cfg.Tools.Doctor(ctx, &s.out, entry) })
}

func (s *session) reload([]string) error {
	err := s.cfg.Tools.Reload()
	if err == nil {
		s.printf("Read.\n")
	}
	return err
}

// setTerminal says how large the terminal is.
func (s *session) setTerminal(args []string) error {
	n, err := strconv.Atoi(args[1])
	switch {
	case err != nil || n < 0 || n > 500 || args[0] == "columns" && n < line.MinColumns:
		return cause.New(cause.Usage, "%q is no number of %s", args[1], args[0])
	case args[0] == "rows":
		s.terminal.Rows, s.out.rows = n, n
	default:
		s.terminal.Columns = n
		s.editor.Resize(n)
	}
	return nil
}

// before is s up to a separator.
func before(s, separator string) string {
	head, _, _ := strings.Cut(s, separator)
	return head
}
