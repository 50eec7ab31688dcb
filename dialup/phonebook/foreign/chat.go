package foreign

import (
	"slices"
	"strings"
)

// chat reads the program that pppd's connect runs, if it is chat: the number
// that it dials, and what it tells the modem before.
func (r *reader) chat(d *draft, o option) {
	line := shellWords(o.arg)
	if len(line) > 0 && line[0] == "exec" {
		line = line[1:]
	}
	if len(line) == 0 || base(line[0]) != "chat" {
		r.note(o.place, "connect", "The program is not chat, so what it dials is not known.", "Add the number by hand.")
		return
	}
	var script []string
	given := make(map[byte]string) // -T and -U
	i := 1
	for ; i < len(line) && len(line[i]) > 1 && line[i][0] == '-'; i++ {
		w := line[i]
		if !strings.Contains("tfrTU", w[1:2]) {
			continue
		}
		arg := w[2:]
		if arg == "" && i+1 < len(line) {
			i++
			arg = line[i]
		}
		switch w[1] {
		case 'T', 'U':
			given[w[1]] = arg
		case 'f':
			script = r.chatFile(o, arg)
		case 't':
			r.ofModem(d, o.place, "chat -t", `dial-timeout = "`+arg+`s"`)
		}
	}
	if i < len(line) {
		script = append(script, line[i:]...)
	}
	phones := r.chatScript(d, o, script, given)
	if phones == nil && given['T'] != "" {
		phones = []string{given['T']}
	}
	if phones != nil {
		r.put(d, o.place, "phone", phones...)
	}
}

// chatFile is the words of a script that was given with the other files.
func (r *reader) chatFile(o option, file string) []string {
	for _, f := range r.files {
		if base(f.name) == base(file) {
			return chatWords(f.text)
		}
	}
	r.note(o.place, "connect", "The script "+file+" was not read: only files that are given are.", "Give it as well, if it does more than dial the number.")
	return nil
}

// chatWords cuts a script as chat does: a quote counts at the beginning of a
// word, a line that begins with "#" is a comment.
func chatWords(text string) (list []string) {
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, "#") {
			continue
		}
		for l = strings.TrimSpace(l); l != ""; l = strings.TrimSpace(l) {
			end, skip := strings.IndexAny(l, " \t"), 0
			if l[0] == '"' || l[0] == '\'' {
				quote := l[0]
				l = l[1:]
				for end, skip = 0, 1; end < len(l) && l[end] != quote; end++ {
					if l[end] == '\\' {
						end++
					}
				}
			}
			if end < 0 || end > len(l) {
				end = len(l)
			}
			list = append(list, l[:end])
			l = l[min(end+skip, len(l)):]
		}
	}
	return list
}

// chatScript goes through expect and send by turns.
func (r *reader) chatScript(d *draft, o option, script []string, given map[byte]string) (phones []string) {
	expect, connected, noted := true, false, false
	for i := 0; i < len(script); i++ {
		w := script[i]
		if expect {
			switch strings.ToUpper(w) {
			case "ABORT", "REPORT", "SAY", "TIMEOUT", "ECHO", "HANGUP", "CLR_ABORT", "CLR_REPORT", "CLR_TIMEOUT":
				i++
				continue
			}
			connected = connected || strings.Contains(strings.ToUpper(w), "CONNECT")
			expect = false
			continue
		}
		expect = true
		send := strings.TrimSpace(plainSend(w, given))
		upper := strings.ToUpper(send)
		dial, is := strings.CutPrefix(upper, "ATD")
		switch {
		case connected && send != "" && !noted:
			noted = true
			r.note(o.place, "connect", scripted, "If PPP does not come up by itself there, the provider has to permit PAP or CHAP.")
		case connected:
		case is:
			if strings.HasPrefix(dial, "P") {
				r.ofModem(d, o.place, "connect", `dialing = "pulse"`)
			}
			if dial != "" && strings.Contains("TP", dial[:1]) {
				dial = dial[1:]
			}
			phones = append(phones, send[len(send)-len(dial):])
		case strings.HasPrefix(upper, "AT"):
			r.init(d, o.place, "connect", send)
		case send != "" && !slices.Contains([]string{"+++", "ATH"}, upper):
			r.note(o.place, "connect", "The script sends something that is no AT command.", "")
		}
	}
	return phones
}

// plainSend takes chat's escapes out of what it sends.
func plainSend(s string, given map[byte]string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '^' && i+1 < len(s):
			i++ // a control character
		case c != '\\' || i+1 == len(s):
			b.WriteByte(c)
		default:
			i++
			switch c = s[i]; {
			case c == 'T' || c == 'U':
				b.WriteString(given[c])
			case c == 's':
				b.WriteByte(' ')
			case strings.IndexByte("bcdKnNpqrt", c) >= 0:
			default:
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}
