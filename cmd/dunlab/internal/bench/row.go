package bench

import (
	"fmt"
	"slices"
)

// Row is one line of the results: two things that were measured by turns,
// or one figure, beside what it has to be.
type Row struct {
	Measure string `json:"measure"` // "guest, TCP, stateless: dun / kernel"
	Unit    string `json:"unit"`    // of the raw figures
	A       Series `json:"a"`
	B       Series `json:"b"` // no name: the row is the figure A alone

	// Ratios of A to B, one a round.
	Ratios []float64 `json:"ratios,omitempty"`

	Aim   Aim    `json:"aim"`
	Error string `json:"error,omitempty"` // why there is no figure
}

// Series is one of the two, in all rounds.
type Series struct {
	Name   string    `json:"name,omitempty"`
	Values []float64 `json:"values,omitempty"`
}

// Aim is what a row's value has to be: at least or at most Value. Without a
// word there is none.
type Aim struct {
	Word  string  `json:"word,omitempty"`
	Value float64 `json:"value,omitempty"`
}

// Words of an Aim.
const (
	atLeast = "at least"
	atMost  = "at most"
)

// NewRow divides a by b in each round that has both.
func NewRow(measure, unit string, aim Aim, aName string, a map[int]float64, bName string, b map[int]float64) Row {
	r := Row{Measure: measure, Unit: unit, Aim: aim, A: Series{Name: aName}, B: Series{Name: bName}}
	for _, round := range rounds(a) {
		if b[round] == 0 {
			continue
		}
		r.A.Values = append(r.A.Values, a[round])
		r.B.Values = append(r.B.Values, b[round])
		r.Ratios = append(r.Ratios, a[round]/b[round])
	}
	if len(r.Ratios) == 0 {
		r.Error = "no round has both"
	}
	return r
}

// NewFigure is a row of one thing alone.
func NewFigure(measure, unit string, aim Aim, values ...float64) Row {
	r := Row{Measure: measure, Unit: unit, Aim: aim, A: Series{Values: values}}
	if len(values) == 0 {
		r.Error = "not measured"
	}
	return r
}

func rounds(m map[int]float64) []int {
	var r []int
	for n := range m {
		r = append(r, n)
	}
	slices.Sort(r)
	return r
}

// Value is what the aim is held against: the median of the ratios, or of the
// figures.
func (r Row) Value() float64 {
	if r.B.Name != "" {
		return Median(r.Ratios)
	}
	return Median(r.A.Values)
}

// Reached reports whether the aim is reached; a row without an aim is.
func (r Row) Reached() bool {
	switch {
	case r.Aim.Word == "":
		return r.Error == ""
	case r.Error != "":
		return false
	case r.Aim.Word == atMost:
		return r.Value() <= r.Aim.Value
	}
	return r.Value() >= r.Aim.Value
}

// Line is the row for a person.
func (r Row) Line() string {
	if r.Error != "" {
		return fmt.Sprintf("%s: %s", r.Measure, r.Error)
	}
	s := fmt.Sprintf("%s: %s", r.Measure, number(r.Value()))
	if r.B.Name == "" {
		s += " " + r.Unit
	}
	if r.Aim.Word != "" {
		s += fmt.Sprintf(" (%s %s: %s)", r.Aim.Word, number(r.Aim.Value), r.verdict())
	}
	if raw := r.Raw(); raw != "" {
		s += "  " + raw
	}
	return s
}

// Raw are both raw figures with their spread.
func (r Row) Raw() string {
	if r.Error != "" || len(r.A.Values) == 0 {
		return ""
	}
	if r.B.Name == "" {
		if len(r.A.Values) < 2 {
			return ""
		}
		return spread(r.A.Values) + " " + r.Unit
	}
	return fmt.Sprintf("%s %s, %s %s %s", r.A.Name, spread(r.A.Values), r.B.Name, spread(r.B.Values), r.Unit)
}

func (r Row) verdict() string {
	if r.Reached() {
		return "reached"
	}
	return "missed"
}

// spread is the median, and the least and the most when there are several.
func spread(values []float64) string {
	s := number(Median(values))
	if len(values) > 1 {
		s += fmt.Sprintf(" (%s to %s)", number(slices.Min(values)), number(slices.Max(values)))
	}
	return s
}

// number has three digits that mean something.
func number(f float64) string {
	switch {
	case f == 0:
		return "0"
	case f >= 100 || f <= -100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10 || f <= -10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}
