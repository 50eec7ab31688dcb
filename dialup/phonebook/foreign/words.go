package foreign

import "strings"

// word is a word of a file, and where it stands.
type word struct {
	line int
	text string
}

// pppdWords cuts a file as pppd does: words between blanks, quotes around
// blanks, "\" before what is special, "#" before comments. open tells a quote that
// nothing closes.
func pppdWords(text string) (list []word, open bool) {
	line := 1
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\n':
			line++
			fallthrough
		case blank(c):
			i++
			continue
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
			continue
		}
		var b strings.Builder
		at := line
		quote := byte(0)
	chars:
		for i < len(text) {
			c := text[i]
			i++
			switch {
			case c == '\\' && i < len(text):
				e := text[i]
				i++
				switch n := strings.IndexByte("abfnrst", e); {
				case e == '\n': // goes on in the next line
					line++
				case n >= 0:
					b.WriteByte("\a\b\f\n\r \t"[n])
				default:
					b.WriteByte(e)
				}
			case quote != 0 && c == quote:
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote == 0 && blank(c):
				i--
				break chars
			default:
				if c == '\n' {
					line++
				}
				b.WriteByte(c)
			}
		}
		open = open || quote != 0
		list = append(list, word{at, b.String()})
	}
	return list, open
}

func blank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'
}

// shellWords cuts a command line as a shell does that has no variables.
func shellWords(s string) []string {
	var list []string
	var b strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote == '\'' && c != '\'':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(s):
			i++
			if quote == '"' && !strings.Contains("\\\"$`\n", s[i:i+1]) {
				b.WriteByte('\\')
			}
			if in = true; s[i] != '\n' {
				b.WriteByte(s[i])
			}
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			in, quote = true, c
		case quote == 0 && blank(c):
			if in {
				list = append(list, b.String())
				b.Reset()
				in = false
			}
		default:
			in = true
			b.WriteByte(c)
		}
	}
	if in {
		list = append(list, b.String())
	}
	return list
}

// shellQuote writes a word so that a shell, and shellWords, read it back.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
