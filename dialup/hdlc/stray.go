package hdlc

// Stray shows the last octets, at most 64, that came behind the last good
// frame, just as they came: fill, damaged frames, the frame in progress. A
// modem that has lost its carrier says so there ("\r\nNO CARRIER\r\n"), maybe
// in the middle of a frame. The slice is borrowed until the next call of Next.
//
// What stands in a good frame never shows up here once the frame has ended,
// but does while it is coming in. Therefore look only when the line has been
// silent for a while, and only for text that ends what has come.
func (d *Decoder) Stray() []byte { return d.stray[:d.strayEnd] }

// keepStray notes the octets of b; a good frame among them takes them back.
func (d *Decoder) keepStray(b []byte) {
	if len(b) >= strayLen {
		d.strayEnd = copy(d.stray[:], b[len(b)-strayLen:])
		return
	}
	if over := d.strayEnd + len(b) - strayLen; over > 0 {
		d.strayEnd = copy(d.stray[:], d.stray[over:d.strayEnd])
	}
	d.strayEnd += copy(d.stray[d.strayEnd:], b)
}
