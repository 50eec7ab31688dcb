package vpn

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/board/tun"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/vpn/gre"
)

var stateless128 = ppp.MPPEMode{Bits: 128, Stateless: true}

// up lays a tunnel with PPP that is up at both ends.
func (r *rig) up() (caller, answerer *end) {
	r.t.Helper()
	caller, answerer = r.pair(r.t, stateless128)
	soon(r.t, caller.host.up, "the caller's network")
	soon(r.t, answerer.host.up, "the answerer's network")
	return caller, answerer
}

// until waits for something that the loop knows.
func (r *rig) until(what string, is func(now time.Time) bool) {
	r.t.Helper()
	for until := time.Now().Add(10 * time.Second); ; {
		ok := false
		if r.loop.Do(func(now time.Time) { ok = is(now) }); ok {
			return
		}
		if time.Now().After(until) {
			r.t.Fatalf("%s did not happen", what)
		}
	}
}

// TestPacketBehindALostOne: the last packet of a burst waits for the one before
// it, which is lost, no longer than it has to, though nothing else comes, and
// is acknowledged, though we have nothing to say.
func TestPacketBehindALostOne(t *testing.T) {
	r := newRig(t, ListenConfig{})
	caller, answerer := r.up()
	var before gre.Counters
	r.until("silence", func(time.Time) bool { // whoever heard the last word acknowledges it
		return caller.link.call.engine.Counters().TxAcks+answerer.link.call.engine.Counters().TxAcks > 0
	})
	begin := time.Now()
	r.loop.Do(func(now time.Time) {
		before = answerer.link.call.engine.Counters()
		out := caller.link.call.engine
		out.Send(now, len(discard)) // lost on the way
		h := out.Send(now, len(discard))
		b := make([]byte, h.Len())
		h.Put(b)
		r.socket.receive(now, ip4(1, 0, append(b, discard...)))
		if n := answerer.link.call.engine.Holding(); n != 1 {
			t.Errorf("%d packets are held", n)
		}
	})
	r.until("the acknowledgement", func(time.Time) bool {
		return answerer.link.call.engine.Counters().TxAcks == before.TxAcks+1
	})
	r.until("the delivery", func(time.Time) bool { return answerer.link.call.engine.Holding() == 0 })
	if d := time.Since(begin); d < gre.DefaultHoldTime {
		t.Errorf("delivered after %v", d)
	}
	caller.hangUp(t, answerer)
}

// TestIdleTunnel: with a tunnel up and nothing to carry the loop sleeps.
func TestIdleTunnel(t *testing.T) {
	r := newRig(t, ListenConfig{})
	caller, answerer := r.up()
	turns := func() (n uint64) {
		r.loop.Do(func(time.Time) { n = r.loop.Turns() })
		return n
	}
	var n uint64
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); { // the last acknowledgements are out soon
		before := turns()
		<-time.After(300 * time.Millisecond)
		if n = turns() - before - 1; n <= 1 {
			break
		}
	}
	if n > 1 {
		t.Errorf("%d wake-ups in 300 ms without traffic", n)
	}
	caller.hangUp(t, answerer)
}

// TestStall: while the peer's window is closed the interface is not read, and
// keepalives go out all the same; the first acknowledgement opens it.
func TestStall(t *testing.T) {
	r := newRig(t, ListenConfig{})
	a, b := r.links("127.0.0.1")
	r.loop.Do(func(now time.Time) {
		c := a.call
		c.engine = gre.NewCall(gre.Config{PeerCallID: b.call.id, PeerWindow: 2, Store: r.socket.store})
		c.engine.Receive(now, gre.Header{Ack: 0xffffffff, HasAck: true}, nil)
		for range 3 {
			c.engine.Send(now, 10)
		}
		c.engine.Receive(now, gre.Header{Ack: 0, HasAck: true}, nil) // one that acknowledges of its own accord
		for range 3 {
			c.engine.Send(now, 10)
		}
		c.engine.HandleTimeout(now.Add(time.Minute))
		for range 2 {
			c.engine.Send(now, 10)
		}
		if c.Ready() || !c.waits || len(r.socket.waiting) != 0 {
			t.Errorf("ready %v, waits %v, %d wait for the socket", c.Ready(), c.waits, len(r.socket.waiting))
		}
		c.engine.Receive(now, gre.Header{Ack: 5, HasAck: true}, nil)
		c.relieve(now) // without a link: nothing to tell
		if !c.Ready() || c.waits {
			t.Error("not ready after the acknowledgement")
		}
	})
	r.close(a, b)
}

// TestLinkRemovedInTheMiddle: the first of several packets that were held
// leads to the end of the link; the rest has nowhere to go.
func TestLinkRemovedInTheMiddle(t *testing.T) {
	r := newRig(t, ListenConfig{})
	a, b := r.links("127.0.0.1")
	session, err := ppp.New(ppp.Config{Random: random, Encryption: ppp.Deny, Name: "x", Secret: ppp.Secret{Password: "x"}, Accept: []ppp.Auth{ppp.AuthPAP}})
	if err != nil {
		t.Fatal(err)
	}
	var link *path.Link
	told := 0
	link = path.NewLink(path.LinkConfig{Wire: a.call, Session: session, Notify: func(ppp.Event) {
		told++
		if told > 1 { // after the first, which Open causes
			r.loop.Remove(link)
		}
	}})
	terminate := []byte{0xff, 0x03, 0xc0, 0x21, 5, 1, 0, 4}
	r.loop.Do(func(now time.Time) {
		for seq := range uint32(4) {
			r.socket.receive(now, ip4(1, 0, data(a.call.id, seq, terminate)))
		}
		if err := r.loop.Open(now, link); err != nil {
			t.Error(err)
		}
		link.Close(now, cause.UserRequest)
		a.call.HandleTimeout(now)
		r.socket.receive(now, ip4(1, 0, data(a.call.id, 9, terminate)))
		a.call.HandleTimeout(now)
		if a.call.link != nil || a.call.held != nil {
			t.Error("still there")
		}
	})
	r.close(a, b)
}

// realHost gives a connection an interface of the kernel's.
type realHost struct {
	t   *testing.T
	tun *tun.Device
	up  chan string
}

func (h *realHost) NetworkUp(_ context.Context, n dialup.Network) (path.TUN, error) {
	if h.tun == nil {
		var err error
		if h.tun, err = tun.Open("", tun.Options{}); err != nil {
			return nil, err
		}
		link, err := netlink.LinkByName(h.tun.Name())
		if err != nil {
			return nil, err
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return nil, err
		}
		h.up <- h.tun.Name()
	}
	return h.tun, nil
}

func (h *realHost) NetworkDown() {
	if h.tun != nil {
		h.tun.Close()
	}
}

// TestInterfaceDeleted: somebody runs "ip link delete". The call ends in order,
// with its own cause, and the loop does not spin over the dead descriptor;
// setting the interface down and up again ends nothing.
func TestInterfaceDeleted(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		r := newRig(t, ListenConfig{})
		link, accepted := r.links("127.0.0.1")
		answerer := r.start(t, accepted, ppp.Config{
			Answer: true, Random: random, Name: "office", Users: users{"alice", "secret"}, Require: []ppp.Auth{ppp.AuthMSCHAPv2},
			IPv4: ppp.IPv4Config{Local: netip.MustParseAddr("10.0.0.1"), Remote: netip.MustParseAddr("10.0.0.2")},
		})
		host := &realHost{t: t, up: make(chan string, 1)}
		conn, err := dialup.NewConnection(dialup.ConnectionConfig{Loop: r.loop, Host: host, PPP: ppp.Config{
			Random: random, Name: "alice", Secret: ppp.Secret{Password: "secret"}, Accept: []ppp.Auth{ppp.AuthMSCHAPv2},
		}}, link)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- conn.Run(context.Background()) }()
		name := soon(t, host.up, "the interface")
		dev, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		netlink.LinkSetDown(dev)
		netlink.LinkSetUp(dev)
		soon(t, answerer.host.up, "the answerer's network")
		if _, err := unix.Write(answerer.host.pipe.theirs, packet(1, 100)); err != nil {
			t.Fatal(err)
		}
		r.until("a packet", func(time.Time) bool { s := link.call.engine.Counters(); return s.RxInOrder > 8 })
		select {
		case err := <-done:
			t.Fatalf("ended with %v", err)
		default:
		}
		if err := netlink.LinkDel(dev); err != nil {
			t.Fatal(err)
		}
		var before, after uint64
		r.loop.Do(func(time.Time) { before = r.loop.Turns() })
		if err := soon(t, done, "the end"); cause.Of(err) != cause.InterfaceLost {
			t.Errorf("ended with %v", err)
		}
		soon(t, answerer.done, "the other end")
		r.loop.Do(func(time.Time) { after = r.loop.Turns() })
		if after-before > 100 {
			t.Errorf("%d turns for the end", after-before)
		}
	})
}
