package vpn

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/vpn/pptp"
)

// left waits until the listener has this many control connections and calls.
func (r *rig) left(controls, calls int) {
	r.t.Helper()
	var c, n int
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); {
		r.listener.mu.Lock()
		c, n = len(r.listener.answerers), r.listener.calls
		r.listener.mu.Unlock()
		if c == controls && n == calls {
			return
		}
		r.loop.Do(func(time.Time) {}) // a moment
	}
	r.t.Fatalf("%d control connections and %d calls are left, want %d and %d", c, n, controls, calls)
}

// accepting hands on what is accepted, as a server does.
func (r *rig) accepting() <-chan *tunnel {
	c := make(chan *tunnel, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			link, err := r.listener.Accept(ctx)
			if err != nil {
				return
			}
			c <- link.(*tunnel)
		}
	}()
	r.t.Cleanup(func() {
		cancel()
		<-done
		close(c)
		for t := range c { // that the test had no use for
			r.close(t)
		}
	})
	return c
}

// TestSeveralCallsOnOneConnection: each lives and dies on its own account; the
// ids of the two sides are not mixed up.
func TestSeveralCallsOnOneConnection(t *testing.T) {
	r := newRig(t, ListenConfig{})
	accepted := r.accepting()
	p := r.client("127.0.0.5")
	ours := make(map[uint16]uint16) // the server's ids by the client's
	tunnels := make(map[uint16]*tunnel)
	for _, id := range []uint16{8, 9, 10} { // the server counts from 8, too
		p.send(callRequest(id))
		reply := expect[pptp.OutgoingCallReply](p)
		if reply.PeerCallID != id || reply.Result != pptp.OutgoingConnected {
			t.Fatalf("got %+v", reply)
		}
		ours[id] = reply.CallID
		tunnels[id] = soon(t, accepted, "the call")
	}
	p.send(pptp.CallClearRequest{CallID: 9})
	if m := expect[pptp.CallDisconnectNotify](p); m.CallID != ours[9] {
		t.Errorf("call %d was ended, want %d", m.CallID, ours[9])
	}
	soon(t, tunnels[9].Done(), "the end of the call")
	if err := tunnels[9].Err(); cause.Of(err) != cause.CallCleared {
		t.Errorf("ended with %v", err)
	}
	p.send(pptp.CallClearRequest{CallID: 9}, pptp.CallClearRequest{CallID: 77}, pptp.CallDisconnectNotify{CallID: 8}) // again, none, not ours to send
	r.close(tunnels[10])
	if m := expect[pptp.CallDisconnectNotify](p); m.CallID != ours[10] {
		t.Errorf("call %d was ended, want %d", m.CallID, ours[10])
	}
	select {
	case <-tunnels[8].Done():
		t.Fatalf("another call ended, too: %v", tunnels[8].Err())
	default:
	}
	r.left(1, 1)
	r.close(tunnels[9]) // it ended long ago
	p.send(pptp.StopRequest{Reason: pptp.StopNone})
	soon(t, tunnels[8].Done(), "the end of the last call")
	if err := tunnels[8].Err(); cause.Of(err) != cause.CallCleared {
		t.Errorf("ended with %v", err)
	}
	expect[pptp.StopReply](p)
	p.end()
	r.close(tunnels[8])
	r.left(0, 0)
}

// TestFloodOfCalls: a stranger asks for calls as fast as it can, on one
// connection and on many; the bounds hold and nothing is left of it.
func TestFloodOfCalls(t *testing.T) {
	r := newRig(t, ListenConfig{MaxCalls: 20, MaxHalfOpen: 4})
	accepted := r.accepting()
	up, refused := 0, 0
	var peers []*peer
	for range 3 {
		p := r.client("127.0.0.6")
		peers = append(peers, p)
		for id := range uint16(50) {
			p.send(callRequest(id + 1))
			switch m := expect[pptp.OutgoingCallReply](p); m.Result {
			case pptp.OutgoingConnected:
				up++
			case pptp.OutgoingGeneral:
				if m.Error != pptp.ErrorNoResource {
					t.Errorf("refused with error %d", m.Error)
				}
				refused++
			default:
				t.Errorf("refused with %d", m.Result)
			}
		}
	}
	if up != 20 || refused != 130 {
		t.Errorf("%d calls of 20, %d refused of 130", up, refused)
	}
	r.left(3, 20)
	for i, p := range peers {
		if i == 0 {
			p.reset()
		} else {
			p.conn.Close()
		}
	}
	for range up {
		tunnel := soon(t, accepted, "a call")
		soon(t, tunnel.Done(), "its end")
		r.close(tunnel)
	}
	r.left(0, 0)
}

// TestCallAndHangUpWithoutEnd: call after call on one connection is no way to
// hold more than one place.
func TestCallAndHangUpWithoutEnd(t *testing.T) {
	r := newRig(t, ListenConfig{MaxHalfOpen: 2})
	accepted := r.accepting()
	var peers []*peer
	open := 0
	for range 6 {
		p := r.connect("127.0.0.7")
		peers = append(peers, p)
		p.send(startRequest, callRequest(1))
		if p.next() == nil {
			continue // turned away
		}
		expect[pptp.OutgoingCallReply](p)
		p.send(pptp.CallClearRequest{CallID: 1})
		expect[pptp.CallDisconnectNotify](p)
		tunnel := soon(t, accepted, "the call")
		soon(t, tunnel.Done(), "its end")
		r.close(tunnel)
		open++
	}
	if open != 2 {
		t.Errorf("%d connections of 2 without a call", open)
	}
	r.left(2, 0)
	for _, p := range peers {
		p.conn.Close()
	}
	r.left(0, 0)
}

// TestResetInEachPhase: the caller's machine dies; what it had is given back.
func TestResetInEachPhase(t *testing.T) {
	r := newRig(t, ListenConfig{})
	accepted := r.accepting()
	for name, until := range map[string]func(p *peer) (up bool){
		"connected": func(*peer) bool { return false },
		"half a message": func(p *peer) bool {
			p.write([]byte{0, 156, 0, 1})
			return false
		},
		"started": func(p *peer) bool {
			p.send(startRequest)
			expect[pptp.StartReply](p)
			return false
		},
		"call asked for": func(p *peer) bool {
			p.send(startRequest, callRequest(1))
			expect[pptp.StartReply](p)
			return false // maybe: it comes to the same
		},
		"call up": func(p *peer) bool {
			p.send(startRequest, callRequest(1))
			expect[pptp.StartReply](p)
			expect[pptp.OutgoingCallReply](p)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := r.connect("127.0.0.8")
			up := until(p)
			p.reset()
			if up {
				tunnel := soon(t, accepted, "the call")
				soon(t, tunnel.Done(), "the end")
				if err := tunnel.Err(); cause.Of(err) != cause.ControlLost {
					t.Errorf("ended with %v", err)
				}
				r.close(tunnel)
			}
			r.left(0, 0)
		})
	}
}

// TestBothHangUpAtOnce, many times.
func TestBothHangUpAtOnce(t *testing.T) {
	r := newRig(t, ListenConfig{})
	for range 50 {
		caller, answerer := r.links("127.0.0.1")
		var both sync.WaitGroup
		for _, l := range []*tunnel{caller, answerer} {
			both.Go(func() { r.close(l) })
		}
		both.Wait()
		for _, l := range []*tunnel{caller, answerer} {
			soon(t, l.Done(), "the end")
			if c := cause.Of(l.Err()); c != cause.UserRequest && c != cause.CallCleared {
				t.Errorf("ended with %v", l.Err())
			}
		}
	}
	r.left(0, 0)
}

// TestListenerClosesUnderCalls: those that were accepted go on and end when
// their owners want it; new ones are refused.
func TestListenerClosesUnderCalls(t *testing.T) {
	r := newRig(t, ListenConfig{})
	caller, answerer := r.up()
	p := r.client("127.0.0.5")
	p.send(callRequest(5))
	tunnel := r.accept()
	r.listener.Close()
	expect[pptp.OutgoingCallReply](p)
	p.send(callRequest(6))
	if m := expect[pptp.OutgoingCallReply](p); m.Result != pptp.OutgoingDoNotAccept {
		t.Errorf("got %+v", m)
	}
	st, ok := caller.conn.Status()
	if !ok || !st.PPP.Encrypted {
		t.Error("the call did not go on")
	}
	caller.hangUp(t, answerer)
	r.close(tunnel)
	expect[pptp.CallDisconnectNotify](p)
	expect[pptp.StopRequest](p) // nothing else is to come
	p.send(pptp.StopReply{Result: 1})
	p.end()
	r.listener.Wait()
	if _, err := r.device.Dial(context.Background(), "127.0.0.1", nil); cause.Of(err) != cause.ConnectRefused {
		t.Errorf("dialing a closed listener: %v", err)
	}
}

// TestClosedBeforeAccepted: a call that nobody has accepted yet ends with the
// listener.
func TestClosedBeforeAccepted(t *testing.T) {
	r := newRig(t, ListenConfig{})
	p := r.client("127.0.0.5")
	p.send(callRequest(5))
	expect[pptp.OutgoingCallReply](p)
	closed := make(chan struct{})
	go func() { r.listener.Close(); close(closed) }()
	expect[pptp.CallDisconnectNotify](p)
	expect[pptp.StopRequest](p)
	p.conn.Close()
	soon(t, closed, "the end of the listener")
	r.listener.Wait()
}

// TestAllInOne: a call that is cleared in the very packet that asks for it, and
// asked for again.
func TestAllInOne(t *testing.T) {
	r := newRig(t, ListenConfig{})
	p := r.client("127.0.0.5")
	p.send(callRequest(1), pptp.CallClearRequest{CallID: 1}, callRequest(1))
	expect[pptp.CallDisconnectNotify](p)
	if m := expect[pptp.OutgoingCallReply](p); m.PeerCallID != 1 || m.Result != pptp.OutgoingConnected {
		t.Errorf("got %+v", m)
	}
	tunnel := r.accept()
	p.conn.Close()
	soon(t, tunnel.Done(), "the end")
	r.close(tunnel)
	r.left(0, 0)
}

// TestOfferedCall: we are no PNS for others.
func TestOfferedCall(t *testing.T) {
	r := newRig(t, ListenConfig{})
	p := r.client("127.0.0.5")
	p.send(pptp.IncomingCallRequest{CallID: 3, Bearer: pptp.BearerAny})
	if m := expect[pptp.IncomingCallReply](p); m.PeerCallID != 3 || m.Result != pptp.IncomingDoNotAccept {
		t.Errorf("got %+v", m)
	}
	p.conn.Close()
	r.left(0, 0)
}

// TestManyCallers: fifty at once, each with a connection of its own.
func TestManyCallers(t *testing.T) {
	r := newRig(t, ListenConfig{MaxHalfOpen: 50})
	accepted := r.accepting()
	var callers sync.WaitGroup
	links := make(chan dialup.Link, 50)
	for range 50 {
		callers.Go(func() {
			link, err := r.device.Dial(context.Background(), "127.0.0.1", nil)
			if err != nil {
				t.Error(err)
				return
			}
			links <- link
		})
	}
	callers.Wait()
	close(links)
	ids := make(map[uint16]bool)
	for link := range links {
		other := soon(t, accepted, "the call")
		for _, l := range []*tunnel{link.(*tunnel), other} {
			if ids[l.call.id] {
				t.Errorf("call id %d twice", l.call.id)
			}
			ids[l.call.id] = true
		}
		callers.Go(func() { r.close(link) })
		callers.Go(func() { r.close(other) })
	}
	callers.Wait()
	if len(ids) != 100 {
		t.Errorf("%d call ids of 100", len(ids))
	}
	r.left(0, 0)
}

// TestPortInUse says which.
func TestPortInUse(t *testing.T) {
	r := newRig(t, ListenConfig{})
	_, err := Listen(r.listener.cfg)
	if cause.Of(err) != cause.NetworkSetup {
		t.Errorf("got %v", err)
	}
	t.Log(err, strconv.Itoa(int(r.listener.cfg.Port)))
}
