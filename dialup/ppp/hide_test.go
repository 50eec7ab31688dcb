package ppp

import (
	"bytes"
	"strings"
	"testing"
)

func TestHidePassword(t *testing.T) {
	const request = "\xc0\x23\x01\x07\x00\x12\x05alice\x07hunter2"
	for in, want := range map[string]string{
		request:                              "\xc0\x23\x01\x07\x00\x12\x05alice\x07*******",
		"\xff\x03" + request:                 "\xff\x03\xc0\x23\x01\x07\x00\x12\x05alice\x07*******",
		request + "behind":                   "\xc0\x23\x01\x07\x00\x12\x05alice\x07*************",
		request[:len(request)-2]:             "\xc0\x23\x01\x07\x00\x12" + strings.Repeat("*", 12), // cut
		"\xc0\x23\x01\x07\x00\x07\xffab":     "\xc0\x23\x01\x07\x00\x07***",                        // a name longer than all
		"\xc0\x23\x09\x07\x00\x06ab":         "\xc0\x23\x09\x07\x00\x06**",
		"\xc0\x23":                           "\xc0\x23",
		"\xc0\x23\x01":                       "\xc0\x23\x01",
		"\xc0\x23\x02\x07\x00\x08\x03you":    "\xc0\x23\x02\x07\x00\x08\x03you",
		"\xc0\x21\x08\x01\x00\x18" + request: "\xc0\x21\x08\x01\x00\x18\xc0\x23\x01\x07\x00\x12\x05alice\x07*******",
		"\xc0\x21\x08\x01\x00\x0a\xc0\x23\x01\x07\x00\x12\x05al": "\xc0\x21\x08\x01\x00\x0a\xc0\x23\x01\x07\x00\x12***",
		"\xc0\x21\x08\x01\x00\x18\x80\x57hunter2":                "\xc0\x21\x08\x01\x00\x18\x80\x57hunter2",
		"\xc0\x21\x01\x01\x00\x04":                               "\xc0\x21\x01\x01\x00\x04",
		"\x00\x21hunter2":                                        "\x00\x21hunter2",
		"":                                                       "",
	} {
		frame := []byte(in)
		out, hidden := HidePassword(frame)
		if string(out) != want || hidden != (in != want) || string(frame) != in {
			t.Errorf("%q became %q (%v), want %q", in, out, hidden, want)
		}
	}
}

// FuzzHidePassword: no word behind the name of a request is left, whatever
// stands around it.
func FuzzHidePassword(f *testing.F) {
	f.Add([]byte("\xc0\x23\x01\x07\x00\x12\x05alice\x07hunter2"))
	f.Add([]byte("\xc0\x21\x08\x01\x00\x18\xc0\x23\x01\x07\x00\x12\x05alice\x07hunter2"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		out, hidden := HidePassword(frame)
		if len(out) != len(frame) || !bytes.Equal(frame, before) {
			t.Fatalf("%x became %x", frame, out)
		}
		if again, _ := HidePassword(out); !bytes.Equal(again, out) && hidden {
			t.Errorf("%x became %x and then %x", frame, out, again)
		}
		if p, info, ok := ParseHeader(frame); ok && p == ProtoPAP {
			if packet, ok := parsePacket(info); ok && packet.code == papRequest {
				if _, password, ok := parsePAP(packet.data); ok && len(password) > 0 && !bytes.HasSuffix(out, bytes.Repeat([]byte("*"), len(password))) {
					t.Errorf("%x became %x", frame, out)
				}
			}
		}
	})
}
