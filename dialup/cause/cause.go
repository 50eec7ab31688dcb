package cause

import (
	"errors"
	"fmt"
	"strings"
)

// Cause says why a connection failed or ended. The zero Cause is None.
type Cause uint8

// Info is a row of the table.
type Info struct {
	Name     string // for --json and scripts, never changes
	Sentence string // what happened, for a person
	Remedy   string // what to do about it
	RAS      int    // Windows RAS error number, 0 where Windows has none
	Exit     int    // exit code, pppd's where one fits
	Retry    Retry
}

// Retry says what the agent's retry loop may do after a cause.
type Retry uint8

const (
	RetryNever  Retry = iota // a person has to change something first
	RetryAtOnce              // redial now, then with growing pauses
	RetryNext                // wait, then try the next number or host
)

// Error is a Cause with what is known of the single case.
type Error struct {
	Cause  Cause
	Detail string // the place and the particulars, may be empty
	Err    error  // what the system said, may be nil
}

// New returns an Error; detail is formatted as by fmt.Sprintf.
func New(c Cause, detail string, args ...any) *Error {
	return &Error{Cause: c, Detail: fmt.Sprintf(detail, args...)}
}

// Wrap returns an Error for what the system said.
func Wrap(c Cause, err error, detail string, args ...any) *Error {
	return &Error{Cause: c, Detail: fmt.Sprintf(detail, args...), Err: err}
}

func (e *Error) Error() string {
	if text := e.Text(); text != "" {
		return strings.TrimSuffix(e.Cause.Info().Sentence, ".") + ": " + text
	}
	return e.Cause.Info().Sentence
}

// Text is what is known of the case beyond its cause, empty when nothing is.
func (e *Error) Text() string {
	if e.Err == nil {
		return e.Detail
	}
	if e.Detail == "" {
		return e.Err.Error()
	}
	return e.Detail + ": " + e.Err.Error()
}

func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Err}
}

// Of finds the Cause of err: None for nil, Internal for an error without one.
func Of(err error) Cause {
	if err == nil {
		return None
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Cause
	}
	var c Cause
	if errors.As(err, &c) {
		return c
	}
	return Internal
}

// Info gives the row of c; an unknown Cause has the row of Internal.
func (c Cause) Info() Info {
	if int(c) >= len(table) || table[c].Name == "" {
		c = Internal
	}
	return table[c]
}

// String is the cause's name.
func (c Cause) String() string { return c.Info().Name }

// Error makes a bare Cause an error.
func (c Cause) Error() string { return c.Info().Sentence }

// All lists the causes in the order of the table, None left out.
func All() []Cause {
	all := make([]Cause, 0, len(table)-1)
	for c := None + 1; int(c) < len(table); c++ {
		all = append(all, c)
	}
	return all
}
