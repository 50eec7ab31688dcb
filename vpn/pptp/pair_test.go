package pptp

import (
	"math/rand/v2"
	"testing"
	"time"

	"dun/dialup/cause"
)

var epoch = time.Unix(1_000_000_000, 0)

func at(d time.Duration) time.Time { return epoch.Add(d) }

func newConn(t testing.TB, cfg Config) *Conn {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// takeBytes takes all bytes that c has to send.
func takeBytes(c *Conn) (out []byte) {
	var b [50]byte
	for n, ok := c.PollTransmit(b[:]); ok; n, ok = c.PollTransmit(b[:]) {
		out = append(out, b[:n]...)
	}
	return out
}

// sent takes all messages that c has to send.
func sent(t testing.TB, c *Conn) (out []Message) {
	t.Helper()
	b := takeBytes(c)
	for len(b) > 0 {
		n, _, err := parseHeader(b)
		if err != nil || n == 0 || n > len(b) {
			t.Fatalf("sent %x, %v", b, err)
		}
		m, err := Parse(b[:n])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
		b = b[n:]
	}
	return out
}

// events takes all events but StateChanged.
func events(c *Conn) (out []Event) {
	for e, ok := c.PollEvent(); ok; e, ok = c.PollEvent() {
		if _, state := e.(StateChanged); !state {
			out = append(out, e)
		}
	}
	return out
}

// give gives c messages as one piece.
func give(t testing.TB, c *Conn, now time.Time, ms ...Message) {
	t.Helper()
	var b []byte
	for _, m := range ms {
		var err error
		if b, err = m.AppendBinary(b); err != nil {
			t.Fatal(err)
		}
	}
	c.Input(now, b)
}

// pair is two ends of a TCP connection in virtual time.
type pair struct {
	t   testing.TB
	rng *rand.Rand
	now time.Time
	end [2]*Conn
	got [2][]Event // what each end told, StateChanged left out
	cut bool       // nothing arrives any more
	on  func(i int, e Event)
}

func newPair(t testing.TB, seed uint64, a, b Config) *pair {
	p := &pair{t: t, rng: rand.New(rand.NewPCG(seed, 2)), now: epoch, end: [2]*Conn{newConn(t, a), newConn(t, b)}}
	p.end[0].Open(p.now)
	p.end[1].Open(p.now)
	return p
}

// settle carries bytes in pieces of any size until nobody has any.
func (p *pair) settle() {
	p.t.Helper()
	for round := 0; ; round++ {
		if round > 10000 {
			p.t.Fatal("the two never fall silent")
		}
		idle := true
		for i, c := range p.end {
			b := make([]byte, 1+p.rng.IntN(200))
			if n, ok := c.PollTransmit(b); ok {
				idle = false
				if !p.cut {
					p.end[1-i].Input(p.now, b[:n])
				}
			}
		}
		for i, c := range p.end {
			for e, ok := c.PollEvent(); ok; e, ok = c.PollEvent() {
				idle = false
				if _, state := e.(StateChanged); !state {
					p.got[i] = append(p.got[i], e)
				}
				if p.on != nil {
					p.on(i, e)
				}
			}
		}
		if idle {
			return
		}
	}
}

// run lets time pass, from deadline to deadline.
func (p *pair) run(d time.Duration) {
	p.t.Helper()
	until := p.now.Add(d)
	p.settle()
	for round := 0; round < 10000; round++ {
		next, any := until, false
		for _, c := range p.end {
			if t, ok := c.PollTimeout(); ok && t.Before(next) {
				next, any = t, true
			}
		}
		if next.After(p.now) {
			p.now = next
		}
		for _, c := range p.end {
			c.HandleTimeout(p.now)
		}
		p.settle()
		if !any {
			return
		}
	}
	p.t.Fatal("deadlines without an end")
}

// take gives what end i told since the last take.
func (p *pair) take(i int) []Event {
	e := p.got[i]
	p.got[i] = nil
	return e
}

// find gives the first event of type E among es.
func find[E Event](t testing.TB, es []Event) E {
	t.Helper()
	for _, e := range es {
		if e, ok := e.(E); ok {
			return e
		}
	}
	var none E
	t.Fatalf("no %T in %+v", none, es)
	return none
}

var (
	clientConfig = Config{Originate: true, HostName: "client", Vendor: "dun"}
	serverConfig = Config{TakeCalls: true, HostName: "server", Vendor: "dun", MaxChannels: 9}
)

func TestCallOfClient(t *testing.T) {
	for seed := range uint64(50) {
		p := newPair(t, seed, clientConfig, serverConfig)
		p.on = func(i int, e Event) {
			switch e := e.(type) {
			case Opened:
				if i == 0 {
					if err := p.end[0].Dial(p.now, 0x1111, DialConfig{PhoneNumber: "12", Subaddress: "x", Delay: time.Second}); err != nil {
						t.Error(err)
					}
				}
			case CallRequested:
				if err := p.end[1].AcceptCall(p.now, e.PeerCallID, AcceptConfig{CallID: 0x2222, Window: 16, Speed: 64000}); err != nil {
					t.Error(err)
				}
			}
		}
		p.settle()
		client, server := p.take(0), p.take(1)
		if o := find[Opened](t, client); o.HostName != "server" || o.Vendor != "dun" || o.MaxChannels != 9 || o.Version != Version ||
			o.Framing != FramingEither || o.Bearer != BearerAny {
			t.Fatalf("%+v", o)
		}
		if o := find[Opened](t, server); o.HostName != "client" {
			t.Fatalf("%+v", o)
		}
		want := CallRequested{PeerCallID: 0x1111, Serial: 1, MinBPS: 2400, MaxBPS: 10_000_000, Bearer: 3, Framing: 3, PhoneNumber: "12", Subaddress: "x"}
		if r := find[CallRequested](t, server); r != want {
			t.Fatalf("%+v", r)
		}
		if u := find[CallUp](t, client); u != (CallUp{CallID: 0x1111, PeerCallID: 0x2222, Window: 16, Speed: 64000}) {
			t.Fatalf("%+v", u)
		}
		if u := find[CallUp](t, server); u != (CallUp{CallID: 0x2222, PeerCallID: 0x1111, Window: 64, Speed: 64000, Delay: time.Second}) {
			t.Fatalf("%+v", u)
		}

		// Set-Link-Info as often as it pleases the peer.
		for range 2 {
			if err := p.end[0].SetLinkInfo(p.now, 0x1111, 0xffffffff, 0xa0000); err != nil {
				t.Fatal(err)
			}
		}
		p.settle()
		if es := p.take(1); len(es) != 2 || es[1] != (LinkInfo{CallID: 0x2222, SendACCM: 0xffffffff, ReceiveACCM: 0xa0000}) {
			t.Fatalf("%+v", es)
		}
		if err := p.end[1].SendWANErrors(p.now, 0x2222, WANErrorNotify{CRCErrors: 5}); err != nil {
			t.Fatal(err)
		}
		if err := p.end[1].SendWANErrors(p.now, 0x2222, WANErrorNotify{CRCErrors: 6}); err != ErrTooSoon {
			t.Fatal(err)
		}
		p.settle()
		if w := find[WANErrors](t, p.take(0)); w.CallID != 0x1111 || w.Errors.CRCErrors != 5 {
			t.Fatalf("%+v", w)
		}

		// An idle hour: echoes both ways, nothing else.
		p.run(time.Hour)
		for i := range 2 {
			for _, e := range p.take(i) {
				if _, ok := e.(EchoAnswered); !ok {
					t.Fatalf("end %d: %+v", i, e)
				}
			}
		}

		if seed%2 == 0 {
			// The client hangs up.
			if err := p.end[0].Hangup(p.now, 0x1111, cause.UserRequest); err != nil {
				t.Fatal(err)
			}
			if err := p.end[0].Hangup(p.now, 0x1111, cause.UserRequest); err != ErrNoCall {
				t.Fatal(err)
			}
			p.settle()
			if e := find[CallEnded](t, p.take(0)); e.CallID != 0x1111 || e.PeerCallID != 0x2222 || e.Cause != cause.UserRequest {
				t.Fatalf("%+v", e)
			}
			if e := find[CallEnded](t, p.take(1)); e.CallID != 0x2222 || e.Cause != cause.CallCleared {
				t.Fatalf("%+v", e)
			}
		} else {
			if err := p.end[1].Hangup(p.now, 0x2222, cause.CarrierLost); err != nil {
				t.Fatal(err)
			}
			p.settle()
			if e := find[CallEnded](t, p.take(0)); e.CallID != 0x1111 || e.Cause != cause.CallCleared || e.Detail != "lost carrier" {
				t.Fatalf("%+v", e)
			}
			if e := find[CallEnded](t, p.take(1)); e.CallID != 0x2222 || e.Cause != cause.CarrierLost {
				t.Fatalf("%+v", e)
			}
		}
		for i, c := range p.end {
			if len(c.calls) != 0 {
				t.Fatalf("end %d still has %d calls", i, len(c.calls))
			}
		}
		closer := int(seed/2) % 2
		p.end[closer].Close(p.now, cause.UserRequest)
		p.settle()
		if e := find[Closed](t, p.take(closer)); e.Cause != cause.UserRequest {
			t.Fatalf("%+v", e)
		}
		if e := find[Closed](t, p.take(1-closer)); e.Cause != cause.CallCleared || e.Detail == "" {
			t.Fatalf("%+v", e)
		}
		for i, c := range p.end {
			if _, ok := c.PollTimeout(); ok || c.State() != StateClosed {
				t.Fatalf("end %d is not closed", i)
			}
			if n := c.Counters(); n.OutOfState != 0 || n.Unknown != 0 || n.UnknownCall != 0 || n.Refused != 0 || n.Dropped != 0 {
				t.Fatalf("end %d: %+v", i, n)
			}
		}
	}
}

// The PAC originates and offers a call, as mpd can (RFC 2637 section 3.2.3).
func TestIncomingCall(t *testing.T) {
	for seed := range uint64(20) {
		p := newPair(t, seed, clientConfig, serverConfig)
		p.settle()
		p.got = [2][]Event{}
		err := p.end[0].Offer(p.now, 7, OfferConfig{Dialed: "1", Dialing: "2", Subaddress: "3", Channel: 4, Speed: 33600, Window: 5})
		if err != nil {
			t.Fatal(err)
		}
		p.settle()
		o := find[CallOffered](t, p.take(1))
		if o != (CallOffered{PeerCallID: 7, Serial: 1, Bearer: BearerDigital, Channel: 4, Dialed: "1", Dialing: "2", Subaddress: "3"}) {
			t.Fatalf("%+v", o)
		}
		if seed%4 == 3 {
			if err := p.end[1].RefuseCall(p.now, 7, cause.ServerFull); err != nil {
				t.Fatal(err)
			}
			p.settle()
			if e := find[CallEnded](t, p.take(0)); e.CallID != 7 || e.Cause != cause.ServerFull {
				t.Fatalf("%+v", e)
			}
			continue
		}
		if err := p.end[1].AcceptCall(p.now, 7, AcceptConfig{CallID: 8, Window: 9, Delay: time.Second}); err != nil {
			t.Fatal(err)
		}
		p.settle()
		if u := find[CallUp](t, p.take(0)); u != (CallUp{CallID: 7, PeerCallID: 8, Window: 9, Delay: time.Second, Channel: 4}) {
			t.Fatalf("%+v", u)
		}
		if u := find[CallUp](t, p.take(1)); u != (CallUp{CallID: 8, PeerCallID: 7, Window: 5, Speed: 33600}) {
			t.Fatalf("%+v", u)
		}
		switch seed % 4 {
		case 0: // the PNS clears
			if err := p.end[1].Hangup(p.now, 8, cause.IdleTimeout); err != nil {
				t.Fatal(err)
			}
			p.settle()
			if e := find[CallEnded](t, p.take(0)); e.CallID != 7 || e.Cause != cause.CallCleared {
				t.Fatalf("%+v", e)
			}
		case 1: // the PAC disconnects
			if err := p.end[0].Hangup(p.now, 7, cause.UserRequest); err != nil {
				t.Fatal(err)
			}
			p.settle()
			if e := find[CallEnded](t, p.take(1)); e.CallID != 8 || e.Detail != "administrative shutdown" {
				t.Fatalf("%+v", e)
			}
		case 2: // the wire is cut
			p.cut = true
			p.run(3 * time.Minute)
			for i := range 2 {
				es := p.take(i)
				if e := find[CallEnded](t, es); e.Cause != cause.ControlTimeout {
					t.Fatalf("%+v", e)
				}
				if e := find[Closed](t, es); e.Cause != cause.ControlTimeout {
					t.Fatalf("%+v", e)
				}
			}
			continue
		}
		if len(p.end[0].calls)+len(p.end[1].calls) != 0 {
			t.Fatal("a call stays")
		}
	}
}

// Many calls begin, end from both sides at once, and abort at any moment; in
// the end both sides agree that there is none.
func TestRandomCalls(t *testing.T) {
	for seed := range uint64(200) {
		client, server := clientConfig, serverConfig
		client.TakeCalls, client.MaxCalls, server.MaxCalls = true, 8, 6
		p := newPair(t, seed, client, server)
		p.settle()
		ended := [2]map[uint16]int{{}, {}}
		begun := [2]map[uint16]int{{}, {}}
		asked := [2][]uint16{}
		p.on = func(i int, e Event) {
			switch e := e.(type) {
			case CallRequested:
				asked[i] = append(asked[i], e.PeerCallID)
			case CallOffered:
				asked[i] = append(asked[i], e.PeerCallID)
			case CallEnded:
				if e.CallID != 0 {
					ended[i][e.CallID]++
				}
			case Closed:
				t.Fatalf("seed %d: end %d %+v", seed, i, e)
			}
		}
		id := [2]uint16{100, 100} // the same on both sides, on purpose
		for range 300 {
			i := p.rng.IntN(2)
			c := p.end[i]
			switch p.rng.IntN(8) {
			case 0, 1:
				id[i]++
				if c.Dial(p.now, id[i], DialConfig{}) == nil {
					begun[i][id[i]]++
				}
			case 2:
				id[i]++
				if c.Offer(p.now, id[i], OfferConfig{}) == nil {
					begun[i][id[i]]++
				}
			case 3, 4:
				if n := len(asked[i]); n > 0 {
					peer := asked[i][n-1]
					asked[i] = asked[i][:n-1]
					if p.rng.IntN(4) == 0 {
						c.RefuseCall(p.now, peer, cause.Busy)
						continue
					}
					id[i]++
					if c.AcceptCall(p.now, peer, AcceptConfig{CallID: id[i]}) == nil {
						begun[i][id[i]]++
					}
				}
			case 5:
				if n := len(c.calls); n > 0 {
					c.Hangup(p.now, c.calls[p.rng.IntN(n)].id, cause.UserRequest)
				}
			default: // a few bytes on the way
				for j, c := range p.end {
					b := make([]byte, p.rng.IntN(100))
					n, _ := c.PollTransmit(b)
					p.end[1-j].Input(p.now, b[:n])
				}
			}
			if p.rng.IntN(5) == 0 {
				p.settle()
			}
		}
		p.settle()
		for i, c := range p.end {
			for len(c.calls) > 0 {
				k := c.calls[0]
				if c.Hangup(p.now, k.id, cause.UserRequest) != nil {
					c.RefuseCall(p.now, k.peerID, cause.Busy)
				}
				p.settle()
				if len(c.calls) > 0 && c.calls[0] == k {
					t.Fatalf("seed %d: end %d keeps %+v", seed, i, k)
				}
			}
		}
		for i := range 2 {
			for id, n := range begun[i] {
				if n != 1 || ended[i][id] != 1 {
					t.Fatalf("seed %d: call %d of end %d begun %d, ended %d", seed, id, i, n, ended[i][id])
				}
			}
			if len(ended[i]) != len(begun[i]) {
				t.Fatalf("seed %d: end %d: %d begun, %d ended", seed, i, len(begun[i]), len(ended[i]))
			}
		}
	}
}
