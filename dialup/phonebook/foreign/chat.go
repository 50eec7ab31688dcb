package foreign

import "strings"

// chat reads the program that pppd's connect runs, if it is chat: the number
// that it dials, and what it tells the modem before.
func (r *reader) chat(d *draft, at *item) {
	line, ok := program(at.value, "chat")
	if !ok {
		r.note(at, notChat, "")
		return
	}
	var script []string
	var given [2]string // -T and -U
	i := 0
	for ; i < len(line) && len(line[i]) > 1 && line[i][0] == '-'; i++ {
		flag, arg := line[i][1], line[i][2:]
		if strings.IndexByte("tfrTU", flag) < 0 {
			continue
		}
		if arg == "" && i+1 < len(line) {
			i++
			arg = line[i]
		}
		switch flag {
		case 'T', 'U':
			given[flag-'T'] = arg
		case 'f':
			if f := r.file(arg); f != nil {
				script = chatWords(f.text)
			} else {
				r.note(at, notRead, arg)
			}
		case 't':
			r.toModem(d, at, `dial-timeout = "`+arg+`s"`)
		}
	}
	r.chatScript(d, at, append(script, line[min(i, len(line)):]...), given)
	if d.get("phone") == nil && given[0] != "" {
		d.say(at, "phone", given[0])
	}
}

// chatWords cuts a script as chat does: a quote counts at the beginning of a
// word, a line that begins with "#" is a comment.
func chatWords(text string) (list []string) {
	for rest := text; rest != ""; {
		var l string
		l, rest, _ = strings.Cut(rest, "\n")
		if l = strings.TrimSpace(l); strings.HasPrefix(l, "#") {
			continue
		}
		for ; l != ""; l = strings.TrimSpace(l) {
			end, skip := strings.IndexAny(l, " \t"), 0
			if quote := l[0]; quote == '"' || quote == '\'' {
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
func (r *reader) chatScript(d *draft, at *item, script []string, given [2]string) {
	expect, connected := true, false
	for i := 0; i < len(script); i++ {
		w := strings.ToUpper(script[i])
		switch {
		case expect && one(words("ABORT REPORT SAY TIMEOUT ECHO HANGUP CLR_ABORT CLR_REPORT CLR_TIMEOUT"), w):
			i++
			continue
		case expect:
			connected = connected || strings.Contains(w, "CONNECT")
			expect = false
			continue
		}
		expect = true
		send := strings.TrimSpace(plainSend(script[i], given))
		upper := strings.ToUpper(send)
		switch {
		case send == "" || upper == "+++":
		case connected:
			r.note(at, scripted, "")
		case strings.HasPrefix(upper, "ATD"):
			number := send[3:]
			if number != "" && upper[3] == 'P' {
				r.toModem(d, at, `dialing = "pulse"`)
			}
			d.say(at, "phone", strings.TrimLeft(number, "TtPp"))
		case strings.HasPrefix(upper, "AT"):
			d.say(at, "init", send)
		default:
			r.note(at, notAT, "")
		}
	}
}

// plainSend takes chat's escapes out of what it sends.
func plainSend(s string, given [2]string) string {
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
				b.WriteString(given[c-'T'])
			case c == 's':
				b.WriteByte(' ')
			case strings.IndexByte("bcdKnNpqrt", c) < 0:
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}
