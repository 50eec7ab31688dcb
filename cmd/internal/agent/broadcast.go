package agent

import (
	"strings"
	"sync"
	"sync/atomic"
)

// How many events a slow subscriber may fall behind before it misses the
// oldest; more for one in this process that wants packets.
const (
	backlog       = 512
	packetBacklog = 2048
)

// broadcast gives each event to all subscribers without ever blocking.
type broadcast struct {
	// wanted is the protocols whose packets anybody wants, so that nothing is
	// put into words for nobody.
	wanted atomic.Uint32

	mu     sync.Mutex
	subs   map[*subscription]struct{}
	closed bool
	story  []Event // the last ones that are no packets, a ring
	told   int     // how many there were
}

// storyLength is how many events are kept for who asks later.
const storyLength = 128

// subscription is one subscriber's queue.
type subscription struct {
	events chan Event
	missed int

	// Under the broadcast's mu.
	story   bool      // it wants events that are no packets
	packets Selection // and these packets
}

// Selection is the control packets that a subscriber wants; the zero value is
// none.
type Selection struct {
	Entry     string // "" = of all
	Protocols Protocols
}

// takes reports whether ev, of protocol p, is among them.
func (s Selection) takes(ev Event, p Protocols) bool {
	if s.Protocols&p == 0 {
		return false
	}
	return s.Entry == "" || IsOf(ev, s.Entry)
}

// IsOf reports whether ev is of an entry, or with "server" of the server or one
// of its calls.
func IsOf(ev Event, entry string) bool {
	return ev.Entry == entry || entry == serverEntry && strings.HasPrefix(ev.Entry, callLabel)
}

func newBroadcast() *broadcast { return &broadcast{subs: make(map[*subscription]struct{})} }

// Subscribe gives the agent's events from now on, all control packets among
// them if they are wanted. The function ends it and closes the channel; the
// agent's Close does so too.
func (a *Agent) Subscribe(packets bool) (<-chan Event, func()) {
	size, selection := backlog, Selection{}
	if packets {
		size, selection.Protocols = packetBacklog, everyProtocol
	}
	s := a.events.subscribe(size)
	a.events.change(s, true, &selection)
	return s.events, func() { a.events.end(s) }
}

// subscribe makes a subscriber that wants nothing yet.
func (b *broadcast) subscribe(size int) *subscription {
	s := &subscription{events: make(chan Event, size)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		close(s.events)
		return s
	}
	b.subs[s] = struct{}{}
	return s
}

// change sets what s gets from now on; the packets stay as they were where
// packets is nil.
func (b *broadcast) change(s *subscription, story bool, packets *Selection) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.story = story
	if packets != nil {
		s.packets = *packets
	}
	b.lookLocked()
}

// end closes the channel of s.
func (b *broadcast) end(s *subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, in := b.subs[s]; in {
		delete(b.subs, s)
		close(s.events)
		b.lookLocked()
	}
}

// lookLocked finds out what is wanted.
func (b *broadcast) lookLocked() {
	all := Protocols(0)
	for s := range b.subs {
		all |= s.packets.Protocols
	}
	b.wanted.Store(uint32(all))
}

// wants reports whether anybody wants packets of p.
func (b *broadcast) wants(p Protocols) bool { return Protocols(b.wanted.Load())&p != 0 }

func (b *broadcast) send(ev Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !ev.Detail {
		b.keepLocked(ev)
	}
	for s := range b.subs {
		if s.story {
			s.put(ev)
		}
	}
}

func (b *broadcast) keepLocked(ev Event) {
	if len(b.story) < storyLength {
		b.story = append(b.story, ev)
	} else {
		b.story[b.told%storyLength] = ev
	}
	b.told++
}

// Log gives the last events, n at most, the oldest first; no details and no
// packets.
func (a *Agent) Log(n int) []Event {
	b := a.events
	b.mu.Lock()
	defer b.mu.Unlock()
	list := []Event{}
	for i := b.told - min(max(n, 0), len(b.story)); i < b.told; i++ {
		list = append(list, b.story[i%storyLength])
	}
	return list
}

// sendPacket sends an event that is a packet of protocol p.
func (b *broadcast) sendPacket(ev Event, p Protocols) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		if s.packets.takes(ev, p) {
			s.put(ev)
		}
	}
}

// put adds ev. The oldest makes room, so that the end is always told.
func (s *subscription) put(ev Event) {
	for {
		ev.Missed = s.missed
		select {
		case s.events <- ev:
			s.missed = 0
			return
		default:
		}
		select {
		case old := <-s.events:
			s.missed += 1 + old.Missed
		default: // the reader was faster
		}
	}
}

func (b *broadcast) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for s := range b.subs {
		close(s.events)
		delete(b.subs, s)
	}
	b.lookLocked()
}
