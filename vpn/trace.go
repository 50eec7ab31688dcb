package vpn

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"

	"dun/vpn/pptp"
)

// tracer shows the messages of one direction of a control connection in
// readable form. Without a function to tell it does nothing.
type tracer struct {
	to   func(sent bool, text string)
	sent bool
	buf  []byte // the message that is not whole yet
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
			t.to(t.sent, fmt.Sprintf("[PPTP %d octets that are no message]", len(t.buf)))
			t.buf = nil
			return
		}
		if len(t.buf) < n {
			return
		}
		t.to(t.sent, describe(t.buf[:n]))
		t.buf = t.buf[n:]
	}
}

func describe(b []byte) string {
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
