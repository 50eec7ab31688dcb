package path

import (
	"time"

	"dun/dialup/mppe"
)

const (
	// maxPacket is the longest packet that a buffer takes: what IPv4's
	// length field can say, and IPv6's beside its header.
	maxPacket = 65536 + 64
	// maxHead is what wires and compressors may put before it.
	maxHead = 128
)

// Loop is the packet loop: one goroutine that owns any number of links and
// descriptors, and does everything about them inline. Watch, Unwatch, Open and
// Remove belong to that goroutine; Post, Do, Done and Close may be called from
// any other.
type Loop struct {
	poller
	mailbox
	cfg Config

	links     map[*Link]struct{}
	backlogs  map[TUN]*Backlog
	deadlines deadlines
	dirty     []*Link // links whose deadline may have changed in this turn
	turns     uint64  // how often the loop woke up
	moved     int     // packets, in this turn
	steady    steady
	policy    string // see Manner

	small, large pool
	out          outbox  // frames on their way to a wire
	merger       merger  // packets on their way to an interface
	collected    []*Link // that have arrivals
	cipher       mppe.Batch
	control      *Buffer // one frame of a session, which no data can take the memory of

	done chan struct{}
}

// NewLoop makes a loop and starts its goroutine, which Close ends and joins.
func NewLoop(c Config) (*Loop, error) {
	l, err := newLoop(c)
	if err != nil {
		return nil, err
	}
	go l.run()
	return l, nil
}

// newLoop makes a loop that stands still: turn makes it do something.
func newLoop(c Config) (*Loop, error) {
	c.setDefaults()
	l := &Loop{
		cfg:     c,
		links:   make(map[*Link]struct{}),
		small:   newPool(c.Small, SmallSize),
		large:   newPool(c.Large, LargeSize),
		control: NewBuffer(SmallSize, 0),
		done:    make(chan struct{}),
	}
	l.out.init(c)
	l.merger.init(c)
	if err := l.poller.open(c.Linger); err != nil {
		return nil, err
	}
	if err := l.mailbox.open(); err != nil {
		l.poller.close()
		return nil, err
	}
	if err := l.Watch(l.wake, Readable, bell(l.wake)); err != nil {
		l.mailbox.close()
		l.poller.close()
		return nil, err
	}
	return l, nil
}

// Close ends the loop and waits for its goroutine. What was posted before
// still runs. Links that are in the loop yet are stopped without a word to
// their peers, and no more is told about them.
func (l *Loop) Close() {
	l.shut()
	<-l.done
}

// Turns is how often the loop woke up, for tests of what wakes it. It belongs
// to the loop's goroutine.
func (l *Loop) Turns() uint64 { return l.turns }

// Done is closed when the loop has ended.
func (l *Loop) Done() <-chan struct{} { return l.done }

// Do runs f in the loop's goroutine and waits for it; false when the loop has
// ended and f did not run. Never call it from the loop itself.
func (l *Loop) Do(f func(now time.Time)) bool {
	ran := make(chan struct{})
	// What is accepted is run, also when the loop is about to end.
	if !l.Post(func(now time.Time) { f(now); close(ran) }) {
		return false
	}
	<-ran
	return true
}

func (l *Loop) run() {
	l.policy = l.takeThread()
	for l.turn(l.untilDeadline(l.now)) {
	}
	for link := range l.links {
		l.Remove(link)
	}
	l.mailbox.close()
	l.poller.close()
	close(l.done)
}

// turn waits for at most the given time (negative: for ever), then lets each
// descriptor, link and message have its share; false when the loop shall end.
func (l *Loop) turn(wait time.Duration) (goOn bool) {
	n := l.poller.wait(wait)
	l.turns++
	now := l.now
	for i := range n {
		l.dispatch(now, i)
	}
	for link := l.deadlines.due(now); link != nil; link = l.deadlines.due(now) {
		link.handleTimeout(now)
	}
	goOn = l.deliverPosted(now)
	l.settle()
	if goOn {
		l.gather()
	}
	return goOn
}

// settle looks anew at the deadline of each link that was touched.
func (l *Loop) settle() {
	for _, link := range l.dirty {
		link.isDirty = false
		l.deadlines.set(link, link.nextDeadline())
	}
	clear(l.dirty)
	l.dirty = l.dirty[:0]
}

// untilDeadline is the time until the earliest deadline, negative without one.
func (l *Loop) untilDeadline(now time.Time) time.Duration {
	t, ok := l.deadlines.next()
	if !ok {
		return -1
	}
	return max(t.Sub(now), 0)
}
