package vpn

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"dun/vpn/pptp"
)

// ControlMessage is a message of a PPTP control connection, as it was sent or
// received.
type ControlMessage struct {
	Sent     bool
	From, To netip.AddrPort
	Bytes    []byte // borrowed; not always a message that RFC 2637 knows
}

// String shows it in readable form.
func (m ControlMessage) String() string { return describe(m.Bytes) }

// tracer cuts one direction of a control connection into its messages.
// Without a function to tell it does nothing.
type tracer struct {
	to      func(ControlMessage)
	message ControlMessage
	buf     []byte // the message that is not whole yet
}

// bytes takes the next bytes of the stream.
func (t *tracer) bytes(b []byte) {
	if t.to == nil {
		return
	}
	t.buf = append(t.buf, b...)
	for len(t.buf) >= 2 {
		// The length field comes first (RFC 2637 section 1.4).
		n := int(binary.BigEndian.Uint16(t.buf))
		if n < 12 || n > 1024 {
			t.tell(t.buf)
			t.buf = nil
			return
		}
		if len(t.buf) < n {
			return
		}
		t.tell(t.buf[:n])
		t.buf = t.buf[n:]
	}
}

func (t *tracer) tell(b []byte) {
	m := t.message
	m.Bytes = b
	t.to(m)
}

func describe(b []byte) string {
	if n := int(binary.BigEndian.Uint16(b)); n != len(b) {
		return fmt.Sprintf("[PPTP %d octets that are no message]", len(b))
	}
	m, err := pptp.Parse(b)
	if err != nil {
		return fmt.Sprintf("[PPTP %v]", err)
	}
	// Texts are the peer's: nothing of them may move a terminal's cursor.
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, fmt.Sprintf("[PPTP %v %+v]", m.Type(), m))
}
