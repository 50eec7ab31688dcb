package console

import (
	"strings"

	"dun/dialup/cause"
)

// offer is something that can come next.
type offer struct {
	word  string // as it is typed, or <VALUE> where nobody can list it
	short string // what it means
}

// offers lists what can come at the end of a line that is typed, with the
// beginning of the word there, which may be empty.
func (s *session) offers(before string) (begun string, list []offer, err error) {
	words, open, err := split(before)
	if err != nil {
		return "", nil, err
	}
	if open {
		begun = words[len(words)-1]
		words = words[:len(words)-1]
	}
	m, err := find(s.rows(), words, s.isEntry)
	if err != nil {
		return "", nil, err
	}
	add := func(word, short string) {
		for _, o := range list {
			if o.word == word {
				return
			}
		}
		if strings.HasPrefix(word, begun) || word[0] == '<' {
			list = append(list, offer{word, short})
		}
	}
	for _, c := range m.rows {
		b := bare(c.word(m.count))
		switch {
		case b == "":
		case isValue(b):
			if !s.values(b, m, add) {
				add("<"+b+">", valueText(b))
			}
		default:
			for _, w := range strings.Split(b, "|") {
				add(w, c.short)
			}
		}
		if begun == "" && m.count > 0 && c.ends(m.count) {
			add("<Enter>", "the command is whole")
		}
	}
	return begun, list, nil
}

// values offers what is known of a value; false where it may be something
// else as well.
func (s *session) values(value string, m match, add func(word, short string)) bool {
	var words []string
	switch {
	case value == "ENTRY":
		words = s.names()
	case value == "MODEM":
		words = s.cfg.Tools.Modems()
	case value == "PROTOCOL":
		words = append(s.cfg.Tools.Protocols(), everything)
	case value == "VALUE":
		words = s.cfg.Book.Values(m.args[0])
	case value == "COMMAND" && m.count == 1:
		for _, c := range s.rows() {
			add(c.name(), c.short)
		}
	case strings.HasPrefix(value, "KEY"), value == "COMMAND":
		for _, k := range s.cfg.Book.Keys() {
			first, _, _ := strings.Cut(k.Help, ". ")
			if value == "KEY=VALUE" {
				k.Name += "="
			}
			add(k.Name, first)
		}
	}
	for _, w := range words {
		add(w, valueText(value))
	}
	return len(words) > 0 && value != "VALUE" || strings.HasPrefix(value, "KEY") || value == "COMMAND"
}

// completeLine answers Tab.
func (s *session) completeLine(before string) {
	begun, list, _ := s.offers(before)
	n, all := 0, ""
	for _, o := range list {
		if o.word[0] == '<' {
			continue
		}
		if n++; n == 1 {
			all = o.word
		}
		for !strings.HasPrefix(o.word, all) {
			all = all[:len(all)-1]
		}
	}
	if n == 0 {
		s.terminal.Out.Write([]byte{'\a'})
		return
	}
	if n == 1 && !strings.HasSuffix(all, "=") {
		all += " "
	}
	if all != begun {
		s.editor.Insert(all[len(begun):])
		return
	}
	s.helpLine(before)
}

// helpLine answers '?': it prints under the line, and shows that again.
func (s *session) helpLine(before string) {
	s.out.pause()
	s.printf("\n")
	_, list, err := s.offers(before)
	width := 0
	for _, o := range list {
		width = max(width, len(o.word)+4)
	}
	for _, o := range list {
		s.wrap(width, "  "+o.word, o.short)
	}
	if err != nil {
		s.fail(err)
	} else if list == nil {
		s.printf("nothing fits here\n")
	}
	s.editor.Again()
}

// wrap prints a term, and what it means from a column on, in lines that fit
// the terminal.
func (s *session) wrap(column int, term, text string) {
	row := term
	if len(row) >= column && term != "" {
		s.printf("%s\n", row)
		row = ""
	}
	for _, w := range strings.Fields(text) {
		if len(row) > column && len(row)+1+len(w) >= s.terminal.Columns {
			s.printf("%s\n", row)
			row = ""
		}
		row += strings.Repeat(" ", max(column-len(row), min(1, len(row)))) + w
	}
	s.printf("%s\n", row)
}

// help lists the commands, or explains some, or a setting.
func (s *session) help(args []string) error {
	rows := s.rows()
	if len(args) > 0 {
		for _, k := range s.cfg.Book.Keys() {
			if k.Name == args[len(args)-1] {
				s.wrap(0, "", k.Help)
				s.printf("  %s\n", k.Example)
				return nil
			}
		}
		m, err := find(rows, args, s.isEntry)
		if err != nil {
			return cause.New(cause.Usage, "there is no command %q, 'help' lists them", strings.Join(args, " "))
		}
		rows = m.rows
	}
	for _, c := range rows {
		s.wrap(26, c.syntax, c.short)
		if c.long != "" && len(args) > 0 {
			s.wrap(2, "", c.long)
		}
	}
	if len(args) == 0 {
		s.printf("\nTab completes, '?' helps, arrows move and recall, Ctrl-C gives a line up,\nCtrl-U empties it, Ctrl-L draws it again.\n")
	}
	return nil
}
