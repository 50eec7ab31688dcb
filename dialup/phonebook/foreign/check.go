package foreign

import (
	"errors"
	"strings"

	"dun/dialup/phonebook"
)

// check holds the entries against the rules of the phonebook: a setting that
// it does not take is left out, an entry that cannot be without it, too. Each
// round leaves something out, so there is an end.
func (r *reader) check() {
	for len(r.drafts) > 0 {
		text, owner := r.book()
		_, _, err := phonebook.Parse([]byte(text), nil)
		var problems phonebook.Problems
		if err == nil || !errors.As(err, &problems) {
			return
		}
		less := false
		for i := range problems {
			if p := &problems[i]; !p.Warning && p.Line > 0 && p.Line <= len(owner) {
				less = r.leaveOut(owner[p.Line-1], p) || less
			}
		}
		if !less {
			r.drafts = nil // nothing that could be added safely
		}
	}
}

// line is what a line of the phonebook says: a setting of a draft, or, with "",
// its name.
type line struct {
	d   *draft
	key string
}

// book is the drafts as a phonebook, and what each line of it is.
func (r *reader) book() (string, []line) {
	var b strings.Builder
	var owner []line
	for _, d := range r.drafts {
		b.WriteString("[entry.'" + d.Name + "']\n")
		owner = append(owner, line{d, ""})
		for i := range d.Settings {
			s := &d.Settings[i]
			b.WriteString(s.Key + " = " + s.Value + "\n")
			owner = append(owner, line{d, s.Key})
		}
	}
	return b.String(), owner
}

func (r *reader) leaveOut(l line, p *phonebook.Problem) bool {
	d := l.d
	key := p.Key[strings.LastIndexByte(p.Key, '.')+1:]
	for i := range d.Settings {
		if d.Settings[i].Key == key && key != "device" {
			r.problem(d.from[i], p.Text, p.Remedy)
			d.Settings, d.from = append(d.Settings[:i], d.Settings[i+1:]...), append(d.from[:i], d.from[i+1:]...)
			return true
		}
	}
	if l.key != "" { // it was left out for an earlier mistake
		return false
	}
	remedy := p.Remedy
	if key == "user" {
		remedy = `Say it by --user NAME, for example --user 'CORP\alice'.`
	}
	n := len(r.notes)
	if r.problem(d.at, p.Text+" The entry was not made.", remedy); len(r.notes) > n {
		r.notes[n].Warning = false
	}
	n = len(r.drafts)
	r.drop(d)
	return len(r.drafts) < n
}
