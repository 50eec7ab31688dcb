package agent

import (
	"sync"

	"dun/dialup"
	"dun/dialup/cause"
)

// tallies keep what lasts longer than a connection: by entry, and under "" for
// all calls that were answered. They are bounded by the phonebook.
type tallies struct {
	mu   sync.Mutex
	of   map[string]*tally
	away uint64 // callers turned away
}

// tally is one entry's.
type tally struct {
	ends  map[cause.Cause]uint64
	past  traffic // of connections that have ended
	conns map[*dialup.Connection]struct{}
}

// traffic is what went through connections, added up.
type traffic struct {
	sum           [sums]uint64
	dropped, wire map[string]uint64
}

// The sums.
const (
	sumUps = iota
	sumPacketsIn
	sumBytesIn
	sumPacketsOut
	sumBytesOut
	sumEchoes
	sumEchoesLost
	sums
)

// get is name's; under mu.
func (t *tallies) get(name string) *tally {
	e := t.of[name]
	if e == nil {
		if t.of == nil {
			t.of = make(map[string]*tally)
		}
		e = &tally{
			ends: make(map[cause.Cause]uint64), conns: make(map[*dialup.Connection]struct{}),
			past: newTraffic(),
		}
		t.of[name] = e
	}
	return e
}

func (t *tallies) up(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.get(name).past.sum[sumUps]++
}

func (t *tallies) ended(name string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.get(name).ends[cause.Of(err)]++
}

func (t *tallies) turnedAway() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.away++
}

// follow counts what goes through a connection; the function ends it, when the
// connection is over.
func (t *tallies) follow(name string, conn *dialup.Connection) (end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.get(name)
	e.conns[conn] = struct{}{}
	return func() {
		last, _ := conn.Status()
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(e.conns, conn)
		e.past.add(last)
	}
}

// forget drops the tallies of entries that are not known any more, so that a
// phonebook that changes for years takes no memory.
func (t *tallies) forget(known func(name string) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, e := range t.of {
		if name != "" && len(e.conns) == 0 && !known(name) {
			delete(t.of, name)
		}
	}
}

// total is one tally at one moment.
type total struct {
	ends map[cause.Cause]uint64
	traffic
}

// totals gives the tallies by entry. A connection counts as what it is now or,
// when it has just ended, as what it was: no sum ever becomes less.
func (t *tallies) totals() (of map[string]total, away uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of = make(map[string]total, len(t.of))
	for name, e := range t.of {
		sum := total{ends: make(map[cause.Cause]uint64), traffic: newTraffic()}
		for c, n := range e.ends {
			sum.ends[c] = n
		}
		sum.sum = e.past.sum
		addAll(sum.dropped, e.past.dropped)
		addAll(sum.wire, e.past.wire)
		for conn := range e.conns {
			now, _ := conn.Status()
			sum.add(now)
		}
		of[name] = sum
	}
	return of, t.away
}

// ofSocket are the counters that all calls of a GRE socket have in common: no
// sum of theirs has a meaning.
var ofSocket = map[string]bool{"gre-rx-unknown-call": true, "gre-rx-malformed": true, "gre-rx-too-long": true}

func newTraffic() traffic {
	return traffic{dropped: make(map[string]uint64), wire: make(map[string]uint64)}
}

func addAll(to, m map[string]uint64) {
	for name, n := range m {
		to[name] += n
	}
}

// add adds a connection's counters.
func (t *traffic) add(s dialup.Status) {
	c, e := s.Counters, s.PPP.Echoes
	for i, n := range [sums]uint64{
		sumPacketsIn: c.PacketsIn, sumBytesIn: c.BytesIn, sumPacketsOut: c.PacketsOut, sumBytesOut: c.BytesOut,
		sumEchoes: e.Sent, sumEchoesLost: e.Lost,
	} {
		t.sum[i] += n
	}
	eachDrop(c, s.PPP.Dropped, func(reason string, n uint64) { t.dropped[reason] += n })
	for name, n := range s.Wire {
		if !ofSocket[name] {
			t.wire[name] += n
		}
	}
}
