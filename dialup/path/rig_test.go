package path

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/mppe"
	"dun/dialup/ppp"
)

// memWire carries frames in memory. What is sent waits in queue for the rig.
type memWire struct {
	link    *Link
	queue   [][]byte
	full    bool // Ready says no
	limited bool // batches are, to room frames
	room    int
	onSend  func(frame []byte) error // may change anything, also re-enter the link
	lossy   bool                     // nothing arrives
	framing ppp.Framing
	due     time.Time
	fired   int // HandleTimeouts with due reached
	stops   int
	starts  error
}

var errWire = errors.New("the wire refuses")

func (w *memWire) Start(_ time.Time, _ *Loop, link *Link) error { w.link = link; return w.starts }
func (w *memWire) Stop()                                        { w.link = nil; w.stops++ }
func (w *memWire) Headroom() int                                { return 18 }
func (w *memWire) Tailroom() int                                { return 0 }
func (w *memWire) Ready() bool                                  { return !w.full }
func (w *memWire) SetFraming(f ppp.Framing)                     { w.framing = f }
func (w *memWire) PollTimeout() (time.Time, bool)               { return w.due, !w.due.IsZero() }
func (w *memWire) Counters(func(string, uint64))                {}

func (w *memWire) HandleTimeout(now time.Time) {
	if !w.due.IsZero() && !now.Before(w.due) {
		w.due = time.Time{}
		w.fired++
	}
}

func (w *memWire) Send(_ time.Time, b *Buffer) error {
	if w.onSend != nil {
		if err := w.onSend(b.Bytes()); err != nil {
			return err
		}
	}
	if !w.lossy {
		w.queue = append(w.queue, append([]byte(nil), b.Bytes()...))
	}
	clear(b.Prepend(18)) // as the contract allows
	clear(b.Bytes())
	return nil
}

// batchWire is a memWire that takes frames in batches, up to room of them.
type batchWire struct{ *memWire }

func (w batchWire) SendBatch(now time.Time, frames []*Buffer) (taken, sent int) {
	for _, b := range frames {
		if w.limited && w.room == 0 {
			w.full = true
			break
		}
		w.room--
		taken++
		if w.Send(now, b) == nil {
			sent++
		}
	}
	return taken, sent
}

// memTUN is an interface in memory; its descriptor is never ready.
type memTUN struct {
	fd      int
	in      [][]byte // to be read
	out     [][]byte // written
	readErr error    // once in is empty, nil = ErrWouldBlock
	refuses bool
}

func newTUN(t testing.TB) *memTUN {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return &memTUN{fd: fd}
}

func (m *memTUN) Name() string { return "mem0" }
func (m *memTUN) FD() int      { return m.fd }
func (m *memTUN) Close() error { return nil }

func (m *memTUN) Read(b []byte) (int, error) {
	if len(m.in) == 0 {
		if m.readErr != nil {
			return 0, m.readErr
		}
		return 0, ErrWouldBlock
	}
	n := copy(b, m.in[0])
	m.in = m.in[1:]
	return n, nil
}

func (m *memTUN) Write(b []byte) (int, error) {
	if m.refuses {
		return 0, unix.EIO
	}
	m.out = append(m.out, append([]byte(nil), b...))
	return len(b), nil
}

// seeded is a Config.Random that repeats itself.
func seeded(seed uint64) func([]byte) {
	rng := rand.New(rand.NewPCG(seed, 7))
	return func(b []byte) {
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
	}
}

type oneUser struct{}

func (oneUser) Find(name string) (ppp.Secret, bool) {
	return ppp.Secret{Password: "secret"}, name == "alice"
}

func newMPPE(k ppp.MPPEKeys) ppp.Compressor {
	c, err := mppe.New(mppe.Config{Bits: k.Mode.Bits, Stateless: k.Mode.Stateless, Send: k.Send, Receive: k.Receive})
	if err != nil {
		return nil
	}
	return c
}

var stateless128 = ppp.MPPEMode{Bits: 128, Stateless: true}

func callerConfig() ppp.Config {
	return ppp.Config{
		Random: seeded(1), Name: "alice", Secret: ppp.Secret{Password: "secret"},
		Accept: []ppp.Auth{ppp.AuthMSCHAPv2}, NewCompressor: newMPPE, MPPE: []ppp.MPPEMode{stateless128},
		IPv6: ppp.IPv6Config{Enable: true},
	}
}

func answererConfig() ppp.Config {
	return ppp.Config{
		Answer: true, Random: seeded(2), Name: "office", Users: oneUser{},
		Require: []ppp.Auth{ppp.AuthMSCHAPv2}, NewCompressor: newMPPE, MPPE: []ppp.MPPEMode{stateless128},
		IPv4: ppp.IPv4Config{Local: netip.MustParseAddr("10.0.0.1"), Remote: netip.MustParseAddr("10.0.0.2")},
		IPv6: ppp.IPv6Config{Enable: true},
	}
}

// end is one link of a rig.
type end struct {
	*Link
	wire   *memWire
	tun    *memTUN
	events []ppp.Event
	onTell func(ppp.Event)
}

func (e *end) closed() (c ppp.Closed, n int) {
	for _, ev := range e.events {
		if ev, is := ev.(ppp.Closed); is {
			c = ev
			n++
		}
	}
	return c, n
}

// rig is two links in one loop that stands still, with virtual time.
type rig struct {
	t    testing.TB
	now  time.Time
	loop *Loop
	a, b *end // caller, answerer
}

func stillLoop(t testing.TB) *Loop {
	t.Helper()
	l, err := newLoop(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.mailbox.close(); l.poller.close() })
	return l
}

func newRig(t testing.TB, a, b ppp.Config) *rig {
	t.Helper()
	r := &rig{t: t, now: epoch, loop: stillLoop(t)}
	r.a, r.b = r.add(a), r.add(b)
	return r
}

func (r *rig) add(cfg ppp.Config) *end {
	r.t.Helper()
	s, err := ppp.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	e := &end{wire: &memWire{}, tun: newTUN(r.t)}
	e.Link = NewLink(LinkConfig{Wire: e.wire, Session: s, Notify: func(ev ppp.Event) {
		e.events = append(e.events, ev)
		if e.onTell != nil {
			e.onTell(ev)
		}
	}})
	return e
}

// open opens both ends.
func (r *rig) open() {
	r.t.Helper()
	for _, e := range []*end{r.a, r.b} {
		if err := r.loop.Open(r.now, e.Link); err != nil {
			r.t.Fatal(err)
		}
	}
}

// deliver carries frames until the wires are empty.
func (r *rig) deliver() {
	for range 10_000 {
		moved := false
		for _, way := range [][2]*end{{r.a, r.b}, {r.b, r.a}} {
			if q := way[0].wire.queue; len(q) > 0 {
				way[0].wire.queue = q[1:]
				way[1].Input(r.now, q[0])
				moved = true
			}
		}
		r.loop.settle()
		if !moved {
			return
		}
	}
	r.t.Fatal("the two ends talk without end")
}

// run goes on, for at most the given virtual time, until done says so.
func (r *rig) run(most time.Duration, done func() bool) bool {
	end := r.now.Add(most)
	for {
		r.deliver()
		if done() {
			return true
		}
		t, ok := r.loop.deadlines.next()
		if !ok || t.After(end) {
			r.now = end
			return done()
		}
		if t.After(r.now) {
			r.now = t
		}
		for l := r.loop.deadlines.due(r.now); l != nil; l = r.loop.deadlines.due(r.now) {
			l.handleTimeout(r.now)
		}
		r.loop.settle()
	}
}

// up brings both ends up, with interfaces.
func (r *rig) up() *rig {
	r.t.Helper()
	r.open()
	if !r.run(time.Minute, func() bool { return r.a.ipv4 && r.b.ipv4 && r.a.ipv6 && r.b.ipv6 }) {
		r.t.Fatalf("not up: %v, %v", r.a.events, r.b.events)
	}
	for _, e := range []*end{r.a, r.b} {
		if err := e.SetTUN(e.tun, 1396); err != nil {
			r.t.Fatal(err)
		}
	}
	r.loop.settle()
	return r
}

// send has the system at from send packets, and gives what arrives at to.
func (r *rig) send(from, to *end, packets ...[]byte) (arrived [][]byte) {
	from.tun.in = append(from.tun.in, packets...)
	for len(from.tun.in) > 0 && from.Link.tun != nil && !from.paused {
		from.Ready(r.now, Readable)
	}
	r.deliver()
	arrived = to.tun.out
	to.tun.out = nil
	return arrived
}

// packet4 is an IPv4 packet of size octets, recognizable by n.
func packet4(n uint32, size int) []byte {
	b := make([]byte, size)
	b[0], b[8], b[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(b[2:], uint16(size))
	for i := 20; i+4 <= size; i += 4 {
		binary.BigEndian.PutUint32(b[i:], n*2654435761+uint32(i))
	}
	return b
}

func packet6(n uint32, size int) []byte {
	b := packet4(n, max(size, 44))
	clear(b[:24])
	b[0], b[6] = 0x60, 17
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
	return b
}

// frame puts a two-octet protocol field before info.
func frame(p ppp.Protocol, info []byte) []byte {
	return append([]byte{byte(p >> 8), byte(p)}, info...)
}
