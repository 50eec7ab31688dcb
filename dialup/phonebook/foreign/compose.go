package foreign

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

// The flags of a draft, which tables set by "+" and a letter: A pap, B chap, C
// ms-chap, D ms-chap-v2 is refused; E encryption is required, F with 128, G
// with 56, H with 40 bit; I not 40, J not 128; K stateful too; L never; M
// preferred; N that nothing was said is no default.

var (
	allAuth   = []string{"ms-chap-v2", "ms-chap", "chap", "pap"}
	authFlags = "DCBA"
)

// compose makes settings of what was said.
func (r *reader) compose(d *draft) {
	tunnel := d.value("host") != ""
	r.put(d, d.at, "device", either(tunnel, "vpn", "modem"))
	switch phones := d.all("phone"); {
	case tunnel:
		r.put(d, d.get("host"), "host", strings.TrimSpace(d.value("host")))
	default:
		r.modem(d)
		if phones != nil {
			r.put(d, d.get("phone"), "phone", phones...)
		}
	}
	r.via(d)
	r.user(d)
	r.login(d, tunnel)
	for _, key := range words("default-route routes dns address remote mtu mru keepalive keepalive-failures idle time-limit on-demand autodial interface ipv6") {
		it := d.get(key)
		switch {
		case it == nil:
		case key == "default-route" && tunnel && !yes(it.value) && d.get("routes") == nil: // which the phonebook warns of
		case key == "routes" || key == "dns":
			r.put(d, it, key, d.all(key)...)
		case key == "keepalive" && it.value == "0":
			r.put(d, it, key, "off")
		case key == "default-route" || key == "autodial" || key == "on-demand":
			r.put(d, it, key, either(yes(it.value), "true", "false"))
		case it.value != "0":
			r.put(d, it, key, it.value)
		}
	}
}

func either(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// modem chooses the modem of device.toml that has the port, or else one that
// is called like the port, and notes what device.toml has to say of it.
func (r *reader) modem(d *draft) {
	modem, port := r.o.Modem, d.value("port")
	for i := range r.o.Modems {
		m := &r.o.Modems[i]
		if m.Port == port || port == "" && (m.Name == modem || modem == "" && len(r.o.Modems) == 1) {
			d.port, modem = m, m.Name
			break
		}
	}
	if modem == "" {
		modem = name(base(port))
	}
	if modem == "" {
		modem = "line1"
	}
	at := d.get("port")
	if at == nil {
		at = d.at
	}
	r.put(d, at, "modem", modem)
	if port != "" && d.port == nil {
		r.toModem(d, at, either(port[0] == '/', `port = "`+port+`"`, "the serial port that "+port+" is"))
	}
	if speed := d.get("speed"); speed != nil && speed.value != "0" && (d.port == nil || strconv.Itoa(d.port.Speed) != speed.value) {
		r.toModem(d, speed, "speed = "+speed.value)
	}
	for i := range d.said {
		it := &d.said[i]
		if it.as != "init" || d.port != nil && one(d.port.Init, it.value) || one(usualInit, strings.ReplaceAll(strings.ToUpper(it.value), " ", "")) {
			continue
		}
		if strings.Contains(strings.ToUpper(it.value), "CPIN") {
			r.toModem(d, it, "this command, which has the PIN, as the first of init")
		} else {
			r.toModem(d, it, "the command '"+it.value+"' as one of init")
		}
	}
	for _, m := range d.toModem {
		r.note(m.at, ofModem, m.text+" into [modem."+modem+"]")
	}
}

// usualInit is what every profile of device.toml does in its own way.
var usualInit = []string{"", "AT", "ATZ", "ATH", "ATH0", "ATE1", "ATE0V1", "ATQ0V1E1", "ATQ0V1E1S0=0&C1&D2", "ATQ0V1E1S0=0&C1&D2+FCLASS=0"}

// via names the entry below.
func (r *reader) via(d *draft) {
	at := d.get("via")
	if at == nil {
		return
	}
	for _, below := range r.drafts {
		if strings.EqualFold(below.at.value, at.value) {
			r.put(d, at, "via", below.Name)
			return
		}
	}
	r.note(at, noBelow, "")
}

// user says who logs in, and keeps the password.
func (r *reader) user(d *draft) {
	user, domain := d.get("user"), d.get("domain")
	if user == nil {
		user = d.get("name")
	}
	switch {
	case user != nil && domain != nil:
		user.value = domain.value + `\` + user.value
	case domain != nil:
		r.note(domain, domainOnly, "")
	}
	who := ""
	if user != nil {
		who = user.value
	} else if d.value("host") != "" || d.get("password") != nil {
		user, who = d.at, r.o.User
	}
	if who != "" {
		r.put(d, user, "user", who)
		if d.get("password") == nil {
			r.findSecret(d, who)
		}
	}
	p := d.get("password")
	if p == nil || p.value == "" || yes(d.value("ask")) {
		return
	}
	if _, err := phonebook.ValueOf("password", []string{p.value}); err != nil || len(p.value) > 255 {
		r.note(p, badPassword, "")
		return
	}
	d.Secret, d.HasSecret = ppp.Secret{Password: p.value}, true
}

// login makes auth, encryption and mppe of the flags. Without keys there is no
// encryption, so where it is required the ways without keys are left out; it
// is never given up instead.
func (r *reader) login(d *draft, tunnel bool) {
	const none = "ABCDEFGHIJKLMN"
	if !tunnel && !d.has(none) && d.get("login") == nil {
		return // as the phonebook has it
	}
	at := d.get("login")
	if at == nil {
		at = d.at
	}
	var auth []string
	required := d.has("E")
	for i, a := range allAuth {
		if !d.has(authFlags[i:i+1]) && (i < 2 || !required) {
			auth = append(auth, a)
		}
	}
	if auth == nil {
		n := noLogin
		if required && !d.has("A") || required && !d.has("B") {
			n = noKeys
		}
		r.note(at, n, "")
		auth = allAuth[:1]
	}
	policy := "allow"
	switch {
	case required:
		policy = "require"
	case d.has("L") || d.has("M") && auth[0] != allAuth[0] && auth[0] != allAuth[1]:
		policy = "deny"
	case d.has("M"):
		policy = "prefer"
	}
	r.put(d, at, "auth", auth...)
	r.put(d, at, "encryption", policy)
	if !d.has("EK") || !d.has("FGHIJK") && d.get("login") != nil {
		return
	}
	var modes []string
	all := !d.has("FGH")
	for i, bits := range []string{"128", "56", "40"} {
		if d.has("FGH"[i:i+1]) || all && bits != "56" && !d.has("J.I"[i:i+1]) {
			modes = append(modes, bits+"-stateless")
		}
	}
	for i := range modes {
		if d.has("K") {
			modes = append(modes, strings.TrimSuffix(modes[i], "less")+"ful")
		}
	}
	if modes != nil {
		r.put(d, at, "mppe", modes...)
	}
}

// names gives each entry a name of its own.
func (r *reader) names() {
	taken := []string{phonebook.Lan}
	for _, d := range r.drafts {
		want := d.at.value
		if r.o.As != "" {
			want = r.o.As
		}
		base := name(want)
		if base == "" {
			base = "entry"
		}
		d.Name = base
		for n := 2; one(taken, d.Name); n++ {
			d.Name = short(base, maxName-3) + "-" + strconv.Itoa(n)
		}
		taken = append(taken, d.Name)
		if d.Name != want {
			r.note(d.at, called, d.Name)
		}
	}
}

// name makes a name for the phonebook: letters, digits and . _ -
func name(raw string) string {
	s := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) || c == '.' || c == '_' {
			return c
		}
		return '-'
	}, raw)
	for !strings.Contains(raw, "--") && strings.Contains(s, "--") {
		s = strings.ReplaceAll(s, "--", "-")
	}
	return strings.Trim(short(strings.TrimLeft(s, "._-"), maxName), "-")
}

// short cuts a text at the end of a character.
func short(s string, octets int) string {
	if len(s) <= octets {
		return s
	}
	for !utf8.RuneStart(s[octets]) {
		octets--
	}
	return s[:octets]
}

// base is a file's name as others include it, or as an entry is called.
func base(file string) string { return file[strings.LastIndexAny(file, `/\`)+1:] }
