package vpn

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
)

func TestTunnelCarriesPackets(t *testing.T) {
	for _, mode := range []ppp.MPPEMode{{Bits: 128, Stateless: true}, {Bits: 128}, {Bits: 56}, {Bits: 40, Stateless: true}} {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRig(t, ListenConfig{MaxCalls: 4, MaxHalfOpen: 4})
			caller, answerer := r.pair(t, mode)
			n := <-caller.host.up
			<-answerer.host.up
			if n.Local.String() != "10.0.0.2" || n.Remote.String() != "10.0.0.1" || len(n.DNS) != 1 || !n.Encrypted || n.Encryption != mode {
				t.Fatalf("agreed on %+v", n)
			}
			for i := range uint32(600) { // more than two changes of a stateful key
				for _, way := range [][2]*end{{caller, answerer}, {answerer, caller}} {
					want := packet(i, 40+int(i*7%1300))
					if _, err := unix.Write(way[0].host.pipe.theirs, want); err != nil {
						t.Fatal(err)
					}
					if got := way[1].host.pipe.receive(t); !bytes.Equal(got, want) {
						t.Fatalf("packet %d came through changed", i)
					}
				}
			}
			s, ok := caller.conn.Status()
			if !ok || s.Counters.PacketsOut != 600 || s.Counters.PacketsIn != 600 || s.Counters.Dropped != (path.Drops{}) {
				t.Errorf("counters are %+v", s.Counters)
			}
			caller.cancel()
			if err := <-caller.done; cause.Of(err) != cause.UserRequest {
				t.Errorf("caller ended with %v", err)
			}
			if err := <-answerer.done; cause.Of(err) != cause.PeerHangup {
				t.Errorf("answerer ended with %v", err)
			}
		})
	}
}

func TestAnswererHangsUp(t *testing.T) {
	r := newRig(t, ListenConfig{MaxCalls: 4, MaxHalfOpen: 4})
	caller, answerer := r.pair(t, ppp.MPPEMode{Bits: 128, Stateless: true})
	<-caller.host.up
	<-answerer.host.up
	answerer.cancel()
	if err := <-answerer.done; cause.Of(err) != cause.UserRequest {
		t.Errorf("answerer ended with %v", err)
	}
	if err := <-caller.done; cause.Of(err).Info().Retry != cause.RetryAtOnce {
		t.Errorf("caller ended with %v, which is no reason to redial", err)
	}
}

func TestConnectionRefused(t *testing.T) {
	r := newRig(t, ListenConfig{MaxCalls: 1, MaxHalfOpen: 1})
	_, err := NewDevice(Config{Socket: r.socket}).Dial(context.Background(), "127.0.0.1:1", nil)
	if cause.Of(err) != cause.ConnectRefused {
		t.Errorf("got %v", err)
	}
}

func TestServerFull(t *testing.T) {
	r := newRig(t, ListenConfig{MaxCalls: 1, MaxHalfOpen: 4})
	caller, answerer := r.pair(t, ppp.MPPEMode{Bits: 128, Stateless: true})
	<-caller.host.up
	_, err := NewDevice(Config{Socket: r.socket}).Dial(context.Background(), "127.0.0.1", nil)
	if c := cause.Of(err); c != cause.ServerFull && c != cause.CallRefused {
		t.Errorf("got %v", err)
	}
	caller.cancel()
	<-caller.done
	<-answerer.done
}

// TestNoGRE: the server answers on TCP, and nothing comes back through GRE.
func TestNoGRE(t *testing.T) {
	r := newRig(t, ListenConfig{})
	link, accepted := r.links("127.0.0.1") // no PPP is ever opened on accepted
	e := r.start(t, link, ppp.Config{
		Random: random, Name: "x", Secret: ppp.Secret{Password: "x"}, Accept: []ppp.Auth{ppp.AuthMSCHAPv2},
		Timers: ppp.Timers{Link: 200 * time.Millisecond, Restart: 50 * time.Millisecond},
	})
	if err := soon(t, e.done, "the end"); cause.Of(err) != cause.NoGRE || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("got %v", err)
	}
	r.close(accepted)
}

// TestExplain: a server that gives up first because it hears nothing means the
// same; one that has another reason says so at once, or has been heard.
func TestExplain(t *testing.T) {
	r := newRig(t, ListenConfig{})
	link, accepted := r.links("127.0.0.1")
	for _, c := range []struct {
		cause   cause.Cause
		ago     time.Duration // since PPP was opened; 0 = never
		arrived bool
		want    cause.Cause
	}{
		{cause.LCPTimeout, time.Second, false, cause.NoGRE},
		{cause.LCPTimeout, time.Second, true, cause.LCPTimeout},
		{cause.CallCleared, 30 * time.Second, false, cause.NoGRE},
		{cause.ControlLost, 30 * time.Second, false, cause.NoGRE},
		{cause.CallCleared, 30 * time.Second, true, cause.CallCleared},
		{cause.CallCleared, time.Second, false, cause.CallCleared},
		{cause.ControlLost, 0, false, cause.ControlLost},
		{cause.UserRequest, 30 * time.Second, false, cause.UserRequest},
		{cause.LowerLinkDown, 30 * time.Second, false, cause.LowerLinkDown},
	} {
		link.call.arrived.Store(c.arrived)
		link.call.started = time.Time{}
		if c.ago != 0 {
			link.call.started = time.Now().Add(-c.ago)
		}
		if got, _ := link.Explain(c.cause); got != c.want {
			t.Errorf("%v after %v, heard %v: %v, want %v", c.cause, c.ago, c.arrived, got, c.want)
		}
	}
	r.close(link, accepted)
}

// TestNoAllocations holds the whole way of a packet, TUN to GRE to TUN, at
// both ends, in both directions.
func TestNoAllocations(t *testing.T) {
	for _, mode := range []ppp.MPPEMode{{Bits: 128, Stateless: true}, {Bits: 128}} {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRig(t, ListenConfig{MaxCalls: 4, MaxHalfOpen: 4})
			caller, answerer := r.pair(t, mode)
			<-caller.host.up
			<-answerer.host.up
			out, in := packet(1, 1300), make([]byte, 2048)
			fds := []unix.PollFd{{Events: unix.POLLIN}}
			send := func(from, to *end) {
				unix.Write(from.host.pipe.theirs, out)
				fds[0].Fd = int32(to.host.pipe.theirs)
				for {
					if n, err := unix.Poll(fds, 10_000); err == unix.EINTR {
						continue
					} else if n != 1 {
						t.Fatal("no packet came through")
					}
					break
				}
				unix.Read(to.host.pipe.theirs, in)
			}
			if n := testing.AllocsPerRun(500, func() { send(caller, answerer); send(answerer, caller) }); n != 0 {
				t.Errorf("%v allocations for a packet each way", n)
			}
			caller.cancel()
			<-caller.done
			<-answerer.done
		})
	}
}
