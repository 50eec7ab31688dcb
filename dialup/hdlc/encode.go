package hdlc

import "slices"

// MaxEncoded is the most octets that AppendFrame adds for a frame of n octets
// without its FCS: everything escaped, and two flags.
func MaxEncoded(n int) int { return 2*(n+fcsLen) + 2 }

// AppendFrame appends one frame with the octets of head and info and their FCS
// to dst, ready for the line, and returns the longer slice. Nothing is
// allocated when dst has room for MaxEncoded(len(head)+len(info)) more octets;
// head and info may not overlap that room.
//
// accm is the sending Async-Control-Character-Map (RFC 1662 section 7.1): bit n
// stands for octet n, 0 to 31.
//
// open asks for a flag before the frame. One flag between two frames is enough
// (section 3.1), but noise on an idle line would then damage the next frame;
// so open is to be true unless the frame before was sent just now (section
// 4.4.2: up to about a second).
func AppendFrame(dst []byte, accm uint32, open bool, head, info []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, MaxEncoded(len(head)+len(info)))
	out := dst[:cap(dst)]
	if open {
		out[n] = flag
		n++
	}
	fcs := uint16(initFCS)
	n, fcs = stuff(out, n, accm, fcs, head)
	n, fcs = stuff(out, n, accm, fcs, info)
	// "least significant octet first" and complemented (sections 3.1, C.2).
	check := [fcsLen]byte{^byte(fcs), ^byte(fcs >> 8)}
	n, _ = stuff(out, n, accm, fcs, check[:])
	out[n] = flag
	return out[:n+1]
}

// stuff writes src to out[n:] with what must be escaped escaped (section 4.2),
// and takes it into fcs. There is room for twice the octets of src.
func stuff(out []byte, n int, accm uint32, fcs uint16, src []byte) (int, uint16) {
	for _, c := range src {
		fcs = addFCS(fcs, c)
		if c < 0x20 && accm>>c&1 != 0 || c == escape || c == flag {
			out[n] = escape
			n++
			c ^= complement
		}
		out[n] = c
		n++
	}
	return n, fcs
}
