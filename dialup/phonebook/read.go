package phonebook

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"dun/dialup/ppp"
	"dun/dialup/strict"
)

const (
	day     = 24 * time.Hour
	maxList = 256 // numbers, routes, name servers of one entry
	maxUser = 255 // PAP's length is one octet (RFC 1334 section 2.2.1)
	minMTU  = 128
	maxMTU  = 1500
	minIPv6 = 1280 // RFC 8200 section 5
	maxName = 32
)

// modemKeys and vpnKeys have a meaning for one kind of entry only.
var (
	modemKeys = []string{"modem", "phone", "dial-as"}
	vpnKeys   = []string{"protocol", "host", "via"}
)

// readEntry reads [entry.NAME].
func readEntry(r *strict.Reader, name string) Entry {
	e := Entry{Name: name, Via: []string{Lan}, Protocol: "pptp", DNSPeer: true}
	i, deviceKnown := r.Choice("device", deviceNames...)
	e.Device = Device(i)
	r.Missing("device", `Write device = "modem" or device = "vpn".`, "The entry does not say what it is dialed on.")

	// All are asked for, so that a misspelt key is told from one that is
	// out of place.
	e.readModem(r)
	e.readVPN(r)
	if deviceKnown {
		e.checkDevice(r)
	}
	if user, ok := r.String("user", `"alice"`); ok {
		e.User = user
		if len(user) > maxUser {
			r.Wrong("user", "", "The name is longer than %d octets.", maxUser)
		}
	}
	e.readLogin(r)
	e.readRouting(r)
	e.readDNS(r)
	e.readAddresses(r)
	e.readLife(r)
	r.Finish()
	return e
}

func (e *Entry) readModem(r *strict.Reader) {
	if name, ok := r.String("modem", `"line1"`); ok {
		e.Modem = name
		if name == "" {
			r.Wrong("modem", "Name a [modem.NAME] of device.toml.", "The modem's name is empty.")
		}
	}
	numbers, ok := r.Strings("phone", `["5550100"]`)
	for _, n := range bounded(r, "phone", numbers) {
		if bad := badNumber(n.Text); bad != "" {
			r.WrongAt(n.At, "phone", "A number has digits, * # +, pauses (, W @) and, for people, blanks ( ) - . /", "%s", bad)
			continue
		}
		e.Phone = append(e.Phone, n.Text)
	}
	if ok && len(numbers) == 0 {
		r.Wrong("phone", `Write phone = ["5550100"].`, "The list is empty.")
	}
	if i, ok := r.Choice("dial-as", ruleNames...); ok {
		e.Rule = DialRule(i)
	}
}

func (e *Entry) readVPN(r *strict.Reader) {
	r.Choice("protocol", "pptp")
	if host, ok := r.String("host", `"vpn.example.com"`); ok {
		e.Host = host
		if text, remedy := badHost(host); text != "" {
			r.Wrong("host", remedy, "%s", text)
		}
	}
	via, ok := r.Strings("via", `["lan"]`)
	if !ok {
		return
	}
	e.Via = nil
	for _, v := range bounded(r, "via", via) {
		if slices.Contains(e.Via, v.Text) {
			r.WrongAt(v.At, "via", "Remove one of them.", "%s is there twice.", r.Quote(v.Text))
			continue
		}
		e.Via = append(e.Via, v.Text)
	}
	if len(via) == 0 {
		r.Wrong("via", `Write via = ["lan"], or leave it out.`, "The list is empty.")
	}
}

// checkDevice reports what the device needs, and what it has no use for.
func (e *Entry) checkDevice(r *strict.Reader) {
	foreign := vpnKeys
	if e.Device == DeviceVPN {
		foreign = modemKeys
	}
	for _, key := range foreign {
		if r.Has(key) {
			r.Wrong(key, "Remove it, or choose the other device.", "An entry with device = %q has no %s.", e.Device, key)
		}
	}
	if e.Device == DeviceVPN {
		r.Missing("host", `Write host = "vpn.example.com".`, "The entry does not say which server to call.")
		r.Missing("user", `Write user = "alice", or user = 'CORP\alice'.`, "The entry does not say who logs in.")
		return
	}
	e.Via = nil
	e.Protocol = ""
	r.Missing("modem", `Write modem = "line1", a [modem.line1] of device.toml.`, "The entry does not say which modem dials.")
	r.Missing("phone", `Write phone = ["5550100"].`, "The entry has no number to dial.")
}

func (e *Entry) readLogin(r *strict.Reader) {
	def := Login{
		Auth:       []ppp.Auth{ppp.AuthMSCHAPv2},
		Encryption: ppp.Require,
		MPPE:       []ppp.MPPEMode{{Bits: 128, Stateless: true}},
	}
	if e.Device == DeviceModem {
		def.Auth = []ppp.Auth{ppp.AuthMSCHAPv2, ppp.AuthCHAPMD5, ppp.AuthPAP}
		def.Encryption = ppp.Allow
	}
	l := ReadLogin(r, def)
	e.Auth, e.Encryption, e.MPPE, e.HashDomain = l.Auth, l.Encryption, l.MPPE, l.HashDomain
}

func (e *Entry) readRouting(r *strict.Reader) {
	list, _ := r.Strings("routes", `["10.0.0.0/8"]`)
	seen := make(map[netip.Prefix]bool)
	for _, text := range bounded(r, "routes", list) {
		p, ok := readPrefix(r, text)
		switch {
		case !ok:
		case seen[p]:
			r.WrongAt(text.At, "routes", "Remove one of them.", "%s is there twice.", p)
		default:
			seen[p] = true
			e.Routes = append(e.Routes, p)
		}
	}
	// Who dials an ISP wants the internet; a tunnel must not take it unasked.
	e.DefaultRoute = e.Device == DeviceModem && len(list) == 0
	if on, ok := r.Bool("default-route"); ok {
		e.DefaultRoute = on
	}
	switch {
	case e.DefaultRoute && len(list) > 0:
		r.Warn("routes", "Remove routes, or default-route.", "With default-route all traffic goes there anyway.")
	case e.Device == DeviceVPN && !r.Has("routes") && !r.Has("default-route") && !r.Damaged():
		r.Warn("routes", `Write routes = ["10.0.0.0/8"] with the networks behind the server, or default-route = true for all traffic.`,
			"There is neither routes nor default-route: only the server itself can be reached.")
	}
	if i, ok := r.Choice("ipv6", ipv6Names...); ok {
		e.IPv6 = IPv6Mode(i)
	}
	for _, text := range list {
		if p, err := netip.ParsePrefix(text.Text); err == nil && p.Addr().Is6() && e.IPv6 != IPv6On {
			r.WrongAt(text.At, "routes", `Add ipv6 = "on".`, "An IPv6 network cannot be reached without IPv6 on the link.")
		}
	}
	if on, ok := r.Bool("block-when-down"); ok {
		e.BlockWhenDown = on
		if on && !e.DefaultRoute && len(list) == 0 {
			r.Wrong("block-when-down", "Give routes, or default-route = true.", "There is nothing to block: the entry has no routes.")
		}
	}
}

func readPrefix(r *strict.Reader, text strict.Text) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text.Text)
	if err != nil {
		remedy := `Write a network with its prefix length, for example "10.0.0.0/8".`
		if a, err := netip.ParseAddr(text.Text); err == nil && a.Zone() == "" {
			remedy = `For this single machine write "` + netip.PrefixFrom(a, a.BitLen()).String() + `".`
		}
		r.WrongAt(text.At, "routes", remedy, "%s is no network.", r.Quote(text.Text))
		return p, false
	}
	if p != p.Masked() {
		r.WrongAt(text.At, "routes", `Write "`+p.Masked().String()+`".`, "%s has bits set behind its prefix.", p)
		return p, false
	}
	if p.Bits() == 0 {
		r.WrongAt(text.At, "routes", "Write default-route = true.", "This is all traffic.")
		return p, false
	}
	return p, true
}

func (e *Entry) readDNS(r *strict.Reader) {
	words := []string{"peer", "ignore"}
	if !r.IsList("dns") {
		if i, ok := r.Choice("dns", words...); ok {
			e.DNSPeer = i == 0
		}
		return
	}
	list, ok := r.Strings("dns", `["10.0.0.53"]`)
	e.DNSPeer = false
	for _, text := range bounded(r, "dns", list) {
		addr, err := netip.ParseAddr(text.Text)
		switch {
		case err != nil || addr.IsUnspecified() || addr.IsMulticast():
			r.WrongAt(text.At, "dns", `Write for example dns = ["10.0.0.53"].`, "%s is no address of a name server.", r.Quote(text.Text))
		case slices.Contains(e.DNSServers, addr):
			r.WrongAt(text.At, "dns", "Remove one of them.", "%s is there twice.", addr)
		default:
			e.DNSServers = append(e.DNSServers, addr)
		}
	}
	if ok && len(list) == 0 {
		r.Wrong("dns", `Write dns = "ignore" to use none.`, "The list is empty.")
	}
	if len(list) > 3 {
		r.Warn("dns", "Keep the best three.", "The system's resolver takes three name servers.")
	}
}

func (e *Entry) readAddresses(r *strict.Reader) {
	e.Address, _ = r.IPv4("address")
	e.Remote, _ = r.IPv4("remote")
	if e.Address.IsValid() && e.Address == e.Remote {
		r.Wrong("remote", "Leave one of them out.", "Both ends have the same address.")
	}
	e.MTU, _ = r.Int("mtu", minMTU, maxMTU)
	e.MRU, _ = r.Int("mru", minMTU, maxMTU)
	for _, v := range []struct {
		key string
		n   int
	}{{"mtu", e.MTU}, {"mru", e.MRU}} {
		if e.IPv6 == IPv6On && v.n > 0 && v.n < minIPv6 {
			r.Wrong(v.key, "Choose 1280 or more, or ipv6 = \"off\".", "IPv6 needs links that carry 1280 octets.")
		}
	}
	if name, ok := r.String("interface", `"ppp0"`); ok {
		e.Interface = name
		if text, remedy := BadInterface(name); text != "" {
			r.Wrong("interface", remedy, "%s", text)
		}
	}
}

func (e *Entry) readLife(r *strict.Reader) {
	e.Keepalive = ReadKeepalive(r)
	e.Idle, _ = r.Duration("idle", 0, 365*day)
	e.TimeLimit, _ = r.Duration("time-limit", 0, 365*day)
	e.Timeouts.Link, _ = r.Duration("link-timeout", time.Second, time.Hour)
	e.Timeouts.Login, _ = r.Duration("login-timeout", time.Second, time.Hour)
	e.Timeouts.Network, _ = r.Duration("network-timeout", time.Second, time.Hour)
	e.Autodial, _ = r.Bool("autodial")
	e.OnDemand, _ = r.Bool("on-demand")
	e.checkDemand(r)
}

// checkDemand reports what a packet could never dial.
func (e *Entry) checkDemand(r *strict.Reader) {
	switch {
	case !e.OnDemand:
	case e.Autodial:
		r.Wrong("on-demand", "Remove it, or autodial. Autodial with idle hangs up as well, and dials again on demand.", "With autodial the entry is dialed without any demand.")
	case !e.DefaultRoute && len(e.Routes) == 0:
		r.Wrong("on-demand", "Give routes, or default-route = true.", "No packet would dial: the entry has no routes.")
	case e.DefaultRoute && e.Device == DeviceModem && e.DNSPeer:
		r.Warn("on-demand", `Give dns a list, for example dns = ["192.0.2.53"].`, "Before the first call the name servers of the other end are not known: a look-up dials only if the machine has some.")
	}
}

// ReadKeepalive reads keepalive and keepalive-failures.
func ReadKeepalive(r *strict.Reader) Keepalive {
	var k Keepalive
	if d, off, ok := r.DurationOr("keepalive", "off", time.Second, time.Hour); off {
		k.Interval = -1
	} else if ok {
		k.Interval = d
	}
	k.Failures, _ = r.Int("keepalive-failures", 1, 100)
	if r.Has("keepalive-failures") && k.Interval < 0 {
		r.Wrong("keepalive-failures", "Remove it, or give keepalive a time.", `With keepalive = "off" nothing is counted.`)
	}
	return k
}

// bounded cuts a list that nobody writes by hand.
func bounded(r *strict.Reader, key string, list []strict.Text) []strict.Text {
	if len(list) <= maxList {
		return list
	}
	r.WrongAt(list[maxList].At, key, "", "The list has more than %d elements.", maxList)
	return list[:maxList]
}

// checkName reports names that would be trouble on a command line or as a
// file's name.
func checkName(d *strict.Document, it *strict.Item) {
	const remedy = "A name has letters, digits and . _ - and begins with a letter or a digit."
	bad := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
	}
	switch name := it.Key; {
	case name == "":
		d.Wrong(it.At, it.Path, remedy, "The entry's name is empty.")
	case name == Lan:
		d.Wrong(it.At, it.Path, "Choose another name.", `"lan" stands for the machine's own network in 'via'.`)
	case len(name) > maxName:
		d.Wrong(it.At, it.Path, "Choose a shorter one.", "The name is longer than %d octets.", maxName)
	case strings.IndexFunc(name, bad) >= 0 || strings.ContainsRune("._-", rune(name[0])):
		d.Wrong(it.At, it.Path, remedy, "This cannot be an entry's name.")
	}
}
