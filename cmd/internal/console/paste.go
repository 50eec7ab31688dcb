package console

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"dun/cmd/internal/console/line"
	"dun/cmd/internal/console/password"
	"dun/dialup/cause"
)

// A phonebook that is saved ends with a line that tells whether all of it
// came back: "# checksum 9f86d081884c7d65, 12 lines".
const (
	checksumLine = "# checksum "
	noChecksum   = "none"
	maxPaste     = 1 << 20 // octets; no phonebook is read that is larger
)

// sum is over what terminal programs leave alone: the lines, without blanks at
// their ends.
func sum(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(l, " \t\r") + "\n")
	}
	full := password.SHA256([]byte(b.String()))
	return hex.EncodeToString(full[:8])
}

func (s *session) save([]string) error {
	return s.look(func(d Draft) error {
		lines := strings.Split(strings.Trim(d.Text(), "\n"), "\n")
		rows := s.out.rows
		s.out.rows = 0 // it is for a file, not for reading
		defer func() { s.out.rows = rows }()
		for _, l := range lines {
			s.printf("%s\n", l)
		}
		s.printf("%s%s, %d lines\n", checksumLine, sum(lines), len(lines))
		return nil
	})
}

// load reads lines until the one with the checksum. Empty lines before the
// first one are the terminal program's.
func (s *session) load([]string) error {
	if s.terminal.Interactive {
		s.printf("Paste the phonebook down to its line '%s...'; Ctrl-C gives it up.\n", checksumLine)
	}
	mode := line.Plain
	if !s.terminal.Interactive {
		mode = line.Silent
	}
	var lines []string
	size, noise, tooLong := 0, 0, 0
	for {
		text, err := s.readLine("", mode)
		switch {
		case errors.Is(err, errBadLine):
			noise++
			if noise == 1 {
				tooLong = len(lines) + 1
			}
		case errors.Is(err, errEnd):
			return errStopped
		case err != nil:
			return err
		}
		if rest, is := strings.CutPrefix(strings.TrimSpace(text), checksumLine); is {
			if err := verify(lines, rest, noise, tooLong); err != nil {
				return err
			}
			break
		}
		if len(lines) == 0 && strings.TrimSpace(text) == "" {
			continue
		}
		if size += len(text) + 1; size > maxPaste {
			lines, noise = nil, noise+1 // the rest is read, so that it is not taken for commands
		}
		lines = append(lines, strings.TrimRight(text, "\r"))
	}
	if err := s.change(func(d Draft) error { return d.Load(strings.Join(lines, "\n") + "\n") }); err != nil {
		return err
	}
	s.leaveLost()
	s.printf("%d lines came whole; 'check' and 'diff' show them, 'commit' saves them.\n", len(lines))
	return nil
}

// verify compares what came with the last line; first is where the first
// damaged line stands.
func verify(lines []string, told string, noise, first int) error {
	want, count, _ := strings.Cut(told, ",")
	want = strings.TrimSpace(want)
	if noise > 0 {
		return cause.New(cause.BadConfig, "%d lines came damaged, the first one is line %d; nothing is changed: paste it again, slower", noise, first)
	}
	if want == noChecksum || want == sum(lines) {
		return nil
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(count), " lines")); err == nil && n != len(lines) {
		return cause.New(cause.BadConfig, "%d lines came of %d; nothing is changed: paste it again, slower", len(lines), n)
	}
	return cause.New(cause.BadConfig, "the checksum does not fit, something was lost or changed; nothing is changed: paste it again, slower")
}
