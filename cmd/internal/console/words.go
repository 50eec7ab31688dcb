package console

import "bytes"

const errQuote failure = "a quote is not closed"

// split parts a line into words at blanks. Quotes of either kind hold a word
// together; a backslash is nothing special, since names of users have it.
// open tells that the line ends within the last word: what is typed next
// belongs to it.
func split(line string) (words []string, open bool, err error) {
	var word []byte
	var quote byte
	for _, c := range []byte(line) {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\'') && (!open || bytes.HasSuffix(word, []byte("="))):
			quote, open = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if open {
				words = append(words, string(word))
			}
			word, open = word[:0], false
		default:
			word = append(word, c)
			open = true
		}
	}
	if open {
		words = append(words, string(word))
	}
	if quote != 0 {
		err = errQuote
	}
	return words, open, err
}
