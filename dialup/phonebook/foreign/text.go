package foreign

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// cp1252 is what Windows' code page 1252 has where Latin-1 has controls.
var cp1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// decode makes text of a file: UTF-8 or UTF-16 by its mark, UTF-16 by its
// zeros, else UTF-8 where it is valid, else code page 1252, which how tells.
func decode(b []byte) (text, how string) {
	s := string(b)
	switch {
	case strings.HasPrefix(s, "\xef\xbb\xbf"):
		return strings.ToValidUTF8(s[3:], "\ufffd"), ""
	case strings.HasPrefix(s, "\xff\xfe"):
		return fromUTF16(s[2:], 0), ""
	case strings.HasPrefix(s, "\xfe\xff"):
		return fromUTF16(s[2:], 1), ""
	case len(s) >= 4 && s[0] != 0 && s[1] == 0 && s[3] == 0:
		return fromUTF16(s, 0), ""
	case len(s) >= 4 && s[0] == 0 && s[1] != 0 && s[2] == 0:
		return fromUTF16(s, 1), ""
	case utf8.Valid(b):
		return s, ""
	}
	var out strings.Builder
	for _, c := range b {
		if c >= 0x80 && c < 0xa0 {
			out.WriteRune(cp1252[c-0x80])
		} else {
			out.WriteRune(rune(c))
		}
	}
	return out.String(), "The file is no UTF-8; it was read as Windows' code page 1252."
}

// fromUTF16 reads 16-bit units whose high octet is at index high of each two.
func fromUTF16(s string, low int) string {
	units := make([]uint16, len(s)/2)
	for i := range units {
		units[i] = uint16(s[2*i+low]) | uint16(s[2*i+1-low])<<8
	}
	return string(utf16.Decode(units))
}

func itoa(n int) string { return strconv.Itoa(n) }

// words cuts a constant of words between blanks.
func words(s string) []string { return strings.Fields(s) }

// item is a line of a file with sections: a setting, or, without key, the
// section's beginning.
type item struct {
	place
	section, key, value string
}

// scan reads "[section]" and "key = value" lines. What is neither is given to
// odd.
func scan(file, text, comment string, odd func(at place)) []item {
	var list []item
	section := ""
	for i, l := range strings.Split(text, "\n") {
		l = strings.TrimSpace(l)
		at := place{file, i + 1}
		key, value, found := strings.Cut(l, "=")
		switch {
		case l == "" || strings.Contains(comment, l[:1]):
		case l[0] == '[' && strings.HasSuffix(l, "]"):
			section = strings.TrimSpace(l[1 : len(l)-1])
			list = append(list, item{at, section, "", ""})
		case found && strings.TrimSpace(key) != "":
			list = append(list, item{at, section, strings.TrimSpace(key), strings.TrimSpace(value)})
		default:
			odd(at)
		}
	}
	return list
}

// odd notes a line that has no form.
func (r *reader) odd(at place) {
	r.note(at, "", "This line is neither a section nor a setting.", "")
}

// unlike are settings that have no place in an entry.
type unlike struct {
	keys   string // with blanks between
	fine   string // values that lose nothing; "*" = any
	text   string
	remedy string
}

// lost notes what the table says about a setting; what it does not have is
// noted unless it is empty or zero.
func (r *reader) lost(table []unlike, at place, prefix, key, value string) {
	for _, u := range table {
		if !fold(splitKeys(u.keys), key) {
			continue
		}
		if u.fine != "*" && value != "" && !fold(words(u.fine), value) {
			r.note(at, prefix+key, u.text, u.remedy)
		}
		return
	}
	if value != "" && value != "0" {
		r.note(at, prefix+key, nothingLike, "")
	}
}

// fold looks a word up without regard to case.
func fold(list []string, word string) bool {
	for _, w := range list {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

// guess says what a file looks like, "" where it does not. A format that was
// asked for is right, but pppd's files come with secrets.
func guess(file, text, asked string) string {
	if asked != "" && asked != Pppd {
		return asked
	}
	looks := ""
	for _, it := range scan(file, text, ";#", func(place) {}) {
		switch {
		case it.key == "" && strings.HasPrefix(strings.ToLower(it.section), "dialer "):
			looks = Wvdial
		case it.key == "" && it.section == "connection" || it.key == "service-type" && it.section == "vpn":
			looks = NetworkManager
		case it.section != "" && (it.key == "MEDIA" || it.key == "DEVICE" || it.key == "Encoding"):
			looks = Rasphone
		}
		if looks != "" && asked == "" {
			return looks
		}
	}
	switch {
	case strings.HasSuffix(base(file), "-secrets"):
		return secretsFile
	case hasWord(text, "ABORT CONNECT") && !looksLikeOptions(text):
		return chatScript
	case looksSecret(text):
		return secretsFile
	}
	if asked == Pppd || looksLikeOptions(text) {
		return Pppd
	}
	return ""
}

// splitKeys cuts a constant of keys: between "~" where they have blanks.
func splitKeys(s string) []string {
	if !strings.Contains(s, "~") {
		return words(s)
	}
	list := strings.Split(s, "~")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
