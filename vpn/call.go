package vpn

import (
	"bytes"
	"net/netip"
	"sync/atomic"
	"time"

	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/vpn/gre"
)

const (
	// overhead is what stands around an information field: IPv4 20, GRE 16,
	// address, control and protocol 4.
	overhead = 20 + gre.MaxHeader + 4
	// maxHeld is how many packets a call keeps that arrive before PPP has
	// been opened on it: the peer's first Configure-Request comes right
	// behind its reply to ours, its next one only three seconds later.
	maxHeld = 4
)

// call is one GRE call as a path.Wire. Apart from arrived, everything belongs
// to the packet loop once Start has been called, and held always.
type call struct {
	socket *Socket
	peer   [4]byte
	id     uint16 // ours, in what the peer sends
	out    sender

	engine  *gre.Call  // nil until agreed
	link    *path.Link // nil before Start and after Stop
	framing ppp.Framing
	waits   bool // Ready said no, and the link does not know better yet
	queued  bool // in Socket.waiting
	ack     [gre.MaxHeader]byte
	held    [][]byte // packets that came before Start
	tap     path.Tap // nil but for a capture
	started time.Time

	arrived atomic.Bool // a packet has arrived for the call at all
	refused uint64      // packets that the system did not take
	unheld  uint64      // packets that came while there was no link, and were not held
}

var _ path.BatchWire = (*call)(nil)

func makeCall(s *Socket, local, peer netip.Addr) *call {
	c := &call{socket: s, peer: peer.As4(), framing: ppp.DefaultFraming}
	c.out.prepare(local, peer)
	return c
}

func (c *call) key() callKey { return callKey{c.peer, c.id} }

// agree sets what the control connection agreed on, before Start.
func (c *call) agree(cfg gre.Config) {
	cfg.Store = c.socket.store
	c.engine = gre.NewCall(cfg)
}

// Start lets the link have what arrives, from the next turn of the loop on
// what has arrived before (path.Wire).
func (c *call) Start(now time.Time, _ *path.Loop, link *path.Link) error {
	c.link, c.started = link, now
	return nil
}

// Stop makes the call deaf (path.Wire).
func (c *call) Stop() { c.link, c.held = nil, nil }

// Headroom leaves room for GRE, address and control (path.Wire).
func (c *call) Headroom() int { return gre.MaxHeader + 2 }

// Tailroom is nothing (path.Wire).
func (c *call) Tailroom() int { return 0 }

// SetFraming sets what LCP agreed on (path.Wire).
func (c *call) SetFraming(f ppp.Framing) { c.framing = f }

// Ready is false while the peer has stopped acknowledging with its window
// full, and while the system takes no packets (path.Wire).
func (c *call) Ready() bool {
	if c.socket.full {
		c.socket.wait(c)
	}
	c.waits = c.socket.full || !c.engine.Ready()
	return !c.waits
}

// relieve tells the link when Ready says something else than before.
func (c *call) relieve(now time.Time) {
	if c.waits && c.link != nil && c.Ready() {
		c.link.WireReady(now)
	}
}

// Send sends one frame (path.Wire).
func (c *call) Send(now time.Time, b *path.Buffer) error {
	c.frame(b)
	h := c.engine.Send(now, b.Len())
	h.Put(b.Prepend(h.Len()))
	if err := c.socket.send(&c.out, b.Bytes()); err != nil {
		c.engine.Unsent(now, h)
		c.refused++
		return err
	}
	if c.tap != nil {
		c.tapSent(now, b.Bytes())
	}
	return nil
}

// frame compresses the protocol field and adds address and control as LCP
// agreed (RFC 1661 section 6.5, RFC 1662 section 3.2; RFC 2637 section 4
// leaves only the flags and the FCS out).
func (c *call) frame(b *path.Buffer) {
	fixed := ppp.NeedsDefaultFraming(b.Bytes())
	if c.framing.PFC && !fixed && b.Bytes()[0] == 0 {
		b.TrimFront(1)
	}
	if !c.framing.ACFC || fixed {
		head := b.Prepend(2)
		head[0], head[1] = 0xff, 0x03
	}
}

// receive takes one IPv4 packet for this call from the socket.
func (c *call) receive(now time.Time, packet []byte) {
	if !c.arrived.Load() {
		c.arrived.Store(true)
	}
	if c.link == nil {
		c.hold(packet)
		return
	}
	c.takeHeld(now)
	c.input(now, packet)
}

// hold keeps what came before Start, as long as it may be LCP's.
func (c *call) hold(packet []byte) {
	if len(c.held) < maxHeld && len(packet) <= maxIPHeader+gre.MaxHeader+gre.DefaultSlot && c.started.IsZero() {
		c.held = append(c.held, bytes.Clone(packet))
		return
	}
	c.unheld++
}

// takeHeld gives the link what came before it was there.
func (c *call) takeHeld(now time.Time) {
	held := c.held
	c.held = nil
	for _, packet := range held {
		c.input(now, packet)
	}
	if held != nil {
		c.socket.loop.Flush(now)
	}
}

func (c *call) input(now time.Time, packet []byte) {
	ihl := int(packet[0]&0xf) * 4
	if c.tap != nil {
		tapPacket(c.tap, now, false, packet[:ihl], packet[ihl:])
	}
	header, payload, err := gre.Parse(packet[ihl:])
	if err != nil {
		c.socket.malformed++
		return
	}
	if c.link == nil { // what the packet before led to
		return
	}
	if c.engine.Receive(now, header, payload) == gre.Deliver {
		c.link.Collect(now, payload) // the socket flushes
	} else {
		// An acknowledgement, or a packet that waits for others: the
		// engine may have to do something about it soon.
		c.link.DeadlineChanged()
	}
	c.drain(now)
}

// drain delivers what has come into order and sends acknowledgements.
func (c *call) drain(now time.Time) {
	for c.link != nil {
		payload, ok := c.engine.Next()
		if !ok {
			break
		}
		c.link.Input(now, payload)
	}
	for c.link != nil {
		n, ok := c.engine.PollTransmit(c.ack[:])
		if !ok {
			break
		}
		if c.socket.send(&c.out, c.ack[:n]) != nil {
			c.refused++
		} else if c.tap != nil {
			c.tapSent(now, c.ack[:n])
		}
	}
	c.relieve(now)
}

// HandleTimeout acknowledges and gives up gaps when it is time (path.Wire).
func (c *call) HandleTimeout(now time.Time) {
	c.takeHeld(now)
	c.engine.HandleTimeout(now)
	c.drain(now)
}

// PollTimeout is the engine's next deadline, or at once where packets wait
// for the link to be open (path.Wire).
func (c *call) PollTimeout() (time.Time, bool) {
	if c.held != nil {
		return time.Unix(0, 0), true
	}
	return c.engine.PollTimeout()
}

// Counters adds GRE's counters (path.Wire). What was for no call of ours, or
// no enhanced GRE at all, is counted for the whole socket.
func (c *call) Counters(add func(name string, n uint64)) {
	n := c.engine.Counters()
	add("gre-tx", n.TxPackets)
	add("gre-tx-acks", n.TxAcks)
	add("gre-tx-nudges", n.TxNudges)
	add("gre-tx-beyond-window", n.TxBeyond)
	add("gre-tx-refused", c.refused)
	add("gre-stalls", n.Stalls)
	add("gre-rx", n.RxInOrder)
	add("gre-rx-reordered", n.RxBuffered)
	add("gre-rx-late", n.RxLate)
	add("gre-rx-repeated", n.RxRepeated)
	add("gre-rx-lost", n.RxLost)
	add("gre-rx-over-window", n.RxOver)
	add("gre-rx-oversize", n.RxOversize)
	add("gre-rx-too-early", c.unheld)
	add("gre-rx-acks", n.RxAcks)
	add("gre-rx-acks-alone", n.RxAcksAlone)
	add("gre-rx-acks-wrong", n.RxAcksWrong)
	add("gre-resyncs", n.Resyncs)
	c.socket.Counters(add)
}

// Counters adds those of the socket, which all its calls have in common. It
// belongs to the loop's goroutine.
func (s *Socket) Counters(add func(name string, n uint64)) {
	add("gre-rx-unknown-call", s.unknown)
	add("gre-rx-malformed", s.malformed)
	add("gre-rx-too-long", s.oversize)
	add("gre-rx-queue-full", s.queueDrops())
}
