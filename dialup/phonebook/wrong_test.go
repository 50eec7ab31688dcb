package phonebook

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dun/dialup/strict"
)

const (
	modemEntry = "[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['1']\nuser = 'u'\n"
	vpnEntry   = "[entry.o]\ndevice = 'vpn'\nhost = 'h.example'\nuser = 'u'\ndefault-route = true\n"
)

// wrongFiles are phonebooks with mistakes. want lists all problems in order:
// "file:line:column key|text|remedy", text and remedy contained; the file is
// p or s, a warning has w before it.
var wrongFiles = []struct {
	name, book, secrets string
	want                []string
}{
	{"the backspace of Windows", vpnEntry[:len(vpnEntry)-len("user = 'u'\ndefault-route = true\n")] + "user = \"CORP\\bob\"\ndefault-route = true\n", "",
		[]string{`p:4:8 entry.o.user|control character (a backspace|single quotes: 'CORP\bob'`}},
	{"a bad escape, and the rest is still looked at", "[entry.o]\ndevice = 'vpn'\nuser = \"CORP\\alice\"\nhost = 'h'\nmtu = 9\ndefault-route = true\n", "",
		[]string{`p:3:13 entry.o.user|backslash is special|single quotes`, `p:5:7 entry.o.mtu|out of range|128 to 1500`}},
	{"empty entry", "[entry.x]\n", "", []string{`p:1:2 entry.x.device|does not say what it is dialed on|device = "modem"`}},
	{"modem without anything", "[entry.x]\ndevice = 'modem'\n", "", []string{
		`p:1:2 entry.x.modem|which modem|[modem.line1]`, `p:1:2 entry.x.phone|no number|phone = ["5550100"]`}},
	{"vpn without anything", "[entry.x]\ndevice = 'vpn'\n", "", []string{
		`p:1:2 entry.x.host|which server|vpn.example.com`, `p:1:2 entry.x.user|who logs in|alice`,
		`w p:1:2 entry.x.routes|neither routes nor default-route|default-route = true`}},
	{"unknown keys", modemEntry + "defaultroute = true\nnonsense = 1\n", "", []string{
		`p:6:1 entry.isp.defaultroute|no such setting|Did you mean "default-route"?`, `p:7:1 entry.isp.nonsense|no such setting|Remove it`}},
	{"unknown tables", "[isp]\ndevice = 'modem'\n[entry.x.y]\n", "", []string{
		`p:1:2 isp|no such table|"entry"`, `p:3:2 entry.x.y|no such table|Remove`, `p:3:8 entry.x.device|does not say|`}},
	{"settings outside", "device = 'modem'\n[entry]\nmodem = 'x'\n", "", []string{
		`p:1:1 device|no such setting|`, `p:3:1 entry.modem|outside of any entry|[entry.NAME]`}},
	{"entry is no table", "entry = 3\n", "", []string{`p:1:9 entry|has to be a table|[entry.NAME]`}},
	{"wrong types", "[entry.x]\ndevice = 1\nphone = '555'\nroutes = [1]\nmtu = '1400'\nautodial = 'yes'\nidle = true\nkeepalive = '30'\n", "", []string{
		`p:2:10 entry.x.device|has to be a string, not a number|device = "modem"`,
		`p:3:9 entry.x.phone|has to be a list, not a string|phone = ["5550100"]`,
		`p:4:11 entry.x.routes|has to be a list of strings, not a number|["10.0.0.0/8"]`,
		`p:5:7 entry.x.mtu|has to be a number, not a string|mtu = 128`,
		`p:6:12 entry.x.autodial|has to be true or false, not a string|autodial = true`,
		`p:7:8 entry.x.idle|has to be a duration, not true or false|"30s"`,
		`p:8:13 entry.x.keepalive|no duration|or "off"`}},
	{"numbers without quotes", "[entry.x]\ndevice = 'modem'\nmodem = 'm'\nphone = [5550100]\nuser = 'u'\n", "", []string{
		`p:4:10 entry.x.phone|list of strings, not a number|["5550100"]`}},
	{"bad numbers", "[entry.x]\ndevice = 'modem'\nmodem = ''\nphone = ['555;H', '--', '5551234é']\nuser = 'u'\n", "", []string{
		`p:3:9 entry.x.modem|empty|[modem.NAME]`,
		`p:4:10 entry.x.phone|';'|digits`, `p:4:19 entry.x.phone|no digits|`, `p:4:25 entry.x.phone|'é'|`}},
	{"no numbers", "[entry.x]\ndevice = 'modem'\nmodem = 'm'\nphone = []\nuser = 'u'\n", "", []string{`p:4:9 entry.x.phone|empty|5550100`}},
	{"words", modemEntry + "auth = ['mschapv2', 'eap']\nencryption = 'yes'\nmppe = ['128']\nipv6 = 'no'\ndns = 'auto'\n", "", []string{
		`p:6:9 entry.isp.auth|"mschapv2" is not known|Did you mean "ms-chap-v2"?`,
		`p:6:21 entry.isp.auth|"eap" is not known|"ms-chap-v2", "ms-chap", "chap" or "pap"`,
		`p:7:14 entry.isp.encryption|"yes"|"require", "prefer", "allow" or "deny"`,
		`p:8:9 entry.isp.mppe|"128"|"128-stateless"`,
		`p:9:8 entry.isp.ipv6|"no"|"off"`,
		`p:10:7 entry.isp.dns|"auto"|"peer" or "ignore"`}},
	{"unknown device", "[entry.x]\ndevice = 'pppoe'\n", "", []string{`p:2:10 entry.x.device|"pppoe"|"modem" or "vpn"`}},
	{"unknown protocol", vpnEntry + "protocol = 'l2tp'\n", "", []string{`p:6:12 entry.o.protocol|"l2tp"|"pptp"`}},
	{"twice in lists", vpnEntry + "auth = ['ms-chap-v2', 'ms-chap-v2']\nmppe = ['128-stateless', '128-stateless']\nvia = ['lan', 'lan']\ndns = ['1.1.1.1', '1.1.1.1']\n", "", []string{
		`p:6:23 entry.o.auth|twice|Remove`, `p:7:26 entry.o.mppe|twice|`, `p:8:15 entry.o.via|twice|`, `p:9:19 entry.o.dns|twice|`}},
	{"empty lists", vpnEntry + "auth = []\nmppe = []\nvia = []\ndns = []\n", "", []string{
		`p:6:8 entry.o.auth|empty|`, `p:7:8 entry.o.mppe|empty|`, `p:8:7 entry.o.via|empty|lan`, `p:9:7 entry.o.dns|empty|ignore`}},
	{"order of auth", modemEntry + "auth = ['pap', 'chap']\n", "", []string{`w p:6:8 entry.isp.auth|strongest first|["chap", "pap"]`}},
	{"keys of the other device", modemEntry + "host = 'h'\nvia = ['lan']\nprotocol = 'pptp'\n" + vpnEntry + "modem = 'm'\nphone = ['1']\n", "", []string{
		`p:6:8 entry.isp.host|device = "modem" has no host|`, `p:7:7 entry.isp.via|no via|`, `p:8:12 entry.isp.protocol|no protocol|`,
		`p:14:9 entry.o.modem|device = "vpn" has no modem|`, `p:15:9 entry.o.phone|no phone|`}},
	{"encryption without keys", vpnEntry + "auth = ['chap']\nencryption = 'require'\n", "", []string{`p:7:14 entry.o.encryption|keys from MS-CHAP|Add "ms-chap-v2"`}},
	{"prefer without keys", modemEntry + "auth = ['pap']\nencryption = 'prefer'\n", "", []string{`p:7:14 entry.isp.encryption|keys from MS-CHAP|Add "ms-chap-v2"`}},
	{"the default requires keys", vpnEntry + "auth = ['pap']\n", "", []string{`p:6:8 entry.o.auth|(require) takes its keys|encryption = "deny"`}},
	{"pap beside encryption", vpnEntry + "auth = ['ms-chap-v2', 'pap']\n", "", []string{`w p:6:8 entry.o.auth|no keys|Keep to`}},
	{"mppe denied", vpnEntry + "encryption = 'deny'\nmppe = ['128-stateless']\n", "", []string{`p:7:8 entry.o.mppe|encryption is denied|Remove mppe`}},
	{"weak keys of v1", vpnEntry + "auth = ['ms-chap']\nmppe = ['128-stateless', '40-stateless']\n", "", []string{`p:7:8 entry.o.mppe|LAN Manager|128 bit`}},
	{"routes", strings.ReplaceAll(vpnEntry, "default-route = true\n", "") + "routes = ['10.1.2.3/8', '10.0.0.1', 'x', '0.0.0.0/0', 'fd00::/8', '10.0.0.0/8', '10.0.0.0/8']\n", "", []string{
		`p:5:11 entry.o.routes|bits set|"10.0.0.0/8"`, `p:5:25 entry.o.routes|no network|"10.0.0.1/32"`, `p:5:37 entry.o.routes|"x" is no network|10.0.0.0/8`,
		`p:5:42 entry.o.routes|all traffic|default-route = true`, `p:5:55 entry.o.routes|IPv6|ipv6 = "on"`, `p:5:81 entry.o.routes|twice|`}},
	{"routes and default route", vpnEntry + "routes = ['10.0.0.0/8']\n", "", []string{`w p:6:10 entry.o.routes|all traffic|Remove routes`}},
	{"nothing to block", strings.Replace(vpnEntry, "true", "false", 1) + "block-when-down = true\n", "", []string{`p:6:19 entry.o.block-when-down|nothing to block|routes`}},
	{"hosts", strings.ReplaceAll(vpnEntry, "h.example", "http://vpn.example/"), "", []string{`p:3:8 entry.o.host|URL (http)|"vpn.example"`}},
	{"host with port", strings.ReplaceAll(vpnEntry, "h.example", "vpn.example:1723"), "", []string{`p:3:8 entry.o.host|port of its own|"vpn.example"`}},
	{"host that is almost an address", strings.ReplaceAll(vpnEntry, "h.example", "192.168.1.256"), "", []string{`p:3:8 entry.o.host|neither a name|`}},
	{"addresses", vpnEntry + "address = '10.0.0.256'\nremote = '0.0.0.0'\ndns = ['peer']\n", "", []string{
		`p:6:11 entry.o.address|no IPv4 address|192.0.2.1`, `p:7:10 entry.o.remote|no address that a machine|`, `p:8:8 entry.o.dns|"peer" is no address|`}},
	{"same addresses", vpnEntry + "address = '10.0.0.1'\nremote = '10.0.0.1'\n", "", []string{`p:7:10 entry.o.remote|same address|`}},
	{"IPv6 in small links", vpnEntry + "ipv6 = 'on'\nmtu = 1000\nmru = 1279\n", "", []string{`p:7:7 entry.o.mtu|1280|`, `p:8:7 entry.o.mru|1280|`}},
	{"interface", vpnEntry + "interface = 'a-very-long-name'\n", "", []string{`p:6:13 entry.o.interface|longer than 15|`}},
	{"on demand", vpnEntry + "autodial = true\non-demand = true\n", "", []string{`p:7:13 entry.o.on-demand|without any demand|`}},
	{"on demand for nothing", strings.Replace(vpnEntry, "true", "false", 1) + "on-demand = true\n", "", []string{
		`p:6:13 entry.o.on-demand|no routes|`}},
	{"on demand without name servers", "[entry.i]\ndevice = 'modem'\nmodem = 'm'\nphone = ['1']\non-demand = true\n", "", []string{`w p:5:13 entry.i.on-demand|name servers|`}},
	{"keepalive off and counted", vpnEntry + "keepalive = 'off'\nkeepalive-failures = 3\n", "", []string{`p:7:22 entry.o.keepalive-failures|nothing is counted|`}},
	{"durations", vpnEntry + "keepalive = 0\nidle = -1\ntime-limit = '1y'\nlink-timeout = 1e3\nlogin-timeout = 99999999999999999999\nnetwork-timeout = '2h'\n", "", []string{
		`p:6:13 entry.o.keepalive|out of range|"off"`, `p:7:8 entry.o.idle|out of range|`, `p:8:14 entry.o.time-limit|no duration|`,
		`p:9:16 entry.o.link-timeout|not a number with a fraction|`, `p:10:17 entry.o.login-timeout|out of range|`, `p:11:19 entry.o.network-timeout|out of range|1h`}},
	{"names", "[entry.lan]\n[entry.'a b']\n[entry.-x]\n[entry.'']\n", "", []string{
		`p:1:2 entry.lan|machine's own network|another`, `p:1:2 entry.lan.device||`, `p:2:2 entry.'a b'|cannot be|letters`, `p:2:2 entry.'a b'.device||`,
		`p:3:2 entry.-x|cannot be|`, `p:3:2 entry.-x.device||`, `p:4:2 entry.''|empty|`, `p:4:2 entry.''.device||`}},
	{"via", vpnEntry + "via = ['o', 'ofice']\n" + strings.ReplaceAll(vpnEntry, "entry.o", "entry.office"), "", []string{
		`p:6:7 entry.o.via|over itself|`, `p:6:7 entry.o.via|no entry "ofice"|"office"`}},
	{"ring", vpnEntry + "via = ['b']\n" + strings.ReplaceAll(vpnEntry, "entry.o", "entry.b") + "via = ['lan', 'c']\n" + strings.ReplaceAll(vpnEntry, "entry.o", "entry.c") + "via = ['o']\n", "", []string{
		`p:6:7 entry.o.via|ring: o over b over c over o|`}},
	{"two of one name", modemEntry + modemEntry, "", []string{`p:6:2 entry.isp|twice; the first one is in line 1|another name`}},
	{"secret of nobody", modemEntry, "[entry.ips]\npassword = 'x'\n", []string{`w s:1:2 entry.ips|no entry of this name|`}},
	{"empty secret", modemEntry, "[entry.isp]\n[user.u]\npassword = ''\n[user.v]\naddress = '1.2.3.4'\n", []string{
		`s:1:2 entry.isp.password|neither password nor nt-hash|`, `w s:3:12 user.u.password|empty|asked`, `s:4:2 user.v.password|neither|`}},
	{"two secrets", modemEntry, "[entry.isp]\npassword = 'x'\nnt-hash = '00000000000000000000000000000000'\n", []string{`s:3:11 entry.isp.nt-hash|both|Keep`}},
	{"bad hash", modemEntry, "[entry.isp]\nnt-hash = '0000'\n", []string{`s:2:11 entry.isp.nt-hash|no NT hash|32 hexadecimal`}},
	{"hash without MS-CHAP", modemEntry + "auth = ['chap', 'pap']\n", "[entry.isp]\nnt-hash = '44ebba8d5312b8d611474411f56989ae'\n", []string{
		`s:2:11 entry.isp.nt-hash|pap or chap|ms-chap-v2`}},
	{"fixed addresses", "", "[user.a]\npassword = 'x'\naddress = '10.0.0.1'\n[user.b]\npassword = 'x'\naddress = '10.0.0.1'\n[user.B]\npassword = 'x'\naddress = 'x'\n", []string{
		`s:6:11 user.b.address|"a" has this address|`, `w s:7:2 user.B|upper and lower case|`, `s:9:11 user.B.address|no IPv4|`}},
	{"unknown secret keys", "", "[user.a]\npassword = 'x'\npasswd = 'y'\n[users.b]\n", []string{`s:3:1 user.a.passwd|no such setting|`, `s:4:2 users|no such table|"user"`}},
	{"backspace in a user's name", "", "[user.\"CORP\\bob\"]\npassword = 'x'\n", []string{`s:1:7 user|control character|'CORP\bob'`}},
	{"control in a password", "", "[user.a]\npassword = \"hush\\bhush\"\n", []string{`s:2:12 user.a.password|control character|single quotes`}},
}

func TestWrongFiles(t *testing.T) {
	for _, c := range wrongFiles {
		t.Run(c.name, func(t *testing.T) {
			_, _, problems := read(strict.Parse("p", []byte(c.book), false), strict.Parse("s", []byte(c.secrets), true))
			var got []string
			errors := 0
			for _, p := range problems {
				warning := ""
				if p.Warning {
					warning = "w "
				} else {
					errors++
				}
				got = append(got, fmt.Sprintf("%s%s:%d:%d %s|%s|%s", warning, filepath.Base(p.File), p.Line, p.Column, p.Key, p.Text, p.Remedy))
				if !strings.HasSuffix(p.Text, ".") {
					t.Errorf("not a sentence: %q", p.Text)
				}
				if strings.Contains(p.String(), "hush") {
					t.Errorf("quotes a password: %s", p)
				}
			}
			if len(got) != len(c.want) {
				t.Fatalf("%d problems, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
			}
			for i := range got {
				g, w := strings.SplitN(got[i], "|", 3), strings.SplitN(c.want[i], "|", 3)
				if g[0] != w[0] || !strings.Contains(g[1], w[1]) || !strings.Contains(g[2], w[2]) {
					t.Errorf("problem %d is\n%s\nwant\n%s", i, got[i], c.want[i])
				}
			}
			_, _, err := Parse([]byte(c.book), []byte(c.secrets))
			if (err != nil) != (errors > 0) {
				t.Errorf("%d errors, but Parse says %v", errors, err)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	for _, s := range []string{"vpn.example.com", "vpn", "a_b.example.", "192.0.2.1", "xn--bcher-kva.example", "1and1.example", strings.Repeat("a", 63) + ".x"} {
		if text, _ := badHost(s); text != "" {
			t.Errorf("%q: %s", s, text)
		}
	}
	for _, s := range []string{"", ".", "a..b", "-a", "a-", "a b", "bücher.example", "1.2.3", "1.2.3.4.5", "::1", "fe80::1%eth0", "224.0.0.1", "0.0.0.0", "a/b",
		strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a", "host:", "user@host"} {
		if text, _ := badHost(s); text == "" {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestInterfaceNames(t *testing.T) {
	for _, s := range []string{"ppp0", "dun%d", "a.b", "vpn-office", "exactly15chars0"} {
		if text, _ := BadInterface(s); text != "" {
			t.Errorf("%q: %s", s, text)
		}
	}
	for _, s := range []string{"", ".", "..", "a/b", "a b", "a:1", "%s", "d%d%d", "sixteencharacter", "ü"} {
		if text, _ := BadInterface(s); text == "" {
			t.Errorf("%q is accepted", s)
		}
	}
}
