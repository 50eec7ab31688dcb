package console

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dun/cmd/internal/console/line"
	"dun/cmd/internal/console/password"
)

// Login is what stands before the commands.
type Login struct {
	Hash     password.Hash
	Failures Failures
}

// Failures remembers how often in a row the password was wrong on one port.
// It is a file, since the process ends when the cable is pulled.
type Failures struct {
	Path string
	// Now is the time since the machine was started, which nobody sets.
	Now func() time.Duration
}

// After so many wrong passwords in a row none is taken for a while.
const (
	lockAfter  = 5
	lockTime   = 5 * time.Minute
	longAfter  = 10
	longTime   = 30 * time.Minute
	firstPause = time.Second // doubled with each one
)

// pauseAfter is how long no password is taken after n wrong ones.
func pauseAfter(n int) time.Duration {
	switch {
	case n <= 0:
		return 0
	case n >= longAfter:
		return longTime
	case n >= lockAfter:
		return lockTime
	}
	return firstPause << (n - 1)
}

// read gives the count, and how long there is to wait.
func (f Failures) read() (n int, wait time.Duration) {
	b, err := os.ReadFile(f.Path)
	if err != nil {
		return 0, 0
	}
	count, at, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	n, err1 := strconv.Atoi(count)
	since, err2 := strconv.ParseInt(at, 10, 64)
	if err1 != nil || err2 != nil || n < 0 {
		return lockAfter, lockTime // nobody here writes that
	}
	passed := f.Now() - time.Duration(since)
	if passed < 0 { // of an earlier run of the machine
		passed = 0
	}
	return n, max(pauseAfter(n)-passed, 0)
}

// add counts one. That comes before the password is looked at: pulling the
// cable in time saves nobody the pause.
func (f Failures) add(n int) error {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
		return err
	}
	temp := f.Path + ".new"
	text := strconv.Itoa(n) + " " + strconv.FormatInt(int64(f.Now()), 10) + "\n"
	if err := os.WriteFile(temp, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, f.Path)
}

func (f Failures) clear() { os.Remove(f.Path) }

// login asks until the password is right. Nothing but the end of the terminal
// ends it.
func (s *session) login() error {
	l := s.cfg.Login
	s.printf("\n%s\n", s.cfg.Greeting)
	wrong := 0 // where the file cannot be written
	for {
		n, wait := l.Failures.read()
		if n < wrong {
			n, wait = wrong, pauseAfter(wrong)
		}
		if wait > 0 {
			if n >= lockAfter {
				s.printf("Locked after %d wrong passwords, for %v.\n", n, wait.Round(time.Second))
			}
			if err := s.sleep(wait); err != nil {
				return err
			}
			s.in.forget()
		}
		text, err := s.readLine("Password: ", line.Hidden)
		switch {
		case errors.Is(err, errStopped), errors.Is(err, errEnd), errors.Is(err, errIdle):
			s.in.touch()
			continue
		case errors.Is(err, errBadLine):
			text = ""
		case err != nil:
			return err
		case text == "": // somebody looks whether there is anything
			continue
		}
		wrong = n + 1
		if err := l.Failures.add(wrong); err == nil {
			wrong = 0
		}
		if text != "" && l.Hash.Fits(text) {
			l.Failures.clear()
			return nil
		}
		s.printf("Wrong.\n")
	}
}

// sleep waits, or until the terminal goes.
func (s *session) sleep(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// greet says where the person is, and what is open.
func (s *session) greet() {
	if s.cfg.Login == nil {
		s.printf("%s\n", s.cfg.Greeting)
	}
	s.printf("'help' lists the commands, '?' what can come next.\n")
	if left, on := s.cfg.Book.Trial(); on {
		s.printf("The last change of the phonebook is on trial: it goes back in %v unless 'confirm' comes.\n", left.Round(time.Second))
	}
}
