package modem

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/hdlc"
	"dun/dialup/path"
	"dun/dialup/ppp"
)

// wire is the data state of a call: PPP frames in HDLC-like framing on a
// serial port. It belongs to the packet loop.
//
//	receive:  port -> read -> watch for NO CARRIER -> decoder -> link.Input
//	send:     Send -> encoder -> out -> port
type wire struct {
	port  *port
	queue int // Config.Queue
	loop  *path.Loop
	link  *path.Link

	rest []byte // came behind CONNECT, is taken first
	in   []byte // buffer of read
	rx   *hdlc.Decoder

	framing ppp.Framing
	head    [4]byte   // address, control, protocol of the frame being sent
	sent    time.Time // the last frame
	out     output
	waiting bool // for the port to take more
	full    bool // Ready said no

	text     noCarrier
	textOn   bool      // NO CARRIER means something
	carrier  bool      // carrier detect means something
	nextLook time.Time // at carrier detect

	failed error // what the port said to a write; told at the next timeout
	down   bool  // the carrier is gone and the link was told
	dead   bool  // the port too

	octetsIn, octetsOut, refused uint64
	before                       uart // when the call began
}

var _ path.Wire = (*wire)(nil)

const (
	// carrierInterval is between two looks at carrier detect. There is no
	// event for it that leaves the port usable for hanging up.
	carrierInterval = 250 * time.Millisecond
	// kernelQueue is what may wait in the kernel's buffer when more is
	// written: below it the kernel reports a port writable.
	kernelQueue = 256
	readSize    = 4096 // the line discipline's buffer
	// flagInterval is how long one flag serves two frames (RFC 1662 section
	// 4.4.2).
	flagInterval = time.Second
	readsATurn   = 4
)

func newWire(cfg *Config, p *port, watchCarrier bool, rest []byte) *wire {
	return &wire{
		port:    p,
		before:  p.uart(),
		queue:   cfg.Queue,
		rest:    rest,
		in:      make([]byte, readSize),
		rx:      newDecoder(cfg),
		out:     output{buf: make([]byte, max(16384, 4*cfg.Queue))},
		framing: ppp.DefaultFraming,
		carrier: watchCarrier,
		textOn:  cfg.Carrier != CarrierIgnore && !watchCarrier,
	}
}

// newDecoder makes the receiver. Its map holds what equipment on the way may
// put in; control characters that the peer need not escape, because LCP agreed
// on a smaller map, are data (RFC 1662 section 7.1).
func newDecoder(cfg *Config) *hdlc.Decoder {
	d := hdlc.NewDecoder(max(cfg.MRU, 1500) + 4)
	d.SetACCM(cfg.ACCM)
	return d
}

func (w *wire) Start(now time.Time, loop *path.Loop, link *path.Link) error {
	w.loop, w.link = loop, link
	w.nextLook = now.Add(carrierInterval)
	return loop.Watch(w.port.fd, path.Readable, handler{w})
}

func (w *wire) Stop() {
	if w.loop != nil {
		w.loop.Unwatch(w.port.fd)
		w.loop, w.link = nil, nil
	}
}

// Headroom and Tailroom are 0: the encoder writes elsewhere, since escaping
// changes the length.
func (w *wire) Headroom() int { return 0 }
func (w *wire) Tailroom() int { return 0 }

func (w *wire) SetFraming(f ppp.Framing) { w.framing = f }

// errFull is a frame that came although the hard bound was reached.
var errFull = errors.New("modem: the line's queue is full")

func (w *wire) Send(now time.Time, b *path.Buffer) error {
	frame := b.Bytes()
	f := w.framing
	if ppp.NeedsDefaultFraming(frame) {
		f = ppp.DefaultFraming
	}
	if len(frame) < 2 || w.down || !w.out.room(hdlc.MaxEncoded(2+len(frame))) {
		w.refused++
		return errFull
	}
	head := w.head[:0]
	if !f.ACFC {
		head = append(head, 0xff, 0x03) // RFC 1662 section 3.1
	}
	if !f.PFC || frame[0] != 0 { // RFC 1661 section 6.5
		head = append(head, frame[0])
	}
	head = append(head, frame[1])
	// On a line that was idle noise may stand before the frame.
	open := now.Sub(w.sent) >= flagInterval
	w.sent = now
	w.out.put(hdlc.AppendFrame(w.out.end(), f.ACCM, open, head, frame[2:]))
	if !w.waiting {
		w.write()
	}
	return nil
}

func (w *wire) Ready() bool {
	if w.out.len() >= w.queue {
		w.full = true
	}
	return !w.full
}

// Ready of path.Handler is another method: see handler.
type handler struct{ *wire }

// write gives the port what it takes.
func (w *wire) write() {
	for w.out.len() > 0 {
		n, err := path.WriteUnseen(w.port.fd, w.out.bytes())
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			w.wait(true)
			return
		case err != 0:
			// Not told from here: Send is called in the middle of the
			// link's own doings.
			w.failed = err
			w.out.head = w.out.tail
			w.wait(false)
			return
		}
		w.out.head += n
		w.octetsOut += uint64(n)
	}
	// The port's own buffer is 4 KiB, more than a second of a slow line.
	w.wait(w.port.queued() > kernelQueue)
}

// wait watches for the port to become writable, or no longer.
func (w *wire) wait(on bool) {
	if on == w.waiting || w.loop == nil {
		return
	}
	events := path.Readable
	if on {
		events |= path.Writable
	}
	if err := w.loop.Watch(w.port.fd, events, handler{w}); err != nil {
		w.failed = err
		return
	}
	w.waiting = on
}

// Ready moves octets between the port and the link.
func (h handler) Ready(now time.Time, events int) {
	w := h.wire
	if events&path.Writable != 0 && w.waiting {
		w.write()
		if w.failed != nil {
			w.lose(now, true, "the port failed: "+w.failed.Error())
		}
		w.relieve(now)
	}
	if events&(path.Readable|path.HangUp) != 0 {
		w.read(now)
	}
}

// relieve tells the link when the queue is short again.
func (w *wire) relieve(now time.Time) {
	if w.full && w.out.len() < w.queue && w.link != nil {
		w.full = false
		w.link.WireReady(now)
	}
}

// read takes what the port has.
func (w *wire) read(now time.Time) {
	w.takeRest(now)
	for range readsATurn {
		if w.link == nil || w.down {
			return
		}
		n, err := path.ReadUnseen(w.port.fd, w.in)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return
		case err != 0:
			w.lose(now, true, "the port failed: "+err.Error())
			return
		case n == 0:
			w.lose(now, true, "the port was hung up")
			return
		}
		w.take(now, w.in[:n])
		if n < len(w.in) {
			return
		}
	}
}

// takeRest takes what came behind CONNECT. Not in Start: the link is no part
// of the loop then.
func (w *wire) takeRest(now time.Time) {
	if rest := w.rest; rest != nil {
		w.rest = nil
		w.take(now, rest)
	}
}

// take takes received octets.
func (w *wire) take(now time.Time, b []byte) {
	w.octetsIn += uint64(len(b))
	if w.textOn && w.text.scan(now, b) && w.link != nil {
		w.link.WireReady(now) // makes the loop ask for our deadline
	}
	for frame, rest, ok := w.rx.Next(b); ok && w.link != nil; frame, rest, ok = w.rx.Next(rest) {
		w.link.Input(now, frame)
	}
}

// lose tells that the carrier is gone, once.
func (w *wire) lose(now time.Time, dead bool, detail string) {
	w.dead = w.dead || dead
	if w.down || w.link == nil {
		return
	}
	w.down = true
	// Level triggered: a port that was hung up would wake the loop for ever.
	w.loop.Unwatch(w.port.fd)
	w.waiting = false
	c := cause.CarrierLost
	if dead {
		c = cause.PortFault
	}
	w.link.Down(now, c, detail)
}

func (w *wire) HandleTimeout(now time.Time) {
	w.takeRest(now)
	switch {
	case w.link == nil || w.down:
	case w.failed != nil:
		w.lose(now, true, "the port failed: "+w.failed.Error())
	case w.text.due(now):
		w.lose(now, false, "the modem said NO CARRIER")
	case w.carrier && !now.Before(w.nextLook):
		w.nextLook = now.Add(carrierInterval)
		if w.port.carrier() == stateOff {
			w.read(now) // what came before it, a Terminate-Request
			w.lose(now, false, "carrier detect fell")
		}
	}
}

func (w *wire) PollTimeout() (t time.Time, ok bool) {
	soonest := func(at time.Time) {
		if !ok || at.Before(t) {
			t, ok = at, true
		}
	}
	switch {
	case w.down:
	case w.rest != nil || w.failed != nil:
		soonest(time.Unix(0, 0))
	default:
		if !w.text.deadline.IsZero() {
			soonest(w.text.deadline)
		}
		if w.carrier {
			soonest(w.nextLook)
		}
	}
	return t, ok
}

// lost reports whether the carrier seems to be gone already; after Stop. The
// peer's modem may have hung up before ours, as it does after a Terminate-Ack.
func (w *wire) lost() bool {
	for range readsATurn {
		n, err := unix.Read(w.port.fd, w.in)
		if err != nil || n <= 0 {
			break
		}
		w.text.scan(time.Time{}, w.in[:n])
	}
	return w.down || w.text.matched > len(noCarrierText)+1
}

// flushOut makes one more try to write what waits; after Stop.
func (w *wire) flushOut() {
	if !w.down {
		w.write()
	}
}

func (w *wire) Counters(add func(name string, n uint64)) {
	add("octets-in", w.octetsIn)
	add("octets-out", w.octetsOut)
	add("queue-refused", w.refused)
	c := w.rx.Counters()
	add("hdlc-frames", c.Frames)
	add("hdlc-bad-fcs", c.FCSErrors)
	add("hdlc-aborts", c.Aborts)
	add("hdlc-too-short", c.TooShort)
	add("hdlc-too-long", c.TooLong)
	add("hdlc-controls", c.Controls)
	w.port.uart().counters(w.before, add)
}
