package foreign

import (
	"slices"
	"strings"
)

// pppd's files: peers files, options files that they include, and the secrets
// of chap-secrets and pap-secrets, which are found by the user's name.

// Options without argument that lose nothing: what they ask for is what dun does, or about
// pppd itself.
const pppdFine = `lock nolock nodetach updetach detach -detach debug nodebug dump nodump crtscts modem noauth novj novjccomp -vj -vjccomp nobsdcomp -bsdcomp
	nodeflate -deflate nopcomp noaccomp -pc -ac nomagic noipdefault noipx hide-password noproxyarp nopersist default-asyncmap ipcp-accept-local
	ipcp-accept-remote replacedefaultroute noreplacedefaultroute nodefaultroute nodefaultroute6 defaultroute6 lcp-echo-adaptive noipv6 nomp
	nomultilink noendpoint refuse-eap usehostname sync silent passive noktune nopredictor1 nologfd show-options +ipv6-accept-local usepeerwins`

// pppdArg are options with an argument that is nothing to an entry.
const pppdArg = `logfile logfd kdebug linkname ipparam record pptp_client pptp_phone privgroup child-timeout lcp-rtt-file`

// pppdLost are options that are not carried over; those with an argument end in "=".
var pppdLost = []unlike{
	{"persist maxfail= holdoff=", "", keepsUp, setAutodial},
	{"demand active-filter= pass-filter=", "", "Dialing on demand is not taken over.", "dun-phonebook(5) says what there is."},
	{"connect-delay= lcp-restart= lcp-max-configure= lcp-max-failure= lcp-max-terminate= ipcp-restart= ipcp-max-configure= ipcp-max-failure= ipcp-max-terminate= " +
		"pap-restart= pap-max-authreq= pap-timeout= chap-restart= chap-max-challenge= chap-interval= chap-timeout= bsdcomp= deflate= predictor1 vj-max-slots= escape= " +
		"receive-all noaccomp mrru= endpoint= bundle= multilink mp mpshortseq nompshortseq ktune max-data-rate= proxyarp", "", nothingLike, ""},
	{"auth login require-pap require-chap require-mschap require-mschap-v2 require-eap +pap +chap allow-ip= allow-number= ms-dns= ms-wins=", "",
		"This is about calls that are answered.", "'dun serve' answers calls; dun-server(5) has its settings."},
	{"disconnect= init= welcome= ip-up-script= ip-down-script= ipv6-up-script= ipv6-down-script= ip-pre-up-script=", "", "This runs a program.", "Programs of one's own belong into ip-up.d and ip-down.d of dun's directory."},
	{"domain= ipv6= netmask= defaultroute-metric= defaultroute6-metric= path= set= unset= socket= ca= cert= key= crl= pkcs12= tls-verify-method= eap-restart= ipx-network= passwordfd= srp-interval=", "", nothingLike, ""},
}

// option is an option of pppd, with its argument.
type option struct {
	place
	name, arg string
}

func (r *reader) readPppd() {
	var peers, secretFiles []textFile
	for _, f := range r.files {
		switch f.format {
		case Pppd:
			peers = append(peers, f)
		case secretsFile:
			secretFiles = append(secretFiles, f)
		}
	}
	included := make(map[string]bool)
	parsed := make(map[string][]option)
	for _, f := range peers {
		parsed[f.name] = r.pppdOptions(f)
		for _, o := range parsed[f.name] {
			if o.name == "call" || o.name == "file" {
				included[base(o.arg)] = true
			}
		}
	}
	for _, f := range peers {
		own := parsed[f.name]
		var all []option
		budget := 10000 // files that include each other
		r.include(&all, own, peers, parsed, 0, &budget)
		switch {
		case slices.ContainsFunc(all, func(o option) bool { return o.name == "pty" || o.name == "connect" || o.name == "pptp_server" }):
			r.pppdEntry(f, all, secretFiles)
		case !included[base(f.name)]:
			r.refuse(place{f.name, 0}, "", "There is neither a number to dial nor a PPTP server in it.", "")
		}
	}
}

// include gives the options of a file with those of the files that it names in
// their places.
func (r *reader) include(to *[]option, own []option, peers []textFile, parsed map[string][]option, depth int, budget *int) {
	for _, o := range own {
		if *budget--; *budget < 0 {
			return
		}
		if o.name != "call" && o.name != "file" {
			*to = append(*to, o)
			continue
		}
		i := slices.IndexFunc(peers, func(f textFile) bool { return base(f.name) == base(o.arg) })
		if i < 0 || depth > 8 {
			r.note(o.place, o.name, "The file "+o.arg+" was not read: only files that are given are.", "Give it as well.")
			continue
		}
		r.include(to, parsed[peers[i].name], peers, parsed, depth+1, budget)
	}
}

// pppdOptions reads a file's options; those that are not carried over are noted.
func (r *reader) pppdOptions(f textFile) []option {
	list, open := pppdWords(f.name, f.text)
	if open {
		r.note(place{f.name, 0}, "", "A quote is not closed.", "")
	}
	fine, args := words(pppdFine), words(pppdArg)
	carried := words("user name remotename password pty connect plugin pptp_server call file mtu mru lcp-echo-interval lcp-echo-failure idle maxconnect ifname unit asyncmap -am " +
		"speed mppe")
	var out []option
	for i := 0; i < len(list); i++ {
		w := list[i]
		arg := func() string {
			if i++; i < len(list) {
				return list[i].text
			}
			return ""
		}
		switch {
		case slices.Contains(fine, w.text):
		case slices.Contains(args, w.text):
			arg()
		case slices.Contains(carried, w.text):
			out = append(out, option{w.place, w.text, arg()})
		case r.pppdLost(w, arg):
		default:
			out = append(out, option{place: w.place, name: w.text})
		}
	}
	return out
}

func (r *reader) pppdLost(w word, arg func() string) bool {
	for _, u := range pppdLost {
		for _, key := range words(u.keys) {
			if name, takes := strings.CutSuffix(key, "="); name == w.text {
				if takes {
					arg()
				}
				r.note(w.place, w.text, u.text, u.remedy)
				return true
			}
		}
	}
	return false
}

// pppdState is what is known of an entry while its options are read.
type pppdState struct {
	opts           options
	at             place // of what says how to log in
	user, name     option
	remote         string
	dns, def, ipv6 bool
	unit           string
}

func (r *reader) pppdEntry(f textFile, all []option, secretFiles []textFile) {
	d := r.add(place{f.name, 1}, strings.TrimSuffix(base(f.name), ".peer"))
	if d == nil {
		return
	}
	s := &pppdState{at: d.at, remote: "*"}
	if !r.pppdDevice(d, all) {
		r.drafts = r.drafts[:len(r.drafts)-1]
		return
	}
	for _, o := range all {
		r.pppdOption(d, s, o)
	}
	user := s.user
	if user.arg == "" {
		user = s.name
	}
	if user.arg != "" {
		r.put(d, user.place, "user", user.arg)
	}
	r.put(d, d.at, "default-route", either(s.def, "true", "false"))
	if !s.dns {
		r.put(d, d.at, "dns", "ignore")
	}
	if s.ipv6 {
		r.put(d, d.at, "ipv6", "on")
	}
	r.login(d, s.at, "auth", s.opts.login())
	if !d.HasSecret && user.arg != "" {
		r.findSecret(d, user.arg, s.remote, secretFiles)
	}
}

// pppdDevice finds out what is dialed: by pty or plugin a PPTP server, by
// connect a number.
func (r *reader) pppdDevice(d *draft, all []option) bool {
	port, speed := option{}, option{}
	for _, o := range all {
		switch {
		case o.name == "pptp_server":
			r.put(d, o.place, "device", "vpn")
			r.put(d, o.place, "host", o.arg)
			return true
		case o.name == "pty":
			return r.pppdTunnel(d, o)
		case strings.HasPrefix(o.name, "/") || strings.HasPrefix(o.name, "tty") || o.name == "modem0":
			port = o
			if port.arg = o.name; o.name[0] != '/' {
				port.arg = "/dev/" + o.name
			}
		case o.name == "speed":
			speed = o
		case number(o.name):
			speed = option{o.place, "speed", o.name}
		}
	}
	if port.file == "" {
		port.place = d.at
	}
	r.onModem(d, port.place, port.arg)
	if speed.arg != "" {
		r.speed(d, speed.place, "speed", speed.arg)
	}
	for _, o := range all {
		if o.name == "connect" {
			r.chat(d, o)
		}
	}
	return true
}

func number(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// pppdTunnel reads pty "pptp HOST --nolaunchpppd".
func (r *reader) pppdTunnel(d *draft, o option) bool {
	line := shellWords(o.arg)
	if len(line) > 0 && line[0] == "exec" {
		line = line[1:]
	}
	if len(line) == 0 || base(line[0]) != "pptp" {
		r.refuse(o.place, d.raw+": pty", "The program that makes the connection is not pptp.", "")
		return false
	}
	r.put(d, o.place, "device", "vpn")
	for i := 1; i < len(line); i++ {
		flag, _, given := strings.Cut(line[i], "=")
		switch {
		case flag == "--nolaunchpppd" || flag == "--debug" || flag == "--nobuffer" || flag == "--sync":
		case slices.Contains(words("--loglevel --logstring --timeout --test-type --test-rate"), flag):
			if !given {
				i++
			}
		case slices.Contains(words("--phone --quirks --idle-wait --max-echo-wait --localbind --rtmark"), flag):
			if !given {
				i++
			}
			r.note(o.place, "pptp "+flag, nothingLike, "")
		case strings.HasPrefix(flag, "-"):
			r.note(o.place, "pptp "+flag, nothingLike, "")
		case !d.has("host"):
			r.put(d, o.place, "host", line[i])
		}
	}
	return true
}

func (r *reader) pppdOption(d *draft, s *pppdState, o option) {
	switch o.name {
	case "pty", "connect", "pptp_server", "speed":
	case "plugin":
		if !strings.HasPrefix(base(o.arg), "pptp") {
			r.note(o.place, "plugin", "dun has no plugins.", "")
		}
	case "user":
		s.user = o
	case "name":
		s.name = o
	case "remotename":
		s.remote = o.arg
	case "password":
		r.password(d, o.place, "password", o.arg)
	case "defaultroute":
		s.def = true
	case "usepeerdns":
		s.dns = true
	case "+ipv6":
		s.ipv6 = true
	case "mtu", "mru":
		r.put(d, o.place, o.name, o.arg)
	case "lcp-echo-interval":
		r.keepalive(d, o.place, o.arg, "")
	case "lcp-echo-failure":
		r.keepalive(d, o.place, "", o.arg)
	case "idle":
		r.span(d, o.place, "idle", o.arg)
	case "maxconnect":
		r.span(d, o.place, "time-limit", o.arg)
	case "ifname":
		r.put(d, o.place, "interface", o.arg)
	case "unit":
		r.put(d, o.place, "interface", "ppp"+o.arg)
	case "asyncmap", "-am":
		if strings.Trim(o.arg, "0") != "" && d.modem {
			r.ofModem(d, o.place, o.name, "accm = 0x"+o.arg)
		}
	case "local", "nocrtscts", "xonxoff", "cdtrcts":
		line := `flow = "none"`
		if o.name == "local" {
			line = `carrier = "ignore"`
		}
		if d.modem {
			r.ofModem(d, o.place, o.name, line)
		}
	case "mppe": // of another line of pppd: "required,stateless,no40,no56"
		s.at = o.place
		s.opts.require = strings.Contains(o.arg, "required")
		s.opts.no40, s.opts.no128 = strings.Contains(o.arg, "no40"), strings.Contains(o.arg, "no128")
		s.opts.stateful = !strings.Contains(o.arg, "stateless")
	default:
		switch ours, theirs, pair := strings.Cut(o.name, ":"); {
		case s.opts.take(o.name):
			s.at = o.place
		case pair:
			for _, a := range []struct{ key, value string }{{"address", ours}, {"remote", theirs}} {
				if a.value != "" && a.value != "0.0.0.0" {
					r.put(d, o.place, a.key, a.value)
				}
			}
		case d.modem && (number(o.name) || strings.HasPrefix(o.name, "/") || strings.HasPrefix(o.name, "tty") || o.name == "modem0"):
		default:
			r.note(o.place, o.name, "This is no option that is known here.", "")
		}
	}
}

// keepalive sets how the peer is watched; interval 0 is not at all.
func (r *reader) keepalive(d *draft, at place, interval, failures string) {
	switch {
	case interval == "0":
		r.put(d, at, "keepalive", "off")
	case interval != "":
		r.put(d, at, "keepalive", interval)
	case failures != "0" && failures != "":
		r.put(d, at, "keepalive-failures", failures)
	}
}

// span sets a time in seconds, of which 0 is never.
func (r *reader) span(d *draft, at place, key, seconds string) {
	if seconds != "0" {
		r.put(d, at, key, seconds)
	}
}

// findSecret looks up the user, as client, for the peer's name or for "*".
func (r *reader) findSecret(d *draft, user, remote string, files []textFile) {
	found := false
	for _, exact := range []bool{true, false} {
		for _, f := range files {
			for _, s := range secretLines(f) {
				server := s[1].text
				if found || s[0].text != user && (exact || s[0].text != "*") || exact && server != remote || !exact && server != "*" && remote != "*" {
					continue
				}
				found = true
				if strings.HasPrefix(s[2].text, "@") {
					r.note(s[2].place, user, "The password is in a file of its own, which is not read.", "'dun phonebook set ENTRY password' asks for it.")
					continue
				}
				r.password(d, s[2].place, "password", s[2].text)
			}
		}
	}
	if !found && len(files) > 0 {
		r.note(d.at, "user", "None of the secrets is for this user.", "'dun phonebook set ENTRY password' asks for the password.")
	}
}

// secretLines are the lines "client server secret [address...]".
func secretLines(f textFile) [][]word {
	list, _ := pppdWords(f.name, f.text)
	var lines [][]word
	for _, w := range list {
		if n := len(lines); n > 0 && lines[n-1][0].line == w.line {
			lines[n-1] = append(lines[n-1], w)
		} else {
			lines = append(lines, []word{w})
		}
	}
	return slices.DeleteFunc(lines, func(l []word) bool { return len(l) < 3 })
}

// looksSecret: three words or more on each line, none of which is an option.
func looksSecret(text string) bool {
	list, open := pppdWords("", text)
	counts := make(map[int]int)
	for _, w := range list {
		counts[w.line]++
	}
	for _, n := range counts {
		if n < 3 {
			return false
		}
	}
	return len(list) > 0 && !open && !looksLikeOptions(text)
}

// looksLikeOptions: one of the commonest is there.
func looksLikeOptions(text string) bool {
	return hasWord(text, "noauth pty connect user name lock defaultroute usepeerdns remotename require-mppe require-mppe-128 refuse-eap call file nodetach persist noipdefault plugin")
}

// hasWord tells whether one of some words is in a text.
func hasWord(text, some string) bool {
	list, _ := pppdWords("", text)
	return slices.ContainsFunc(list, func(w word) bool { return slices.Contains(words(some), w.text) })
}
