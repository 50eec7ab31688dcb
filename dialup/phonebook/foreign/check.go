package foreign

import (
	"errors"
	"slices"
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
		for _, p := range problems.Errors() {
			if p.Line < 1 || p.Line > len(owner) {
				continue
			}
			less = r.leaveOut(owner[p.Line-1], p) || less
		}
		r.drafts = slices.DeleteFunc(r.drafts, func(d *draft) bool { return d.Name == "" })
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
		for _, s := range d.Settings {
			b.WriteString(s.Key + " = " + s.Value + "\n")
			owner = append(owner, line{d, s.Key})
		}
	}
	return b.String(), owner
}

func (r *reader) leaveOut(l line, p phonebook.Problem) bool {
	d := l.d
	key := p.Key[strings.LastIndexByte(p.Key, '.')+1:]
	i := slices.IndexFunc(d.Settings, func(a phonebook.Assignment) bool { return a.Key == key })
	switch {
	case d.Name == "":
		return false
	case i >= 0 && key != "device":
		r.note(d.from[i], d.raw+": "+key, p.Text, p.Remedy)
		d.Settings, d.from = slices.Delete(d.Settings, i, i+1), slices.Delete(d.from, i, i+1)
	case l.key != "": // it was left out for an earlier mistake
		return false
	default:
		remedy := p.Remedy
		if key == "user" {
			remedy = `Say it by --user NAME, for example --user 'CORP\alice'.`
		}
		r.refuse(d.at, d.raw, p.Text, remedy)
		d.Name = ""
	}
	return true
}
