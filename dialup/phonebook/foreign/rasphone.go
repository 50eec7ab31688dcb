package foreign

import (
	"strconv"
	"strings"
)

// rasphone.pbk, [MS-RRASM] section 2.2.2: a section for each connection, with
// subsections that begin with the keys NETCOMPONENTS, MEDIA and DEVICE.

// rasTable is what becomes of the settings. Those that all files have, and that mean
// nothing to another system, lose nothing.
const rasTable = `
encoding=- pbversion=- dialparamsuid=- guid=- lowdatetime=- highdatetime=- baseprotocol=- lcpextensions=- swcompression=- ipheadercompression=- skipnwcwarning=-
skipdownleveldialog=- skipdoubledialdialog=- dialmode=- dialpercent=- dialseconds=- hanguppercent=- hangupseconds=- overridepref=- sharedphonenumbers=-
globaldevicesettings=- prerequisitepbk=- preferredport=- preferreddevice=- preferredbps=- preferredhwflow=- preferredprotocol=- preferredcompression=-
preferredspeaker=- preferredmdmprotocol=- previewuserpw=- previewdomain=- previewphonenumber=- showdialingprogress=- showmonitoriconintaskbar=-
ipframesize=- framesize=- ipdnsflags=- ipnbtflags=- tcpwindowsize=- useflags=- ipsecflags=- ipinterfacemetric=- ipv6assign=- ipv6address=- ipv6prefixlength=-
ipv6prioritizeremote=- ipv6interfacemetric=- ipv6nameassign=- ipv6prefix=- ipv6interfaceid=- disableclassbaseddefaultroute=- disablemobility=-
disableikenameekucheck=- networkoutagetime=- provisiontype=- imsconfig=- iditype=- idrtype=- numservers=- routeversion=- netcomponents=- ms_msclient=-
ms_server=- ms_psched=- ms_rassrv=- ms_netbt=- ms_netmon=- media=- device=- comment=- friendlyname=- lastselectedphone=- promotealternates=-
trynextalternateonfail=- countryid=- sharemsfileprint=- bindmsnetclient=- userascredentials=- cachecredentials=- customauthdata=- hwflowcontrol=-
protocol=- compression=- speaker=- mdmprotocol=- forcesecurecompartment=- devicecomplianceenabled=- usepwfornetwork=- servertype=- description=-
usecountryandareacodes=- type=- vpnstrategy=- areacode=- countrycode=- usedialingrules=- phonenumber=- excludedprotocols=-
autologon=!13 redialattempts=!1:3 redialseconds=!1:60 redialonlinkfailure=!1 callbackmode=!6 customdialdll=!2 customdialfunc=!2 customrasdialdll=!2
customauthkey=!4:-1,4294967295 negotiatemultilinkalways=!5 ipwinsaddress=!7:0.0.0.0 ipwins2address=!7:0.0.0.0 ipdnssuffix=!8 ipv6dnsaddress=!9:::
ipv6dns2address=!9::: numroutes=!10 numnrptrules=!11 numappids=!11 numclassicappids=!11 autotiggercapable=!11 terminal=!3 script=!3
port=port connectbps=speed initbps=speed prerequisiteentry=via ipprioritizeremote=default-route ipassign=assign ipnameassign=name-assign
ipaddress=address:0.0.0.0 ipdnsaddress=dns:0.0.0.0 ipdns2address=dns:0.0.0.0 idledisconnectseconds=idle:0,-1,4294967295
dataencryption=login authrestrictions=restrictions
`

// rasAuth are the bits of AuthRestrictions, in the order of allAuth.
var rasAuth = [...]int{0x200, 0x40, 0x20, 0x8}

func (r *reader) readRasphone(f *textFile) {
	list := scan(r, f, ";#")
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].key != "" {
			n++
		}
		if list[0].key == "" {
			r.rasEntry(list[0], list[1:n])
		} else {
			r.note(list[0], odd, "")
		}
		list = list[n:]
	}
}

// find is a setting of the section, nil where it has none. Case counts: DEVICE
// is another one than Device.
func find(list []*item, key string) *item {
	for _, it := range list {
		if it.key == key {
			return it
		}
	}
	return nil
}

func text(list []*item, key string) string {
	if it := find(list, key); it != nil {
		return it.value
	}
	return ""
}

func (r *reader) rasEntry(head *item, list []*item) {
	d := r.draft(head, head.section)
	device, kind := strings.ToLower(text(list, "DEVICE")), text(list, "Type")
	tunnel := device == "vpn" || device != "modem" && kind == "2"
	strategy := find(list, "VpnStrategy")
	switch {
	case kind != "" && kind != "1" && kind != "2" || kind == "" && device != "modem" && !tunnel:
		r.refuse(d, d.at, noModemOrPPTP)
		return
	case !tunnel || strategy == nil || one(words("0 1"), strategy.value):
	case one(words("3 5 7"), strategy.value):
		r.refuse(d, strategy, seldomTunnel)
		return
	default:
		r.note(strategy, otherTunnels, "")
	}
	media, devices := 0, 0
	for i, it := range list {
		switch {
		case it.key == "MEDIA":
			if media++; media == 2 {
				r.note(it, noMultilink, "")
			}
		case media > 1:
		case it.key == "DEVICE":
			if strings.EqualFold(it.value, "switch") {
				continue
			}
			devices++
		case it.key == "PhoneNumber" && it.value != "" && tunnel && d.get("host") != nil:
			r.note(it, secondServer, "")
		case it.key == "PhoneNumber" && it.value != "" && tunnel:
			d.say(it, "host", it.value)
		case it.key == "PhoneNumber" && it.value != "":
			d.say(it, "phone", canonical(it.value, list[i+1:]))
		case it.key == "Port" && tunnel:
		default:
			r.apply(d, rasTable, it, nothingLike)
		}
	}
	r.rasLogin(d, tunnel)
	if d.value("assign") == "1" {
		d.forget("address")
	}
	if d.value("name-assign") == "1" {
		d.forget("dns")
	}
	if it := d.get("default-route"); it == nil {
		d.say(d.at, "default-route", "1")
	} else if it.value == "0" && tunnel {
		r.note(find(list, "IpPrioritizeRemote"), classRoute, "")
	}
	// Phonebooks have a version since Windows has IPv6 on such links; 8 leaves it out.
	if it := find(list, "ExcludedProtocols"); it != nil && text(list, "PBVersion") != "" {
		if bits, err := strconv.Atoi(it.value); err == nil && bits&8 == 0 {
			d.say(it, "ipv6", "on")
		}
	}
}

// forget takes back what was said.
func (d *draft) forget(key string) {
	for i := range d.said {
		if d.said[i].as == key {
			d.said[i].as = "-"
		}
	}
}

func (r *reader) rasLogin(d *draft, tunnel bool) {
	a := d.get("restrictions")
	if a != nil {
		if bits, err := strconv.Atoi(a.value); err == nil && bits != 0 {
			some := false
			for i, bit := range rasAuth {
				if bits&bit == 0 {
					d.flags |= letter(authFlags[i])
				} else {
					some = true
				}
			}
			if bits&0x490 != 0 && some {
				r.note(a, noSPAP, "")
			}
		}
	}
	e := d.get("login")
	if e == nil {
		d.say(d.at, "login", either(tunnel, "512", "8"))
		e = d.get("login")
	}
	switch e.value {
	case "0":
		d.flags |= letter('L')
	case "256":
		r.note(e, weaker, "")
		fallthrough
	case "512":
		d.flags |= letter('E')
	default:
		d.flags |= letter('M')
	}
}

// canonical is a number in the form that dialing rules are for, where what
// follows it says so.
func canonical(number string, rest []*item) string {
	for i, it := range rest {
		if it.key == "PhoneNumber" || it.key == "DEVICE" || it.key == "MEDIA" {
			rest = rest[:i]
			break
		}
	}
	country, area := text(rest, "CountryCode"), text(rest, "AreaCode")
	switch {
	case text(rest, "UseDialingRules") != "1" || country == "" || country == "0":
		return number
	case area == "":
		return "+" + country + " " + number
	}
	return "+" + country + " (" + area + ") " + number
}
