package foreign

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// fuzz reads anything as one format: it ends, what it gives is a phonebook
// without mistakes, and it can be written in every format and read again.
func fuzz(f *testing.F, format string, seeds ...string) {
	for _, s := range seeds { // short ones: Go takes a minute to cut a long one
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, notes, err := Read([]File{{"file", data}, {"chap-secrets", []byte("u * p")}}, Options{Format: format, User: "u"})
		for _, n := range notes {
			if n.Text == "" || strings.Contains(n.String(), "\n") {
				t.Errorf("a note is %q", n)
			}
		}
		if err != nil {
			return
		}
		entries := load(t, list)
		for _, to := range Formats() {
			files, _, err := Write(to, entries, nil)
			if err != nil {
				continue
			}
			for _, out := range files {
				if !utf8.ValidString(out.Text) {
					t.Errorf("%s is %q", out.Name, out.Text)
				}
				if again, _, err := Read([]File{{out.Name, []byte(out.Text)}}, Options{Format: to, User: "u"}); err == nil {
					load(t, again)
				}
			}
		}
	})
}

func FuzzRasphone(f *testing.F) {
	fuzz(f, Rasphone, "[a]\nType=2\nDataEncryption=256\nAuthRestrictions=544\nIpAddress=10.0.0.1\nDEVICE=vpn\nPhoneNumber=h\n",
		"[b]\nType=1\nPBVersion=1\nExcludedProtocols=0\nPort=COM1\nDEVICE=modem\nPhoneNumber=5\nAreaCode=30\nCountryCode=49\nUseDialingRules=1\n", "\xff\xfe[\x00a\x00]\x00\n\x00\xfc")
}

func FuzzWvdial(f *testing.F) {
	fuzz(f, Wvdial, "[Dialer Defaults]\nModem = /dev/ttyS1\nInit2 = ATX3\nPhone = 1\n[Dialer a]\nInherits = b\n[Dialer b]\nInherits=a\nPhone1 = 2\nPassword = \"x\"\n")
}

func FuzzPppd(f *testing.F) {
	fuzz(f, Pppd, "#", "pty 'pptp h --nolaunchpppd'\nname C\\\\a\nrequire-mppe-128\n10.0.0.1:10.0.0.2\nfile file\n", "ttyS1 9600\nconnect \"chat -f file -T 5 '' ATDT\\\\T CONNECT\"\nidle 600\n")
}

func FuzzKeyfile(f *testing.F) {
	fuzz(f, NetworkManager, "[connection]\ntype=vpn\n[vpn]\nservice-type="+pptpService+"\ngateway=h\nuser=a\ndomain=C\nrequire-mppe=yes\n[ipv4]\nroute1=10.0.0.0/8,1\ndns=10.0.0.1;\n[vpn-secrets]\npassword=\\sa\n",
		"[connection]\ntype=gsm\n[gsm]\nnumber=*99#\n[ipv4]\naddress1=1.2.3.4/32\n")
}

// FuzzWords: what is quoted comes back.
func FuzzWords(f *testing.F) {
	f.Add(`a b "c\" d`)
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\n") || strings.Contains(s, "\x00") {
			return
		}
		if got, open := pppdWords(`"` + inQuotes(s) + `"`); len(got) != 1 || got[0].text != s || open {
			t.Errorf("%q becomes %+v", s, got)
		}
		if got := shellWords(shellQuote(s)); len(got) != 1 || got[0] != s {
			t.Errorf("%q becomes %q for a shell", s, got)
		}
		if keyfileValue(keyfileEscape(s)) != s && strings.TrimSpace(s) == s {
			t.Errorf("%q becomes %q in a keyfile", s, keyfileValue(keyfileEscape(s)))
		}
		pppdWords(s)
		shellWords(s)
	})
}
