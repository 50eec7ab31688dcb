package ppp

import (
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ hex, want string }{
		{"c021 01 01 0018 01040578 020600000000 0506002d0f01 0702 0802",
			"[LCP ConfReq id=0x1 <mru 1400> <asyncmap 0x0> <magic 0x2d0f01> <pcomp> <accomp>]"},
		{"ff03 c021 02 07 0009 0305c22381", "[LCP ConfAck id=0x7 <auth chap MS-v2>]"},
		{"c021 03 07 0011 0304c023 0305c22305 0304c227", "[LCP ConfNak id=0x7 <auth pap> <auth chap MD5> <auth eap>]"},
		{"c021 04 07 000e 0d0306 110405dc 130454", "[LCP ConfRej id=0x7 <callback CBCP> <mrru 1500> <malformed 13 04 54>]"},
		{"c021 04 07 0008 13040506", "[LCP ConfRej id=0x7 < 13 04 05 06>]"},
		{"c021 05 02 000c 6e6f2201627965", "[LCP malformed 05 02 00 0c 6e 6f 22 01 62 79 65]"},
		{"c021 05 02 000a 6279 6522 0a00", `[LCP TermReq id=0x2 "bye\"\n\x00"]`},
		{"c021 06 02 0004", "[LCP TermAck id=0x2]"},
		{"c021 08 03 000a 80fd 01010004", "[LCP ProtRej id=0x3 80 fd 01 01 00 04]"},
		{"c021 08 03 0010 c023 0101000a 0161 0462" + "7365", "[LCP ProtRej id=0x3 c0 23 <hidden>]"},
		{"c021 09 03 0008 0000002a", "[LCP EchoReq id=0x3 magic=0x2a]"},
		{"c021 0a 03 0009 0000002a ff", "[LCP EchoRep id=0x3 magic=0x2a ff]"},
		{"c021 0c 03 000e 00000000 4d5352415356", `[LCP Ident id=0x3 magic=0x0 "MSRASV"]`},
		{"c021 0d 03 000c 00000001 0000003c", "[LCP TimeRem id=0x3 magic=0x1 seconds=60]"},
		{"c021 63 03 0005 aa", "[LCP code=0x63 id=0x3 aa]"},
		{"c023 01 01 000f 0561 6c696365 05 7365", "[PAP malformed <hidden>]"},
		{"c023 01 01 0010 0561 6c696365 05 7365637265", `[PAP AuthReq id=0x1 user="alice" password=<hidden>]`},
		{"c023 01 01 0009 0561 6c6963", "[PAP AuthReq id=0x1 <hidden>]"},
		{"c023 02 01 0008 024f4b 00", `[PAP AuthAck id=0x1 "OK"]`},
		{"c223 01 05 000b 03aabbcc 737276", `[CHAP Challenge id=0x5 <aabbcc>, name = "srv"]`},
		{"c223 03 05 0009 533d3031", "[CHAP malformed <hidden>]"},
		{"c223 03 05 0008 533d3031", `[CHAP Success id=0x5 "S=01"]`},
		{"8021 01 01 0016 030600000000 8106c0a85835 82060a000001", "[IPCP ConfReq id=0x1 <addr 0.0.0.0> <ms-dns1 192.168.88.53> <ms-wins1 10.0.0.1>]"},
		{"8021 04 01 000a 0206002d0f01", "[IPCP ConfRej id=0x1 <compress VJ 0f 01>]"},
		{"80fd 01 01 000a 120601000040", "[CCP ConfReq id=0x1 <mppe +H -M +S -L -D -C>]"},
		{"80fd 0e 01 0004", "[CCP ResetReq id=0x1]"},
		{"80fd 01 01 0007 150378", "[CCP ConfReq id=0x1 < 15 03 78>]"},
		{"8057 01 01 000e 010a 0200000000000001", "[IPV6CP ConfReq id=0x1 <addr fe80::200:0:0:1>]"},
		{"21 4500", "[proto=0x21] 45 00"},
		{"00", "[short frame] 00"},
	} {
		if got := Format(unhex(c.hex)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.hex, got, c.want)
		}
	}
}

func TestFormatIsBounded(t *testing.T) {
	frames := [][]byte{unhex("0021"), unhex("c021 01 01 05d0"), unhex("c223 01 01 05d0 ff"), unhex("c021 05 01 05d0")}
	for _, f := range frames {
		f = append(f, make([]byte, 1500)...)
		for i := range f[6:] {
			f[6+i] = 2
		}
		if got := Format(f); len(got) > maxFormat {
			t.Errorf("%d characters", len(got))
		}
	}
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{
		"c021010100180104057802060000000005060 02d0f0107020802", "c0230101001005616c69636505736563726574",
		"c22301050010b0aabbcc737276", "80fd0101000a120601000040", "80210101000a030600000000", "8057010 1000e010a0200000000000001",
	} {
		f.Add(unhex(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := Format(b)
		if len(got) > maxFormat {
			t.Errorf("%d characters", len(got))
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("unprintable: %q", got)
		}
		proto, info, ok := ParseHeader(b)
		if p, good := parsePacket(info); ok && proto == ProtoPAP && good && p.code == papRequest {
			if name, password, ok := parsePAP(p.data); ok {
				// Another password makes no difference to what is printed.
				at := len(b) - len(info) + packetHeader + 2 + len(name)
				for i := range password {
					b[at+i] ^= 0x55
				}
				if other := Format(b); other != got {
					t.Errorf("the password shows: %q, %q", got, other)
				}
			}
		}
	})
}
