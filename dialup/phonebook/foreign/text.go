package foreign

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// cp1252 is what Windows' code page 1252 has where Latin-1 has controls.
const cp1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"

// decode makes text of a file: UTF-8 or UTF-16 by its mark, UTF-16 by its
// zeros, else UTF-8 where it is valid, else code page 1252, which ansi tells.
func decode(b []byte) (text string, ansi bool) {
	s := string(b)
	switch {
	case strings.HasPrefix(s, "\xef\xbb\xbf"):
		return strings.ToValidUTF8(s[3:], "\ufffd"), false
	case strings.HasPrefix(s, "\xff\xfe"):
		return fromUTF16(s[2:], 0), false
	case strings.HasPrefix(s, "\xfe\xff"):
		return fromUTF16(s[2:], 1), false
	case len(s) >= 4 && s[0] != 0 && s[1] == 0 && s[3] == 0:
		return fromUTF16(s, 0), false
	case len(s) >= 4 && s[0] == 0 && s[1] != 0 && s[2] == 0:
		return fromUTF16(s, 1), false
	case utf8.ValidString(s):
		return s, false
	}
	high := []rune(cp1252)
	var out strings.Builder
	for _, c := range b {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = high[c-0x80]
		}
		out.WriteRune(r)
	}
	return out.String(), true
}

// fromUTF16 reads 16-bit units whose low octet is at index low of each two.
func fromUTF16(s string, low int) string {
	units := make([]uint16, len(s)/2)
	for i := range units {
		units[i] = uint16(s[2*i+low]) | uint16(s[2*i+1-low])<<8
	}
	return string(utf16.Decode(units))
}

// scan reads "[section]" and "key = value" lines; r, which may be nil, notes
// what is neither.
func scan(r *reader, f *textFile, comment string) []*item {
	var list []*item
	section := ""
	n := 0
	for rest := f.text; rest != ""; {
		var l string
		l, rest, _ = strings.Cut(rest, "\n")
		n++
		if l = strings.TrimSpace(l); l == "" || strings.IndexByte(comment, l[0]) >= 0 {
			continue
		}
		it := &item{file: f.name, line: n, section: section}
		key, value, found := strings.Cut(l, "=")
		it.key, it.value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case l[0] == '[' && l[len(l)-1] == ']':
			section = strings.TrimSpace(l[1 : len(l)-1])
			it.section, it.key, it.value = section, "", ""
		case !found || it.key == "":
			it.key = ""
			if r != nil {
				r.note(it, odd, "")
			}
			continue
		}
		list = append(list, it)
	}
	return list
}

// guess says what a file looks like, "" where it does not. A format that was
// asked for is right, but pppd's files come with secrets.
func guess(file, text, asked string) string {
	if asked != "" && asked != Pppd {
		return asked
	}
	for _, it := range scan(nil, &textFile{text: text}, ";#") {
		switch {
		case asked != "":
		case it.key == "" && strings.HasPrefix(strings.ToLower(it.section), "dialer "):
			return Wvdial
		case it.key == "" && it.section == "connection":
			return NetworkManager
		case it.section != "" && (it.key == "MEDIA" || it.key == "DEVICE" || it.key == "Encoding"):
			return Rasphone
		}
	}
	list, open := pppdWords(text)
	usual := words(usualOptions)
	options, chat, secrets, n := false, false, !open && len(list) > 0, 0
	for i := range list {
		w := &list[i]
		options = options || one(usual, w.text)
		chat = chat || w.text == "ABORT" || w.text == "CONNECT"
		if n++; i+1 == len(list) || list[i+1].line != w.line {
			secrets = secrets && n > 2
			n = 0
		}
	}
	switch {
	case strings.HasSuffix(base(file), "-secrets"):
		return secretsFile
	case options:
		return Pppd
	case chat:
		return chatScript
	case secrets:
		return secretsFile
	}
	return asked
}
