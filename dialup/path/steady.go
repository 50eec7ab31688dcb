package path

import "time"

const (
	// steadyRest is the pause after each turn of a steady flow.
	steadyRest = 3 * time.Millisecond
	// steadyRate is how many packets a second are worth it.
	steadyRate = 400
	// steadySpan is how long packets are counted for one rate.
	steadySpan = 50 * time.Millisecond
	// After so many spans with rests comes one without, to compare with.
	steadyLooks = 40
	// A flow that did not bear rests is spared them for so many spans, and for
	// twice as many each time it does not bear them again.
	firstSpared, mostSpared = 20, 640
)

// steady finds flows that come packet by packet and go on as fast when the
// loop rests between them: senders that keep time, not such as wait for an
// answer. It compares how many packets passed in a span of time with rests and
// without, and lets the loop rest only while that makes no difference.
type steady struct {
	begin          time.Time // of the span
	packets, turns int       // in it

	resting bool
	plain   int // packets a second in the last span without rests
	spans   int // with rests since then
	spared  int // spans that are to pass without
	spare   int // how many were, the last time
}

// passed counts a turn's packets and tells whether to rest after it.
func (s *steady) passed(now time.Time, moved int) bool {
	if moved == 0 {
		return false
	}
	switch span := now.Sub(s.begin); {
	case span >= 2*steadySpan: // there was a pause, or this is the first packet
		*s = steady{begin: now, spared: s.spared, spare: s.spare}
	case span >= steadySpan:
		s.judge(int(time.Duration(s.packets) * time.Second / span))
		s.begin, s.packets, s.turns = now, 0, 0
	}
	s.packets += moved
	s.turns++
	return s.resting
}

// judge ends a span in which that many packets a second passed.
func (s *steady) judge(rate int) {
	switch {
	case s.resting && rate < s.plain*3/4: // packets wait for each other
		s.spare = min(max(2*s.spare, firstSpared), mostSpared)
		s.resting, s.spared = false, s.spare
	case s.resting:
		if s.spans++; s.spans == steadyLooks {
			s.resting, s.spare = false, 0
		}
	case s.spared > 0:
		s.spared--
	case rate >= steadyRate && s.packets < 4*s.turns:
		s.resting, s.plain, s.spans = true, rate, 0
	}
}
