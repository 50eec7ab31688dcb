package agent

import "sync"

// How many events a slow subscriber may fall behind before it misses the
// oldest; more for one who wants packets.
const (
	backlog       = 256
	packetBacklog = 2048
)

// broadcast gives each event to all subscribers without ever blocking.
type broadcast struct {
	mu     sync.Mutex
	subs   map[*subscription]struct{}
	closed bool
}

// subscription is one subscriber's queue.
type subscription struct {
	events  chan Event
	packets bool
	missed  int
}

func newBroadcast() *broadcast { return &broadcast{subs: make(map[*subscription]struct{})} }

// Subscribe gives the agent's events from now on, the control packets (see
// Config.Trace) among them only if they are wanted. The function ends it and
// closes the channel; the agent's Close does so too.
func (a *Agent) Subscribe(packets bool) (<-chan Event, func()) { return a.events.subscribe(packets) }

func (b *broadcast) subscribe(packets bool) (<-chan Event, func()) {
	size := backlog
	if packets {
		size = packetBacklog
	}
	s := &subscription{events: make(chan Event, size), packets: packets}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		close(s.events)
		return s.events, func() {}
	}
	b.subs[s] = struct{}{}
	return s.events, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, in := b.subs[s]; in {
			delete(b.subs, s)
			close(s.events)
		}
	}
}

func (b *broadcast) send(ev Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		if ev.Packet == "" || s.packets {
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
}
