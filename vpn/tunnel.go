package vpn

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/vpn/gre"
	"dun/vpn/pptp"
)

// tunnel is one PPTP call as a dialup.Link.
type tunnel struct {
	control *control
	call    *call
	info    dialup.LinkInfo
	last    bool // the control connection is for this call alone and ends with it

	rtt atomic.Int64 // of the latest echo on the control connection, in nanoseconds

	up bool // owned by the control connection's goroutine

	mu   sync.Mutex
	err  error
	done chan struct{}
}

var (
	_ dialup.Link      = (*tunnel)(nil)
	_ dialup.Explainer = (*tunnel)(nil)
	_ dialup.Measurer  = (*tunnel)(nil)
)

func newTunnel(c *control, call *call, peer, local netip.Addr) *tunnel {
	t := &tunnel{control: c, call: call, done: make(chan struct{})}
	t.info = dialup.LinkInfo{Remote: peer.String(), Local: local, Peer: peer, MTU: 1500 - overhead, Loop: call.socket.loop}
	if mtu, err := outerMTU(local, peer); err == nil {
		t.info.MTU = max(mtu-overhead, 128) // PPP's least; over less there is no use in trying
	}
	return t
}

// Info describes the tunnel (dialup.Link).
func (t *tunnel) Info() dialup.LinkInfo { return t.info }

// Wire is the call's GRE side (dialup.Link).
func (t *tunnel) Wire() path.Wire { return t.call }

// Done is closed when the call or its control connection has ended (dialup.Link).
func (t *tunnel) Done() <-chan struct{} { return t.done }

// Err says why, after Done (dialup.Link).
func (t *tunnel) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// RTT is that of PPTP's own echo (dialup.Measurer).
func (t *tunnel) RTT() time.Duration { return time.Duration(t.rtt.Load()) }

// fail ends the tunnel once, for err.
func (t *tunnel) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
		close(t.done)
	}
}

// deafTime is how long a peer must have tried before it is believed that it
// ended the call because it heard nothing: one that has another reason ends
// it at once.
const deafTime = 5 * time.Second

// Explain tells "no answer" apart from "no GRE came back" (dialup.Explainer).
// Where GRE is dropped on the way to the peer, that is often the first to give
// up.
func (t *tunnel) Explain(c cause.Cause) (cause.Cause, string) {
	if t.call.arrived.Load() {
		return c, ""
	}
	switch c {
	case cause.LCPTimeout:
	case cause.CallCleared, cause.ControlLost:
		if t.call.started.IsZero() || time.Since(t.call.started) < deafTime {
			return c, ""
		}
	default:
		return c, ""
	}
	return cause.NoGRE, "from " + t.info.Peer.String()
}

// Close ends the call in order, and the control connection where it was for
// this call alone (dialup.Link).
func (t *tunnel) Close(ctx context.Context, why cause.Cause) (err error) {
	heard := t.control.do(ctx, func(now time.Time) {
		if t.last {
			t.control.engine.Close(now, why) // tells the peer of the call too
		} else {
			t.control.engine.Hangup(now, t.call.id, why) // fails where the peer was faster
		}
	})
	if ctx.Err() != nil && !heard {
		// The peer does not read, and what we have to say waits behind that.
		err = ctx.Err()
		t.control.conn.Close()
	}
	if t.last {
		select {
		case <-t.control.ended:
		case <-ctx.Done():
			err = ctx.Err()
			t.control.conn.Close() // run ends with it
			<-t.control.ended
		}
	}
	t.call.socket.release(t.call)
	t.fail(cause.New(why, ""))
	return err
}

// greConfig is what a call's two ends agreed on.
func greConfig(up pptp.CallUp) gre.Config {
	return gre.Config{PeerCallID: up.PeerCallID, PeerWindow: int(up.Window), PeerDelay: up.Delay}
}
