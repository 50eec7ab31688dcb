package modemtest

import (
	"fmt"
	"strconv"
	"strings"

	"dun/modem/at"
)

// settings are what commands change.
type settings struct {
	echo, quiet, verbose bool
	x                    int
	dtr                  int // &D
	s                    [100]int
}

func defaults(cfg Config) settings {
	set := settings{echo: !cfg.NoEcho, verbose: !cfg.Numeric, x: 4, dtr: 2}
	set.s[2], set.s[3], set.s[4], set.s[5] = '+', 13, 10, 8
	set.s[6], set.s[7], set.s[8], set.s[12] = 2, 60, 2, 50
	return set
}

// format gives a result code in the form that V asks for (V.250 section 6.2.5).
func (set *settings) format(result string) string {
	switch {
	case set.quiet:
		return ""
	case set.verbose:
		return "\r\n" + result + "\r\n"
	}
	n, ok := at.Number(result)
	if !ok {
		n = "1" // a CONNECT without a number of its own
	}
	return n + "\r"
}

// result says a result code, after all that this modem chatters.
func (m *Modem) result(s string) {
	m.mu.Lock()
	text := m.resultText(s)
	m.mu.Unlock()
	if text != "" {
		m.say(text)
	}
}

// resultText is what result says; under mu.
func (m *Modem) resultText(s string) string {
	text := m.set.format(s)
	if s != "RING" {
		for _, c := range m.cfg.Chatter {
			text = "\r\n" + c + "\r\n" + text
		}
	}
	return text
}

// info says a line of information text.
func (m *Modem) info(s string) {
	m.mu.Lock()
	verbose := m.set.verbose
	m.mu.Unlock()
	if verbose {
		s = "\r\n" + s
	}
	m.say(s + "\r\n")
}

// execute runs a command line. Noise before its AT is passed over.
func (m *Modem) execute(line string) {
	i := strings.Index(strings.ToUpper(line), "AT")
	if i < 0 {
		return
	}
	m.last = line
	m.mu.Lock()
	m.commands = append(m.commands, line[i:])
	m.notify()
	m.mu.Unlock()
	body := strings.ReplaceAll(strings.ToUpper(line[i+2:]), " ", "")
	for body != "" {
		var quiet, ok bool
		body, quiet, ok = m.one(body)
		if !ok {
			m.result("ERROR")
			return
		}
		if quiet {
			return
		}
	}
	m.result("OK")
}

// one runs the first command of body. quiet says that its result comes from
// elsewhere, and that nothing behind it counts.
func (m *Modem) one(body string) (rest string, quiet, ok bool) {
	name, arg, rest := split(body)
	for _, r := range m.cfg.Refuse {
		if r = strings.ToUpper(r); strings.HasPrefix(body, r) {
			return "", false, false
		}
	}
	switch name {
	case "D":
		return m.dialCommand(body[1:])
	case "A":
		m.answer()
		return "", true, true
	case "H":
		m.hangUp()
	case "O":
		return "", true, m.goBack()
	case "Z":
		m.hangUp()
		m.change(func(set *settings) { *set = defaults(m.cfg) })
	case "&F":
		m.change(func(set *settings) { *set = defaults(m.cfg) })
	case "E":
		m.change(func(set *settings) { set.echo = arg != 0 })
	case "Q":
		m.change(func(set *settings) { set.quiet = arg != 0 })
	case "V":
		m.change(func(set *settings) { set.verbose = arg != 0 })
	case "X":
		if arg > 4 {
			return "", false, false
		}
		m.change(func(set *settings) { set.x = arg })
	case "&D":
		m.change(func(set *settings) { set.dtr = arg })
	case "S":
		return m.register(arg, rest)
	case "I":
		if arg < len(m.cfg.Ident) {
			m.info(m.cfg.Ident[arg])
		}
	case "+":
		return m.extended(rest)
	default:
		const known = "L M N P T W Y B &A &B &C &G &H &I &K &M &N &P &Q &R &S &T &W &Y \\A \\G \\J \\K \\L \\N \\Q \\V %C %E "
		if !strings.Contains(known, name+" ") {
			return "", false, false
		}
	}
	return rest, false, true
}

// split takes a command's name and number off body.
func split(body string) (name string, arg int, rest string) {
	n := 1
	if strings.ContainsRune("&\\%", rune(body[0])) && len(body) > 1 {
		n = 2
	}
	end := n
	for end < len(body) && body[end] >= '0' && body[end] <= '9' && end < n+6 {
		arg = arg*10 + int(body[end]-'0')
		end++
	}
	return body[:n], arg, body[end:]
}

func (m *Modem) change(f func(*settings)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.set)
}

// register is Sn, Sn? or Sn=v (V.250 section 5.3.2).
func (m *Modem) register(n int, body string) (rest string, quiet, ok bool) {
	if n >= len(m.set.s) {
		return "", false, false
	}
	switch {
	case strings.HasPrefix(body, "?"):
		m.mu.Lock()
		v := m.set.s[n]
		m.mu.Unlock()
		m.info(fmt.Sprintf("%03d", v))
		return body[1:], false, true
	case strings.HasPrefix(body, "="):
		_, v, rest := split(body)
		if v > 255 {
			return "", false, false
		}
		m.change(func(set *settings) { set.s[n] = v })
		return rest, false, true
	}
	return body, false, true
}

// dialCommand is D, which takes the rest of its line.
func (m *Modem) dialCommand(s string) (rest string, quiet, ok bool) {
	if mode := m.Mode(); mode != Command {
		return "", false, false
	}
	more := strings.HasSuffix(s, ";")
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'D', strings.ContainsRune("*#+", r):
			m.dialed += string(r)
		case strings.ContainsRune("TPW,@!$&-();", r):
		default:
			m.dialed = ""
			return "", false, false
		}
	}
	if more {
		return "", false, true
	}
	number := m.dialed
	m.dialed = ""
	m.dial(number)
	return "", true, true
}

// goBack is O: from online command state to data.
func (m *Modem) goBack() bool {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.mu.Lock()
	if m.mode != OnlineCommand {
		m.mu.Unlock()
		return false
	}
	text := m.set.format("CONNECT")
	m.enter(Online)
	m.mu.Unlock()
	m.write([]byte(text))
	return true
}

// extended are the commands with + (V.250 section 5.4).
func (m *Modem) extended(body string) (rest string, quiet, ok bool) {
	body, rest, _ = strings.Cut(body, ";")
	switch body {
	case "GMI":
		m.info("dunlab")
	case "GMM":
		m.info("modemtest")
	case "GMR":
		m.info("1.0")
	case "GCAP":
		m.info("+GCAP: +FCLASS,+MS")
	case "FCLASS=?":
		m.info("0")
	case "FCLASS=0", "VCID=0", "VCID=1":
	default:
		if _, err := strconv.Atoi(body); err == nil || !strings.HasPrefix(body, "MS=") {
			return "", false, false
		}
	}
	return rest, false, true
}
