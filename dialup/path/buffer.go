package path

import "errors"

// ErrWouldBlock is what a TUN says when it has no packet.
var ErrWouldBlock = errors.New("path: no packet waits")

// Buffer holds one frame with room before and behind it. It belongs to
// whoever got it until it is given back to its pool; who is given one with a
// call borrows it for the call. Its memory begins on a word boundary.
type Buffer struct {
	data     []byte // never resliced
	off, end int    // the frame is data[off:end]
	idle     bool   // in its pool; looked at with the build tag pathdebug alone
}

// NewBuffer makes a buffer of size octets with an empty frame at headroom.
func NewBuffer(size, headroom int) *Buffer {
	return &Buffer{data: make([]byte, size), off: headroom, end: headroom}
}

// Bytes is the frame.
func (b *Buffer) Bytes() []byte {
	b.mustBeOwned()
	return b.data[b.off:b.end]
}

// Len is the frame's length.
func (b *Buffer) Len() int { return b.end - b.off }

// Reset makes the frame empty, with headroom octets before it.
func (b *Buffer) Reset(headroom int) { b.off, b.end = headroom, headroom }

// Room is the space from the frame's start to the buffer's end; SetLen tells
// how much of it was filled.
func (b *Buffer) Room() []byte {
	b.mustBeOwned()
	return b.data[b.off:]
}

// SetLen sets the frame's length, its start unchanged.
func (b *Buffer) SetLen(n int) { b.end = b.off + n }

// Prepend makes the frame n octets longer at its front and returns them to be
// written. It panics without the headroom: a fault of the caller's sizes.
func (b *Buffer) Prepend(n int) []byte {
	b.mustBeOwned()
	b.off -= n
	return b.data[b.off : b.off+n]
}

// TrimFront drops n octets from the front.
func (b *Buffer) TrimFront(n int) { b.off += n }

func (b *Buffer) mustBeOwned() {
	if debug && b.idle {
		panic("path: a buffer is used after it was given back")
	}
}
