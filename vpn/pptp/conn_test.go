package pptp

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

// established is one end with the control connection up, nothing unread.
func established(t testing.TB, cfg Config) *Conn {
	t.Helper()
	c := newConn(t, cfg)
	c.Open(at(0))
	if cfg.Originate {
		give(t, c, at(0), StartReply{Version: Version, Result: StartOK})
	} else {
		give(t, c, at(0), StartRequest{Version: Version})
	}
	if c.State() != StateEstablished {
		t.Fatal(c.State())
	}
	sent(t, c)
	events(c)
	return c
}

// dialed is a client with call 1 up, which the peer calls 1001.
func dialed(t testing.TB) *Conn {
	t.Helper()
	c := established(t, clientConfig)
	dial(t, c, 1, 1001)
	return c
}

func dial(t testing.TB, c *Conn, id, peer uint16) {
	t.Helper()
	if err := c.Dial(at(0), id, DialConfig{}); err != nil {
		t.Fatal(err)
	}
	give(t, c, at(0), OutgoingCallReply{CallID: peer, PeerCallID: id, Result: OutgoingConnected, Window: 3})
	find[CallUp](t, events(c))
	sent(t, c)
}

// accepted is a server with call 1001 up, which the peer calls 1.
func accepted(t testing.TB) *Conn {
	t.Helper()
	c := established(t, serverConfig)
	accept(t, c, 1001, 1)
	return c
}

func accept(t testing.TB, c *Conn, id, peer uint16) {
	t.Helper()
	give(t, c, at(0), OutgoingCallRequest{CallID: peer, Window: 3})
	if err := c.AcceptCall(at(0), peer, AcceptConfig{CallID: id}); err != nil {
		t.Fatal(err)
	}
	find[CallUp](t, events(c))
	sent(t, c)
}

func expect(t testing.TB, got []Message, want ...Message) {
	t.Helper()
	if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Fatalf("sent %+v, want %+v", got, want)
	}
}

func expectEvents(t testing.TB, c *Conn, want ...Event) {
	t.Helper()
	if got := events(c); len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Fatalf("events %+v, want %+v", got, want)
	}
}

func TestVersions(t *testing.T) {
	for _, test := range []struct {
		version uint16
		ok      bool
	}{{0x0100, true}, {0x0101, true}, {0x0200, true}, {0x0001, false}, {0, false}} {
		c := newConn(t, serverConfig)
		c.Open(at(0))
		give(t, c, at(0), StartRequest{Version: test.version})
		want := StartReply{Version: Version, Result: StartOK, Framing: 3, Bearer: 3, MaxChannels: 9, HostName: "server", Vendor: "dun"}
		if test.ok {
			find[Opened](t, events(c))
		} else {
			want.Result = StartVersion
			if e := find[Closed](t, events(c)); e.Cause != cause.ControlProtocol {
				t.Errorf("%+v", e)
			}
		}
		expect(t, sent(t, c), want)
	}
	for _, test := range []struct {
		version uint16
		ok      bool
	}{{0x0100, true}, {0x0107, true}, {0x0200, false}, {0x0001, false}} {
		c := newConn(t, clientConfig)
		c.Open(at(0))
		sent(t, c)
		give(t, c, at(0), StartReply{Version: test.version, Result: 1})
		if test.ok {
			find[Opened](t, events(c))
			continue
		}
		expect(t, sent(t, c), StopRequest{Reason: StopProtocol})
		if c.State() != StateWaitStop {
			t.Errorf("version %#x: %v", test.version, c.State())
		}
		give(t, c, at(0), StopReply{Result: 1})
		if e := find[Closed](t, events(c)); e.Cause != cause.ControlProtocol || !strings.Contains(e.Detail, "version") {
			t.Errorf("%+v", e)
		}
	}
}

// Some DSL modems answer with result 0 when all is well.
func TestStartReplyWithResultZero(t *testing.T) {
	c := newConn(t, clientConfig)
	c.Open(at(0))
	give(t, c, at(0), StartReply{Version: Version, HostName: "mo\x07dem"})
	if o := find[Opened](t, events(c)); o.HostName != "mo?dem" {
		t.Fatalf("%+v", o)
	}
}

// The states in which the peer may be silent, and what comes of it.
func TestSilence(t *testing.T) {
	tests := []struct {
		name  string
		make  func() *Conn
		after time.Duration
		want  cause.Cause
		words string
	}{
		{"no start reply", func() *Conn { c := newConn(t, clientConfig); c.Open(at(0)); return c }, time.Minute, cause.ControlTimeout, "Start-Control-Connection-Reply"},
		{"no start request", func() *Conn { c := newConn(t, serverConfig); c.Open(at(0)); return c }, time.Minute, cause.ControlTimeout, "Start-Control-Connection-Request"},
		{"echo", func() *Conn { return dialed(t) }, 2 * time.Minute, cause.ControlTimeout, "Echo-Request"},
		{"no stop reply", func() *Conn { c := dialed(t); c.Close(at(0), cause.IdleTimeout); return c }, 3 * time.Second, cause.IdleTimeout, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := test.make()
			var now time.Time
			for range 10 {
				d, ok := c.PollTimeout()
				if !ok {
					break
				}
				if d.Before(now) {
					t.Fatal("a deadline in the past")
				}
				c.HandleTimeout(d.Add(-1))
				if c.State() == StateClosed {
					t.Fatal("closed early")
				}
				now = d
				c.HandleTimeout(now)
			}
			if e := find[Closed](t, events(c)); e.Cause != test.want || !strings.Contains(e.Detail, test.words) || !now.Equal(at(test.after)) {
				t.Fatalf("%+v after %v", e, now.Sub(epoch))
			}
		})
	}
}

// A server that answers echoes but no calls: the call times out, is cleared,
// and when that is not answered either the connection is given up (RFC 2637
// section 3.2.1).
func TestCallTimesOut(t *testing.T) {
	cfg := clientConfig
	cfg.Timers = Timers{Reply: 20 * time.Second, Clear: 10 * time.Second}
	c := established(t, cfg)
	if err := c.Dial(at(0), 3, DialConfig{}); err != nil {
		t.Fatal(err)
	}
	sent(t, c)
	c.HandleTimeout(at(20*time.Second - 1))
	expectEvents(t, c)
	c.HandleTimeout(at(20 * time.Second))
	expectEvents(t, c, CallEnded{CallID: 3, Cause: cause.CallTimeout, Detail: "no Outgoing-Call-Reply came"})
	expect(t, sent(t, c), CallClearRequest{CallID: 3})
	if err := c.Dial(at(20*time.Second), 3, DialConfig{}); err != ErrCallID {
		t.Fatal(err)
	}
	if err := c.Dial(at(20*time.Second), 4, DialConfig{}); err != nil {
		t.Fatal(err)
	}
	c.HandleTimeout(at(30 * time.Second))
	es := events(c)
	if e := find[CallEnded](t, es); e.CallID != 4 || e.Cause != cause.ControlTimeout {
		t.Fatalf("%+v", e)
	}
	if e := find[Closed](t, es); e.Cause != cause.ControlTimeout || e.Detail != "a Call-Clear-Request was not answered" {
		t.Fatalf("%+v", e)
	}
}

// Our owner does not answer a caller in time.
func TestRequestTimesOut(t *testing.T) {
	c := established(t, serverConfig)
	give(t, c, at(0), OutgoingCallRequest{CallID: 1}, IncomingCallRequest{CallID: 2})
	events(c)
	give(t, c, at(30*time.Second), EchoRequest{})
	sent(t, c)
	c.HandleTimeout(at(time.Minute))
	expect(t, sent(t, c), OutgoingCallReply{PeerCallID: 1, Result: OutgoingTimeOut}, IncomingCallReply{PeerCallID: 2, Result: IncomingDoNotAccept})
	es := events(c)
	if len(es) != 2 || es[0].(CallEnded).PeerCallID != 1 || es[1].(CallEnded).Cause != cause.CallTimeout {
		t.Fatalf("%+v", es)
	}
	if err := c.AcceptCall(at(time.Minute), 1, AcceptConfig{CallID: 5}); err != ErrNoCall {
		t.Fatal(err)
	}
}

func TestEcho(t *testing.T) {
	// Answered in any state, even before the start and while stopping.
	c := newConn(t, serverConfig)
	c.Open(at(0))
	give(t, c, at(0), EchoRequest{Identifier: 7})
	expect(t, sent(t, c), EchoReply{Identifier: 7, Result: 1})
	c = established(t, clientConfig)
	c.Close(at(0), cause.UserRequest)
	sent(t, c)
	give(t, c, at(0), EchoRequest{Identifier: 8})
	expect(t, sent(t, c), EchoReply{Identifier: 8, Result: 1})

	// Only silence makes us ask.
	c = established(t, clientConfig)
	give(t, c, at(40*time.Second), EchoRequest{Identifier: 9})
	sent(t, c)
	c.HandleTimeout(at(99 * time.Second))
	expect(t, sent(t, c))
	c.HandleTimeout(at(100 * time.Second))
	expect(t, sent(t, c), EchoRequest{Identifier: 1})
	give(t, c, at(101*time.Second), EchoRequest{Identifier: 10}) // alive, but no answer
	if d, _ := c.PollTimeout(); !d.Equal(at(160 * time.Second)) {
		t.Fatal(d.Sub(epoch))
	}
	give(t, c, at(102*time.Second), EchoReply{Identifier: 1, Result: 1})
	expectEvents(t, c, EchoAnswered{RTT: 2 * time.Second})
	give(t, c, at(102*time.Second), EchoReply{Identifier: 1, Result: 1}) // twice
	expectEvents(t, c)

	// A peer that does not copy the identifier is alive all the same.
	sent(t, c)
	c.HandleTimeout(at(162 * time.Second))
	expect(t, sent(t, c), EchoRequest{Identifier: 2})
	give(t, c, at(163*time.Second), EchoReply{Identifier: 99, Result: 1})
	expectEvents(t, c)
	if d, _ := c.PollTimeout(); !d.Equal(at(223 * time.Second)) {
		t.Fatal(d.Sub(epoch))
	}

	// While an answer is due nothing else is asked, however long that takes.
	cfg := clientConfig
	cfg.Timers.EchoAnswer = 5 * time.Minute
	c = established(t, cfg)
	c.HandleTimeout(at(time.Minute))
	expect(t, sent(t, c), EchoRequest{Identifier: 1})
	give(t, c, at(2*time.Minute), EchoRequest{})
	sent(t, c)
	c.HandleTimeout(at(4 * time.Minute))
	expect(t, sent(t, c))

	cfg = clientConfig
	cfg.Timers.EchoIdle = -1
	c = established(t, cfg)
	if _, ok := c.PollTimeout(); ok {
		t.Fatal("an echo that was switched off")
	}
}

func TestClose(t *testing.T) {
	// All calls are ended in order before the stop request, in one go.
	c := established(t, Config{Originate: true, TakeCalls: true})
	dial(t, c, 1, 1001)
	accept(t, c, 2, 1002)
	give(t, c, at(0), OutgoingCallRequest{CallID: 1003}, IncomingCallRequest{CallID: 1004})
	if err := c.Dial(at(0), 3, DialConfig{}); err != nil {
		t.Fatal(err)
	}
	sent(t, c)
	events(c)
	c.Close(at(0), cause.UserRequest)
	expect(t, sent(t, c),
		CallClearRequest{CallID: 1},
		CallDisconnectNotify{CallID: 2, Result: DisconnectShutdown},
		OutgoingCallReply{PeerCallID: 1003, Result: OutgoingDoNotAccept},
		IncomingCallReply{PeerCallID: 1004, Result: IncomingDoNotAccept},
		CallClearRequest{CallID: 3},
		StopRequest{Reason: StopNone})
	if es := events(c); len(es) != 5 {
		t.Fatalf("%+v", es)
	}
	c.Close(at(0), cause.Internal) // once is enough
	give(t, c, at(time.Second), CallDisconnectNotify{CallID: 1001, Result: 4}, StopReply{Result: 1}, EchoRequest{})
	expectEvents(t, c, Closed{Cause: cause.UserRequest})
	expect(t, sent(t, c))

	// Both stop at once.
	c = established(t, clientConfig)
	c.Close(at(0), cause.UserRequest)
	sent(t, c)
	give(t, c, at(0), StopRequest{Reason: 1})
	expect(t, sent(t, c), StopReply{Result: 1})
	expectEvents(t, c, Closed{Cause: cause.UserRequest})

	// Before anything was said.
	for _, cfg := range []Config{clientConfig, serverConfig} {
		for _, open := range []bool{false, true} {
			c := newConn(t, cfg)
			if open {
				c.Open(at(0))
			}
			takeBytes(c)
			c.Close(at(0), cause.Cancelled)
			expectEvents(t, c, Closed{Cause: cause.Cancelled})
			expect(t, sent(t, c))
			if _, ok := c.PollTimeout(); ok {
				t.Fatal("a deadline after the end")
			}
			c.Open(at(0))
			c.Input(at(0), encode(t, EchoRequest{}))
			c.HandleTimeout(at(time.Hour))
			expect(t, sent(t, c))
		}
	}
}

func TestLinkDown(t *testing.T) {
	c := dialed(t)
	c.LinkDown(at(0), cause.ControlLost, "reset by peer")
	expectEvents(t, c,
		CallEnded{CallID: 1, PeerCallID: 1001, Cause: cause.ControlLost, Detail: "reset by peer"},
		Closed{Cause: cause.ControlLost, Detail: "reset by peer"})
	c.LinkDown(at(0), cause.ControlLost, "again")
	expectEvents(t, c)

	// A peer that closes instead of a stop reply did what we asked for.
	c = dialed(t)
	c.Close(at(0), cause.UserRequest)
	events(c)
	c.LinkDown(at(0), cause.ControlLost, "end of file")
	expectEvents(t, c, Closed{Cause: cause.UserRequest})
	expect(t, sent(t, c))
}

func TestStateChanges(t *testing.T) {
	c := newConn(t, clientConfig)
	c.Open(at(0))
	give(t, c, at(0), StartReply{Version: Version, Result: 1})
	c.Close(at(0), cause.UserRequest)
	give(t, c, at(0), StopReply{Result: 1})
	var got []State
	for e, ok := c.PollEvent(); ok; e, ok = c.PollEvent() {
		if s, ok := e.(StateChanged); ok {
			got = append(got, s.State)
		}
	}
	if fmt.Sprint(got) != "[wait_ctl_reply established wait_stop_reply closed]" {
		t.Fatal(got)
	}
}

func TestCommandsRefuse(t *testing.T) {
	var f *FormatError
	if _, err := New(Config{HostName: strings.Repeat("x", 65)}); !errors.As(err, &f) {
		t.Error(err)
	}
	c := dialed(t)
	long := strings.Repeat("5", 65)
	if err := c.Dial(at(0), 1, DialConfig{}); err != ErrCallID {
		t.Error(err)
	}
	if err := c.Dial(at(0), 2, DialConfig{PhoneNumber: long}); !errors.As(err, &f) {
		t.Error(err)
	}
	if err := c.Offer(at(0), 2, OfferConfig{Dialed: long}); !errors.As(err, &f) {
		t.Error(err)
	}
	if err := c.Offer(at(0), 2, OfferConfig{Delay: -time.Second}); !errors.As(err, &f) {
		t.Error(err)
	}
	if err := c.Hangup(at(0), 2, cause.UserRequest); err != ErrNoCall {
		t.Error(err)
	}
	if err := c.AcceptCall(at(0), 2, AcceptConfig{}); err != ErrNoCall {
		t.Error(err)
	}
	if err := c.SendWANErrors(at(0), 1, WANErrorNotify{}); err != ErrNoCall {
		t.Error(err)
	}
	expect(t, sent(t, c))

	s := accepted(t)
	if err := s.SetLinkInfo(at(0), 1001, 0, 0); err != ErrNoCall {
		t.Error(err)
	}
	give(t, s, at(0), OutgoingCallRequest{CallID: 2})
	if err := s.AcceptCall(at(0), 2, AcceptConfig{CallID: 1001}); err != ErrCallID {
		t.Error(err)
	}
	if err := s.AcceptCall(at(0), 2, AcceptConfig{CallID: 1002, Delay: -time.Second}); !errors.As(err, &f) {
		t.Error(err)
	}
	if err := s.AcceptCall(at(0), 2, AcceptConfig{CallID: 1002}); err != nil {
		t.Error(err)
	}
	for e := Error(0); e <= ErrTooSoon; e++ {
		if e.Error() == "" {
			t.Error(int(e))
		}
	}
}

func TestWinsCollision(t *testing.T) {
	a, b := netip.MustParseAddr("192.33.45.17"), netip.MustParseAddr("::ffff:192.33.45.89")
	if WinsCollision(a, b) || !WinsCollision(b, a) || WinsCollision(a, a) {
		t.Fatal("RFC 2637 section 3.1.3: 192.33.45.89 wins")
	}
}
