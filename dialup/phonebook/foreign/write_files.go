package foreign

import (
	"net/netip"
	"strings"

	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

func (w *writer) wvdial(e phonebook.Entry) {
	if e.Device != phonebook.DeviceModem {
		w.drop(e, "device", "wvdial has no tunnels; the entry was left out.")
		return
	}
	f := w.to("wvdial.conf")
	if f.Text != "" {
		f.line()
	}
	f.line("[Dialer ", e.Name, "]")
	m := w.modem(e)
	if m.Port != "" {
		f.line("Modem = ", m.Port)
		f.line("Baud = ", itoa(m.Speed))
	}
	for i, c := range m.Init {
		if i < 9 {
			f.line("Init", itoa(i+1), " = ", c)
		}
	}
	for i, n := range w.dials(e) {
		switch {
		case i == 0:
			f.line("Phone = ", n)
		case i <= 4:
			f.line("Phone", itoa(i), " = ", n)
		case i == 5:
			w.drop(e, "phone", "wvdial takes five numbers.")
		}
	}
	if e.User != "" {
		f.line(`Username = "`, e.User, `"`)
	}
	if password := w.password(e); password != "" {
		f.line(`Password = "`, password, `"`)
		f.Private = true
	}
	if e.Address.IsValid() {
		f.line("Force Address = ", e.Address.String())
	}
	if e.Idle > 0 {
		f.line("Idle Seconds = ", seconds(e.Idle))
	}
	auto := "on"
	if !e.DNSPeer {
		auto = "off"
	}
	f.line("Auto DNS = ", auto)
	f.line("Stupid Mode = on")
	w.left(e, "modem phone dial-as user address idle "+onlyIf(len(e.DNSServers) == 0, "dns"))
}

// onlyIf is a key that was written if the format could.
func onlyIf(ok bool, key string) string {
	if ok {
		return key
	}
	return ""
}

// pppd writes a peers file, and the password into chap-secrets or pap-secrets.
func (w *writer) pppd(e phonebook.Entry) {
	f := w.to(e.Name)
	f.line("# dun: ", e.Name)
	if e.Device == phonebook.DeviceVPN {
		f.line("pty ", pppdQuote("pptp "+shellQuote(e.Host)+" --nolaunchpppd"))
	} else {
		w.pppdModem(f, e)
	}
	if e.User != "" {
		f.line("name ", pppdQuote(e.User))
	}
	f.line("remotename ", pppdQuote(e.Name))
	f.line("noauth\nnoipdefault\nnobsdcomp\nnodeflate\nnovj")
	for _, o := range w.pppOptions(e) {
		f.line(o)
	}
	if e.DefaultRoute {
		f.line("defaultroute")
	} else {
		f.line("nodefaultroute")
	}
	if e.DNSPeer {
		f.line("usepeerdns")
	}
	if e.Address.IsValid() || e.Remote.IsValid() {
		f.line(addr(e.Address), ":", addr(e.Remote))
	}
	if e.IPv6 == phonebook.IPv6On {
		f.line("+ipv6")
	}
	w.pppdNumbers(f, e)
	if password := w.password(e); password != "" {
		for _, s := range []struct {
			file string
			is   bool
		}{{"chap-secrets", len(e.Auth) > 1 || !has(e, "pap")}, {"pap-secrets", has(e, "pap")}} {
			if s.is {
				secrets := w.to(s.file)
				secrets.Private = true
				secrets.line(pppdQuote(e.User), " ", pppdQuote(e.Name), " ", pppdQuote(password), " *")
			}
		}
	}
	w.left(e, "modem phone dial-as host user auth encryption mppe default-route address remote mtu mru keepalive keepalive-failures idle time-limit interface "+
		onlyIf(len(e.DNSServers) == 0, "dns")+" "+onlyIf(e.IPv6 == phonebook.IPv6On, "ipv6"))
}

func either(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func addr(a netip.Addr) string {
	if a.IsValid() {
		return a.String()
	}
	return ""
}

func (w *writer) pppdModem(f *Output, e phonebook.Entry) {
	m := w.modem(e)
	if m.Port != "" {
		f.line(m.Port, "\n", itoa(m.Speed))
	}
	script := "/usr/sbin/chat -v ABORT BUSY ABORT 'NO CARRIER' ABORT 'NO DIALTONE' ABORT 'NO ANSWER' ''"
	escape := strings.NewReplacer(`\`, `\\`, "^", `\^`)
	init := m.Init
	if len(init) == 0 {
		init = []string{"ATZ"}
	}
	for _, c := range init {
		script += " " + shellQuote(escape.Replace(c)) + " OK"
	}
	numbers := w.dials(e)
	if len(numbers) > 1 {
		w.drop(e, "phone", "chat dials one number; the others were left out.")
	}
	script += " " + shellQuote("ATDT"+escape.Replace(numbers[0])) + " CONNECT ''"
	f.line("connect ", pppdQuote(script), "\nlock\ncrtscts\nmodem")
}

// pppdNumbers writes the options that take one.
func (w *writer) pppdNumbers(f *Output, e phonebook.Entry) {
	for _, n := range []struct {
		name  string
		value int
	}{{"mtu", e.MTU}, {"mru", e.MRU}, {"lcp-echo-failure", e.Keepalive.Failures}} {
		if n.value > 0 {
			f.line(n.name, " ", itoa(n.value))
		}
	}
	if k := e.Keepalive.Interval; k < 0 {
		f.line("lcp-echo-interval 0")
	} else if k > 0 {
		f.line("lcp-echo-interval ", seconds(k))
	}
	if e.Idle > 0 {
		f.line("idle ", seconds(e.Idle))
	}
	if e.TimeLimit > 0 {
		f.line("maxconnect ", seconds(e.TimeLimit))
	}
	if e.Interface != "" {
		f.line("ifname ", e.Interface)
	}
}

func (w *writer) keyfile(e phonebook.Entry) {
	f := w.to(e.Name + ".nmconnection")
	f.Private = true // NetworkManager reads no other
	set := func(key, value string) {
		f.line(key, "=", keyfileEscape(value))
	}
	f.line("[connection]")
	set("id", e.Name)
	group := "ppp"
	if e.Device == phonebook.DeviceVPN {
		set("type", "vpn")
		group = "vpn"
	} else {
		set("type", "gsm")
	}
	set("autoconnect", either(e.Autodial, "true", "false"))
	if e.Interface != "" && group == "vpn" {
		set("interface-name", e.Interface)
	}
	password := w.password(e)
	if group == "vpn" {
		f.line("\n[vpn]")
		set("service-type", pptpService)
		set("gateway", e.Host)
		domain, user, found := strings.Cut(e.User, `\`)
		if found && domain != "" && user != "" {
			set("domain", domain)
			set("user", user)
		} else {
			set("user", e.User)
		}
		set("password-flags", either(password != "", "0", "2"))
	} else {
		f.line("\n[gsm]")
		numbers := w.dials(e)
		set("number", numbers[0])
		if len(numbers) > 1 {
			w.drop(e, "phone", "There is place for one number; the others were left out.")
		}
		if e.User != "" {
			set("username", e.User)
		}
		if password != "" {
			set("password", password)
		}
		if m := w.modem(e); m.Speed > 0 {
			f.line("\n[serial]")
			set("baud", itoa(m.Speed))
		}
		f.line("\n[ppp]")
	}
	for _, o := range w.pppOptions(e) {
		if o != "nomppe" {
			set(strings.Replace(o, "mschap-v2", "mschapv2", 1), "yes")
		} else {
			w.drop(e, "encryption", "There encryption is required or left to the other end; it was left to the other end.")
		}
	}
	w.nmNumbers(set, e, group)
	if password != "" && group == "vpn" {
		f.line("\n[vpn-secrets]")
		set("password", password)
	}
	w.nmNetwork(f, set, e)
	w.left(e, "phone dial-as host user auth encryption mppe default-route routes dns address ipv6 autodial keepalive keepalive-failures "+
		onlyIf(group == "vpn" || len(w.modems) > 0, "modem")+" "+onlyIf(group == "ppp", "mtu mru")+" "+onlyIf(group == "vpn", "interface"))
}

func (w *writer) nmNumbers(set func(key, value string), e phonebook.Entry, group string) {
	if k := e.Keepalive.Interval; k > 0 {
		set("lcp-echo-interval", seconds(k))
	} else if k < 0 {
		w.drop(e, "keepalive", "")
	}
	if n := e.Keepalive.Failures; n > 0 {
		set("lcp-echo-failure", itoa(n))
	}
	if group != "ppp" {
		return
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"mtu", e.MTU}, {"mru", e.MRU}} {
		if n.value > 0 {
			set(n.name, itoa(n.value))
		}
	}
}

func (w *writer) nmNetwork(f *Output, set func(key, value string), e phonebook.Entry) {
	f.line("\n[ipv4]")
	if e.Address.IsValid() {
		set("method", "manual")
		set("address1", e.Address.String()+"/32")
	} else {
		set("method", "auto")
	}
	if !e.DefaultRoute {
		set("never-default", "true")
	}
	var dns []string
	for _, a := range e.DNSServers {
		if a.Is4() {
			dns = append(dns, a.String())
		} else {
			w.drop(e, "dns", "Name servers with IPv6 addresses were left out.")
		}
	}
	if dns != nil {
		f.line("dns=", strings.Join(dns, ";"), ";")
	}
	if !e.DNSPeer {
		set("ignore-auto-dns", "true")
	}
	var six []string
	n := 0
	for _, p := range e.Routes {
		if p.Addr().Is6() {
			six = append(six, p.String())
			continue
		}
		n++
		set("route"+itoa(n), p.String())
	}
	f.line("\n[ipv6]")
	set("method", []string{"disabled", "auto", "ignore"}[e.IPv6])
	if e.IPv6 == phonebook.IPv6On && e.Device == phonebook.DeviceVPN {
		w.drop(e, "ipv6", "NetworkManager's tunnels have no IPv6 inside.")
	}
	for i, p := range six {
		set("route"+itoa(i+1), p)
	}
}

func keyfileEscape(s string) string {
	s = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(s)
	if strings.HasPrefix(s, " ") {
		s = `\s` + s[1:]
	}
	if strings.HasSuffix(s, " ") {
		s = s[:len(s)-1] + `\s`
	}
	return s
}

// rasphone writes a section with all keys that Windows wants, in its order.
func (w *writer) rasphone(e phonebook.Entry) {
	f := w.to("rasphone.pbk")
	auth := 0
	for i, a := range allAuth {
		if has(e, a) {
			auth |= rasAuth[i]
		}
	}
	encryption := "8"
	switch e.Encryption {
	case ppp.Deny:
		encryption = "0"
	case ppp.Require:
		encryption = "512"
	}
	weaker := false
	for _, m := range e.MPPE {
		weaker = weaker || m.Bits < 128
	}
	if e.Encryption == ppp.Require && weaker {
		encryption = "256"
	}
	kept := ""
	if e.Encryption != ppp.Allow {
		kept = "encryption"
	}
	zero := func(a netip.Addr) string {
		if a.IsValid() && a.Is4() {
			return a.String()
		}
		return "0.0.0.0"
	}
	flag := func(b bool) string { return either(b, "1", "0") }
	two := func(b bool) string { return either(b, "2", "1") }
	var dns [2]netip.Addr
	for i, a := range e.DNSServers {
		if i > 1 || !a.Is4() {
			w.drop(e, "dns", "There is place for two name servers with IPv4 addresses.")
		} else {
			dns[i] = a
		}
	}
	idle := "0"
	if e.Idle > 0 {
		idle = seconds(e.Idle)
	}
	prerequisite := ""
	if e.Device == phonebook.DeviceVPN && e.Via[0] != phonebook.Lan {
		prerequisite = e.Via[0]
	}
	excluded := either(e.IPv6 == phonebook.IPv6On, "3", "11")
	for _, l := range []string{"[" + e.Name + "]", "Encoding=1", "PBVersion=1", "Type=" + two(e.Device == phonebook.DeviceVPN), "AutoLogon=0", "UseRasCredentials=1",
		"BaseProtocol=1", "VpnStrategy=" + flag(e.Device == phonebook.DeviceVPN), "ExcludedProtocols=" + excluded, "LcpExtensions=1", "DataEncryption=" + encryption, "SwCompression=0",
		"NegotiateMultilinkAlways=0", "SkipDoubleDialDialog=0", "DialMode=0", "OverridePref=15", "RedialAttempts=3", "RedialSeconds=60", "IdleDisconnectSeconds=" + idle,
		"RedialOnLinkFailure=0", "CallbackMode=0", "CustomDialDll=", "CustomDialFunc=", "AuthenticateServer=0", "ShareMsFilePrint=0", "BindMsNetClient=0", "SharedPhoneNumbers=1",
		"GlobalDeviceSettings=0", "PrerequisiteEntry=" + prerequisite, "PrerequisitePbk=", "PreviewUserPw=1", "PreviewDomain=1", "PreviewPhoneNumber=0", "ShowDialingProgress=1",
		"ShowMonitorIconInTaskBar=1", "CustomAuthKey=0", "AuthRestrictions=" + itoa(auth), "IpPrioritizeRemote=" + flag(e.DefaultRoute), "IpHeaderCompression=0",
		"IpAddress=" + zero(e.Address), "IpDnsAddress=" + zero(dns[0]), "IpDns2Address=" + zero(dns[1]), "IpWinsAddress=0.0.0.0", "IpWins2Address=0.0.0.0",
		"IpAssign=" + two(e.Address.IsValid()), "IpNameAssign=" + two(dns[0].IsValid()), "IpDnsFlags=0", "IpNBTFlags=1", "TcpWindowSize=0", "UseFlags=0", "IpSecFlags=0",
		"IpDnsSuffix=", "", "NETCOMPONENTS=", "ms_msclient=0", "ms_server=0", ""} {
		f.line(l, "\r")
	}
	w.rasDevice(f, e)
	vias := len(e.Via) == 0 || len(e.Via) == 1
	w.left(e, "modem phone host auth default-route address idle "+kept+" "+onlyIf(vias, "via")+" "+onlyIf(e.DNSPeer || dns[0].IsValid(), "dns")+" "+
		onlyIf(weaker && e.Encryption == ppp.Require || e.Encryption == ppp.Deny, "mppe")+" "+onlyIf(e.IPv6 == phonebook.IPv6On, "ipv6"))
}

// rasDevice writes the device and what is dialed on it.
func (w *writer) rasDevice(f *Output, e phonebook.Entry) {
	numbers := []string{e.Host}
	if e.Device == phonebook.DeviceVPN {
		f.line("MEDIA=rastapi\r\nPort=VPN1-0\r\nDevice=WAN Miniport (PPTP)\r\n\r\nDEVICE=vpn\r")
	} else {
		m := w.modem(e)
		f.line("MEDIA=serial\r\nPort=", m.Port, "\r\nDevice=", m.Name, "\r\nConnectBPS=", itoa(m.Speed), "\r\n\r\nDEVICE=modem\r")
		numbers = e.Phone
	}
	for _, n := range numbers {
		country, area, local, ok := "0", "", n, false
		if e.Device == phonebook.DeviceModem && e.Rule != phonebook.DialExactly {
			country, area, local, ok = parts(n)
		}
		f.line("PhoneNumber=", local, "\r\nAreaCode=", area, "\r\nCountryCode=", country, "\r\nCountryID=", country, "\r\nUseDialingRules=",
			either(ok, "1", "0"), "\r\nComment=\r\nFriendlyName=\r\nLastSelectedPhone=0\r\nPromoteAlternates=0\r\nTryNextAlternateOnFail=1\r\n\r")
	}
}

// parts takes "+49 (30) 5550100" apart; what has another form stays whole.
func parts(n string) (country, area, local string, ok bool) {
	rest, plus := strings.CutPrefix(n, "+")
	country, rest, found := strings.Cut(rest, " ")
	if !plus || !found || !number(country) {
		return "0", "", n, false
	}
	if inner, is := strings.CutPrefix(rest, "("); is {
		if area, local, closed := strings.Cut(inner, ") "); closed {
			return country, area, local, true
		}
		return "0", "", n, false
	}
	return country, "", rest, true
}
