//go:build man

package main

import (
	"regexp"
	"strings"
)

// reference is an annotated file, parted.
type reference struct {
	title  string   // what the file is
	intro  []string // paragraphs
	tables []refTable
}

type refTable struct {
	title    string // "[entry.NAME]"
	intro    []string
	settings []refSetting
}

// refSetting is what a comment explains: the settings below it. Without
// settings it is a heading.
type refSetting struct {
	lines []string
	text  string
}

var (
	refTitle   = regexp.MustCompile(`^# [a-z]+\.toml: (.*)$`)
	refHeader  = regexp.MustCompile(`^\[(.*)\]$`)
	refLine    = regexp.MustCompile(`^#?([a-z0-9-]+\s*=.*)$`)
	refHeading = regexp.MustCompile(`^# --- (.*)$`)
)

// parseReference parts the text of an annotated file: comments explain the
// tables and settings behind them, as a test of configs wants it.
func parseReference(text string) reference {
	var ref reference
	var comment []string // the lines of the paragraph in progress
	var waiting []string // paragraphs whose subject has not come yet
	flush := func() {
		if len(comment) > 0 {
			waiting = append(waiting, strings.Join(comment, " "))
			comment = nil
		}
	}
	table := func() *refTable {
		return &ref.tables[len(ref.tables)-1]
	}
	for _, l := range strings.Split(text, "\n") {
		switch {
		case ref.title == "" && refTitle.MatchString(l):
			ref.title = strings.TrimSuffix(refTitle.FindStringSubmatch(l)[1], ".")
		case strings.HasPrefix(l, "# -----"):
			flush()
			if len(ref.tables) == 0 {
				ref.intro, waiting = append(ref.intro, waiting...), nil
			}
		case refHeading.MatchString(l):
			flush()
			t := table()
			t.settings = append(t.settings, refSetting{text: refHeading.FindStringSubmatch(l)[1]})
		case refHeader.MatchString(l):
			flush()
			if len(ref.tables) == 0 && len(ref.intro) == 0 && len(waiting) > 1 {
				ref.intro, waiting = waiting[:len(waiting)-1], waiting[len(waiting)-1:]
			}
			ref.tables = append(ref.tables, refTable{title: l, intro: waiting})
			waiting = nil
		case refLine.MatchString(l):
			flush()
			t := table()
			s := refLine.FindStringSubmatch(l)[1]
			if len(waiting) == 0 && len(t.settings) > 0 { // explained together with the one before
				last := &t.settings[len(t.settings)-1]
				last.lines = append(last.lines, s)
				break
			}
			t.settings = append(t.settings, refSetting{lines: []string{s}, text: strings.Join(waiting, " ")})
			waiting = nil
		case l == "#" || l == "":
			flush()
		case strings.HasPrefix(l, "# "):
			comment = append(comment, l[2:])
		}
	}
	return ref
}
