package pptp

import (
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

// Call ids of the two sides are told apart: every combination of the wrong
// one must leave the calls alone.
func TestCallIDsAreMatchedPerSide(t *testing.T) {
	// Two calls whose ids are crossed: ours 1 is the peer's 2 and the other
	// way round.
	c := established(t, clientConfig)
	dial(t, c, 1, 2)
	dial(t, c, 2, 1)
	give(t, c, at(0), CallDisconnectNotify{CallID: 2, Result: 1}) // the peer's 2 is our 1
	if e := find[CallEnded](t, events(c)); e.CallID != 1 || e.PeerCallID != 2 {
		t.Fatalf("%+v", e)
	}

	c = established(t, serverConfig)
	accept(t, c, 1, 2)
	accept(t, c, 2, 1)
	give(t, c, at(0), CallClearRequest{CallID: 2})
	if e := find[CallEnded](t, events(c)); e.CallID != 1 || e.PeerCallID != 2 {
		t.Fatalf("%+v", e)
	}
	expect(t, sent(t, c), CallDisconnectNotify{CallID: 1, Result: DisconnectRequest})

	// With two calls a wrong id is nobody's, whatever it looks like.
	c = established(t, clientConfig)
	dial(t, c, 1, 1001)
	dial(t, c, 2, 1002)
	give(t, c, at(0), CallDisconnectNotify{CallID: 1}, CallDisconnectNotify{CallID: 77}, CallClearRequest{CallID: 1001}, CallClearRequest{CallID: 1})
	expectEvents(t, c)
	expect(t, sent(t, c))
	if n := c.Counters().UnknownCall; n != 4 {
		t.Fatal(n)
	}

	// With one call a peer that takes our id for its own is understood.
	c = dialed(t)
	give(t, c, at(0), CallDisconnectNotify{CallID: 77})
	expectEvents(t, c)
	give(t, c, at(0), CallDisconnectNotify{CallID: 1, Result: 3})
	if e := find[CallEnded](t, events(c)); e.CallID != 1 {
		t.Fatalf("%+v", e)
	}
}

// An aborted call has no id of the peer that its notice could name.
func TestAbortBeforeReply(t *testing.T) {
	c := established(t, clientConfig)
	dial(t, c, 1, 1001)
	if err := c.Dial(at(0), 2, DialConfig{}); err != nil {
		t.Fatal(err)
	}
	sent(t, c)
	if err := c.Hangup(at(0), 2, cause.Cancelled); err != nil {
		t.Fatal(err)
	}
	expect(t, sent(t, c), CallClearRequest{CallID: 2})
	expectEvents(t, c, CallEnded{CallID: 2, Cause: cause.Cancelled})
	give(t, c, at(0), CallDisconnectNotify{CallID: 4242, Result: 4})
	expectEvents(t, c)
	if err := c.Dial(at(0), 2, DialConfig{}); err != nil {
		t.Fatal("the id is still in use: ", err)
	}
	// The other call is as it was.
	if err := c.Hangup(at(0), 1, cause.UserRequest); err != nil {
		t.Fatal(err)
	}
}

// As PAC: the notice of a call that never got an id must not name another's.
func TestClearBeforeAccept(t *testing.T) {
	c := established(t, serverConfig)
	accept(t, c, 0, 1)
	give(t, c, at(0), OutgoingCallRequest{CallID: 2}, CallClearRequest{CallID: 2})
	got := sent(t, c)
	if len(got) != 1 || got[0].(CallDisconnectNotify).CallID == 0 {
		t.Fatalf("%+v", got)
	}
	es := events(c)
	if e := find[CallEnded](t, es); e.PeerCallID != 2 || e.CallID != 0 {
		t.Fatalf("%+v", e)
	}
}

// The reply crosses our clear request: the call is not up, and its notice has
// an id by then.
func TestReplyCrossesClear(t *testing.T) {
	c := established(t, clientConfig)
	if err := c.Dial(at(0), 2, DialConfig{}); err != nil {
		t.Fatal(err)
	}
	c.Hangup(at(0), 2, cause.Cancelled)
	events(c)
	give(t, c, at(0), OutgoingCallReply{CallID: 1002, PeerCallID: 2, Result: 1})
	expectEvents(t, c)
	give(t, c, at(0), CallDisconnectNotify{CallID: 1002, Result: 4})
	if len(c.calls) != 0 {
		t.Fatal("the call stays")
	}
}

func TestLyingPeer(t *testing.T) {
	replyTwice := OutgoingCallReply{CallID: 1001, PeerCallID: 1, Result: 1}
	tests := []struct {
		name string
		conn func(t testing.TB) *Conn
		give []Message
		n    Counters // beyond Received and Sent
		out  []Message
	}{
		{"start reply twice", dialed, []Message{StartReply{Version: Version, Result: 1}}, Counters{OutOfState: 1}, nil},
		{"start reply with an error, later", dialed, []Message{StartReply{Version: Version, Result: 4}}, Counters{OutOfState: 1}, nil},
		{"start request to the originator", dialed, []Message{StartRequest{Version: Version}}, Counters{OutOfState: 1}, nil},
		{"start request twice", accepted, []Message{StartRequest{Version: Version}}, Counters{OutOfState: 1},
			[]Message{StartReply{Version: Version, Result: StartExists, Framing: 3, Bearer: 3, MaxChannels: 9, HostName: "server", Vendor: "dun"}}},
		{"start reply to the receiver", accepted, []Message{StartReply{Version: Version, Result: 1}}, Counters{OutOfState: 1}, nil},
		{"stop reply without request", dialed, []Message{StopReply{Result: 1}}, Counters{OutOfState: 1}, nil},
		{"echo reply without request", dialed, []Message{EchoReply{Result: 1}}, Counters{OutOfState: 1}, nil},
		{"call reply twice", dialed, []Message{replyTwice}, Counters{OutOfState: 1}, nil},
		{"call reply twice with another id", dialed, []Message{OutgoingCallReply{CallID: 9, PeerCallID: 1, Result: 1}}, Counters{OutOfState: 1}, nil},
		{"call reply with an error, later", dialed, []Message{OutgoingCallReply{PeerCallID: 1, Result: 4}}, Counters{OutOfState: 1}, nil},
		{"call reply for nobody", dialed, []Message{OutgoingCallReply{CallID: 3, PeerCallID: 3, Result: 1}}, Counters{UnknownCall: 1}, nil},
		{"call reply to a PAC", accepted, []Message{OutgoingCallReply{CallID: 3, PeerCallID: 1001, Result: 1}}, Counters{UnknownCall: 1}, nil},
		{"incoming reply for an outgoing call", dialed, []Message{IncomingCallReply{CallID: 3, PeerCallID: 1, Result: 1}}, Counters{UnknownCall: 1}, nil},
		{"incoming connected for an outgoing call", dialed, []Message{IncomingCallConnected{PeerCallID: 1}}, Counters{UnknownCall: 1}, nil},
		{"clear from a PAC", dialed, []Message{CallClearRequest{CallID: 1001}}, Counters{UnknownCall: 1}, nil},
		{"disconnect from a PNS", accepted, []Message{CallDisconnectNotify{CallID: 1}}, Counters{UnknownCall: 1}, nil},
		{"link info for nobody", accepted, []Message{SetLinkInfo{PeerCallID: 1}}, Counters{UnknownCall: 1}, nil},
		{"line errors for nobody", dialed, []Message{WANErrorNotify{PeerCallID: 1001}}, Counters{UnknownCall: 1}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := test.conn(t)
			before := c.Counters()
			give(t, c, at(0), test.give...)
			n := c.Counters()
			expect(t, sent(t, c), test.out...)
			expectEvents(t, c)
			n.Received, n.Sent, n.OutOfState, n.UnknownCall = 0, 0, n.OutOfState-before.OutOfState, n.UnknownCall-before.UnknownCall
			if n != test.n {
				t.Fatalf("%+v, want %+v", n, test.n)
			}
			if c.State() != StateEstablished || len(c.calls) != 1 || c.calls[0].state != callEstablished {
				t.Fatal("the call did not survive")
			}
		})
	}
}

// Messages about calls before the control connection is established.
func TestTooEarly(t *testing.T) {
	c := newConn(t, serverConfig)
	c.Open(at(0))
	give(t, c, at(0), OutgoingCallRequest{CallID: 1}, CallClearRequest{CallID: 1}, SetLinkInfo{})
	expect(t, sent(t, c))
	expectEvents(t, c)
	if n := c.Counters(); n.OutOfState != 3 {
		t.Fatalf("%+v", n)
	}
	if err := c.Dial(at(0), 1, DialConfig{}); err != ErrNotEstablished {
		t.Fatal(err)
	}
	// A talkative stranger gains no time.
	if d, _ := c.PollTimeout(); !d.Equal(at(time.Minute)) {
		t.Fatal(d.Sub(epoch))
	}
}

func TestBrokenStream(t *testing.T) {
	good := encode(t, EchoRequest{})
	for name, b := range map[string][]byte{
		"HTTP":         []byte("HTTP/1.1 400 Bad Request\r\n"),
		"magic":        append([]byte{0, 16, 0, 1, 0x1a, 0x2b, 0x3c, 0x4e}, good[8:]...),
		"length 11":    append([]byte{0, 11}, good[2:]...),
		"length 17":    append([]byte{0, 17}, good[2:]...),
		"type 7":       append([]byte{0, 16, 0, 7}, good[4:]...),
		"after a good": append(append([]byte(nil), good...), "nonsense"...),
		"management 7": {0, 7, 0, 2, 0x1a, 0x2b, 0x3c, 0x4d},
	} {
		for chunk := 1; chunk <= len(b); chunk++ {
			c := dialed(t)
			for rest := b; len(rest) > 0; {
				n := min(chunk, len(rest))
				c.Input(at(0), rest[:n])
				rest = rest[n:]
			}
			es := events(c)
			if e := find[CallEnded](t, es); e.Cause != cause.ControlProtocol {
				t.Errorf("%s: %+v", name, e)
			}
			e := find[Closed](t, es)
			if e.Cause != cause.ControlProtocol || e.Detail == "" || strings.Contains(e.Detail, "\x00") {
				t.Errorf("%s: %+v", name, e)
			}
			if name == "length 17" && e.Detail != "pptp: Echo-Request: Length is 0x11, must be 16" {
				t.Error(e.Detail)
			}
		}
	}
}

// Unknown types of the right framing go by, in any pieces, however long.
func TestUnknownMessages(t *testing.T) {
	for chunk := 1; chunk < 70; chunk++ {
		c := accepted(t)
		var b []byte
		b = append(b, 0, 12, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0, 16, 0, 0)
		b = append(b, 0, 8, 0, 2, 0x1a, 0x2b, 0x3c, 0x4d)
		b = append(b, 0x40, 0, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, 0xff, 0xff, 0, 0)
		b = append(b, make([]byte, 0x4000-12)...)
		b = append(b, encode(t, EchoRequest{Identifier: 5})...)
		for len(b) > 0 {
			n := min(chunk, len(b))
			c.Input(at(0), b[:n])
			b = b[n:]
		}
		expect(t, sent(t, c), EchoReply{Identifier: 5, Result: 1})
		if n := c.Counters(); n.Unknown != 3 || n.OutOfState != 0 {
			t.Fatalf("%+v", n)
		}
	}
}

// A peer that floods and does not read is left.
func TestFlood(t *testing.T) {
	c := accepted(t)
	echo := encode(t, EchoRequest{})
	for range 10000 {
		c.Input(at(0), echo)
		if len(c.out) > maxOutput {
			t.Fatalf("%d octets pile up", len(c.out))
		}
	}
	if e := find[Closed](t, events(c)); e.Cause != cause.OutOfBuffers {
		t.Fatalf("%+v", e)
	}

	c = accepted(t)
	for range 10000 { // who only informs is not heard any more
		give(t, c, at(0), SetLinkInfo{PeerCallID: 1001})
	}
	if n := c.Counters(); n.Dropped == 0 || len(c.events) > maxEvents || c.State() != StateEstablished {
		t.Fatalf("%+v", n)
	}

	c = accepted(t)
	for range 10000 {
		give(t, c, at(0), OutgoingCallRequest{CallID: 5}, CallClearRequest{CallID: 5})
		takeBytes(c)
	}
	if len(c.events) > maxEvents+20 || c.State() != StateClosed {
		t.Fatalf("%d events, %v", len(c.events), c.State())
	}
	if e := find[Closed](t, events(c)); e.Cause != cause.OutOfBuffers {
		t.Fatalf("%+v", e)
	}
}
