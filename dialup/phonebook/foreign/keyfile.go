package foreign

import "strings"

// NetworkManager's keyfiles: one connection a file, [connection], [ipv4],
// [ipv6], and by its type [vpn] with [vpn-secrets], or [gsm], [cdma], [serial]
// and [ppp].

const pptpService = "org.freedesktop.NetworkManager.pptp"

// nmTable has the sections before the keys, "ppp." for those of [vpn] and [ppp] that are
// pppd's.
const nmTable = `
connection.id=- connection.uuid=- connection.type=- connection.timestamp=- connection.permissions=- connection.autoconnect-priority=-
connection.autoconnect-retries=- vpn.service-type=- ppp.refuse-eap=- ppp.nobsdcomp=- ppp.nodeflate=- ppp.no-vj-comp=- ppp.novj=- ppp.noauth=- ppp.crtscts=-
ipv4.method=- ipv6.addr-gen-mode=- ipv6.ip6-privacy=- ipv6.dns-search=- ipv6.never-default=- ipv4.dns-priority=- ipv6.dns-priority=- serial.bits=- serial.parity=-
serial.stopbits=- ipv4.ignore-auto-routes=- ipv4.may-fail=-
connection.secondaries=!11 connection.zone=!0 connection.metered=!0 connection.multi-connect=!0:-1 ipv4.route-metric=!0:-1 ipv6.route-metric=!0:-1 ipv4.dns-search=!8
gsm.apn=!14 gsm.network-id=!14 gsm.pin=!14 gsm.device-id=!14 gsm.sim-id=!14 gsm.sim-operator-id=!14 gsm.home-only=!14 gsm.auto-config=!14 vpn.persistent=!1
gsm.number=phone cdma.number=phone serial.number=phone ppp.number=phone gsm.baud=speed serial.baud=speed ppp.baud=speed
vpn.gateway=host vpn.user=user vpn.domain=domain vpn.password-flags=flags gsm.password-flags=flags cdma.password-flags=flags vpn-secrets.password=password
gsm.username=user cdma.username=user ppp.username=user gsm.password=password cdma.password=password ppp.password=password
ppp.refuse-pap=+A ppp.refuse-chap=+B ppp.refuse-mschap=+C ppp.refuse-mschapv2=+D ppp.require-mppe=+E ppp.require-mppe-128=+F ppp.require-mppe-40=+H ppp.mppe-stateful=+K
ppp.mtu=mtu:0 ppp.mru=mru:0 ppp.lcp-echo-interval=keepalive:0 ppp.lcp-echo-failure=keepalive-failures:0 ppp.unit=unit
connection.interface-name=interface connection.autoconnect=autodial:false,no ipv4.never-default=never-default ipv4.ignore-auto-dns=ignore-dns
ipv4.dns=dns-list ipv4.route=route ipv6.route=route ipv4.address=own ipv6.method=six
`

func (r *reader) readKeyfile(f *textFile) {
	list := scan(r, f, "#")
	id, kind, service := &item{file: f.name, line: 1}, "", ""
	for _, it := range list {
		it.value = keyfileValue(it.value)
		switch it.section + "." + it.key {
		case "connection.id":
			id = it
		case "connection.type":
			kind = it.value
		case "vpn.service-type":
			service = it.value
		}
	}
	called := id.value
	if called == "" {
		called = strings.TrimSuffix(base(f.name), ".nmconnection")
	}
	d := r.draft(id, called)
	tunnel := kind == "vpn" && service == pptpService
	if !tunnel && !one(words("ppp gsm cdma serial"), kind) {
		r.refuse(d, d.at, noModemOrPPTP)
		return
	}
	for _, it := range list {
		if it.key != "" {
			r.keyfileItem(d, it)
		}
	}
	if d.flags |= letter('N'); d.has("FH") {
		d.flags |= letter('E')
	}
	d.say(d.at, "default-route", either(yes(d.value("never-default")), "0", "1"))
	r.keyfileNames(d)
	if it := d.get("flags"); it != nil && it.value == "1" && d.get("password") == nil {
		r.note(it, keyring, "")
	}
	if it := d.get("unit"); it != nil {
		d.say(it, "interface", "ppp"+it.value)
	}
	if it := d.get("interface"); it != nil && !tunnel {
		d.say(it, "port", "/dev/"+it.value)
		d.forget("interface")
	}
	if !tunnel && d.get("phone") == nil {
		r.note(d.at, noNumber, "")
		d.say(d.at, "phone", "*99#")
	}
	if it := d.get("six"); it != nil && it.value == "ignore" {
		d.say(it, "ipv6", "leave")
	} else if it != nil && it.value == "auto" && !tunnel { // NetworkManager's tunnels have no IPv6 inside
		d.say(it, "ipv6", "on")
	}
}

// keyfileItem looks a setting up with its section; numbers behind a key are
// left out.
func (r *reader) keyfileItem(d *draft, it *item) {
	key := it.key
	if it.section == "ipv4" || it.section == "ipv6" {
		if key = strings.TrimRight(key, "0123456789"); key == "routes" || key == "addresses" {
			key = strings.TrimSuffix(strings.TrimSuffix(key, "es"), "s")
			if key == "rout" {
				key = "route"
			}
		}
	}
	looked := *it
	looked.as = it.section + "." + key
	if _, known := action(nmTable, looked.as); !known && (it.section == "vpn" || it.section == "ppp") {
		looked.as = "ppp." + key
	}
	r.apply(d, nmTable, &looked, nothingLike)
	if parts := split(it.value); key == "route" && len(parts) > 0 {
		network := parts[0]
		if !strings.Contains(network, "/") && len(parts) > 1 { // as of old
			network += "/" + parts[1]
		}
		d.say(it, "routes", network)
	} else if key == "address" && it.section == "ipv4" && len(parts) > 0 {
		address, _, _ := strings.Cut(parts[0], "/")
		d.say(it, "address", address)
	}
}

func (r *reader) keyfileNames(d *draft) {
	ignore := d.get("ignore-dns")
	it := d.get("dns-list")
	switch {
	case it != nil && len(split(it.value)) > 0:
		for _, a := range split(it.value) {
			d.say(it, "dns", a)
		}
		if ignore == nil || !yes(ignore.value) {
			r.note(it, alone, "")
		}
	case ignore != nil && yes(ignore.value):
		d.say(ignore, "dns", "ignore")
	}
}

// split cuts a list, whose last element may be followed by a sign too.
func split(s string) []string {
	return words(strings.ReplaceAll(strings.ReplaceAll(s, ",", " "), ";", " "))
}

// keyfileValue takes the escapes of keyfiles out: \s \t \n \r \\.
func keyfileValue(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			c = s[i]
			if n := strings.IndexByte("stnr", c); n >= 0 {
				c = " \t\n\r"[n]
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
