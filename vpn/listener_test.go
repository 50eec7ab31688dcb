package vpn

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"dun/dialup/cause"
	"dun/vpn/pptp"
)

// virtual runs f with a listener in virtual time. There is no packet loop, so
// no call can be accepted.
func virtual(t *testing.T, cfg ListenConfig, f func(t *testing.T, l *Listener, port *pipeListener)) {
	synctest.Test(t, func(t *testing.T) {
		tcp := newPipeListener()
		l := serve(cfg.withDefaults(), []port{tcp})
		f(t, l, tcp)
		l.Close()
		l.Wait()
		if len(l.answerers) != 0 || l.places.Held() != 0 || l.calls != 0 {
			t.Errorf("%d control connections, %d places, %d calls are left", len(l.answerers), l.places.Held(), l.calls)
		}
	})
}

var stranger = netip.MustParseAddr("192.0.2.66")

func honest(i byte) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, i}) }

// TestStrangerIsShownOut: who connects and does not ask for a call holds its
// place for ten seconds, whatever else it says or does not say.
func TestStrangerIsShownOut(t *testing.T) {
	echo := pptp.EchoRequest{Identifier: 7}
	for _, c := range []struct {
		name   string
		script func(p *peer)
		want   time.Duration
	}{
		{"silent", func(p *peer) { p.end() }, 10 * time.Second},
		{"half a message", func(p *peer) { p.write(make([]byte, 0)); p.write([]byte{0, 156, 0, 1, 0x1a, 0x2b}); p.end() }, 10 * time.Second},
		{"garbage", func(p *peer) { p.write([]byte("GET / HTTP/1.1\r\n\r\n")); p.end() }, 0},
		{"no call", func(p *peer) {
			p.send(startRequest)
			expect[pptp.StartReply](p)
			expect[pptp.StopRequest](p)
			p.send(pptp.StopReply{Result: 1})
			p.end()
		}, 10 * time.Second},
		{"no call and no answer", func(p *peer) { p.send(startRequest); p.end() }, 13 * time.Second},
		{"echoes only", func(p *peer) {
			p.send(startRequest)
			expect[pptp.StartReply](p)
			for range 8 {
				p.send(echo)
				expect[pptp.EchoReply](p)
				time.Sleep(time.Second)
			}
			p.end()
		}, 13 * time.Second},
		{"does not read", func(p *peer) {
			p.send(startRequest)
			time.Sleep(writeTime + time.Millisecond)
			p.end()
		}, writeTime + time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, ListenConfig{}, func(t *testing.T, l *Listener, port *pipeListener) {
				begin := time.Now()
				p := port.connect(t, stranger)
				c.script(p)
				synctest.Wait()
				if d := time.Since(begin); d != c.want {
					t.Errorf("lasted %v, want %v", d, c.want)
				}
				if l.places.Held() != 0 {
					t.Error("the place is still taken")
				}
			})
		})
	}
}

// TestFloodOfConnections: a stranger's connections neither pile up nor keep
// others out.
func TestFloodOfConnections(t *testing.T) {
	virtual(t, ListenConfig{MaxHalfOpen: 8}, func(t *testing.T, l *Listener, port *pipeListener) {
		peers := make([]*peer, 100)
		for i := range peers {
			peers[i] = port.connect(t, stranger)
		}
		synctest.Wait()
		if n := len(l.answerers); n != 8 {
			t.Errorf("%d control connections of 8", n)
		}
		for i := range byte(3) {
			p := port.connect(t, honest(i))
			p.send(startRequest)
			expect[pptp.StartReply](p)
			for range 20 {
				port.connect(t, stranger).end() // turned away, and at once
			}
			p.send(pptp.EchoRequest{Identifier: 9})
			expect[pptp.EchoReply](p) // still there
			defer p.conn.Close()
		}
		synctest.Wait()
		if n := len(l.answerers); n != 8 {
			t.Errorf("%d control connections of 8", n)
		}
		for _, p := range peers {
			p.conn.Close()
		}
	})
}

// TestAcceptFails: a process that is out of descriptors tries again, and not
// at full speed.
func TestAcceptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tcp := newPipeListener()
		tries := 0
		tcp.fail = func() error { tries++; return errors.New("too many open files") }
		l := serve(ListenConfig{}.withDefaults(), []port{tcp})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if tries < 50 || tries > 101 {
			t.Errorf("%d tries in 10 s", tries)
		}
		l.Close()
		l.Wait()
	})
}

// TestCloseWithStrangers: the end of the listener does not depend on what
// strangers do.
func TestCloseWithStrangers(t *testing.T) {
	virtual(t, ListenConfig{}, func(t *testing.T, l *Listener, port *pipeListener) {
		silent, idle, slow := port.connect(t, stranger), port.connect(t, honest(1)), port.connect(t, honest(2))
		idle.send(startRequest)
		expect[pptp.StartReply](idle)
		slow.send(startRequest)
		begin := time.Now()
		go func() { defer silent.conn.Close(); silent.end() }()
		go func() { defer idle.conn.Close(); idle.end() }()
		defer slow.conn.Close()
		l.Close()
		l.Wait()
		if d := time.Since(begin); d > writeTime+3*time.Second {
			t.Errorf("the end took %v", d)
		}
		if _, err := l.Accept(context.Background()); cause.Of(err) != cause.UserRequest {
			t.Errorf("Accept after Close: %v", err)
		}
	})
}

// TestEchoTimeout: a peer that is dead without a word is found out by the
// control connection's own echo (RFC 2637 section 3.1.4): after 60 s and 60 s.
func TestEchoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c, err := newControl(addrConn{Conn: ours}, pptp.Config{Originate: true, HostName: "local"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var last pptp.Closed
		begin := time.Now()
		go c.run(func(_ time.Time, ev pptp.Event) {
			if ev, is := ev.(pptp.Closed); is {
				last = ev
			}
		})
		p := &peer{t, theirs}
		expect[pptp.StartRequest](p)
		p.send(startReply)
		request := expect[pptp.EchoRequest](p)
		p.send(pptp.EchoReply{Identifier: request.Identifier, Result: 1})
		if d := time.Since(begin); d != time.Minute {
			t.Errorf("an echo after %v", d)
		}
		expect[pptp.EchoRequest](p)
		p.end()
		<-c.ended
		if d := time.Since(begin); d != 3*time.Minute || last.Cause != cause.ControlTimeout {
			t.Errorf("ended after %v: %v", d, last)
		}
		if c.do(context.Background(), func(time.Time) { t.Error("ran after the end") }) {
			t.Error("taken after the end")
		}
	})
}

// TestDoGivesUp: a control connection that is stuck in a write does not hold
// those up who want something of it.
func TestDoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		c, err := newControl(addrConn{Conn: ours}, pptp.Config{Originate: true, HostName: "local"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		go c.run(func(time.Time, pptp.Event) {})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		begin := time.Now()
		if c.do(ctx, func(time.Time) {}) || time.Since(begin) != time.Second {
			t.Errorf("gave up after %v", time.Since(begin))
		}
		<-c.ended // the write gave up, too
		if d := time.Since(begin); d != writeTime {
			t.Errorf("ended after %v", d)
		}
	})
}
