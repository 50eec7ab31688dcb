package foreign

import "strings"

// NetworkManager's keyfiles: one connection a file, [connection], [ipv4],
// [ipv6], and by its type [vpn] with [vpn-secrets], or [gsm], [cdma], [serial]
// and [ppp].

const pptpService = "org.freedesktop.NetworkManager.pptp"

var nmLost = []unlike{
	{`connection.id connection.uuid connection.type connection.timestamp connection.permissions connection.autoconnect-priority connection.autoconnect-retries
		vpn.service-type vpn.refuse-eap vpn.nobsdcomp vpn.nodeflate vpn.no-vj-comp vpn.novj ppp.noauth ppp.refuse-eap ppp.nobsdcomp ppp.nodeflate ppp.no-vj-comp
		ppp.crtscts ipv4.method ipv6.addr-gen-mode ipv6.ip6-privacy ipv6.dns-search ipv6.never-default ipv4.dns-priority ipv6.dns-priority
		serial.bits serial.parity serial.stopbits`, "*", "", ""},
	{"connection.secondaries", "", "It dials another connection when it is up.", "Give that one via = [...] instead."},
	{"connection.zone connection.metered connection.multi-connect ipv4.route-metric ipv6.route-metric", "0 -1", nothingLike, ""},
	{"ipv4.dns-search", "", "dun does not set domains to search.", "Use whole names."},
	{"ipv4.ignore-auto-routes ipv4.may-fail", "*", "", ""},
	{"ppp.baud serial.baud", "0", "", ""},
	{"gsm.apn gsm.network-id gsm.pin gsm.device-id gsm.sim-id gsm.sim-operator-id gsm.home-only gsm.auto-config", "false 0",
		"The modem is told this by an AT command, such as AT+CGDCONT or AT+CPIN.", "Write the command into init of the modem in device.toml."},
	{"vpn.persistent", "false", keepsUp, setAutodial},
}

func (r *reader) readKeyfile(f textFile) {
	s := make(map[string]item)
	for _, it := range scan(f.name, f.text, "#", r.odd) {
		if it.key != "" {
			it.value = keyfileValue(it.value)
			s[it.section+"."+it.key] = it
		}
	}
	get := func(key string) (item, bool) {
		it, there := s[key]
		delete(s, key)
		if !there {
			it.place = place{f.name, 1}
		}
		return it, it.value != ""
	}
	id := s["connection.id"]
	if id.value == "" {
		id = item{place: place{f.name, 1}, value: strings.TrimSuffix(base(f.name), ".nmconnection")}
	}
	kind, service := s["connection.type"].value, s["vpn.service-type"].value
	tunnel := kind == "vpn" && service == pptpService
	if !tunnel && !fold(words("ppp gsm cdma serial"), kind) {
		r.refuse(id.place, id.value, "This is no connection by modem or PPTP.", "")
		return
	}
	d := r.add(id.place, id.value)
	if d == nil {
		return
	}
	group := "ppp"
	if tunnel {
		group = "vpn"
		r.put(d, id.place, "device", "vpn")
		if it, ok := get("vpn.gateway"); ok {
			r.put(d, it.place, "host", it.value)
		}
	} else {
		r.nmModem(d, get)
	}
	r.nmUser(d, kind, get)
	var o options
	at := d.at
	for key, it := range s {
		if word, is := strings.CutPrefix(key, group+"."); is && o.take(word) {
			if !yes(it.value) {
				r.note(it.place, word, "It is not clear what this says.", `Look at the entry's auth and encryption; "yes" was read.`)
			}
			if at == d.at || it.line < at.line {
				at = it.place
			}
			delete(s, key)
		}
	}
	r.login(d, at, "auth", o.login())
	r.nmNetwork(d, tunnel, get)
	for _, key := range words("mtu mru lcp-echo-interval lcp-echo-failure unit") {
		it, ok := get(group + "." + key)
		switch {
		case !ok || it.value == "0" && key != "unit":
		case key == "unit":
			r.put(d, it.place, "interface", "ppp"+it.value)
		case key == "lcp-echo-interval":
			r.keepalive(d, it.place, it.value, "")
		case key == "lcp-echo-failure":
			r.keepalive(d, it.place, "", it.value)
		default:
			r.put(d, it.place, key, it.value)
		}
	}
	if it, ok := get("connection.interface-name"); ok && d.modem {
		r.onModem(d, it.place, "/dev/"+it.value)
	} else if ok {
		r.put(d, it.place, "interface", it.value)
	}
	if it, _ := get("connection.autoconnect"); yes(it.value) {
		r.put(d, it.place, "autodial", "true")
	}
	for key, it := range s {
		if it.value != "false" && it.value != "no" {
			r.lost(nmLost, it.place, "", key, it.value)
		}
	}
}

func (r *reader) nmModem(d *draft, get func(string) (item, bool)) {
	r.onModem(d, d.at, "")
	numbered := false
	for _, group := range words("gsm cdma serial ppp") {
		if it, ok := get(group + ".number"); ok {
			r.put(d, it.place, "phone", it.value)
			numbered = true
		}
		if it, ok := get(group + ".baud"); ok && it.value != "0" {
			r.speed(d, it.place, it.key, it.value)
		}
	}
	if !numbered {
		r.put(d, d.at, "phone", "*99#")
		r.note(d.at, d.raw, "The file has no number; *99# was taken, which most networks for mobile data have.", "")
	}
}

// nmUser reads who logs in; the password may be in a keyring instead.
func (r *reader) nmUser(d *draft, kind string, get func(string) (item, bool)) {
	from, secrets, key := "vpn", "vpn-secrets", "user"
	if d.modem {
		from, secrets, key = kind, kind, "username"
	}
	user, ok := get(from + "." + key)
	domain, has := get(from + ".domain")
	if ok && has {
		user.value = domain.value + `\` + user.value
	} else if has {
		r.note(domain.place, domain.key, "There is a domain without a user.", "")
	}
	if ok {
		r.put(d, user.place, "user", user.value)
	}
	flags, _ := get(from + ".password-flags")
	if it, ok := get(secrets + ".password"); ok {
		r.password(d, it.place, "password", it.value)
	} else if flags.value == "1" {
		r.note(flags.place, "password-flags", "The password is in a keyring, not in the file.", "'dun phonebook set ENTRY password' asks for it.")
	}
}

func (r *reader) nmNetwork(d *draft, tunnel bool, get func(string) (item, bool)) {
	never, _ := get("ipv4.never-default")
	r.put(d, never.place, "default-route", either(yes(never.value), "false", "true"))
	var routes []string
	var at place
	for i := 0; i < 256; i++ {
		for _, key := range []string{"ipv4.route" + itoa(i), "ipv4.routes" + itoa(i), "ipv6.route" + itoa(i)} {
			it, ok := get(key)
			if i == 0 {
				it, ok = get(strings.TrimSuffix(key, "0"))
			}
			if parts := split(it.value, ",;"); ok && len(parts) > 0 {
				if routes == nil {
					at = it.place
				}
				if strings.Contains(key, "routes") && len(parts) > 1 && !strings.Contains(parts[0], "/") { // as of old
					parts[0] += "/" + parts[1]
				}
				routes = append(routes, parts[0])
			}
			if o, extra := get(key + "_options"); extra {
				r.note(o.place, o.key, nothingLike, "The route itself was taken over.")
			}
		}
	}
	if routes != nil {
		r.put(d, at, "routes", routes...)
	}
	ignore, _ := get("ipv4.ignore-auto-dns")
	if it, ok := get("ipv4.dns"); ok && len(split(it.value, ";,")) > 0 {
		r.put(d, it.place, "dns", split(it.value, ";,")...)
		if !yes(ignore.value) {
			r.note(it.place, "ipv4.dns", "These name servers are taken alone, not beside those that the other end tells.", "")
		}
	} else if yes(ignore.value) {
		r.put(d, ignore.place, "dns", "ignore")
	}
	for i := 0; i < 10; i++ {
		for _, key := range []string{"ipv4.address" + itoa(i), "ipv4.addresses" + itoa(i)} {
			if i == 0 {
				key = strings.TrimSuffix(key, "0")
			}
			if it, ok := get(key); ok {
				if parts := split(it.value, ",;/"); len(parts) > 0 {
					r.put(d, it.place, "address", parts[0])
				}
			}
		}
	}
	switch it, _ := get("ipv6.method"); it.value {
	case "auto":
		if !tunnel { // NetworkManager's tunnels have no IPv6 inside
			r.put(d, it.place, "ipv6", "on")
		}
	case "ignore":
		r.put(d, it.place, "ipv6", "leave")
	}
}

// split cuts a list, whose last element may be followed by a sign too.
func split(s, signs string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(signs+" ", c) })
}

// The escapes of keyfiles.
var keyfileEscapes = []string{`\\`, `\`, `\s`, " ", `\t`, "\t", `\n`, "\n", `\r`, "\r", `\;`, ";"}

func keyfileValue(s string) string { return strings.NewReplacer(keyfileEscapes...).Replace(s) }
