package hdlc

import "bytes"

// minFrame is the shortest frame that is none by mistake, FCS included (RFC
// 1662 section 4.3).
const minFrame = 4

// strayLen is how many octets Stray shows at most.
const strayLen = 64

// Counters tell what a Decoder has seen.
type Counters struct {
	Frames    uint64 // good frames
	FCSErrors uint64 // bad frame check sequence
	Aborts    uint64 // Control Escape before the closing flag (RFC 1662 section 4.3)
	TooShort  uint64 // less than four octets, but not empty
	TooLong   uint64 // more than the Decoder was made for
	Controls  uint64 // octets of the receiving ACCM that came without an escape
}

// Decoder finds frames in the octets of one line.
type Decoder struct {
	accm     uint32
	frame    []byte // what there is of the frame, without escapes; never longer than it was made
	fcs      uint16 // over frame
	escaped  bool   // the last octet was Control Escape
	tooLong  bool   // the frame did not fit; the rest of it is skipped
	synced   bool   // there was a flag: what precedes the first is no frame of ours
	counters Counters

	stray    [strayLen]byte // the last octets since a good frame, as they came
	strayEnd int
}

// NewDecoder makes a Decoder for frames of at most maxFrame octets without
// FCS (at least 2). Its receiving ACCM is the default, all control characters.
func NewDecoder(maxFrame int) *Decoder {
	return &Decoder{accm: 0xffffffff, frame: make([]byte, 0, max(maxFrame+fcsLen, minFrame)), fcs: initFCS}
}

// SetACCM sets the receiving Async-Control-Character-Map (RFC 1662 section
// 7.1): octets below 0x20 whose bit is set were put in by equipment on the way
// if they come without an escape, and are dropped.
func (d *Decoder) SetACCM(accm uint32) { d.accm = accm }

// Counters takes a snapshot.
func (d *Decoder) Counters() Counters { return d.counters }

// Next takes octets of the line up to the end of the next good frame. frame is
// that frame without its FCS, borrowed until the next call, and rest is what
// of b comes behind it. When ok is false all of b was taken.
//
//	for frame, rest, ok := d.Next(b); ok; frame, rest, ok = d.Next(rest) {
//
// A frame that is damaged is counted and dropped. The next one begins with the
// flag that ended it, so that one damaged octet costs one frame, or two if it
// was the flag between them.
func (d *Decoder) Next(b []byte) (frame, rest []byte, ok bool) {
	d.keepStray(b)
	for len(b) > 0 {
		n, ended := d.take(b)
		b = b[n:]
		if ended && d.finish() {
			frame = d.frame[:len(d.frame)-fcsLen]
			d.reset()
			d.strayEnd = 0
			return frame, b, true
		}
		if ended {
			d.reset()
		}
	}
	return nil, nil, false
}

// take adds octets of b to the frame, up to and including a flag, and returns
// how many it took and whether the last one was a flag.
func (d *Decoder) take(b []byte) (n int, ended bool) {
	if d.tooLong {
		if n = bytes.IndexByte(b, flag); n < 0 {
			return len(b), false
		}
		return n + 1, true
	}
	frame, fcs, escaped := d.frame, d.fcs, d.escaped
	for i, c := range b {
		if c < 0x20 && d.accm>>c&1 != 0 {
			// Also between an escape and its octet: the map is applied
			// first (section 4.2).
			d.counters.Controls++
			continue
		}
		if c == flag {
			d.frame, d.fcs, d.escaped = frame, fcs, escaped
			return i + 1, true
		}
		if c == escape && !escaped {
			escaped = true
			continue
		}
		if escaped {
			c ^= complement
			escaped = false
		}
		if len(frame) == cap(frame) {
			d.tooLong = true
			return i + 1, false
		}
		frame = append(frame, c)
		fcs = addFCS(fcs, c)
	}
	d.frame, d.fcs, d.escaped = frame, fcs, escaped
	return len(b), false
}

// finish judges what a flag has ended.
func (d *Decoder) finish() bool {
	c := &d.counters
	if !d.synced {
		d.synced = true // noise or text before the first flag is no damage
		c = &Counters{}
	}
	switch {
	case d.tooLong:
		c.TooLong++
	case d.escaped:
		c.Aborts++
	case len(d.frame) == 0: // "silently discarded" (section 3.1): fill, or a flag of its own for each frame
	case len(d.frame) < minFrame:
		c.TooShort++
	case d.fcs != goodFCS:
		c.FCSErrors++
	default:
		d.counters.Frames++
		return true
	}
	return false
}

// reset makes ready for the octet behind a flag.
func (d *Decoder) reset() {
	d.frame, d.fcs = d.frame[:0], initFCS
	d.escaped, d.tooLong = false, false
}
