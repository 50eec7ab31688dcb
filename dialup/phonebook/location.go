package phonebook

import (
	"slices"
	"strings"

	"dun/dialup/strict"
)

// Location is a place to dial from, [location.NAME]. [dialing] says which of
// them the machine is at. Its rules make numbers that can be dialed there out
// of numbers in the form "+49 (30) 5550100", as the dialing rules of Windows
// do; other numbers are dialed as they are, unless their entry says dial-as.
type Location struct {
	Name          string
	Country       string // code: "49", "1"
	Area          string // code, without the long-distance prefix: "30"
	Outside       string // before local calls, to get an outside line: "0,"
	OutsideLong   string // before all other calls
	LongDistance  string // before the area code: "0", "1"
	International string // before the country's code: "00", "011"
	CallWaiting   string // turns call waiting off for a call: "*70,"
	Dialing       string // "T" tone, "P" pulse, "" as the modem is set
}

// DialRule says what the location does to an entry's numbers.
type DialRule uint8

const (
	DialAuto    DialRule = iota // as the form of the number says
	DialExactly                 // nothing: just this is dialed
	DialLocal                   // a local call, whatever the area code
	DialLong                    // a long-distance call, also within the area
)

var ruleNames = []string{"auto", "exactly", "local", "long-distance"}

func (r DialRule) String() string { return ruleNames[r] }

// readLocations reads [dialing] and [location.NAME].
func (b *Book) readLocations(r *strict.Reader) {
	doc := b.doc
	for _, it := range r.Tables("location") {
		checkName(doc, it)
		lr := doc.Reader(it.Value.Table)
		l := Location{Name: it.Key, International: "00"}
		for _, f := range []struct {
			key, example, allowed string
			to                    *string
		}{
			{"country", "49", "", &l.Country},
			{"area", "30", "", &l.Area},
			{"outside", "0,", dialable, &l.Outside},
			{"outside-long", "0,", dialable, &l.OutsideLong},
			{"long-distance", "0", dialable, &l.LongDistance},
			{"international", "00", dialable, &l.International},
			{"call-waiting", "*70,", dialable, &l.CallWaiting},
		} {
			s, ok := lr.String(f.key, `"`+f.example+`"`)
			if !ok {
				continue
			}
			if bad := strings.Trim(s, "0123456789"+f.allowed); bad != "" || len(s) > 16 {
				lr.Wrong(f.key, `Write for example: `+f.key+` = "`+f.example+`"`, "This cannot be dialed there.")
			}
			*f.to = s
		}
		if !lr.Has("outside-long") {
			l.OutsideLong = l.Outside
		}
		if i, ok := lr.Choice("dialing", "tone", "pulse"); ok {
			l.Dialing = []string{"T", "P"}[i]
		}
		lr.Missing("country", `Write country = "49", the code of the country.`, "The location does not say in which country it is.")
		lr.Finish()
		b.places = append(b.places, l)
	}
	t, ok := r.Table("dialing")
	if !ok {
		return
	}
	dr := doc.Reader(t)
	if name, ok := dr.String("location", `"home"`); ok && name != NoLocation {
		var names []string
		for i := range b.places {
			if names = append(names, b.places[i].Name); names[i] == name {
				b.here = &b.places[i]
			}
		}
		if b.here == nil && !doc.Root.Damaged {
			dr.Wrong("location", "Choose "+strict.List(append(names, NoLocation), "or")+".", "There is no location %s.", dr.Quote(name))
		}
	}
	dr.Finish()
}

// NoLocation in [dialing] is no location: all numbers are dialed as they are.
const NoLocation = "none"

// dialable are the characters beside digits in prefixes.
const dialable = "*#,Ww"

// Locations lists the places to dial from, in the order of the file.
func (b *Book) Locations() []Location { return slices.Clone(b.places) }

// Location is where the machine is, if the phonebook says so.
func (b *Book) Location() (Location, bool) {
	if b.here == nil {
		return Location{}, false
	}
	return *b.here, true
}

// compose makes Dial out of Phone.
func (e *Entry) compose(here *Location) {
	for _, n := range e.Phone {
		if here != nil {
			n = here.compose(n, e.Rule)
		}
		e.Dial = append(e.Dial, n)
	}
}

// number is a number in parts; country and area are "" where it has none.
type number struct{ country, area, local string }

// part takes "+49 (30) 5550100" apart. The country is known to be ours by
// beginning with its code, since no code begins another (ITU-T E.164); else it
// stays with the rest.
func (l *Location) part(s string) (n number, canonical bool) {
	rest, canonical := strings.CutPrefix(strings.TrimSpace(s), "+")
	if before, behind, found := strings.Cut(rest, "("); found {
		if area, local, closed := strings.Cut(behind, ")"); closed {
			return number{plain(before), plain(area), plain(local)}, canonical
		}
	}
	if rest = plain(rest); canonical && l.Country != "" && strings.HasPrefix(rest, l.Country) {
		return number{country: l.Country, local: rest[len(l.Country):]}, true
	}
	return number{local: rest}, canonical
}

// plain leaves out what is there for people only.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ()-./", r) {
			return -1
		}
		return r
	}, s)
}

// compose is what is dialed for a number from here.
func (l *Location) compose(s string, rule DialRule) string {
	n, canonical := l.part(s)
	if rule == DialExactly || rule == DialAuto && !canonical {
		return s
	}
	head := l.Dialing + l.CallWaiting
	ours := !canonical || n.country == l.Country
	isLocal := ours && n.area == l.Area
	switch {
	case rule == DialLocal || rule == DialAuto && isLocal:
		return head + l.Outside + n.local
	case ours:
		return head + l.OutsideLong + l.LongDistance + n.area + n.local
	}
	return head + l.OutsideLong + l.International + n.country + n.area + n.local
}

// checkNumbers reports numbers that the location cannot do right.
func (b *Book) checkNumbers(tables map[string]*strict.Reader) {
	for _, e := range b.entries {
		r := tables[e.Name]
		for _, s := range e.Phone {
			if b.here == nil {
				if e.Rule == DialLocal || e.Rule == DialLong {
					r.Warn("dial-as", `Choose one: [dialing] location = "home", with a table [location.home].`, "No dialing location is chosen, so the number is dialed as it is.")
				}
				continue
			}
			n, canonical := b.here.part(s)
			if canonical && e.Rule == DialAuto && n.country == b.here.Country && n.area == "" && b.here.Area != "" {
				r.Warn("phone", "Write it as +"+b.here.Country+" (AREA) NUMBER.", "The area code of %s cannot be told from the number, so this is a long-distance call.", r.Quote(s))
			}
		}
	}
}
