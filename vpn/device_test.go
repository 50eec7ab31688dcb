package vpn

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/vpn/pptp"
)

// deviceRig is a socket without a listener, in which nothing may be left.
func deviceRig(t *testing.T) *Device {
	r := newRig(t, ListenConfig{})
	return r.device
}

// TestRefusals: what servers say no with, and what a technician reads of it.
func TestRefusals(t *testing.T) {
	d := deviceRig(t)
	started := func(p *peer) {
		expect[pptp.StartRequest](p)
		p.send(startReply)
	}
	replies := func(result pptp.OutgoingResult, code pptp.ErrorCode) func(p *peer) {
		return func(p *peer) {
			started(p)
			m := expect[pptp.OutgoingCallRequest](p)
			p.send(pptp.OutgoingCallReply{CallID: 1, PeerCallID: m.CallID, Result: result, Error: code})
			expect[pptp.StopRequest](p)
			p.send(pptp.StopReply{Result: 1})
			p.end()
		}
	}
	starts := func(m pptp.StartReply) func(p *peer) {
		return func(p *peer) { expect[pptp.StartRequest](p); p.send(m); p.finish() }
	}
	for _, c := range []struct {
		name   string
		script func(p *peer)
		want   cause.Cause
		text   string
	}{
		{"start: general", starts(pptp.StartReply{Version: pptp.Version, Result: pptp.StartGeneral, Error: pptp.ErrorNoResource}), cause.ServerFull, "no resources"},
		{"start: exists", starts(pptp.StartReply{Version: pptp.Version, Result: pptp.StartExists}), cause.CallRefused, "exists already"},
		{"start: not authorized", starts(pptp.StartReply{Version: pptp.Version, Result: pptp.StartNotAuthorized}), cause.CallRefused, "not authorized"},
		{"start: version", starts(pptp.StartReply{Version: pptp.Version, Result: pptp.StartVersion}), cause.ControlProtocol, "version"},
		{"start: another version", starts(pptp.StartReply{Version: 0x0200, Result: pptp.StartOK}), cause.ControlProtocol, "version"},
		{"call: general", replies(pptp.OutgoingGeneral, pptp.ErrorNoResource), cause.ServerFull, "no resources"},
		{"call: bad call id", replies(pptp.OutgoingGeneral, pptp.ErrorBadCallID), cause.CallRefused, "call id"},
		{"call: PAC error", replies(pptp.OutgoingGeneral, pptp.ErrorPAC), cause.CallRefused, "vendor"},
		{"call: unknown error", replies(pptp.OutgoingGeneral, 99), cause.CallRefused, "99"},
		{"call: no carrier", replies(pptp.OutgoingNoCarrier, 0), cause.CallRefused, "no carrier"},
		{"call: busy", replies(pptp.OutgoingBusy, 0), cause.ServerFull, "busy"},
		{"call: no dial tone", replies(pptp.OutgoingNoDialTone, 0), cause.CallRefused, "dial tone"},
		{"call: time-out", replies(pptp.OutgoingTimeOut, 0), cause.CallTimeout, "time-out"},
		{"call: prohibited", replies(pptp.OutgoingDoNotAccept, 0), cause.CallRefused, "prohibited"},
		{"call: unknown result", replies(200, 0), cause.CallRefused, "200"},
		{"closes at once", func(*peer) {}, cause.ControlLost, ""},
		{"resets at once", func(p *peer) { expect[pptp.StartRequest](p); p.reset() }, cause.ControlLost, "reset"},
		{"closes when started", func(p *peer) { started(p); expect[pptp.OutgoingCallRequest](p) }, cause.ControlLost, "closed"},
		{"resets when started", func(p *peer) { started(p); expect[pptp.OutgoingCallRequest](p); p.reset() }, cause.ControlLost, "reset"},
		{"stops when started", func(p *peer) {
			started(p)
			p.send(pptp.StopRequest{Reason: pptp.StopShutdown})
			p.end()
		}, cause.CallCleared, "shut down"},
		{"gives up the call", func(p *peer) {
			started(p)
			expect[pptp.OutgoingCallRequest](p)
			p.send(pptp.CallDisconnectNotify{CallID: 7, Result: pptp.DisconnectLostCarrier})
			// The id is none that the client knows: ignored.
			p.send(pptp.StopRequest{Reason: pptp.StopNone})
			p.end()
		}, cause.CallCleared, ""},
		{"speaks HTTP", func(p *peer) { p.write([]byte("HTTP/1.0 400 Bad Request\r\n\r\n")); p.end() }, cause.ControlProtocol, "Magic"},
		{"speaks SSH", func(p *peer) { p.write([]byte("SSH-2.0-OpenSSH_9.2\r\n")); p.end() }, cause.ControlProtocol, "Magic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := scripted(t, c.script)
			link, err := d.Dial(context.Background(), target, nil)
			if link != nil || cause.Of(err) != c.want || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, %v: %v", link, cause.Of(err), err)
			}
			var known *cause.Error
			if !errors.As(err, &known) {
				t.Errorf("%T is no *cause.Error", err)
			}
		})
	}
}

// TestSilentServer: each step has its time, and its own cause.
func TestSilentServer(t *testing.T) {
	d := deviceRig(t)
	d.cfg.ConnectTimeout = 100 * time.Millisecond
	for name, c := range map[string]struct {
		script func(p *peer)
		want   cause.Cause
	}{
		"no Start-Control-Connection-Reply": {func(p *peer) { p.end() }, cause.ControlTimeout},
		"no Outgoing-Call-Reply": {func(p *peer) {
			expect[pptp.StartRequest](p)
			p.send(startReply)
			expect[pptp.OutgoingCallRequest](p)
			m := expect[pptp.CallClearRequest](p)
			expect[pptp.StopRequest](p)
			p.send(pptp.CallDisconnectNotify{CallID: m.CallID, Result: pptp.DisconnectRequest}, pptp.StopReply{Result: 1})
			p.end()
		}, cause.CallTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.Dial(context.Background(), scripted(t, c.script), nil)
			if cause.Of(err) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestCancelledInEachPhase: the attempt ends at once and in order, the error
// is why the context ended.
func TestCancelledInEachPhase(t *testing.T) {
	d := deviceRig(t)
	for _, c := range []struct {
		name string
		talk func(p *peer, cancel func())
	}{
		{"control connection", func(p *peer, cancel func()) {
			expect[pptp.StartRequest](p)
			cancel()
			p.end()
		}},
		{"call", func(p *peer, cancel func()) {
			expect[pptp.StartRequest](p)
			p.send(startReply)
			expect[pptp.OutgoingCallRequest](p)
			cancel()
			expect[pptp.CallClearRequest](p)
			expect[pptp.StopRequest](p)
			p.send(pptp.StopReply{Result: 1})
			p.end()
		}},
	} {
		for _, why := range []error{nil, cause.TimeLimit, cause.New(cause.LowerLinkDown, "line1")} {
			t.Run(c.name, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				target := scripted(t, func(p *peer) { c.talk(p, func() { cancel(why) }) })
				_, err := d.Dial(ctx, target, nil)
				want := cause.Cancelled
				if why != nil {
					want = cause.Of(why)
				}
				if cause.Of(err) != want {
					t.Errorf("got %v", err)
				}
			})
		}
	}
	t.Run("TCP", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause.TimeLimit)
		if _, err := d.Dial(ctx, "127.0.0.1:1", nil); cause.Of(err) != cause.TimeLimit {
			t.Errorf("got %v", err)
		}
		ctx, stop := context.WithTimeout(context.Background(), 0)
		defer stop()
		if _, err := d.Dial(ctx, "127.0.0.1:1", nil); cause.Of(err) != cause.ConnectTimeout {
			t.Errorf("got %v", err)
		}
	})
	t.Run("server that does not let go", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		release := make(chan struct{})
		target := scripted(t, func(p *peer) {
			expect[pptp.StartRequest](p)
			p.send(startReply)
			expect[pptp.OutgoingCallRequest](p)
			cancel()
			<-release
		})
		if _, err := d.Dial(ctx, target, nil); cause.Of(err) != cause.Cancelled {
			t.Errorf("got %v", err)
		}
		close(release)
	})
}

func TestBadTargets(t *testing.T) {
	d := deviceRig(t)
	for _, target := range []string{"", "vpn.example.com", "192.0.2.1:", "192.0.2.1:99999", "2001:db8::1", "[2001:db8::1]:1723"} {
		if _, err := d.Dial(context.Background(), target, nil); cause.Of(err) != cause.BadConfig {
			t.Errorf("%q: %v", target, err)
		}
	}
}

// TestMappedTarget: an IPv4 address as IPv6 sockets write it.
func TestMappedTarget(t *testing.T) {
	r := newRig(t, ListenConfig{})
	caller, answerer := r.links("::ffff:127.0.0.1")
	if caller.info.Peer != loopback {
		t.Errorf("%+v", caller.info)
	}
	r.close(caller, answerer)
}

// upTo is a server that sets up a call and then runs end.
func upTo(t *testing.T, end func(p *peer, call pptp.OutgoingCallRequest)) string {
	return scripted(t, func(p *peer) {
		expect[pptp.StartRequest](p)
		p.send(startReply)
		m := expect[pptp.OutgoingCallRequest](p)
		p.send(pptp.OutgoingCallReply{CallID: 4711, PeerCallID: m.CallID, Result: pptp.OutgoingConnected, Speed: 1e7, Window: 32})
		end(p, m)
	})
}

// TestServerEndsTheCall: a call that was cleared is told apart from a control
// connection that was lost; what the peer says of the call is what counts.
func TestServerEndsTheCall(t *testing.T) {
	d := deviceRig(t)
	for _, c := range []struct {
		name string
		end  func(p *peer, call pptp.OutgoingCallRequest)
		want cause.Cause
		text string
	}{
		{"notify", func(p *peer, _ pptp.OutgoingCallRequest) {
			p.send(pptp.CallDisconnectNotify{CallID: 4711, Result: pptp.DisconnectShutdown})
			p.finish()
		}, cause.CallCleared, "administrative"},
		{"notify, close", func(p *peer, _ pptp.OutgoingCallRequest) {
			p.send(pptp.CallDisconnectNotify{CallID: 4711, Result: pptp.DisconnectLostCarrier})
		}, cause.CallCleared, "carrier"},
		{"notify, stop", func(p *peer, _ pptp.OutgoingCallRequest) { // Cisco's way
			p.send(pptp.CallDisconnectNotify{CallID: 4711, Result: pptp.DisconnectLostCarrier}, pptp.StopRequest{Reason: pptp.StopShutdown})
			p.end()
		}, cause.CallCleared, "carrier"},
		{"notify with our id", func(p *peer, m pptp.OutgoingCallRequest) { // peers that mistake the ids
			p.send(pptp.CallDisconnectNotify{CallID: m.CallID, Result: pptp.DisconnectLostCarrier})
			p.finish()
		}, cause.CallCleared, "carrier"},
		{"stop", func(p *peer, _ pptp.OutgoingCallRequest) {
			p.send(pptp.StopRequest{Reason: pptp.StopShutdown})
			p.end()
		}, cause.CallCleared, "shut down"},
		{"close", func(*peer, pptp.OutgoingCallRequest) {}, cause.ControlLost, "closed"},
		{"reset", func(p *peer, _ pptp.OutgoingCallRequest) { p.reset() }, cause.ControlLost, "reset"},
		{"garbage", func(p *peer, _ pptp.OutgoingCallRequest) { p.write(make([]byte, 100)); p.end() }, cause.ControlProtocol, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			link, err := d.Dial(context.Background(), upTo(t, c.end), nil)
			if err != nil {
				t.Fatal(err)
			}
			soon(t, link.Done(), "the end of the call")
			if err := link.Err(); cause.Of(err) != c.want || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v: %v", cause.Of(err), err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := link.Close(ctx, c.want); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHangUpSaysAll: Clear and Stop go out in one, each once.
func TestHangUpSaysAll(t *testing.T) {
	d := deviceRig(t)
	clears := make(chan uint16, 10)
	link, err := d.Dial(context.Background(), upTo(t, func(p *peer, m pptp.OutgoingCallRequest) {
		if c := expect[pptp.CallClearRequest](p); c.CallID != m.CallID {
			t.Errorf("call %d is cleared, want %d", c.CallID, m.CallID)
		}
		expect[pptp.StopRequest](p)
		p.send(pptp.CallDisconnectNotify{CallID: 4711, Result: pptp.DisconnectRequest}, pptp.StopReply{Result: 1})
		if m := p.next(); m != nil {
			t.Errorf("and then %#v", m)
		}
		clears <- m.CallID
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := link.Close(context.Background(), cause.UserRequest); err != nil {
		t.Error(err)
	}
	soon(t, clears, "the server's end")
	if err := link.Err(); cause.Of(err) != cause.UserRequest {
		t.Errorf("ended with %v", err)
	}
	if err := link.Close(context.Background(), cause.UserRequest); err != nil { // again
		t.Error(err)
	}
}

// TestHangUpIsBounded: a server that does not answer, or does not even read.
func TestHangUpIsBounded(t *testing.T) {
	d := deviceRig(t)
	release := make(chan struct{})
	link, err := d.Dial(context.Background(), upTo(t, func(*peer, pptp.OutgoingCallRequest) { <-release }), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := link.Close(ctx, cause.UserRequest); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(release)
}

// TestSteps: what a person sees of a call.
func TestSteps(t *testing.T) {
	d := deviceRig(t)
	var steps []dialup.Step
	link, err := d.Dial(context.Background(), upTo(t, func(p *peer, _ pptp.OutgoingCallRequest) { p.finish() }), func(s dialup.Step) { steps = append(steps, s) })
	if err != nil {
		t.Fatal(err)
	}
	link.Close(context.Background(), cause.UserRequest)
	if len(steps) != 3 || steps[0].Name != "control" || !strings.Contains(steps[1].Text, `"server"`) || !strings.Contains(steps[2].Text, "4711") {
		t.Errorf("steps %+v", steps)
	}
}
