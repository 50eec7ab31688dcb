package console

import (
	"slices"
	"strings"

	"dun/dialup/cause"
)

// command is a row of the table.
//
// The syntax has words as they are typed, "a|b" for one of several, words in
// capitals for what a person fills in, brackets around what may be left out,
// and "..." behind what may come several times, at the end.
type command struct {
	syntax string
	short  string // one line, no full stop
	long   string // more of it, for 'help COMMAND' and the manual; may be empty
	inEdit bool   // it has a meaning only where an entry is edited
	run    func(s *session, args []string) error
}

// word gives the i-th word of the syntax, "" behind its end.
func (c *command) word(i int) string {
	words := strings.Fields(c.syntax)
	if last := len(words) - 1; i > last && strings.Contains(words[last], "...") {
		return "[" + words[last] + "]"
	} else if i > last {
		return ""
	}
	return words[i]
}

// bare is a word of a syntax without the signs.
func bare(word string) string { return strings.Trim(word, "[].") }

// isValue tells words in capitals.
func isValue(bare string) bool { return bare != "" && bare[0] >= 'A' && bare[0] <= 'Z' }

// name is what the command is called.
func (c *command) name() string { return bare(c.word(0)) }

// ends reports whether a line may end before the i-th word.
func (c *command) ends(i int) bool { return c.word(i) == "" || c.word(i)[0] == '[' }

// match is what a line can be so far.
type match struct {
	rows  []*command
	args  []string // values, and choices between words, spelled out
	count int      // words seen
}

// find narrows the table down, word by word. A word of a command may be cut
// short as long as only one fits; an entry's name comes before that.
func find(rows []*command, words []string, isEntry func(string) bool) (m match, err error) {
	m.rows = rows
	for i, w := range words {
		exact, fit, value := "", []string(nil), ""
		for _, c := range m.rows {
			b := bare(c.word(i))
			if isValue(b) {
				value = b
				continue
			}
			for _, choice := range strings.Split(b, "|") {
				if choice == w {
					exact = w
				} else if w != "" && strings.HasPrefix(choice, w) && !slices.Contains(fit, choice) {
					fit = append(fit, choice)
				}
			}
		}
		switch {
		case exact != "":
		case value != "" && (len(fit) == 0 || value == "ENTRY" && isEntry(w)):
		case len(fit) == 1:
			exact = fit[0]
		case len(fit) > 1:
			return m, cause.New(cause.Usage, "%q can be %s", w, strings.Join(fit, ", "))
		default:
			return m, cause.New(cause.Usage, "%q is not understood here; '?' shows what is", w)
		}
		m.narrow(i, w, exact)
	}
	return m, nil
}

// narrow keeps the rows with a literal word as the i-th, or with a value where
// there is none.
func (m *match) narrow(i int, typed, literal string) {
	var left []*command
	choice := literal == ""
	for _, c := range m.rows {
		b := bare(c.word(i))
		if literal == "" && isValue(b) || literal != "" && slices.Contains(strings.Split(b, "|"), literal) {
			left = append(left, c)
			choice = choice || b != literal
		}
	}
	m.rows, m.count = left, i+1
	if literal != "" {
		typed = literal
	}
	if choice {
		m.args = append(m.args, typed)
	}
}

// command is the one row that the line is, whole.
func (m match) command() (*command, error) {
	usage := ""
	for _, c := range m.rows {
		if c.ends(m.count) {
			return c, nil
		}
		usage += " '" + c.syntax + "'"
	}
	return nil, cause.New(cause.Usage, "the command goes on:%s", usage)
}
