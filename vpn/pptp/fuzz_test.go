package pptp

import (
	"encoding/binary"
	"testing"
	"time"

	"dun/dialup/cause"
)

// fuzzStates are the ends and moments at which a peer's bytes are tried.
var fuzzStates = []struct {
	name string
	make func(t testing.TB) *Conn
}{
	{"client waits for the start reply", func(t testing.TB) *Conn { c := newConn(t, clientConfig); c.Open(at(0)); return c }},
	{"server waits for the start request", func(t testing.TB) *Conn { c := newConn(t, serverConfig); c.Open(at(0)); return c }},
	{"client waits for the call reply", func(t testing.TB) *Conn {
		c := established(t, clientConfig)
		c.Dial(at(0), 1, DialConfig{})
		return c
	}},
	{"client with a call", func(t testing.TB) *Conn { return dialed(t) }},
	{"client with two calls, one ending", func(t testing.TB) *Conn {
		c := dialed(t)
		dial(t, c, 2, 1002)
		c.Hangup(at(0), 2, cause.UserRequest)
		return c
	}},
	{"client that offers", func(t testing.TB) *Conn {
		c := established(t, clientConfig)
		c.Offer(at(0), 1, OfferConfig{})
		return c
	}},
	{"server with a call", func(t testing.TB) *Conn { return accepted(t) }},
	{"server that is asked", func(t testing.TB) *Conn {
		c := established(t, serverConfig)
		give(t, c, at(0), OutgoingCallRequest{CallID: 1}, IncomingCallRequest{CallID: 2})
		return c
	}},
	{"server that waits for the connect", func(t testing.TB) *Conn {
		c := established(t, serverConfig)
		give(t, c, at(0), IncomingCallRequest{CallID: 1})
		c.AcceptCall(at(0), 1, AcceptConfig{CallID: 1001})
		return c
	}},
	{"stopping", func(t testing.TB) *Conn { c := dialed(t); c.Close(at(0), cause.UserRequest); return c }},
}

// FuzzInput feeds both ends in many states. The first octet chooses the state,
// the second the size of the pieces. Whatever comes, the engine must stay in
// its bounds, send only what parses, and end when time passes.
func FuzzInput(f *testing.F) {
	for i := range fuzzStates {
		var all []byte
		for _, l := range layouts {
			m := layoutBytes(f, l.bytes)
			f.Add(uint8(i), uint8(0), m)
			all = append(all, m...)
		}
		f.Add(uint8(i), uint8(7), all)
	}
	f.Add(uint8(3), uint8(1), encode(f, CallDisconnectNotify{CallID: 1001, Result: 1}))
	f.Add(uint8(6), uint8(1), encode(f, CallClearRequest{CallID: 1}))
	f.Add(uint8(2), uint8(1), encode(f, OutgoingCallReply{CallID: 5, PeerCallID: 1, Result: 1}))
	f.Fuzz(func(t *testing.T, state, piece uint8, b []byte) {
		c := fuzzStates[int(state)%len(fuzzStates)].make(t)
		now := at(time.Second)
		ended := map[uint16]bool{}
		closed := false
		for len(b) > 0 || !closed {
			n := min(len(b), 1+int(piece))
			if n > 0 {
				c.Input(now, b[:n])
				b = b[n:]
			} else {
				d, ok := c.PollTimeout()
				if !ok {
					if c.State() == StateClosed {
						break
					}
					t.Fatal("waits for ever")
				}
				now = now.Add(time.Second)
				if d.After(now) {
					now = d
				}
				c.HandleTimeout(now)
			}
			sent(t, c)
			for e, ok := c.PollEvent(); ok; e, ok = c.PollEvent() {
				if closed {
					t.Fatalf("%+v after Closed", e)
				}
				switch e := e.(type) {
				case CallRequested:
					if e.Serial&1 == 0 {
						c.AcceptCall(now, e.PeerCallID, AcceptConfig{CallID: 2000 + e.PeerCallID%4})
					}
				case CallOffered:
					if e.Serial&1 == 0 {
						c.AcceptCall(now, e.PeerCallID, AcceptConfig{CallID: 2000 + e.PeerCallID%4})
					} else if e.Serial&2 == 0 {
						c.RefuseCall(now, e.PeerCallID, cause.Busy)
					}
				case CallUp:
					delete(ended, e.CallID)
				case CallEnded:
					if e.CallID != 0 && ended[e.CallID] {
						t.Fatalf("%+v twice", e)
					}
					ended[e.CallID] = true
				case Closed:
					closed = true
				}
			}
			if len(c.calls) > c.cfg.MaxCalls || len(c.out) > maxOutput || len(c.events) > maxEvents+c.cfg.MaxCalls+2 {
				t.Fatal("out of bounds")
			}
		}
		if len(c.calls) != 0 || c.State() != StateClosed {
			t.Fatalf("%v with %d calls", c.State(), len(c.calls))
		}
	})
}

// FuzzScript drives an end with well-formed messages, commands and time in any
// order. Four octets make a step: what, an id of two octets, an argument.
func FuzzScript(f *testing.F) {
	f.Add(true, []byte{2, 0, 0, 1, 32, 0, 1, 0, 8, 0, 1, 1, 13, 0, 1, 4})
	f.Add(false, []byte{1, 0, 0, 1, 7, 0, 1, 0, 33, 0, 1, 1, 12, 0, 1, 0, 34, 0, 1, 200})
	f.Fuzz(func(t *testing.T, originate bool, b []byte) {
		c := newConn(t, Config{Originate: originate, TakeCalls: true, MaxCalls: 3})
		now := at(0)
		c.Open(now)
		closed := 0
		for ; len(b) >= 4; b = b[4:] {
			id, arg := binary.BigEndian.Uint16(b[1:])&3, b[3]
			other := uint16(arg>>4) & 3
			var m Message
			switch MessageType(b[0]) {
			case TypeStartRequest:
				m = StartRequest{Version: uint16(arg) << 8}
			case TypeStartReply:
				m = StartReply{Version: Version, Result: StartResult(arg)}
			case TypeStopRequest:
				m = StopRequest{Reason: StopReason(arg)}
			case TypeStopReply:
				m = StopReply{Result: arg}
			case TypeEchoRequest:
				m = EchoRequest{Identifier: uint32(id)}
			case TypeEchoReply:
				m = EchoReply{Identifier: uint32(id)}
			case TypeOutgoingCallRequest:
				m = OutgoingCallRequest{CallID: id}
			case TypeOutgoingCallReply:
				m = OutgoingCallReply{CallID: id, PeerCallID: other, Result: OutgoingResult(arg & 7)}
			case TypeIncomingCallRequest:
				m = IncomingCallRequest{CallID: id}
			case TypeIncomingCallReply:
				m = IncomingCallReply{CallID: id, PeerCallID: other, Result: IncomingResult(arg & 3)}
			case TypeIncomingCallConnected:
				m = IncomingCallConnected{PeerCallID: id}
			case TypeCallClearRequest:
				m = CallClearRequest{CallID: id}
			case TypeCallDisconnectNotify:
				m = CallDisconnectNotify{CallID: id, Result: DisconnectResult(arg & 7)}
			case TypeWANErrorNotify:
				m = WANErrorNotify{PeerCallID: id}
			case TypeSetLinkInfo:
				m = SetLinkInfo{PeerCallID: id}
			case 32:
				c.Dial(now, id, DialConfig{})
			case 33:
				c.AcceptCall(now, id, AcceptConfig{CallID: other})
			case 34:
				c.RefuseCall(now, id, cause.Cause(arg))
			case 35:
				c.Offer(now, id, OfferConfig{})
			case 36:
				c.Hangup(now, id, cause.Cause(arg))
			case 37:
				c.Close(now, cause.Cause(arg))
			case 38:
				c.LinkDown(now, cause.ControlLost, "")
			default:
				now = now.Add(time.Duration(arg) * time.Second)
				c.HandleTimeout(now)
				if d, ok := c.PollTimeout(); ok && !d.After(now) {
					t.Fatal("a deadline stays after it was handled")
				}
			}
			if m != nil {
				give(t, c, now, m)
			}
			sent(t, c)
			for _, e := range events(c) {
				if _, ok := e.(Closed); ok {
					closed++
				}
			}
			seen := map[uint16]bool{}
			for _, k := range c.calls {
				if k.hasID && seen[k.id] {
					t.Fatalf("two calls with id %d", k.id)
				}
				seen[k.id] = k.hasID || seen[k.id]
				if k.state == callIdle {
					t.Fatal("an idle call stays")
				}
			}
			if len(c.calls) > 3 || closed > 1 || (closed == 1) != (c.State() == StateClosed) {
				t.Fatalf("%d calls, closed %d times, %v", len(c.calls), closed, c.State())
			}
		}
	})
}
