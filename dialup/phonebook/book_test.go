package phonebook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp"
)

const goodBook = `
[dialing]
location = "hq"

[location.hq]
country = "49"
area = "30"
outside = "0,"
outside-long = "9,"
long-distance = "0"
international = "00"
call-waiting = "*70,"
dialing = "tone"

[entry.isp]
device  = "modem"
modem   = "line1"
phone   = ["5550100", "+49 (30) 5550101"]
dial-as = "long-distance"
user    = "field7"
auth    = ["chap", "pap"]

[entry.office]
device     = "vpn"
protocol   = "pptp"
host       = "vpn.example.com"
via        = ["isp", "lan"]
user       = 'CORP\alice'
auth       = ["ms-chap-v2"]
encryption = "require"
mppe       = ["128-stateless", "128-stateful"]
routes     = ["10.0.0.0/8", "192.168.5.1/32"]
dns        = ["10.0.0.53", "10.0.0.54"]
address    = "10.0.9.9"
remote     = "10.0.9.1"
mtu        = 1400
mru        = 1400
ipv6       = "leave"
keepalive  = 30
keepalive-failures = 3
idle       = "10m"
time-limit = "8h"
link-timeout = "20s"
login-timeout = "21s"
network-timeout = "22s"
autodial   = true
block-when-down = true
interface  = "vpn%d"
hash-domain = true

[entry.small]
device = "vpn"
host = "192.0.2.1"
user = "bob"
default-route = true
dns = "ignore"
keepalive = "off"
`

const goodSecrets = `
[entry.office]
password = 'sesame\open'
[entry.small]
nt-hash = "44ebba8d5312b8d611474411f56989ae"
[user.alice]
password = "clientPass"
address = "192.168.88.20"
[user.'CORP\bob']
nt-hash = "44EBBA8D5312B8D611474411F56989AE"
`

func mustParse(t *testing.T, book, secrets string) (*Book, *Secrets) {
	t.Helper()
	b, s, err := Parse([]byte(book), []byte(secrets))
	if err != nil {
		var ps Problems
		errors.As(err, &ps)
		for _, p := range ps {
			t.Log(p)
		}
		t.Fatal(err)
	}
	return b, s
}

func TestEveryKeyIsRead(t *testing.T) {
	b, _ := mustParse(t, goodBook, goodSecrets)
	addr := netip.MustParseAddr
	want := []Entry{{
		Name: "isp", Device: DeviceModem, Modem: "line1", Phone: []string{"5550100", "+49 (30) 5550101"}, Rule: DialLong,
		Dial: []string{"T*70,9,05550100", "T*70,9,0305550101"}, User: "field7",
		Auth: []ppp.Auth{ppp.AuthCHAPMD5, ppp.AuthPAP}, Encryption: ppp.Allow, MPPE: []ppp.MPPEMode{{Bits: 128, Stateless: true}},
		DefaultRoute: true, DNSPeer: true,
	}, {
		Name: "office", Device: DeviceVPN, Protocol: "pptp", Host: "vpn.example.com", Via: []string{"isp", "lan"}, User: `CORP\alice`,
		Auth: []ppp.Auth{ppp.AuthMSCHAPv2}, Encryption: ppp.Require, MPPE: []ppp.MPPEMode{{Bits: 128, Stateless: true}, {Bits: 128}},
		Routes:     []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.5.1/32")},
		DNSServers: []netip.Addr{addr("10.0.0.53"), addr("10.0.0.54")}, Address: addr("10.0.9.9"), Remote: addr("10.0.9.1"),
		MTU: 1400, MRU: 1400, IPv6: IPv6Leave, Keepalive: Keepalive{30 * time.Second, 3}, Idle: 10 * time.Minute, TimeLimit: 8 * time.Hour,
		Timeouts: Timeouts{20 * time.Second, 21 * time.Second, 22 * time.Second},
		Autodial: true, BlockWhenDown: true, Interface: "vpn%d", HashDomain: true,
	}, {
		Name: "small", Device: DeviceVPN, Protocol: "pptp", Host: "192.0.2.1", Via: []string{"lan"}, User: "bob",
		Auth: []ppp.Auth{ppp.AuthMSCHAPv2}, Encryption: ppp.Require, MPPE: []ppp.MPPEMode{{Bits: 128, Stateless: true}},
		DefaultRoute: true, Keepalive: Keepalive{Interval: -1},
	}}
	got := b.Entries()
	if len(got) != len(want) {
		t.Fatalf("%d entries", len(got))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("entry %d:\n%s\nwant\n%s", i, spell(got[i]), spell(want[i]))
		}
	}
	if e, ok := b.Entry("office"); !ok || e.Host != "vpn.example.com" {
		t.Error("office not found by name")
	}
	if _, ok := b.Entry("Office"); ok {
		t.Error("names are exact")
	}
}

// spell prints an entry field by field.
func spell(e Entry) string {
	type plain Entry
	return fmt.Sprintf("%+v", plain(e))
}

func TestSecrets(t *testing.T) {
	_, s := mustParse(t, goodBook, goodSecrets)
	if got := s.Entry("office"); got != (ppp.Secret{Password: `sesame\open`}) {
		t.Error("office: wrong secret")
	}
	hash := [16]byte{0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6, 0x11, 0x47, 0x44, 0x11, 0xf5, 0x69, 0x89, 0xae}
	if got := s.Entry("small"); got != (ppp.Secret{NTHash: hash, HasHash: true}) {
		t.Error("small: wrong secret")
	}
	if s.HasEntry("isp") || s.Entry("isp") != (ppp.Secret{}) || !s.HasEntry("office") {
		t.Error("isp has no secret")
	}
	if got, ok := s.Find("alice"); !ok || got.Password != "clientPass" {
		t.Error("alice not found")
	}
	if got, ok := s.Find(`CORP\bob`); !ok || !got.HasHash {
		t.Error(`CORP\bob not found`)
	}
	for _, name := range []string{"", "Alice", "bob", `corp\bob`, "office"} {
		if got, ok := s.Find(name); ok || got != (ppp.Secret{}) {
			t.Errorf("found %q", name)
		}
	}
	if s.UserAddress("alice").String() != "192.168.88.20" || s.UserAddress(`CORP\bob`).IsValid() || s.UserAddress("x").IsValid() {
		t.Error("fixed addresses")
	}
	if got := s.Addresses(); len(got) != 1 || len(s.Users()) != 2 {
		t.Errorf("%v, %v", got, s.Users())
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	b, s := mustParse(t, goodBook, goodSecrets)
	e, _ := b.Entry("office")
	e.Secret = s.Entry("office")
	holder := struct {
		E Entry
		P *Entry
		S *Secrets
		s *Secrets
		p ppp.Secret
	}{e, &e, s, s, ppp.Secret{}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, v := range []any{e, &e, s, *s, e.Secret, &e.Secret, holder, []Entry{e}} {
			text := fmt.Sprintf(format, v)
			if strings.Contains(text, "sesame") || strings.Contains(text, "736573616d65") || strings.Contains(text, "clientPass") {
				t.Errorf("%s of %T shows it: %s", format, v, text)
			}
		}
	}
	for _, v := range []any{e, s, e.Secret, holder} {
		if text, err := json.Marshal(v); err != nil || strings.Contains(string(text), "sesame") {
			t.Errorf("JSON of %T: %s, %v", v, text, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	b, _ := mustParse(t, goodBook, goodSecrets)
	want := []string{
		"isp: dials T*70,9,05550100 (5550100), then T*70,9,0305550101 (+49 (30) 5550101) on modem line1; all traffic; CHAP or PAP, no encryption",
		"office: dials isp (or else the machine's own network) first, then calls vpn.example.com; traffic for 10.0.0.0/8, 192.168.5.1/32; " +
			"MS-CHAPv2, MPPE-128 stateless or MPPE-128 stateful required; blocked while it is down; hangs up after 10m without traffic; hangs up after 8h",
		"small: calls 192.0.2.1; all traffic (IPv6 is blocked); MS-CHAPv2, MPPE-128 stateless required",
	}
	for i, e := range b.Entries() {
		if got := Describe(e); got != want[i] {
			t.Errorf("%s\nwant\n%s", got, want[i])
		}
	}
}

// TestSettingsRoundTrip reads the settings of each entry, written as TOML, in
// again.
func TestSettingsRoundTrip(t *testing.T) {
	b, _ := mustParse(t, goodBook, goodSecrets)
	var text strings.Builder
	for _, e := range b.Entries() {
		fmt.Fprintf(&text, "[entry.%s]\n", e.Name)
		for _, s := range e.Settings() {
			text.WriteString(s.TOML() + "\n")
		}
	}
	again, _ := mustParse(t, text.String(), goodSecrets)
	for i, e := range b.Entries() {
		got := again.Entries()[i]
		got.Dial = e.Dial // which takes the location
		if !reflect.DeepEqual(got, e) {
			t.Errorf("%s\nwant\n%s", spell(got), spell(e))
		}
	}
}

func TestModemNames(t *testing.T) {
	b, _ := mustParse(t, goodBook, "")
	if ps := b.CheckModems([]string{"line1", "gsm"}); len(ps) != 0 {
		t.Error(ps)
	}
	ps := b.CheckModems([]string{"gsm"})
	if len(ps) != 1 || ps[0].Line != 17 || ps[0].Key != "entry.isp.modem" || !strings.Contains(ps[0].Remedy, "gsm") || ps.Err() == nil {
		t.Errorf("%+v", ps)
	}
}

func TestLoadFromADirectory(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(dir, name)
		os.Remove(path)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	b, s, err := Load(dir)
	if err != nil || len(b.Entries()) != 0 || len(b.Warnings()) != 1 || len(s.Users()) != 0 {
		t.Fatalf("an empty directory: %v %v", err, b)
	}
	write(BookFile, goodBook, 0o644)
	write(SecretsFile, goodSecrets, 0o600)
	if b, s, err = Load(dir); err != nil || len(b.Entries()) != 3 || len(s.Users()) != 2 {
		t.Fatalf("%v", err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o601} {
		write(SecretsFile, goodSecrets, mode)
		b, s, err := Load(dir)
		if b != nil || s != nil || cause.Of(err) != cause.BadConfig || !strings.Contains(err.Error(), "chmod 600 "+filepath.Join(dir, SecretsFile)) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	write(SecretsFile, "[user.x]\n", 0o600)
	write(BookFile, "[entry.x]\nphone = 1\n", 0o644)
	ps := Check(dir)
	var files []string
	for _, p := range ps {
		files = append(files, filepath.Base(p.File))
	}
	if _, _, err := Load(dir); cause.Of(err) != cause.BadConfig || len(ps) < 3 || files[0] != BookFile || files[len(files)-1] != SecretsFile {
		t.Errorf("%v: %v", err, ps)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(goodBook), []byte(goodSecrets))
	for _, c := range wrongFiles {
		f.Add([]byte(c.book), []byte(c.secrets))
	}
	f.Fuzz(func(t *testing.T, book, secrets []byte) {
		b, s, err := Parse(book, secrets)
		if err != nil {
			if b != nil || s != nil || cause.Of(err) != cause.BadConfig {
				t.Fatalf("half used: %v %v %v", b, s, err)
			}
			return
		}
		b.CheckModems(nil)
		for _, e := range b.Entries() {
			Describe(e)
			if e.Device == DeviceVPN && (e.Host == "" || len(e.Via) == 0) || e.Device == DeviceModem && len(e.Phone) == 0 || len(e.Auth) == 0 || len(e.MPPE) == 0 {
				t.Fatalf("accepted %s", spell(e))
			}
			text := "[entry.'" + e.Name + "']\n"
			for _, s := range e.Settings() {
				text += s.TOML() + "\n"
			}
			for _, via := range e.Via {
				if via != Lan {
					return // names another entry
				}
			}
			again, _, err := Parse([]byte(text), nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			got, _ := again.Entry(e.Name)
			got.Dial = e.Dial // which takes the location
			if !reflect.DeepEqual(got, e) {
				t.Fatalf("%s\nread again is\n%s", spell(e), spell(got))
			}
		}
	})
}
