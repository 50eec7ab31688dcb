package gre

import "time"

const (
	// nudgeAfter is above the 300 ms for which pptp-linux and pptpd hold
	// packets back behind a missing one.
	nudgeAfter = 350 * time.Millisecond
	maxNudges  = 3
)

// nudge makes a peer look at what it holds back. pptpd and pptp-linux give up
// waiting for a missing packet only when another one arrives: what we sent last
// would lie there until TCP's own time-out, which grows with each such loss.
// So when packets stay without acknowledgement and nothing else is sent, the
// last acknowledgement goes once more, a few times, backed off.
type nudge struct {
	due   time.Time // zero = nothing to watch over
	count uint8     // since the last packet sent
}

// sent begins to watch over a packet.
func (g *nudge) sent(now time.Time) {
	g.due, g.count = now.Add(nudgeAfter), 0
}

// handleTimeout reports whether an acknowledgement has to go.
func (g *nudge) handleTimeout(now time.Time) bool {
	if !due(g.due, now) {
		return false
	}
	g.due = time.Time{}
	if g.count == maxNudges {
		return false
	}
	g.count++
	g.due = now.Add(nudgeAfter << g.count)
	return true
}
