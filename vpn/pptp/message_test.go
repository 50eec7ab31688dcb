package pptp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// layout is a message with every field different, and its bytes put together
// from the figures of RFC 2637 section 2: hexadecimal, and 'text'N for a text
// in a field of N octets.
var layouts = []struct {
	section string
	message Message
	bytes   string
}{
	{"2.1", StartRequest{Version: 0x0100, Framing: 1, Bearer: 2, MaxChannels: 3, Firmware: 0x0405, HostName: "host", Vendor: "vendor"},
		"009c 0001 1a2b3c4d 0001 0000 0100 0000 00000001 00000002 0003 0405 'host'64 'vendor'64"},
	{"2.2", StartReply{Version: 0x0100, Result: 2, Error: 4, Framing: 3, Bearer: 1, MaxChannels: 7, Firmware: 0x0809, HostName: "h", Vendor: "v"},
		"009c 0001 1a2b3c4d 0002 0000 0100 02 04 00000003 00000001 0007 0809 'h'64 'v'64"},
	{"2.3", StopRequest{Reason: 3}, "0010 0001 1a2b3c4d 0003 0000 03 00 0000"},
	{"2.4", StopReply{Result: 1, Error: 6}, "0010 0001 1a2b3c4d 0004 0000 01 06 0000"},
	{"2.5", EchoRequest{Identifier: 0x01020304}, "0010 0001 1a2b3c4d 0005 0000 01020304"},
	{"2.6", EchoReply{Identifier: 0x01020304, Result: 1, Error: 5}, "0014 0001 1a2b3c4d 0006 0000 01020304 01 05 0000"},
	{"2.7", OutgoingCallRequest{CallID: 0x1111, Serial: 0x2222, MinBPS: 2400, MaxBPS: 10_000_000, Bearer: 3, Framing: 2,
		Window: 64, Delay: 6400 * time.Millisecond, PhoneNumber: "5550100", Subaddress: "sub"},
		"00a8 0001 1a2b3c4d 0007 0000 1111 2222 00000960 00989680 00000003 00000002 0040 0040 0007 0000 '5550100'64 'sub'64"},
	{"2.8", OutgoingCallReply{CallID: 0x3333, PeerCallID: 0x1111, Result: 2, Error: 5, CauseCode: 0x0044, Speed: 64000, Window: 16, Delay: time.Second, Channel: 0xa0b0c0d0},
		"0020 0001 1a2b3c4d 0008 0000 3333 1111 02 05 0044 0000fa00 0010 000a a0b0c0d0"},
	{"2.9", IncomingCallRequest{CallID: 0x1111, Serial: 0x2222, Bearer: 1, Channel: 0xa0b0c0d0, Dialed: "123", Dialing: "45678", Subaddress: "s"},
		"00dc 0001 1a2b3c4d 0009 0000 1111 2222 00000001 a0b0c0d0 0003 0005 '123'64 '45678'64 's'64"},
	{"2.10", IncomingCallReply{CallID: 0x3333, PeerCallID: 0x1111, Result: 1, Error: 6, Window: 8, Delay: 300 * time.Millisecond},
		"0018 0001 1a2b3c4d 000a 0000 3333 1111 01 06 0008 0003 0000"},
	{"2.11", IncomingCallConnected{PeerCallID: 0x3333, Speed: 33600, Window: 8, Delay: 100 * time.Millisecond, Framing: 1},
		"001c 0001 1a2b3c4d 000b 0000 3333 0000 00008340 0008 0001 00000001"},
	{"2.12", CallClearRequest{CallID: 0x1111}, "0010 0001 1a2b3c4d 000c 0000 1111 0000"},
	{"2.13", CallDisconnectNotify{CallID: 0x3333, Result: 4, Error: 1, CauseCode: 16, Statistics: "all well"},
		"0094 0001 1a2b3c4d 000d 0000 3333 04 01 0010 0000 'all well'128"},
	{"2.14", WANErrorNotify{PeerCallID: 0x1111, CRCErrors: 1, FramingErrors: 2, HardwareOverruns: 3, BufferOverruns: 4, TimeOutErrors: 5, AlignmentErrors: 6},
		"0028 0001 1a2b3c4d 000e 0000 1111 0000 00000001 00000002 00000003 00000004 00000005 00000006"},
	{"2.15", SetLinkInfo{PeerCallID: 0x3333, SendACCM: 0xffffffff, ReceiveACCM: 0x000a0000},
		"0018 0001 1a2b3c4d 000f 0000 3333 0000 ffffffff 000a0000"},
}

func layoutBytes(t testing.TB, s string) []byte {
	t.Helper()
	var out []byte
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if s[0] == '\'' {
			text, rest, _ := strings.Cut(s[1:], "'")
			size, rest, _ := strings.Cut(rest, " ")
			n := map[string]int{"64": 64, "128": 128}[size]
			out = append(out, text...)
			out = append(out, make([]byte, n-len(text))...)
			s = rest
			continue
		}
		word, rest, _ := strings.Cut(s, " ")
		b, err := hex.DecodeString(word)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
		s = rest
	}
	return out
}

func encode(t testing.TB, m Message) []byte {
	t.Helper()
	b, err := m.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLayouts(t *testing.T) {
	if len(layouts) != len(types)-1 {
		t.Fatalf("%d messages of %d", len(layouts), len(types)-1)
	}
	for i, l := range layouts {
		t.Run(l.message.Type().String(), func(t *testing.T) {
			if int(l.message.Type()) != i+1 {
				t.Fatal("out of order")
			}
			want := layoutBytes(t, l.bytes)
			if got := encode(t, l.message); !bytes.Equal(got, want) {
				t.Fatalf("RFC 2637 section %s\n%x, want\n%x", l.section, got, want)
			}
			if len(want) != l.message.Type().Size() {
				t.Fatalf("%d octets, size says %d", len(want), l.message.Type().Size())
			}
			got, err := Parse(want)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, l.message) {
				t.Fatalf("%+v, want %+v", got, l.message)
			}
			// Behind something else, which stays.
			b, err := l.message.AppendBinary([]byte("before"))
			if err != nil || string(b[:6]) != "before" || !bytes.Equal(b[6:], want) {
				t.Fatalf("%x, %v", b, err)
			}
		})
	}
}

// Reserved fields may hold anything on receipt (RFC 2637 section 2), and so
// may what is behind the zero that ends a text.
func TestReservedFieldsAreTolerated(t *testing.T) {
	reserved := map[MessageType][]int{
		TypeStartRequest: {14, 15}, TypeStopRequest: {13, 14, 15}, TypeStopReply: {14, 15}, TypeEchoReply: {18, 19},
		TypeOutgoingCallRequest: {38, 39}, TypeIncomingCallReply: {22, 23}, TypeIncomingCallConnected: {14, 15},
		TypeCallClearRequest: {14, 15}, TypeCallDisconnectNotify: {18, 19}, TypeWANErrorNotify: {14, 15}, TypeSetLinkInfo: {14, 15},
	}
	for _, l := range layouts {
		b := encode(t, l.message)
		for _, i := range append(reserved[l.message.Type()], 10, 11) {
			if b[i] != 0 {
				t.Fatalf("%v: octet %d is not reserved", l.message.Type(), i)
			}
			b[i] = 0xff
		}
		if l.message.Type() == TypeStartRequest {
			copy(b[28+5:], "garbage")
		}
		if l.message.Type() == TypeOutgoingCallRequest {
			copy(b[40+7:], "999")
		}
		got, err := Parse(b)
		if err != nil || !reflect.DeepEqual(got, l.message) {
			t.Errorf("%v: %+v, %v", l.message.Type(), got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := func() []byte { return layoutBytes(t, layouts[7].bytes) } // Outgoing-Call-Reply
	tests := []struct {
		name  string
		b     func() []byte
		field string
	}{
		{"magic", func() []byte { b := good(); b[7]++; return b }, "Magic Cookie"},
		{"message type 0", func() []byte { b := good(); b[3] = 0; return b }, "PPTP Message Type"},
		{"message type 3", func() []byte { b := good(); b[3] = 3; return b }, "PPTP Message Type"},
		{"control type 0", func() []byte { b := good(); b[9] = 0; return b }, "Control Message Type"},
		{"control type 16", func() []byte { b := good(); b[9] = 16; return b }, "Control Message Type"},
		{"management", func() []byte { b := good(); b[3] = 2; return b }, "Control Message Type"},
		{"length of another type", func() []byte { b := good(); b[9] = 5; return b }, "Length"},
		{"length too small", func() []byte { b := good(); b[1]--; return b }, "Length"},
		{"length too big", func() []byte { b := good(); b[1]++; return b }, "Length"},
		{"length below the header", func() []byte { b := good(); b[1] = 11; return b }, "Length"},
		{"cut", func() []byte { b := good(); return b[:31] }, "Length"},
		{"more behind", func() []byte { return append(good(), 0) }, "Length"},
		{"half a header", func() []byte { return good()[:9] }, "Control Message Type"},
		{"nothing", func() []byte { return nil }, "Control Message Type"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := Parse(test.b())
			var f *FormatError
			if !errors.As(err, &f) || f.Field != test.field || m != nil {
				t.Fatalf("%v, %v, want an error in %s", m, err, test.field)
			}
			if f.Error() == "" {
				t.Fatal("no words")
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	long := strings.Repeat("x", 65)
	tests := []struct {
		m     Message
		field string
	}{
		{StartRequest{HostName: long}, "Host Name"},
		{StartRequest{Vendor: long}, "Vendor String"},
		{StartReply{HostName: "a\x00b"}, "Host Name"},
		{OutgoingCallRequest{PhoneNumber: long}, "Phone Number"},
		{OutgoingCallRequest{Subaddress: long}, "Subaddress"},
		{OutgoingCallRequest{Delay: 2 * time.Hour}, "Packet Processing Delay"},
		{OutgoingCallReply{Delay: -time.Second}, "Packet Processing Delay"},
		{IncomingCallRequest{Dialed: long}, "Dialed Number"},
		{IncomingCallRequest{Dialing: long}, "Dialing Number"},
		{IncomingCallReply{Delay: -time.Second}, "Packet Transmit Delay"},
		{CallDisconnectNotify{Statistics: strings.Repeat("x", 129)}, "Call Statistics"},
	}
	for _, test := range tests {
		b, err := test.m.AppendBinary([]byte("before"))
		var f *FormatError
		if !errors.As(err, &f) || f.Field != test.field || f.Type != test.m.Type() || string(b) != "before" {
			t.Errorf("%+v: %q, %v", test.m, b, err)
		}
	}
	// Rounded up: 1 ms is not no delay.
	b := encode(t, OutgoingCallReply{Delay: time.Millisecond})
	if m, _ := Parse(b); m.(OutgoingCallReply).Delay != 100*time.Millisecond {
		t.Error(m)
	}
}

func TestNumberLengthBeyondField(t *testing.T) {
	b := encode(t, OutgoingCallRequest{PhoneNumber: strings.Repeat("7", 64)})
	b[36], b[37] = 0xff, 0xff
	m, err := Parse(b)
	if err != nil || m.(OutgoingCallRequest).PhoneNumber != strings.Repeat("7", 64) {
		t.Fatal(m, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, l := range layouts {
		f.Add(layoutBytes(f, l.bytes))
	}
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			if m != nil {
				t.Fatalf("%v and %v", m, err)
			}
			return
		}
		again, err := m.AppendBinary(nil)
		if err != nil || len(again) != len(b) {
			t.Fatalf("%+v: %d octets of %d, %v", m, len(again), len(b), err)
		}
		back, err := Parse(again)
		if err != nil || !reflect.DeepEqual(back, m) {
			t.Fatalf("%+v became %+v, %v", m, back, err)
		}
	})
}
