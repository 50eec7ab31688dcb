package foreign

import "strings"

// wvdial.conf: [Dialer NAME] sections over [Dialer Defaults], and over those
// that they name in Inherits.

const wvTable = `
new_pppd=- stupid_mode=- auto_reconnect=- check_dns=- check_def_route=- dns_test1=- dns_test2=- pppd_path=- modem_type=- modem_name=- dial_message1=-
dial_message2=- dialmessage1=- dialmessage2=- abort_on_busy=- abort_on_no_dialtone=- vendor=- set_volume=- provider=- product=- homepage=- remote_name=-
inherits=- dial_prefix=- area_code=-
login_prompt=!3 password_prompt=!3 default_reply=!3 compuserve=!3 tonline=!3 isdn=!15 dial_attempts=!1 pppd_option=!17
modem=port baud=speed username=user login=name password=password ask_password=ask force_address=address idle_seconds=idle:0
init=init init1=init init2=init init3=init init4=init init5=init init6=init init7=init init8=init init9=init
auto_dns=auto-dns phone=phone phone1=phone phone2=phone phone3=phone phone4=phone
dial_command=*dial-command_=_"%":ATDT,ATD,ATDP carrier_check=*carrier_=_"ignore":yes,on,1 dial_timeout=*dial-timeout_=_"%s":60 flowcontrol=*flow_=_"none":HARDWARE,RTSCTS
`

func (r *reader) readWvdial(f *textFile) {
	list := scan(r, f, ";#")
	var seen []string
	for _, head := range list {
		raw := dialer(head.section)
		fold := strings.ToLower(raw)
		if head.key != "" || one(seen, fold) {
			continue
		}
		if raw == "" {
			r.note(head, otherEnd, "")
			continue
		}
		seen = append(seen, fold)
		s := inherit(inherit(nil, list, "defaults", 0), list, fold, 0)
		if fold == "defaults" {
			if findAs(s, "phone") == nil {
				continue // what others have in common
			}
			raw = "default"
		}
		d := r.draft(head, raw)
		prefix := textAs(s, "dial prefix") + textAs(s, "area code")
		for _, it := range s {
			own := *it
			if strings.HasPrefix(it.as, "phone") && it.value != "" {
				own.value = prefix + it.value
			}
			if it.as == "dial command" && strings.EqualFold(it.value, "ATDP") {
				r.toModem(d, &own, `dialing = "pulse"`)
			}
			r.apply(d, wvTable, &own, otherEnd)
		}
		if it := d.get("auto-dns"); it != nil && nothing(it.value) {
			d.say(it, "dns", "ignore")
		}
	}
}

// findAs is the setting with a key in small letters, nil where there is none.
func findAs(list []*item, key string) *item {
	for _, it := range list {
		if it.as == key {
			return it
		}
	}
	return nil
}

func textAs(list []*item, key string) string {
	if it := findAs(list, key); it != nil {
		return it.value
	}
	return ""
}

// dialer is the name in "[Dialer NAME]".
func dialer(section string) string {
	if len(section) > 7 && strings.EqualFold(section[:7], "dialer ") {
		return strings.TrimSpace(section[7:])
	}
	return ""
}

// inherit lays a section over what there is, those that it inherits first.
// Keys are given in small letters; in their order the first comes first.
func inherit(to []*item, list []*item, section string, depth int) []*item {
	for _, it := range list {
		if depth < 8 && strings.EqualFold(dialer(it.section), section) && strings.EqualFold(it.key, "inherits") {
			other := it.value
			if name := dialer(other); name != "" {
				other = name
			}
			to = inherit(to, list, strings.ToLower(other), depth+1)
		}
	}
	for _, it := range list {
		if it.key == "" || !strings.EqualFold(dialer(it.section), section) {
			continue
		}
		own := *it
		own.as = strings.ToLower(strings.Join(words(it.key), " "))
		if own.as == "init" {
			own.as = "init1"
		}
		if v := own.value; len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
			own.value = v[1 : len(v)-1]
		}
		if old := findAs(to, own.as); old != nil {
			*old = own
		} else {
			to = append(to, &own)
		}
	}
	return to
}
