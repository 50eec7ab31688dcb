package at

// maxLine bounds a line of the modem's; what is longer is cut and is no result.
const maxLine = 256

// liner puts lines together from what arrives in pieces.
type liner struct {
	buf  []byte
	long bool // the line was cut
}

// next takes octets from b until a line ends, and returns the line and what is
// left of b. Empty lines are passed over. Octets that no line of text has are
// dropped: noise before an answer shall not hide it.
func (l *liner) next(b []byte) (line string, long bool, rest []byte, ok bool) {
	for i, c := range b {
		if c != '\r' && c != '\n' {
			switch {
			case c < 0x20 || c > 0x7e:
			case len(l.buf) < maxLine:
				l.buf = append(l.buf, c)
			default:
				l.long = true
			}
			continue
		}
		if len(l.buf) > 0 {
			line, long = string(l.buf), l.long
			l.reset()
			return line, long, b[i+1:], true
		}
	}
	return "", false, nil, false
}

func (l *liner) reset() { l.buf, l.long = l.buf[:0], false }
