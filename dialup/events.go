package dialup

import (
	"sync"

	"dun/dialup/cause"
	"dun/dialup/ppp"
)

// maxEvents bounds what waits between the packet loop and a connection: a
// peer that renegotiates faster than we look must not fill the memory.
const maxEvents = 256

// eventQueue hands events from the packet loop to a connection's goroutine.
// Push never blocks.
type eventQueue struct {
	ready chan struct{} // has a token while events wait

	mu     sync.Mutex
	events []ppp.Event
	full   bool
}

func newEventQueue() *eventQueue { return &eventQueue{ready: make(chan struct{}, 1)} }

// push adds ev. When the queue is full it ends with ppp.Closed instead: the
// connection has lost track of its peer.
func (q *eventQueue) push(ev ppp.Event) {
	q.mu.Lock()
	if !q.full {
		if len(q.events) >= maxEvents {
			q.full = true
			ev = ppp.Closed{Cause: cause.OutOfBuffers, Detail: "too many events at once"}
		}
		q.events = append(q.events, ev)
	}
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take empties the queue.
func (q *eventQueue) take() []ppp.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events
}
