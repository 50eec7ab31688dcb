package dialup

import (
	"net/netip"
	"slices"
	"sync"
)

// Places is a limited number of places for callers that have not proved
// themselves yet. A stranger can take all that are free, but not keep them
// from others: when none is left, a newcomer gets the newest place of the
// address that holds the most, if that is at least two more than its own.
// Methods may be called from any goroutine.
type Places struct {
	most int

	mu   sync.Mutex
	held []*place // oldest first
}

type place struct {
	from  netip.Addr
	evict func()
}

// NewPlaces makes at least one place.
func NewPlaces(most int) *Places { return &Places{most: max(most, 1)} }

// Take takes a place for somebody at from; ok is false when there is none.
// Whoever has it calls leave as soon as it needs it no longer; more than once
// does no harm. evict is called, at most once and from another caller's Take,
// when the place was given to somebody else: it must not block or call Places.
func (p *Places) Take(from netip.Addr, evict func()) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.held) >= p.most && !p.makeRoom(from) {
		return nil, false
	}
	mine := &place{from: from, evict: evict}
	p.held = append(p.held, mine)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.drop(mine)
	}, true
}

// Held is how many places are taken.
func (p *Places) Held() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held)
}

// makeRoom takes the newest place away from who holds the most.
func (p *Places) makeRoom(newcomer netip.Addr) bool {
	count := make(map[netip.Addr]int)
	for _, h := range p.held {
		count[h.from]++
	}
	var victim *place
	for _, h := range p.held {
		if victim == nil || count[h.from] >= count[victim.from] {
			victim = h
		}
	}
	if count[victim.from] < count[newcomer]+2 {
		return false
	}
	p.drop(victim)
	victim.evict()
	return true
}

func (p *Places) drop(mine *place) {
	p.held = slices.DeleteFunc(p.held, func(h *place) bool { return h == mine })
}
