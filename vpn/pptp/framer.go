package pptp

// framer cuts the stream into messages. It holds one message that is not yet
// complete, and no more.
type framer struct {
	buf  [maxMessage]byte
	n    int // octets of a message in buf
	want int // how many make the next decision
	skip int // octets of an ignored message still to come
}

// next takes octets from b up to the end of one message. msg is that message,
// valid until the next call, or nil. ignored reports that the header of a
// message of an unknown type went by. After an error the stream is lost.
func (f *framer) next(b []byte) (msg, rest []byte, ignored bool, err error) {
	if f.skip > 0 {
		n := min(f.skip, len(b))
		f.skip -= n
		return nil, b[n:], false, nil
	}
	if f.want == 0 {
		f.want = commonHeader
	}
	for {
		n := copy(f.buf[f.n:f.want], b)
		f.n += n
		b = b[n:]
		if f.n < f.want {
			return nil, b, false, nil
		}
		size, t, err := parseHeader(f.buf[:f.n])
		switch {
		case err != nil:
			return nil, b, false, err
		case size == 0:
			f.want = controlHeader
		case t == 0 || !t.known():
			f.skip = size - f.n
			f.n, f.want = 0, 0
			return nil, b, true, nil
		case f.n < size:
			f.want = size
		default:
			msg = f.buf[:f.n]
			f.n, f.want = 0, 0
			return msg, b, false, nil
		}
	}
}
