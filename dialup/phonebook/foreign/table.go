package foreign

import "strings"

// A table says what becomes of the settings of a format, in words
// "KEY=ACTION", blanks within a key written as "_", small letters for capital
// ones:
//
//	KEY=-            nothing is lost
//	KEY=+A           flag A is set where the value is yes
//	KEY=word         the value is said for the entry, by this word
//	KEY=word:0,-1    unless it is one of these
//	KEY=!3           note 3, unless the value is empty, zero or no
//	KEY=!3:5,7       unless it is one of these, too
//	KEY=*text        it belongs to the modem: text has "%" for the value
//	KEY=*text:0      unless it is one of these

// action finds what becomes of a key.
func action(table, key string) (string, bool) {
	key = strings.ReplaceAll(strings.ToLower(key), " ", "_") + "="
	for rest := table; key != "="; {
		i := strings.Index(rest, key)
		if i < 0 {
			break
		}
		if i == 0 || rest[i-1] == ' ' || rest[i-1] == '\n' || rest[i-1] == '\t' {
			act := rest[i+len(key):]
			if end := strings.IndexAny(act, " \n\t"); end >= 0 {
				act = act[:end]
			}
			return act, true
		}
		rest = rest[i+len(key):]
	}
	return "", false
}

// apply does what the table says about a setting; what it does not have is
// noted as otherwise says.
func (r *reader) apply(d *draft, table string, it *item, otherwise int) {
	key := it.as
	if key == "" {
		key = it.key
	}
	act, known := action(table, key)
	if !known {
		if !nothing(it.value) {
			r.note(it, otherwise, "")
		}
		return
	}
	act, unless, _ := strings.Cut(act, ":")
	if act == "-" || it.value == "" || unless != "" && one(strings.Split(unless, ","), it.value) {
		return
	}
	switch act[0] {
	case '+':
		if yes(it.value) {
			d.flags |= letter(act[1])
		}
	case '!':
		n := 0
		for _, c := range act[1:] {
			n = 10*n + int(c-'0')
		}
		if !nothing(it.value) {
			r.note(it, n, "")
		}
	case '*':
		r.toModem(d, it, strings.Replace(strings.ReplaceAll(act[1:], "_", " "), "%", it.value, 1))
	default:
		d.say(it, act, it.value)
	}
}

// toModem keeps what belongs into device.toml until the modem's name is known.
func (r *reader) toModem(d *draft, it *item, text string) {
	d.toModem = append(d.toModem, modemNote{it, text})
}

type modemNote struct {
	at   *item
	text string
}

func yes(s string) bool     { return one(words("1 y yes t true on"), strings.ToLower(s)) }
func nothing(s string) bool { return s == "" || one(words("0 n no f false off"), strings.ToLower(s)) }

// one looks a word up.
func one(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// words cuts a constant of words between blanks.
func words(s string) []string { return strings.Fields(s) }
