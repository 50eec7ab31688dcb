package path

// Manner is how a loop waits and runs on this machine.
type Manner struct {
	// Waits is "hybrid", or "parked" when there is no Linger. With a poller of
	// Go's that does not take ours it is "hybrid, by system call" or "system call".
	Waits string
	// Policy is the scheduling policy of the loop's thread: "batch", "other",
	// or what else it was started with.
	Policy string
}

// Buffers is the state of one kind of a loop's buffers.
type Buffers struct {
	Count  int    `json:"count"`
	InUse  int    `json:"in-use"`
	RanOut uint64 `json:"ran-out"` // how often none was left, and something was dropped
}

// Buffers tells how the loop's buffers are used. It belongs to the loop's
// goroutine.
func (l *Loop) Buffers() (small, large Buffers) { return l.small.state(), l.large.state() }

func (p *pool) state() Buffers {
	return Buffers{Count: cap(p.idle), InUse: cap(p.idle) - len(p.idle), RanOut: p.empty}
}

// Links is how many links are in the loop. It belongs to the loop's goroutine.
func (l *Loop) Links() int { return len(l.links) }

// Manner tells how the loop waits and runs. It belongs to the loop's goroutine.
func (l *Loop) Manner() Manner {
	m := Manner{Waits: "hybrid", Policy: l.policy}
	switch {
	case l.linger == 0 && l.gate == nil:
		m.Waits = "system call"
	case l.linger == 0:
		m.Waits = "parked"
	case l.gate == nil:
		m.Waits = "hybrid, by system call"
	}
	return m
}

// Offload lists what the link's interface takes from us whole, and gives:
// "checksum", "tso", "uso"; empty for packets as they are on the wire, nil
// without an interface. It belongs to the loop's goroutine.
func (l *Link) Offload() []string {
	if l.tun == nil {
		return nil
	}
	names := []string{}
	if l.source.tcp {
		names = append(names, "checksum", "tso")
	}
	if l.source.udp {
		names = append(names, "uso")
	}
	return names
}
