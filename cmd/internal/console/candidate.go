package console

import (
	"strconv"
	"time"

	"dun/dialup/cause"
)

// defaultTrial and maxTrial are in minutes.
const (
	defaultTrial = 5
	maxTrial     = 24 * 60
)

// change makes a change in the draft, which begins with the first one.
func (s *session) change(f func(d Draft) error) error {
	if s.draft == nil {
		d, err := s.cfg.Book.Draft()
		if err != nil {
			return err
		}
		s.draft = d
	}
	return f(s.draft)
}

// look is change for what leaves everything as it is.
func (s *session) look(f func(d Draft) error) error {
	if s.draft != nil {
		return f(s.draft)
	}
	d, err := s.cfg.Book.Draft()
	if err != nil {
		return err
	}
	return f(d)
}

func (s *session) add(args []string) error {
	for _, a := range args[1:] {
		if isSecret(before(a, "=")) {
			return cause.New(cause.Usage, "a secret is not shown; 'set %s' asks for it", before(a, "="))
		}
	}
	err := s.change(func(d Draft) error { return d.Add(args[0], args[1:]) })
	if err == nil {
		s.entry = args[0]
	}
	return err
}

func (s *session) edit(args []string) error {
	if !s.isEntry(args[0]) {
		return cause.New(cause.NoEntry, "%q; 'add %s' adds it", args[0], args[0])
	}
	s.entry = args[0]
	return nil
}

func (s *session) end([]string) error {
	s.entry = ""
	return nil
}

func isSecret(key string) bool { return key == "password" || key == "nt-hash" }

func (s *session) set(args []string) error {
	key, values := args[0], args[1:]
	if isSecret(key) {
		return s.setSecret(key, values)
	}
	if len(values) == 0 {
		return cause.New(cause.Usage, "no value is given; 'unset %s' removes it", key)
	}
	return s.change(func(d Draft) error { return d.Set(s.entry, key, values) })
}

func (s *session) setSecret(key string, values []string) error {
	if len(values) > 0 {
		return cause.New(cause.Usage, "a secret is not shown; 'set %s' without it asks for it", key)
	}
	secret, err := s.ask("New "+key+" for entry "+s.entry, true)
	if err != nil {
		return err
	}
	return s.change(func(d Draft) error { return d.SetSecret(s.entry, key, secret) })
}

func (s *session) unset(args []string) error {
	return s.change(func(d Draft) error { return d.Unset(s.entry, args[0]) })
}

func (s *session) remove(args []string) error {
	err := s.change(func(d Draft) error { return d.Remove(args[0]) })
	s.leaveLost()
	return err
}

func (s *session) rename(args []string) error {
	err := s.change(func(d Draft) error { return d.Rename(args[0], args[1]) })
	if err == nil && s.entry == args[0] {
		s.entry = args[1]
	}
	return err
}

func (s *session) copy(args []string) error {
	err := s.change(func(d Draft) error { return d.Copy(args[0], args[1]) })
	if err == nil {
		s.entry = args[1]
	}
	return err
}

// leaveLost leaves an entry that is no more.
func (s *session) leaveLost() {
	if s.entry != "" && !s.isEntry(s.entry) {
		s.entry = ""
	}
}

func (s *session) diff([]string) error {
	if s.draft == nil || !s.draft.Changed() {
		s.printf("Nothing is changed.\n")
		return nil
	}
	s.draft.Diff(&s.out)
	return nil
}

func (s *session) check([]string) error {
	return s.look(func(d Draft) error { return d.Check(&s.out) })
}

func (s *session) commit([]string) error {
	if s.draft != nil && s.draft.Changed() {
		return s.saveDraft(0)
	}
	was, err := s.cfg.Book.Confirm()
	switch {
	case err != nil:
		return err
	case was:
		s.printf("Confirmed.\n")
	default:
		s.printf("Nothing is changed.\n")
	}
	return nil
}

func (s *session) commitTrial(args []string) error {
	minutes := defaultTrial
	if len(args) > 0 {
		var err error
		if minutes, err = strconv.Atoi(args[0]); err != nil || minutes < 1 || minutes > maxTrial {
			return cause.New(cause.Usage, "%q is no number of minutes from 1 to %d", args[0], maxTrial)
		}
	}
	if s.draft == nil || !s.draft.Changed() {
		s.printf("Nothing is changed.\n")
		return nil
	}
	return s.saveDraft(time.Duration(minutes) * time.Minute)
}

// saveDraft saves the draft and begins anew.
func (s *session) saveDraft(trial time.Duration) error {
	if err := s.draft.Commit(&s.out, trial); err != nil {
		return err
	}
	s.draft = nil
	s.leaveLost()
	if trial > 0 {
		s.printf("Saved on trial: all goes back in %v unless 'confirm' comes before.\n", trial)
	} else {
		s.printf("Saved.\n")
	}
	return nil
}

func (s *session) confirm([]string) error {
	was, err := s.cfg.Book.Confirm()
	if err == nil && !was {
		return cause.New(cause.Usage, "nothing is on trial: it was confirmed, or has gone back")
	}
	if err == nil {
		s.printf("Confirmed.\n")
	}
	return err
}

func (s *session) discard([]string) error {
	if s.draft == nil || !s.draft.Changed() {
		s.printf("Nothing is changed.\n")
	}
	s.draft = nil
	s.leaveLost()
	return nil
}

func (s *session) update([]string) error {
	if s.draft == nil {
		s.printf("Nothing is changed.\n")
		return nil
	}
	if err := s.draft.Update(); err != nil {
		return err
	}
	s.leaveLost()
	s.printf("Your changes are on top of what the files are now; 'diff' shows them.\n")
	return nil
}

func (s *session) undo(args []string) error {
	n := 1
	if len(args) > 0 {
		var err error
		if n, err = strconv.Atoi(args[0]); err != nil {
			return cause.New(cause.Usage, "%q is no number", args[0])
		}
	}
	return s.change(func(d Draft) error {
		when, err := d.Undo(n)
		if err == nil {
			s.printf("As it was before the change of %s; 'diff' shows it, 'commit' saves it.\n", when)
			s.leaveLost()
		}
		return err
	})
}

// exit leaves, at the second time also with changes that are not committed.
func (s *session) exit([]string) error {
	if s.draft != nil && s.draft.Changed() && !s.leaving {
		s.leaving = true
		s.printf("There are changes: 'commit' saves them, 'exit' once more drops them.\n")
		return nil
	}
	s.over = true
	return nil
}
