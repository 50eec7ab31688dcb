package vpn

import (
	"strings"
	"testing"
	"unicode"

	"dun/vpn/pptp"
)

// TestTrace: whatever pieces the stream comes in, each message is one line,
// and no text of the peer's gets at the terminal.
func TestTrace(t *testing.T) {
	var stream []byte
	for _, m := range []pptp.Message{
		pptp.StartRequest{Version: pptp.Version, HostName: "evil\x1b[2Jname\n", Vendor: "v\u202e"},
		pptp.EchoRequest{Identifier: 9},
		callRequest(7),
	} {
		var err error
		if stream, err = m.AppendBinary(stream); err != nil {
			t.Fatal(err)
		}
	}
	for size := 1; size <= len(stream); size += 7 {
		var lines []string
		tr := tracer{to: func(m ControlMessage) { lines = append(lines, m.String()) }}
		for b := stream; len(b) > 0; {
			n := min(size, len(b))
			tr.bytes(b[:n])
			b = b[n:]
		}
		if len(lines) != 3 || !strings.Contains(lines[0], "name") || !strings.Contains(lines[1], "Echo-Request") || !strings.Contains(lines[2], "Outgoing-Call-Request") {
			t.Fatalf("pieces of %d: %q", size, lines)
		}
		for _, l := range lines {
			if strings.ContainsFunc(l, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q", l)
			}
		}
	}
}

// FuzzTracer: any stream, in any pieces; what is kept is bounded.
func FuzzTracer(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), 3)
	b, _ := pptp.EchoRequest{Identifier: 9}.AppendBinary(nil)
	f.Add(append(b, b...), 5)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		size = max(size&0xff, 1)
		tr := tracer{to: func(m ControlMessage) {
			if text := m.String(); len(text) > 4096 {
				t.Errorf("a line of %d octets", len(text))
			}
		}}
		for len(stream) > 0 {
			n := min(size, len(stream))
			tr.bytes(stream[:n])
			stream = stream[n:]
			if len(tr.buf) > 1024 {
				t.Fatalf("%d octets are kept", len(tr.buf))
			}
		}
	})
}
