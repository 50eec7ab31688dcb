package foreign

import (
	"slices"
	"strconv"
	"strings"
)

// rasphone.pbk, [MS-RRASM] section 2.2.2: a section for each connection, with
// subsections that begin with the keys NETCOMPONENTS, MEDIA and DEVICE.

// The bits of AuthRestrictions, in the order of allAuth.
var rasAuth = []int{0x200, 0x40, 0x20, 0x8}

// rasPolicy is DataEncryption.
var rasPolicy = map[string]string{"0": "deny", "8": "prefer", "256": "require", "512": "require"}

// rasLost is what has no place in an entry. Values that all files have say nothing.
var rasLost = []unlike{
	{`Encoding PBVersion DialParamsUID Guid LowDateTime HighDateTime BaseProtocol LcpExtensions SwCompression IpHeaderCompression SkipNwcWarning
		SkipDownLevelDialog SkipDoubleDialDialog DialMode DialPercent DialSeconds HangUpPercent HangUpSeconds OverridePref SharedPhoneNumbers
		GlobalDeviceSettings PrerequisitePbk PreferredPort PreferredDevice PreferredBps PreferredHwFlow PreferredProtocol PreferredCompression
		PreferredSpeaker PreferredMdmProtocol PreviewUserPw PreviewDomain PreviewPhoneNumber ShowDialingProgress ShowMonitorIconInTaskBar
		IpFrameSize FrameSize IpDnsFlags IpNBTFlags TcpWindowSize UseFlags IpSecFlags IpInterfaceMetric Ipv6Assign Ipv6Address Ipv6PrefixLength
		Ipv6PrioritizeRemote Ipv6InterfaceMetric Ipv6NameAssign Ipv6Prefix Ipv6InterfaceId DisableClassBasedDefaultRoute DisableMobility
		DisableIKENameEkuCheck NetworkOutageTime ProvisionType ImsConfig IdiType IdrType NumServers RouteVersion NETCOMPONENTS ms_msclient
		ms_server ms_psched ms_rassrv ms_netbt ms_netmon MEDIA Device Comment FriendlyName LastSelectedPhone PromoteAlternates
		TryNextAlternateOnFail CountryID ShareMsFilePrint BindMsNetClient UseRasCredentials CacheCredentials CustomAuthData HwFlowControl
		Protocol Compression Speaker MdmProtocol ForceSecureCompartment DeviceComplianceEnabled UsePwForNetwork ServerType Description
		ExcludedProtocols UseCountryAndAreaCodes`, "*", "", ""},
	{"AutoLogon", "0", "Windows logs in there as whoever uses it.", "'dun phonebook set ENTRY password' asks for the password."},
	{"RedialAttempts", "0 3", keepsUp, setAutodial},
	{"RedialSeconds", "0 60", keepsUp, "Its pauses are its own."},
	{"RedialOnLinkFailure", "0", keepsUp, setAutodial},
	{"CallbackMode", "0", "dun does not let itself be called back.", ""},
	{"CustomDialDll CustomDialFunc CustomRasDialDll", "", "This is a program for Windows.", ""},
	{"CustomAuthKey", "0 -1 4294967295", "dun has no EAP.", "Let the server take MS-CHAPv2."},
	{"NegotiateMultilinkAlways", "0", "dun has no multilink.", ""},
	{"IpWinsAddress IpWins2Address", "0.0.0.0", "dun does not tell anybody about WINS servers.", ""},
	{"IpDnsSuffix", "", "dun does not set domains to search.", "Use whole names."},
	{"Ipv6DnsAddress Ipv6Dns2Address", "::", "Name servers with IPv6 addresses are not taken over.", "'dun phonebook set ENTRY dns ADDRESS...' sets name servers."},
	{"NumRoutes", "0", "The routes are not read.", "'dun phonebook set ENTRY routes NETWORK...' sets them."},
	{"NumNrptRules NumAppIds NumClassicAppIds AutoTiggerCapable AutoTriggerCapable", "0", "dun does not dial for single programs or names.", ""},
	{"Terminal Script", "0", scripted, ""},
}

// rasSection is one connection of the file.
type rasSection struct {
	item
	items []item
}

func (r *reader) readRasphone(f textFile) {
	var sections []rasSection
	for _, it := range scan(f.name, f.text, ";#", r.odd) {
		switch n := len(sections); {
		case it.key == "":
			sections = append(sections, rasSection{item: it})
		case n > 0:
			sections[n-1].items = append(sections[n-1].items, it)
		default:
			r.odd(it.place)
		}
	}
	for _, s := range sections {
		r.rasEntry(s)
	}
}

// find is a value of the section, "" where it has none.
func (s rasSection) find(key string) item {
	for _, it := range s.items {
		if it.key == key { // DEVICE is another one than Device
			return it
		}
	}
	return item{place: s.place}
}

func (r *reader) rasEntry(s rasSection) {
	device := strings.ToLower(s.find("DEVICE").value)
	kind := s.find("Type").value
	switch v := s.find("VpnStrategy"); {
	case device != "vpn" && device != "modem" && kind != "1" && kind != "2", kind != "" && kind != "1" && kind != "2":
		r.refuse(s.place, s.section, "This is no connection by modem or PPTP.", "")
		return
	case device != "modem" && slices.Contains(words("3 5 7"), v.value):
		r.refuse(v.place, s.section, "It is L2TP, SSTP or IKEv2; dun has PPTP only.", "")
		return
	case device != "modem" && v.value != "" && v.value != "0" && v.value != "1":
		r.note(v.place, s.section+": VpnStrategy", "Windows tries other tunnels beside PPTP; dun has PPTP only.", "")
	}
	d := r.add(s.place, s.section)
	if d == nil {
		return
	}
	if device == "modem" || device == "" && kind == "1" {
		port := s.find("Port")
		r.onModem(d, port.place, port.value)
	} else {
		r.put(d, s.place, "device", "vpn")
	}
	d.via = s.find("PrerequisiteEntry").value
	r.rasLogin(d, s)
	r.rasNetwork(d, s)
	r.rasNumbers(d, s)
	known := words("Type VpnStrategy DataEncryption AuthRestrictions DEVICE Port PrerequisiteEntry PhoneNumber AreaCode CountryCode UseDialingRules ConnectBPS InitBPS " +
		"IpPrioritizeRemote IpAssign IpAddress IpNameAssign IpDnsAddress IpDns2Address IdleDisconnectSeconds")
	media := 0
	for _, it := range s.items {
		if it.key == "MEDIA" {
			if media++; media == 2 {
				r.note(it.place, s.section+": MEDIA", "There are several devices; dun has no multilink and takes the first.", "")
			}
		}
		if !slices.Contains(known, it.key) {
			r.lost(rasLost, it.place, s.section+": ", it.key, it.value)
		}
	}
}

func (r *reader) rasLogin(d *draft, s rasSection) {
	a, e := s.find("AuthRestrictions"), s.find("DataEncryption")
	var l login
	bits, err := strconv.Atoi(a.value)
	for i, bit := range rasAuth {
		if bits&bit != 0 || err != nil || bits == 0 {
			l.auth = append(l.auth, allAuth[i])
		}
	}
	for _, w := range []struct {
		bit  int
		name string
	}{{0x10, "SPAP"}, {0x80, "EAP"}, {0x400, "MS-CHAP for Windows 95"}} {
		if bits&w.bit != 0 && len(l.auth) > 0 {
			r.note(a.place, s.section+": AuthRestrictions", "dun has no "+w.name+".", "The other ways of logging in stay.")
		}
	}
	known := false
	if l.policy, known = rasPolicy[e.value]; !known {
		l.policy = "require"
		if e.value != "" || d.modem {
			l.policy = "prefer"
		}
	}
	if e.value == "256" {
		r.note(e.place, s.section+": DataEncryption", "Windows may also encrypt with 56 or 40 bit there; the entry takes 128 only.",
			"Where the server has no more: 'dun phonebook set ENTRY mppe 128-stateless 56-stateless 40-stateless'.")
	}
	r.login(d, e.place, s.section+": AuthRestrictions", l)
}

func (r *reader) rasNetwork(d *draft, s rasSection) {
	first := s.find("IpPrioritizeRemote")
	if first.value == "0" {
		r.put(d, first.place, "default-route", "false")
		if !d.modem {
			r.note(first.place, s.section+": IpPrioritizeRemote", "Windows goes on from the class of the address that it gets; which networks are behind the server is not in the file.",
				"'dun phonebook set ENTRY routes NETWORK...' sets them.")
		}
	} else {
		r.put(d, first.place, "default-route", "true")
	}
	real := func(key string) bool { v := s.find(key).value; return v != "" && v != "0.0.0.0" }
	if it := s.find("IpAssign"); it.value != "1" && real("IpAddress") {
		r.put(d, s.find("IpAddress").place, "address", s.find("IpAddress").value)
	}
	if it := s.find("IpNameAssign"); it.value != "1" {
		var list []string
		for _, key := range words("IpDnsAddress IpDns2Address") {
			if real(key) {
				list = append(list, s.find(key).value)
			}
		}
		if list != nil {
			r.put(d, s.find("IpDnsAddress").place, "dns", list...)
		}
	}
	if it := s.find("IdleDisconnectSeconds"); it.value != "" && it.value != "0" && it.value != "-1" && it.value != "4294967295" {
		r.put(d, it.place, "idle", it.value)
	}
	// Phonebooks have a version since Windows has IPv6 on such links; 8 leaves it out.
	if it := s.find("ExcludedProtocols"); s.find("PBVersion").value != "" {
		if bits, err := strconv.Atoi(it.value); err == nil && bits&8 == 0 {
			r.put(d, it.place, "ipv6", "on")
		}
	}
}

// rasNumbers reads the PhoneNumber subsections of the first device.
func (r *reader) rasNumbers(d *draft, s rasSection) {
	i := slices.IndexFunc(s.items, func(it item) bool { return it.key == "DEVICE" && !strings.EqualFold(it.value, "switch") })
	if i < 0 {
		i = 0
	}
	var numbers []string
	var at place
	device := false
	for ; i < len(s.items) && !(device && s.items[i].key == "MEDIA"); i++ {
		it := s.items[i]
		device = device || it.key == "DEVICE"
		if it.key != "PhoneNumber" || it.value == "" {
			continue
		}
		if numbers == nil {
			at = it.place
		}
		if d.modem {
			numbers = append(numbers, canonical(it.value, s.items[i+1:]))
		} else if numbers = append(numbers, it.value); len(numbers) > 1 {
			r.note(it.place, s.section+": PhoneNumber", "An entry has one server; this second one is not tried.", "Make another entry for it.")
		}
	}
	switch {
	case numbers == nil:
	case d.modem:
		r.put(d, at, "phone", numbers...)
	default:
		r.put(d, at, "host", strings.TrimSpace(numbers[0]))
	}
	if bps := s.find("ConnectBPS"); d.modem && bps.value != "" && bps.value != "0" {
		r.speed(d, bps.place, s.section+": ConnectBPS", bps.value)
	}
}

// canonical is a number in the form that dialing rules are for, where what
// follows it says so.
func canonical(number string, rest []item) string {
	got := make(map[string]string)
	for _, it := range rest {
		if it.key == "PhoneNumber" || it.key == "DEVICE" || it.key == "MEDIA" {
			break
		}
		got[it.key] = it.value
	}
	country := got["CountryCode"]
	if got["UseDialingRules"] != "1" || country == "" || country == "0" {
		return number
	}
	if got["AreaCode"] == "" {
		return "+" + country + " " + number
	}
	return "+" + country + " (" + got["AreaCode"] + ") " + number
}
