package strict

import (
	"cmp"
	"fmt"
	"sort"
	"strings"

	"dun/dialup/cause"
)

// maxProblems bounds what is collected of one file.
const maxProblems = 200

// Problem is one thing that is wrong with a file.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`   // from 1; 0 = the file as a whole
	Column  int    `json:"column,omitempty"` // from 1, in characters
	Key     string `json:"key,omitempty"`    // whole: "entry.office.host"
	Text    string `json:"text"`             // what is wrong, a sentence
	Remedy  string `json:"remedy,omitempty"` // what to do about it
	Warning bool   `json:"warning,omitempty"`
}

// String is the problem on one line, in the form that editors jump to:
// "phonebook.toml:12:8: entry.office.host: The host is missing. Add ...".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Warning {
		b.WriteString("warning: ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Text)
	if p.Remedy != "" {
		b.WriteString(" " + p.Remedy)
	}
	return b.String()
}

// Problems is what was found, in the order of the files.
type Problems []Problem

// Error names the first error, and how many more there are.
func (ps Problems) Error() string {
	errs := ps.Errors()
	switch len(errs) {
	case 0:
		return "no problem"
	case 1:
		return errs[0].String()
	}
	return fmt.Sprintf("%s (and %d more)", errs[0], len(errs)-1)
}

// Errors leaves the warnings out, Warnings the errors.
func (ps Problems) Errors() Problems   { return ps.filter(false) }
func (ps Problems) Warnings() Problems { return ps.filter(true) }

func (ps Problems) filter(warning bool) Problems {
	var out Problems
	for _, p := range ps {
		if p.Warning == warning {
			out = append(out, p)
		}
	}
	return out
}

// Err is nil when there is nothing worse than a warning; otherwise a
// *cause.Error with cause.BadConfig that wraps the Problems.
func (ps Problems) Err() error {
	errs := ps.Errors()
	if len(errs) == 0 {
		return nil
	}
	return cause.Wrap(cause.BadConfig, errs, "")
}

// Sort puts the problems of each file into the order of its lines; the files
// keep their order.
func (ps Problems) Sort() {
	rank := make(map[string]int)
	for _, p := range ps {
		if _, known := rank[p.File]; !known {
			rank[p.File] = len(rank)
		}
	}
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := ps[i], ps[j]
		return cmp.Or(cmp.Compare(rank[a.File], rank[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) < 0
	})
}
