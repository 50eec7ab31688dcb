package gre

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(s), []byte(" "), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The bit positions are those of the figure in RFC 2637 section 4.1.
var headers = []struct {
	name    string
	bytes   string
	header  Header
	payload string
	err     error
	padded  bool // there is more than Put gives back
}{
	{name: "data", bytes: "3001 880b 0004 1234 00000000 ff03c021",
		header: Header{CallID: 0x1234, PayloadLen: 4, HasSeq: true}, payload: "ff03c021"},
	{name: "data with acknowledgement", bytes: "3081 880b 0002 0001 01020304 a1a2a3a4 c021",
		header:  Header{CallID: 1, PayloadLen: 2, Seq: 0x01020304, HasSeq: true, Ack: 0xa1a2a3a4, HasAck: true},
		payload: "c021"},
	{name: "acknowledgement in the sequence slot", bytes: "2081 880b 0000 ffff 00000007",
		header: Header{CallID: 0xffff, Ack: 7, HasAck: true}},
	{name: "Linux's first acknowledgement", bytes: "3081 880b 0001 0100 00000001 ffffffff 21",
		header:  Header{CallID: 0x100, PayloadLen: 1, Seq: 1, HasSeq: true, Ack: 0xffffffff, HasAck: true},
		payload: "21"},
	{name: "empty payload", bytes: "3001 880b 0000 0001 00000005",
		header: Header{CallID: 1, Seq: 5, HasSeq: true}},
	{name: "padded behind the payload", bytes: "3001 880b 0001 0001 00000005 c0 000000",
		header: Header{CallID: 1, PayloadLen: 1, Seq: 5, HasSeq: true}, payload: "c0", padded: true},
	{name: "acknowledgement with a length and padding", bytes: "2081 880b 0005 0001 00000005 000000",
		header: Header{CallID: 1, Ack: 5, HasAck: true}, padded: true},

	{name: "nothing", err: ErrShort},
	{name: "seven octets", bytes: "3001 880b 0000 00", err: ErrShort},
	{name: "no room for the sequence number", bytes: "3001 880b 0000 0001 000000", err: ErrShort},
	{name: "no room for the acknowledgement", bytes: "3081 880b 0000 0001 00000000 000000", err: ErrShort},
	{name: "payload cut", bytes: "3001 880b 0003 0001 00000005 c021", err: ErrPayload},
	{name: "version 0", bytes: "3000 880b 0000 0001 00000005", err: ErrVersion},
	{name: "version 2", bytes: "3002 880b 0000 0001 00000005", err: ErrVersion},
	{name: "protocol IP", bytes: "3001 0800 0000 0001 00000005", err: ErrProtocol},
	{name: "C", bytes: "b001 880b 0000 0001 00000005", err: ErrFlags},
	{name: "R", bytes: "7001 880b 0000 0001 00000005", err: ErrFlags},
	{name: "s", bytes: "3801 880b 0000 0001 00000005", err: ErrFlags},
	{name: "recur 1", bytes: "3101 880b 0000 0001 00000005", err: ErrFlags},
	{name: "recur 4", bytes: "3401 880b 0000 0001 00000005", err: ErrFlags},
	{name: "flags 1", bytes: "3009 880b 0000 0001 00000005", err: ErrFlags},
	{name: "flags 8", bytes: "3041 880b 0000 0001 00000005", err: ErrFlags},
	{name: "no K", bytes: "1001 880b 0000 0001 00000005", err: ErrNoKey},
	{name: "neither S nor A", bytes: "2001 880b 0000 0001", err: ErrEmpty},
}

func TestParse(t *testing.T) {
	for _, test := range headers {
		t.Run(test.name, func(t *testing.T) {
			b := unhex(t, test.bytes)
			h, payload, err := Parse(b)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if h != test.header {
				t.Fatalf("header %+v, want %+v", h, test.header)
			}
			if !bytes.Equal(payload, unhex(t, test.payload)) {
				t.Fatalf("payload %x, want %s", payload, test.payload)
			}
			if err != nil || test.padded {
				return
			}
			if got := encode(h, payload); !bytes.Equal(got, b) {
				t.Fatalf("put %x, want %x", got, b)
			}
		})
	}
}

func encode(h Header, payload []byte) []byte {
	b := make([]byte, MaxHeader+len(payload))
	n := h.Put(b)
	return append(b[:n], payload...)
}

func TestErrorsHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for e := ErrShort; e <= ErrPayload; e++ {
		if s := e.Error(); seen[s] || s == FormatError(0).Error() {
			t.Errorf("error %d says %q", e, s)
		} else {
			seen[s] = true
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, test := range headers {
		f.Add(unhex(f, test.bytes))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, payload, err := Parse(b)
		if err != nil {
			if h != (Header{}) || payload != nil {
				t.Fatalf("%v with %+v %x", err, h, payload)
			}
			return
		}
		if int(h.PayloadLen) != len(payload) {
			t.Fatalf("%+v with %d octets", h, len(payload))
		}
		again, rest, err := Parse(encode(h, payload))
		if err != nil || again != h || !bytes.Equal(rest, payload) {
			t.Fatalf("%+v became %+v, %v", h, again, err)
		}
	})
}
