package foreign

import (
	"strconv"
	"strings"
)

// wvdial.conf: [Dialer NAME] sections over [Dialer Defaults], and over those
// that they name in Inherits.

var wvLost = []unlike{
	{`New PPPD~Stupid Mode~Auto Reconnect~Check DNS~Check Def Route~DNS Test1~DNS Test2~PPPD Path~Modem Type~Modem Name~Dial Message1~Dial Message2~DialMessage1
		~DialMessage2~Abort on Busy~Abort on No Dialtone~Vendor~Set Volume~Provider~Product~HomePage`, "*", "", ""},
	{"Login Prompt~Password Prompt~Default Reply~Compuserve~Tonline", "0 no off", scripted, ""},
	{"~Remote Name", "*", "", ""},
	{"ISDN", "0 no off", "dun has no ISDN adapters that are not modems.", ""},
	{"~Dial Attempts", "0", keepsUp, setAutodial},
	{"~PPPD Option", "", "This is an option of pppd.", "dun-phonebook(5) has the settings."},
	{"~Ask Password", "*", "", ""},
}

func (r *reader) readWvdial(f textFile) {
	var order []item
	sections := make(map[string][]item) // by their names in lower case
	for _, it := range scan(f.name, f.text, ";#", r.odd) {
		name := strings.ToLower(it.section)
		dialer, is := strings.CutPrefix(name, "dialer ")
		dialer = strings.TrimSpace(dialer)
		switch {
		case !is && it.key == "":
			r.note(it.place, it.section, "This is no section of wvdial.", "")
		case is && it.key == "":
			if _, again := sections[dialer]; !again {
				sections[dialer] = []item{}
				order = append(order, it)
			}
		case is:
			it.value = unquote(it.value)
			sections[dialer] = append(sections[dialer], it)
		}
	}
	for _, s := range order {
		raw := strings.TrimSpace(s.section[len("dialer "):])
		settings := make(map[string]item)
		inherit(settings, sections, "defaults", 0)
		inherit(settings, sections, strings.ToLower(raw), 0)
		if strings.EqualFold(raw, "defaults") {
			if settings["phone"].value == "" {
				continue // what others have in common
			}
			raw = "default"
		}
		r.wvEntry(s.place, raw, settings)
	}
}

// inherit lays a section over what there is, those that it inherits first.
func inherit(to map[string]item, sections map[string][]item, name string, depth int) {
	if depth > 8 {
		return
	}
	for _, it := range sections[name] {
		if strings.EqualFold(it.key, "Inherits") {
			other := strings.ToLower(it.value)
			inherit(to, sections, strings.TrimSpace(strings.TrimPrefix(other, "dialer ")), depth+1)
		}
	}
	for _, it := range sections[name] {
		key := strings.ToLower(strings.Join(words(it.key), " "))
		if key == "init" {
			key = "init1"
		}
		to[key] = it
	}
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

func yes(s string) bool { return fold(words("1 y yes t true on"), s) }

func (r *reader) wvEntry(at place, raw string, s map[string]item) {
	d := r.add(at, raw)
	if d == nil {
		return
	}
	get := func(key string) (item, bool) {
		it, there := s[key]
		delete(s, key)
		if !there {
			it.place = at
		}
		return it, it.value != ""
	}
	port, _ := get("modem")
	r.onModem(d, port.place, port.value)
	if it, ok := get("baud"); ok {
		r.speed(d, it.place, it.key, it.value)
	}
	prefix, _ := get("dial prefix")
	area, _ := get("area code")
	var numbers []string
	where := at
	for _, key := range words("phone phone1 phone2 phone3 phone4") {
		if it, ok := get(key); ok {
			if numbers == nil {
				where = it.place
			}
			numbers = append(numbers, prefix.value+area.value+it.value)
		}
	}
	if numbers != nil {
		r.put(d, where, "phone", numbers...)
	}
	for n := 1; n <= 9; n++ {
		if it, ok := get("init" + itoa(n)); ok {
			r.init(d, it.place, it.key, it.value)
		}
	}
	if it, ok := get("dial command"); ok {
		switch c := strings.ToUpper(it.value); c {
		case "ATDT", "ATD":
		case "ATDP":
			r.ofModem(d, it.place, it.key, `dialing = "pulse"`)
		default:
			r.ofModem(d, it.place, it.key, `dial-command = "`+it.value+`"`)
		}
	}
	user, ok := get("username")
	if login, is := get("login"); is && !ok {
		user, ok = login, true
	}
	if ok {
		r.put(d, user.place, "user", user.value)
	}
	ask, _ := get("ask password")
	if it, ok := get("password"); ok && !yes(ask.value) {
		r.password(d, it.place, it.key, it.value)
	}
	if it, ok := get("auto dns"); ok && !yes(it.value) {
		r.put(d, it.place, "dns", "ignore")
	}
	if it, ok := get("force address"); ok {
		r.put(d, it.place, "address", it.value)
	}
	if it, ok := get("idle seconds"); ok && it.value != "0" {
		r.put(d, it.place, "idle", it.value)
	}
	if it, ok := get("carrier check"); ok && !yes(it.value) {
		r.ofModem(d, it.place, it.key, `carrier = "ignore"`)
	}
	if it, ok := get("dial timeout"); ok && it.value != "60" {
		r.ofModem(d, it.place, it.key, "dial-timeout = "+strconv.Quote(it.value+"s"))
	}
	if it, ok := get("flowcontrol"); ok && strings.Contains(strings.ToUpper(it.value), "NO") {
		r.ofModem(d, it.place, it.key, `flow = "none"`)
	}
	delete(s, "inherits")
	for _, it := range s {
		r.lost(wvLost, it.place, "", it.key, it.value)
	}
}
