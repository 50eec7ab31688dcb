package pptp

import (
	"strings"
	"testing"

	"dun/dialup/cause"
)

func TestStartRefused(t *testing.T) {
	tests := []struct {
		result StartResult
		code   ErrorCode
		want   cause.Cause
		words  string
	}{
		{2, 0, cause.CallRefused, "general error"},
		{2, 1, cause.ControlProtocol, "Not-Connected"},
		{2, 2, cause.ControlProtocol, "Bad-Format"},
		{2, 3, cause.ControlProtocol, "Bad-Value"},
		{2, 4, cause.ServerFull, "No-Resource"},
		{2, 5, cause.CallRefused, "Bad-Call ID"},
		{2, 6, cause.CallRefused, "PAC-Error"},
		{2, 77, cause.CallRefused, "general error 77"},
		{3, 0, cause.CallRefused, "exists already"},
		{4, 0, cause.CallRefused, "not authorized"},
		{5, 0, cause.ControlProtocol, "version"},
		{99, 0, cause.CallRefused, "result code 99"},
	}
	for _, test := range tests {
		c := newConn(t, clientConfig)
		c.Open(at(0))
		sent(t, c)
		give(t, c, at(0), StartReply{Version: Version, Result: test.result, Error: test.code})
		closed := find[Closed](t, events(c))
		if closed.Cause != test.want || !strings.Contains(closed.Detail, test.words) {
			t.Errorf("result %d, error %d: %+v", test.result, test.code, closed)
		}
		expect(t, sent(t, c))
	}
}

func TestOutgoingCallRefused(t *testing.T) {
	tests := []struct {
		result OutgoingResult
		code   ErrorCode
		q931   uint16
		want   cause.Cause
		words  string
	}{
		{0, 0, 0, cause.CallRefused, "result code 0"},
		{2, 0, 0, cause.CallRefused, "general error"},
		{2, 2, 0, cause.ControlProtocol, "Bad-Format"},
		{2, 4, 0, cause.ServerFull, "No-Resource"},
		{2, 5, 0, cause.CallRefused, "Bad-Call ID"},
		{2, 6, 0, cause.CallRefused, "PAC-Error"},
		{3, 0, 0, cause.CallRefused, "no carrier"},
		{4, 0, 17, cause.ServerFull, "busy, cause code 17"},
		{5, 0, 0, cause.CallRefused, "no dial tone"},
		{6, 0, 0, cause.CallTimeout, "time-out"},
		{7, 0, 0, cause.CallRefused, "prohibited"},
		{8, 0, 0, cause.CallRefused, "result code 8"},
	}
	for _, test := range tests {
		c := established(t, clientConfig)
		if err := c.Dial(at(0), 5, DialConfig{}); err != nil {
			t.Fatal(err)
		}
		sent(t, c)
		give(t, c, at(0), OutgoingCallReply{PeerCallID: 5, Result: test.result, Error: test.code, CauseCode: test.q931})
		e := find[CallEnded](t, events(c))
		if e.CallID != 5 || e.Cause != test.want || !strings.Contains(e.Detail, test.words) {
			t.Errorf("result %d, error %d: %+v", test.result, test.code, e)
		}
		expect(t, sent(t, c))
		// The connection is good for another try.
		dial(t, c, 5, 6)
	}
}

func TestIncomingCallRefused(t *testing.T) {
	for _, test := range []struct {
		result IncomingResult
		code   ErrorCode
		want   cause.Cause
		words  string
	}{
		{2, 4, cause.ServerFull, "No-Resource"},
		{3, 0, cause.CallRefused, "not accepted"},
		{9, 0, cause.CallRefused, "result code 9"},
	} {
		c := established(t, clientConfig)
		if err := c.Offer(at(0), 5, OfferConfig{}); err != nil {
			t.Fatal(err)
		}
		give(t, c, at(0), IncomingCallReply{PeerCallID: 5, Result: test.result, Error: test.code})
		if e := find[CallEnded](t, events(c)); e.Cause != test.want || !strings.Contains(e.Detail, test.words) {
			t.Errorf("result %d: %+v", test.result, e)
		}
	}
}

func TestDisconnectResults(t *testing.T) {
	for _, test := range []struct {
		result DisconnectResult
		code   ErrorCode
		words  string
	}{
		{1, 0, "lost carrier"}, {2, 4, "No-Resource"}, {3, 0, "administrative shutdown"}, {4, 0, "on our request"}, {9, 0, "result code 9"},
	} {
		c := dialed(t)
		give(t, c, at(0), CallDisconnectNotify{CallID: 1001, Result: test.result, Error: test.code, Statistics: "a\x1bb"})
		e := find[CallEnded](t, events(c))
		if e.CallID != 1 || e.Cause != cause.CallCleared || !strings.Contains(e.Detail, test.words) || e.Statistics != "a?b" {
			t.Errorf("result %d: %+v", test.result, e)
		}
		expect(t, sent(t, c)) // a notice is not answered
	}
}

func TestStopReasons(t *testing.T) {
	for _, test := range []struct {
		reason StopReason
		want   cause.Cause
		words  string
	}{
		{1, cause.CallCleared, "general request"}, {2, cause.ControlProtocol, "version"}, {3, cause.CallCleared, "shut down"}, {0, cause.CallCleared, "result code 0"},
	} {
		c := dialed(t)
		give(t, c, at(0), StopRequest{Reason: test.reason})
		es := events(c)
		if e := find[CallEnded](t, es); e.Cause != test.want || e.CallID != 1 {
			t.Errorf("reason %d: %+v", test.reason, e)
		}
		if e := find[Closed](t, es); e.Cause != test.want || !strings.Contains(e.Detail, test.words) {
			t.Errorf("reason %d: %+v", test.reason, e)
		}
		expect(t, sent(t, c), StopReply{Result: 1})
	}
}

func TestRefuseCall(t *testing.T) {
	for _, test := range []struct {
		why cause.Cause
		out OutgoingCallReply
		in  IncomingCallReply
	}{
		{cause.ServerFull, OutgoingCallReply{Result: 2, Error: 4}, IncomingCallReply{Result: 2, Error: 4}},
		{cause.Busy, OutgoingCallReply{Result: 4}, IncomingCallReply{Result: 3}},
		{cause.NoCarrier, OutgoingCallReply{Result: 3}, IncomingCallReply{Result: 3}},
		{cause.NoDialTone, OutgoingCallReply{Result: 5}, IncomingCallReply{Result: 3}},
		{cause.CallTimeout, OutgoingCallReply{Result: 6}, IncomingCallReply{Result: 3}},
		{cause.Internal, OutgoingCallReply{Result: 2, Error: 6}, IncomingCallReply{Result: 2, Error: 6}},
		{cause.NoDialInRight, OutgoingCallReply{Result: 7}, IncomingCallReply{Result: 3}},
	} {
		c := established(t, serverConfig)
		give(t, c, at(0), OutgoingCallRequest{CallID: 1}, IncomingCallRequest{CallID: 2})
		for _, id := range []uint16{1, 2} {
			if err := c.RefuseCall(at(0), id, test.why); err != nil {
				t.Fatal(err)
			}
			if err := c.RefuseCall(at(0), id, test.why); err != ErrNoCall {
				t.Fatal(err)
			}
		}
		test.out.PeerCallID, test.in.PeerCallID = 1, 2
		expect(t, sent(t, c), test.out, test.in)
		if es := events(c); len(es) != 2 {
			t.Fatalf("%+v", es)
		}
	}
}

func TestRefusedWithoutAsking(t *testing.T) {
	c := established(t, clientConfig) // TakeCalls is not set
	give(t, c, at(0), OutgoingCallRequest{CallID: 1}, IncomingCallRequest{CallID: 2})
	expect(t, sent(t, c), OutgoingCallReply{PeerCallID: 1, Result: 7}, IncomingCallReply{PeerCallID: 2, Result: 3})

	cfg := serverConfig
	cfg.MaxCalls = 2
	c = established(t, cfg)
	give(t, c, at(0), OutgoingCallRequest{CallID: 1}, OutgoingCallRequest{CallID: 1}, OutgoingCallRequest{CallID: 2}, OutgoingCallRequest{CallID: 3})
	expect(t, sent(t, c),
		OutgoingCallReply{PeerCallID: 1, Result: OutgoingGeneral, Error: ErrorBadCallID},
		OutgoingCallReply{PeerCallID: 3, Result: OutgoingGeneral, Error: ErrorNoResource})
	if n := c.Counters().Refused; n != 2 {
		t.Fatal(n)
	}
	if err := c.Dial(at(0), 9, DialConfig{}); err != ErrTooManyCalls {
		t.Fatal(err)
	}
}
