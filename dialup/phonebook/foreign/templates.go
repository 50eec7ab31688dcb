package foreign

import (
	"slices"
	"strconv"
	"strings"

	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

func plain(s string) string { return s }

// dials writes the numbers as they are dialed from here, where rules for dialing make
// something else of them.
func (w *writer) dials() {
	if v := w.find("phone"); v != nil && !slices.Equal(w.e.Dial, w.e.Phone) {
		v.list = w.e.Dial
		w.lost("phone")
	}
	if v := w.find("dial-as"); v != nil {
		v.kept = 1
	}
}

func (w *writer) wvdial() {
	if w.vpn() {
		w.lost("device")
		return
	}
	w.dials()
	f := w.to("wvdial.conf", w.e.Secret.Password != "")
	w.fill(f, `[Dialer {name}]
Modem = {port}
Baud = {speed}
Init1 = {init.0}
Init2 = {init.1}
Init3 = {init.2}
Init4 = {init.3}
Init5 = {init.4}
Phone = {phone.0}
Phone1 = {phone.1}
Phone2 = {phone.2}
Phone3 = {phone.3}
Phone4 = {phone.4}
Username = "{user}"
Password = "{password}"
Force Address = {address}
Idle Seconds = {idle}
?dns=peer Auto DNS = on
?dns=ignore Auto DNS = off
Stupid Mode = on
`, "\n", plain)
	f.Text += "\n"
	w.done()
}

// options says how pppd logs in and encrypts.
const options = `refuse-eap
?!auth=pap refuse-pap
?!auth=chap refuse-chap
?!auth=ms-chap refuse-mschap
?!auth=ms-chap-v2 refuse-mschap-v2
{mppe-option}
?mppe-stateful mppe-stateful
`

// keepOptions says which settings those options keep.
func (w *writer) keepOptions() {
	if v := w.find("auth"); v != nil && len(v.list) > 0 {
		v.kept = len(v.list)
	}
	if w.e.Encryption != ppp.Require {
		return
	}
	var bits [129]bool
	stateless, stateful := false, false
	for _, m := range w.e.MPPE {
		bits[m.Bits] = true
		stateless, stateful = stateless || m.Stateless, stateful || !m.Stateless
	}
	option := "require-mppe"
	if !bits[40] {
		option = "require-mppe-128"
	} else if !bits[128] {
		option = "require-mppe-40"
	}
	w.set("mppe-option", option)
	if stateful {
		w.set("mppe-stateful", "")
	}
	if v := w.find("mppe"); !bits[56] && (stateless || !stateful) {
		v.kept = len(v.list)
	}
	w.find("encryption").kept = 1
}

// pppd writes a peers file, and the password into chap-secrets and pap-secrets.
func (w *writer) pppd() {
	f := w.to(w.e.Name, false)
	if w.vpn() {
		w.set("script", "pptp "+shellQuote(w.e.Host)+" --nolaunchpppd")
		w.find("host").kept = 1
	} else {
		w.dials()
		w.pppdScript()
	}
	w.keepOptions()
	if k := w.find("keepalive"); k != nil && k.list[0] == "off" {
		k.list = []string{"0"}
	}
	w.fill(f, `# dun: {name}
?device=vpn pty "{script}"
{port}
{speed}
?device=modem connect "{script}"
name "{user}"
remotename "{name}"
noauth
noipdefault
nobsdcomp
nodeflate
novj
`+options+`?encryption=deny nomppe
?encryption=allow 
?default-route=true defaultroute
?default-route=false nodefaultroute
?dns=peer usepeerdns
?dns=ignore 
{address}:{remote|}
?!address :{remote}
?ipv6=on +ipv6
mtu {mtu}
mru {mru}
lcp-echo-interval {keepalive}
lcp-echo-failure {keepalive-failures}
idle {idle}
maxconnect {time-limit}
?on-demand=true demand
ifname {interface}
`, "\n", inQuotes)
	for _, kind := range []string{"chap", "pap"} {
		if w.has("password", "") && w.has("auth", kind) || kind == "chap" && w.has("password", "") && (w.has("auth", "ms-chap") || w.has("auth", "ms-chap-v2")) {
			w.fill(w.to(kind+"-secrets", true), `"{user|}" "{name}" "{password}" *`, "\n", inQuotes)
		}
	}
	w.done()
}

func (w *writer) pppdScript() {
	script := "/usr/sbin/chat -v ABORT BUSY ABORT 'NO CARRIER' ABORT 'NO DIALTONE' ABORT 'NO ANSWER' ''"
	init := []string{"ATZ"}
	if v := w.find("init"); v != nil && len(v.list) > 0 {
		init = v.list
	}
	escape := strings.NewReplacer(`\`, `\\`, "^", `\^`)
	phone := w.find("phone")
	phone.kept = 1
	for _, c := range append(slices.Clone(init), "ATDT"+phone.list[0]) {
		script += " " + shellQuote(escape.Replace(c)) + either(strings.HasPrefix(c, "ATDT"), " CONNECT ''", " OK")
	}
	w.set("script", script)
}

// keyfile writes a file of NetworkManager's, which has to be private.
func (w *writer) keyfile() {
	f := w.to(w.e.Name+".nmconnection", true)
	w.keepOptions()
	var routes [2][]string
	for _, p := range w.e.Routes {
		i := either(p.Addr().Is6(), "6", "4")
		routes[int(i[0]-'4')/2] = append(routes[int(i[0]-'4')/2], p.String())
	}
	w.values = append(w.values, value{key: "four", list: routes[0]}, value{key: "six", list: routes[1]})
	if v := w.find("routes"); v != nil {
		v.kept = len(v.list)
	}
	if w.vpn() {
		if domain, user, found := strings.Cut(w.e.User, `\`); found && domain != "" && user != "" {
			w.find("user").kept = 1
			w.set("domain", domain)
			w.set("user", user)
		}
		w.fill(f, `[connection]
id={name}
type=vpn
?autodial autoconnect=true
?!autodial autoconnect=false
interface-name={interface}

[vpn]
service-type=`+pptpService+`
gateway={host}
domain={domain}
user={user}
?password password-flags=0
?!password password-flags=2
`, "\n", keyfileEscape)
	} else {
		w.dials()
		w.fill(f, `[connection]
id={name}
type=gsm
?autodial autoconnect=true
?!autodial autoconnect=false

[gsm]
number={phone.0}
username={user}
password={password}

[serial]
baud={speed}

[ppp]
mtu={mtu}
mru={mru}
`, "\n", keyfileEscape)
	}
	own := &Output{}
	w.fill(own, options, "=yes\n", keyfileEscape)
	f.Text += strings.Replace(own.Text, "mschap-v2", "mschapv2", 1)
	w.fill(f, `?encryption=allow 
?keepalive=off 
?!keepalive=off lcp-echo-interval={keepalive}
lcp-echo-failure={keepalive-failures}

[ipv4]
?address method=manual
?!address method=auto
address1={address}/32
?default-route=true 
?default-route=false never-default=true
dns={dns;}
?!dns=peer ignore-auto-dns=true
?dns=ignore 
route{#}={four*}

[ipv6]
?ipv6=off method=disabled
?ipv6=on method=auto
?ipv6=leave method=ignore
route{#}={six*}
`, "\n", keyfileEscape)
	if w.vpn() {
		w.fill(f, "?password \n?password [vpn-secrets]\npassword={password}\n", "\n", keyfileEscape)
	}
	if w.vpn() && w.e.IPv6 == phonebook.IPv6On {
		w.lost("ipv6")
	}
	if w.has("keepalive", "off") {
		w.lost("keepalive")
	}
	w.done()
}

// inQuotes makes a text safe between double quotes of pppd's.
func inQuotes(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`)
}

func keyfileEscape(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	if strings.HasPrefix(s, " ") {
		s = `\s` + s[1:]
	}
	if strings.HasSuffix(s, " ") {
		s = s[:len(s)-1] + `\s`
	}
	return s
}

// rasphone writes a section with the keys that Windows wants, in its order.
func (w *writer) rasphone() {
	f := w.to("rasphone.pbk", false)
	auth := 0
	for i, a := range allAuth {
		if w.has("auth", a) {
			auth |= rasAuth[i]
		}
	}
	w.set("bits", strconv.Itoa(auth))
	w.keep("auth")
	weaker := false
	for _, m := range w.e.MPPE {
		weaker = weaker || m.Bits < 128
	}
	w.keep("encryption")
	w.set("strength", either(w.e.Encryption == ppp.Require, either(weaker, "256", "512"), either(w.e.Encryption == ppp.Deny, "0", "8")))
	if !w.vpn() {
		w.keep("phone")
	} else if v := w.find("via"); v.list[0] != phonebook.Lan {
		w.set("below", v.list[0])
		v.kept = 1
	}
	if v := w.find("dns"); v.isList {
		w.set("named", "")
		for _, a := range w.e.DNSServers {
			if a.Is6() {
				v.isList = false
			}
		}
	}
	w.fill(f, `[{name}]
Encoding=1
PBVersion=1
?device=vpn Type=2
?device=modem Type=1
AutoLogon=0
UseRasCredentials=1
BaseProtocol=1
?device=vpn VpnStrategy=1
?device=modem VpnStrategy=0
?ipv6=on ExcludedProtocols=3
?!ipv6=on ExcludedProtocols=11
LcpExtensions=1
DataEncryption={strength}
SwCompression=0
NegotiateMultilinkAlways=0
SkipDoubleDialDialog=0
DialMode=0
OverridePref=15
RedialAttempts=3
RedialSeconds=60
IdleDisconnectSeconds={idle|0}
RedialOnLinkFailure=0
CallbackMode=0
CustomDialDll=
CustomDialFunc=
AuthenticateServer=0
ShareMsFilePrint=0
BindMsNetClient=0
SharedPhoneNumbers=1
GlobalDeviceSettings=0
PrerequisiteEntry={below|}
PrerequisitePbk=
PreviewUserPw=1
PreviewDomain=1
PreviewPhoneNumber=0
ShowDialingProgress=1
ShowMonitorIconInTaskBar=1
CustomAuthKey=0
AuthRestrictions={bits}
?default-route=true IpPrioritizeRemote=1
?default-route=false IpPrioritizeRemote=0
IpHeaderCompression=0
IpAddress={address|0.0.0.0}
IpDnsAddress={dns.0|0.0.0.0}
IpDns2Address={dns.1|0.0.0.0}
IpWinsAddress=0.0.0.0
IpWins2Address=0.0.0.0
?address IpAssign=2
?!address IpAssign=1
?named IpNameAssign=2
?!named IpNameAssign=1
IpDnsFlags=0
IpNBTFlags=1
TcpWindowSize=0
UseFlags=0
IpSecFlags=0
IpDnsSuffix=

NETCOMPONENTS=
ms_msclient=0
ms_server=0

?device=vpn MEDIA=rastapi
?device=vpn Port=VPN1-0
?device=vpn Device=WAN Miniport (PPTP)
?device=modem MEDIA=serial
?device=modem Port={port|}
?device=modem Device={modem}
?device=modem ConnectBPS={speed|0}

?device=vpn DEVICE=vpn
?device=modem DEVICE=modem
`, "\r\n", plain)
	if w.find("port") == nil && !w.vpn() {
		w.find("modem").kept = 0
	}
	numbers := w.e.Phone
	if w.vpn() {
		numbers = []string{w.e.Host}
		w.keep("host")
	}
	for _, n := range numbers {
		country, area, ok := "0", "", false
		if !w.vpn() && w.e.Rule != phonebook.DialExactly {
			country, area, n, ok = parts(n)
		}
		f.Text += "PhoneNumber=" + n + "\r\nAreaCode=" + area + "\r\nCountryCode=" + country + "\r\nCountryID=" + country + "\r\nUseDialingRules=" + either(ok, "1", "0") +
			"\r\nComment=\r\nFriendlyName=\r\nLastSelectedPhone=0\r\nPromoteAlternates=0\r\nTryNextAlternateOnFail=1\r\n\r\n"
	}
	w.done()
}

// keep counts a setting as written.
func (w *writer) keep(key string) {
	if v := w.find(key); v != nil {
		v.kept = len(v.list)
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
		if area, local, ok = strings.Cut(inner, ") "); ok {
			return country, area, local, true
		}
		return "0", "", n, false
	}
	return country, "", rest, true
}
