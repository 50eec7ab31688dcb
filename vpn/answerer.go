package vpn

import (
	"net/netip"
	"time"

	"dun/dialup/cause"
	"dun/vpn/pptp"
)

// answerer is the answering end of one control connection, with the calls on
// it. Everything belongs to the control connection's goroutine.
type answerer struct {
	listener *Listener
	control  *control
	peer     netip.Addr
	calls    map[uint16]*tunnel // by our call id, from the moment that they are accepted
	leave    func()             // the place among the connections without a call; nil with calls
}

func newAnswerer(l *Listener, conn stream) (*answerer, error) {
	c, err := newControl(conn, pptp.Config{
		TakeCalls: true,
		HostName:  l.cfg.HostName, Vendor: l.cfg.Vendor,
		MaxChannels: uint16(min(l.cfg.MaxCalls, 0xffff)),
		Timers:      pptp.Timers{Start: firstCall, Clear: clearTime},
	}, l.cfg.Trace)
	if err != nil {
		return nil, err
	}
	return &answerer{listener: l, control: c, peer: conn.RemoteAddr().Addr(), calls: make(map[uint16]*tunnel)}, nil
}

// takePlace gets a place among the connections without a call. Who loses it
// to somebody else loses the connection.
func (a *answerer) takePlace() error {
	leave, ok := a.listener.places.Take(a.peer, func() { a.control.conn.Close() })
	if !ok {
		return cause.New(cause.ServerFull, "%d control connections without a call", a.listener.places.Held())
	}
	a.leave = leave
	return nil
}

func (a *answerer) leavePlace() {
	if a.leave != nil {
		a.leave()
		a.leave = nil
	}
}

// run answers until the control connection has ended.
func (a *answerer) run() {
	a.control.alarm = time.NewTimer(firstCall)
	a.control.alarmed = func(now time.Time) { a.closeIfIdle(now, cause.ControlTimeout) }
	a.control.run(a.handle)
	a.leavePlace()
}

// handle acts on one event.
func (a *answerer) handle(now time.Time, ev pptp.Event) {
	switch ev := ev.(type) {
	case pptp.CallRequested:
		a.answer(now, ev)
	case pptp.CallOffered:
		a.control.engine.RefuseCall(now, ev.PeerCallID, cause.CallRefused)
	case pptp.CallUp:
		a.hand(now, ev)
	case pptp.EchoAnswered:
		for _, t := range a.calls {
			t.rtt.Store(int64(ev.RTT))
		}
	case pptp.CallEnded: // also before Closed, for each call that there is
		a.forget(now, ev)
	}
}

// answer accepts or refuses a call that the peer asks for.
func (a *answerer) answer(now time.Time, ev pptp.CallRequested) {
	if err := a.accept(now, ev); err != nil {
		a.control.engine.RefuseCall(now, ev.PeerCallID, cause.Of(err))
	}
}

func (a *answerer) accept(now time.Time, ev pptp.CallRequested) error {
	if a.listener.quit.Err() != nil {
		return cause.New(cause.CallRefused, "no calls are taken any more")
	}
	if !a.listener.reserve() {
		return cause.New(cause.ServerFull, "%d calls", a.listener.cfg.MaxCalls)
	}
	local := a.control.conn.LocalAddr().Addr()
	call, err := leastBusy(a.listener.cfg.Sockets).newCall(local, a.peer)
	if err != nil {
		a.listener.unreserve()
		return err
	}
	if err := a.control.engine.AcceptCall(now, ev.PeerCallID, pptp.AcceptConfig{CallID: call.id}); err != nil {
		call.socket.release(call)
		a.listener.unreserve()
		return cause.Wrap(cause.Internal, err, "accepting a call")
	}
	t := newTunnel(a.control, call, a.peer, local)
	t.info.Remote = a.control.conn.RemoteAddr().String()
	a.calls[call.id] = t
	return nil
}

// hand gives an established call to whoever accepts.
func (a *answerer) hand(now time.Time, up pptp.CallUp) {
	t := a.calls[up.CallID]
	if t == nil {
		return
	}
	a.leavePlace()
	t.call.agree(greConfig(up))
	select {
	case a.listener.links <- t:
		t.up = true
	case <-a.listener.quit.Done():
		a.control.engine.Hangup(now, t.call.id, cause.UserRequest)
	}
}

// forget is the end of a call. Whoever was given it releases it, otherwise we.
func (a *answerer) forget(now time.Time, ev pptp.CallEnded) {
	t := a.calls[ev.CallID]
	if t == nil {
		return
	}
	delete(a.calls, ev.CallID)
	a.listener.unreserve()
	t.fail(cause.New(ev.Cause, "%s", ev.Detail))
	if !t.up {
		t.call.socket.release(t.call)
	}
	if len(a.calls) > 0 {
		return
	}
	// Without a call it is a stranger's again, who has to take a place.
	a.control.alarm.Reset(firstCall)
	if a.listener.quit.Err() != nil {
		a.closeIfIdle(now, cause.UserRequest)
	} else if a.leave == nil && a.takePlace() != nil {
		a.closeIfIdle(now, cause.ServerFull)
	}
}

// closeIfIdle ends a control connection that has no call.
func (a *answerer) closeIfIdle(now time.Time, why cause.Cause) {
	if len(a.calls) == 0 {
		a.control.engine.Close(now, why)
	}
}
