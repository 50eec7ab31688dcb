package modem

import "time"

// noCarrier looks for the line NO CARRIER in the received stream. A modem says
// it outside of any frame, and then says nothing more. Inside of a frame the
// same octets may be somebody's data; there the frame goes on, up to its flag.
// So the text counts after a silence without a flag.
type noCarrier struct {
	matched  int       // octets of the text so far, its line ends counted
	deadline time.Time // when it counts; zero = was not seen
}

const (
	noCarrierText    = "NO CARRIER"
	noCarrierSilence = 500 * time.Millisecond
	hdlcFlag         = 0x7e
)

// scan takes received octets; true when the deadline has changed.
func (s *noCarrier) scan(now time.Time, b []byte) (changed bool) {
	for _, c := range b {
		end := c == '\r' || c == '\n'
		switch {
		case !s.deadline.IsZero():
			if c == hdlcFlag {
				*s, changed = noCarrier{}, true
			}
		case s.matched == 1+len(noCarrierText) && end:
			s.matched++
			s.deadline, changed = now.Add(noCarrierSilence), true
		case s.matched > 0 && s.matched <= len(noCarrierText) && c == noCarrierText[s.matched-1]:
			s.matched++
		case end:
			s.matched = 1
		default:
			s.matched = 0
		}
	}
	return changed
}

// due reports whether the text counts by now.
func (s *noCarrier) due(now time.Time) bool {
	return !s.deadline.IsZero() && !now.Before(s.deadline)
}
