package at

import (
	"strings"

	"dun/dialup/cause"
)

// Bounds of what a profile or a phonebook may ask us to send.
const (
	maxNumber  = 256
	maxCommand = 512
)

// ValidNumber checks a telephone number as Dial would. Digits, A to D, *, #
// and + are dialed; ',' 'W' '@' '!' '$' '&' 'T' 'P' are pauses and ways of
// dialing (V.250 section 6.3.1); blanks and ( ) - . / are for people and left
// out. The error is a *cause.Error with cause.BadConfig.
func ValidNumber(number string) error {
	_, err := dialDigits(number)
	return err
}

// dialDigits checks number and leaves out what is only there for people.
func dialDigits(number string) (string, error) {
	if len(number) > maxNumber {
		return "", cause.New(cause.BadConfig, "the telephone number is longer than %d characters", maxNumber)
	}
	var b strings.Builder
	digits := false
	for _, r := range number {
		switch {
		case r >= '0' && r <= '9' || strings.ContainsRune("ABCDabcd*#", r):
			digits = true
			b.WriteRune(r)
		case strings.ContainsRune("+,WwTtPp@!$&", r):
			b.WriteRune(r)
		case strings.ContainsRune(" ()-./", r):
		default:
			// A CR here would be a second command, a ';' would leave the
			// modem in command state.
			return "", cause.New(cause.BadConfig, "%q in the telephone number %q cannot be dialed", r, number)
		}
	}
	if !digits {
		return "", cause.New(cause.BadConfig, "the telephone number %q has no digits", number)
	}
	return b.String(), nil
}

// dialLines gives the command lines that dial number.
func (p *Profile) dialLines(number string) ([]string, error) {
	digits, err := dialDigits(number)
	if err != nil {
		return nil, err
	}
	command := p.DialCommand
	for _, s := range []string{command, p.Prefix, p.Suffix} {
		if err := validLine(s); err != nil {
			return nil, err
		}
	}
	if last := command[len(command)-1]; last != 'T' && last != 'P' && last != 't' && last != 'p' {
		if p.Pulse {
			command += "P"
		} else {
			command += "T"
		}
	}
	rest := p.Prefix + digits + p.Suffix
	room := p.MaxCommand - len(command)
	if p.MaxCommand <= 0 || len(rest) <= room {
		return []string{command + rest}, nil
	}
	room-- // for the ';'
	if room < 1 {
		return nil, cause.New(cause.BadConfig, "%q leaves no room for a number in a command of %d characters", command, p.MaxCommand)
	}
	var lines []string
	for len(rest) > room+1 { // the last part has no ";"
		lines = append(lines, command+rest[:room]+";")
		rest = rest[room:]
	}
	return append(lines, command+rest), nil
}

// validLine checks that s can be sent as (part of) one command line.
func validLine(s string) error {
	if len(s) > maxCommand {
		return cause.New(cause.BadConfig, "a modem command is longer than %d characters", maxCommand)
	}
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return cause.New(cause.BadConfig, "the modem command %q has a character that is not printable ASCII", s)
		}
	}
	return nil
}
