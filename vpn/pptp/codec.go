package pptp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// reader takes the fields of one message in order. The message has the exact
// length of its type, so that no field can be missing.
type reader struct {
	b  []byte
	at int
}

func (r *reader) skip(n int) { r.at += n }

func (r *reader) u8() uint8 {
	v := r.b[r.at]
	r.at++
	return v
}

func (r *reader) u16() uint16 {
	v := binary.BigEndian.Uint16(r.b[r.at:])
	r.at += 2
	return v
}

func (r *reader) u32() uint32 {
	v := binary.BigEndian.Uint32(r.b[r.at:])
	r.at += 4
	return v
}

// tenths is a time in units of 1/10 second.
func (r *reader) tenths() time.Duration { return time.Duration(r.u16()) * (time.Second / 10) }

// text is a field of n octets, filled up with zeros.
func (r *reader) text(n int) string { return r.digits(n, n) }

// digits is a field of n octets of which so many are valid.
func (r *reader) digits(n, valid int) string {
	b := r.b[r.at : r.at+n]
	r.at += n
	b = b[:min(valid, n)]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// writer appends the fields of one message in order; the first field that
// does not fit is its error.
type writer struct {
	b     []byte
	start int
	t     MessageType
	err   error
}

// write begins a message of type t behind b.
func write(b []byte, t MessageType) *writer {
	w := &writer{b: b, start: len(b), t: t}
	w.u16(uint16(t.Size()))
	w.u16(kindControl)
	w.u32(magic)
	w.u16(uint16(t))
	w.u16(0) // Reserved0
	return w
}

func (w *writer) u8(v uint8)   { w.b = append(w.b, v) }
func (w *writer) u16(v uint16) { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32) { w.b = binary.BigEndian.AppendUint32(w.b, v) }

func (w *writer) tenths(field string, d time.Duration) {
	// Rounded up: a delay that is there is not to be told as none.
	n := (d + time.Second/10 - 1) / (time.Second / 10)
	if n < 0 || n > 0xffff {
		w.fail(field, uint32(min(max(n, 0), 0xffffffff)), "0 to 6553.5 s")
		n = 0
	}
	w.u16(uint16(n))
}

func (w *writer) text(field, s string, n int) {
	if len(s) > n {
		w.fail(field, uint32(len(s)), fmt.Sprintf("at most %d octets", n))
		s = s[:n]
	}
	if i := strings.IndexByte(s, 0); i >= 0 {
		w.fail(field, 0, "without a zero octet")
	}
	w.b = append(w.b, s...)
	w.b = append(w.b, zeros[:n-len(s)]...)
}

var zeros [128]byte

func (w *writer) fail(field string, got uint32, want string) {
	if w.err == nil {
		w.err = &FormatError{Type: w.t, Field: field, Got: got, Want: want}
	}
}

// done gives the message, or what was there before it and the error.
func (w *writer) done() ([]byte, error) {
	if w.err != nil {
		return w.b[:w.start], w.err
	}
	return w.b, nil
}
