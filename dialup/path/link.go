package path

import (
	"errors"
	"time"

	"dun/dialup/cause"
	"dun/dialup/mppe"
	"dun/dialup/ppp"
)

// Link is one PPP link in a loop: its wire, its session, and the network
// interface once there is one. Everything but NewLink belongs to the loop's
// goroutine.
type Link struct {
	loop    *Loop
	wire    Wire
	fast    BatchWire // wire, where it is one
	session *ppp.Session
	notify  func(ppp.Event)
	trace   func(now time.Time, sent bool, frame []byte)
	tap     Tap // nil but for a capture

	tun    TUN      // nil until the network is up
	source source   // what is read from it
	sink   *merger  // what is written to it, nil = each packet as it is
	mtu    int      // of the interface, for the MSS
	paused bool     // the TUN is not read: the wire wants no more data frames for now
	early  [][]byte // packets of the peer's that came before the interface was there

	watched bool      // traffic is noted
	traffic time.Time // of the user's, the latest

	// What the session allows right now, looked up after each of its turns
	// so that data frames need not ask.
	ipv4, ipv6, plain bool
	compressor        ppp.Compressor
	batcher           batcher       // compressor, where it takes several packets at once
	ciphered          mppe.Counters // of the compressors before this one
	overhead          int           // of compressor, octets
	framing           ppp.Framing

	unsent  []*Buffer // frames that the wire did not take yet, those of the session first
	urgent  int       // how many these are
	listed  bool      // in Loop.collected
	arrived arrivals  // data frames that wait for the end of their batch

	deadline time.Time // see deadlines
	place    int       // in Loop.deadlines, counted from 1; 0 = not in it
	isDirty  bool
	draining bool
	stopped  bool

	// Counters belong to the loop like everything else.
	Counters Counters
}

// LinkConfig says what a Link is made of.
type LinkConfig struct {
	Wire    Wire
	Session *ppp.Session
	// Notify is told every event of the session, in the loop's goroutine.
	// It must not block.
	Notify func(ppp.Event)
	// Trace, if set, sees every frame that is not data (two-octet protocol
	// field first where sent, as received otherwise), borrowed.
	Trace func(now time.Time, sent bool, frame []byte)
}

var errOpened = errors.New("path: a link is opened once")

// NewLink puts a link together; Loop.Open sets it going.
func NewLink(c LinkConfig) *Link {
	return &Link{wire: c.Wire, session: c.Session, notify: c.Notify, trace: c.Trace, framing: ppp.DefaultFraming}
}

// Open takes link into the loop, starts its wire and opens its session. An
// error is the wire's; the link is then not in the loop.
func (l *Loop) Open(now time.Time, link *Link) error {
	if link.loop != nil {
		return errOpened
	}
	link.loop = l
	if err := link.wire.Start(now, l, link); err != nil {
		link.stopped = true
		return err
	}
	l.links[link] = struct{}{}
	link.fast, _ = link.wire.(BatchWire)
	link.unsent = make([]*Buffer, 0, l.cfg.Batch+1)
	link.arrived.init(l.cfg)
	link.wire.SetFraming(link.framing)
	link.session.Open(now)
	link.drain(now)
	return nil
}

// Remove takes link out of the loop: its wire is stopped, its interface no
// longer read. Harmless when it is out already.
func (l *Loop) Remove(link *Link) {
	if _, in := l.links[link]; !in {
		return
	}
	delete(l.links, link)
	link.dropTUN()
	link.early = nil
	link.stopped = true
	link.dropUnsent()
	link.dropArrived()
	l.deadlines.remove(link)
	link.wire.Stop()
}

// Close ends the session in order; ppp.Closed is notified in the end.
func (l *Link) Close(now time.Time, c cause.Cause) {
	if l.stopped || l.loop == nil {
		return
	}
	l.session.Close(now, c)
	l.drain(now)
}

// Down tells that the carrier is gone; ppp.Closed is notified.
func (l *Link) Down(now time.Time, c cause.Cause, detail string) {
	if l.stopped {
		return
	}
	l.session.LinkDown(now, c, detail)
	l.drain(now)
}

// Probe asks the peer whether it is still there (ppp.Session.Probe).
func (l *Link) Probe(now time.Time) {
	if l.stopped || l.loop == nil {
		return
	}
	l.session.Probe(now)
	l.drain(now)
}

// DeadlineChanged tells that the wire has another deadline than before, for
// another reason than Input, Send or HandleTimeout.
func (l *Link) DeadlineChanged() { l.touch() }

// Session is the link's session, for snapshots.
func (l *Link) Session() *ppp.Session { return l.session }

// Wire is the link's wire, for its counters.
func (l *Link) Wire() Wire { return l.wire }

func (l *Link) handleTimeout(now time.Time) {
	l.touch()
	l.session.HandleTimeout(now)
	l.wire.HandleTimeout(now)
	l.drain(now)
}

// drain sends what the session has to send, then tells what happened, until
// there is neither. What it calls may call the link again: the inner drain
// leaves everything to the outer one.
func (l *Link) drain(now time.Time) {
	l.touch()
	if l.draining {
		return
	}
	l.draining = true
	for {
		l.sendControl(now)
		l.learn()
		ev, ok := l.session.PollEvent()
		if !ok {
			break
		}
		l.notify(ev)
	}
	l.draining = false
}

// learn looks up what the session allows now.
func (l *Link) learn() {
	l.ipv4 = l.session.Carries(ppp.ProtoIPv4)
	l.ipv6 = l.session.Carries(ppp.ProtoIPv6)
	l.plain = l.session.PlainAllowed()
	if c := l.session.Compressor(); c != l.compressor {
		l.compress(c)
	}
	if f := l.session.Framing(); f != l.framing {
		l.framing = f
		if !l.stopped {
			l.wire.SetFraming(f)
		}
	}
}

// compress has a compressor work from now on, nil for none. What was sealed
// with the one before cannot be read any more.
func (l *Link) compress(c ppp.Compressor) {
	l.dropUnsent()
	l.ciphered.Add(countersOf(l.compressor))
	l.compressor, l.overhead = c, 0
	l.batcher, _ = c.(batcher)
	if c != nil {
		l.overhead = c.Overhead()
	}
}

func (l *Link) carries(p ppp.Protocol) bool {
	return p == ppp.ProtoIPv4 && l.ipv4 || p == ppp.ProtoIPv6 && l.ipv6
}

// touch has the loop look at the link's deadline at the end of the turn.
func (l *Link) touch() {
	if !l.isDirty && !l.stopped {
		l.isDirty = true
		l.loop.dirty = append(l.loop.dirty, l)
	}
}

// nextDeadline is the earlier one of session and wire, zero without any.
func (l *Link) nextDeadline() time.Time {
	if l.stopped {
		return time.Time{}
	}
	s, _ := l.session.PollTimeout()
	w, ok := l.wire.PollTimeout()
	if ok && (s.IsZero() || w.Before(s)) {
		return w
	}
	return s
}
