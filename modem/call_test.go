package modem

import (
	"context"
	"testing"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/ppp"
	"dun/modem/at"
	"dun/modem/modemtest"
)

// pair is a caller and an answerer, each with a modem of its own.
type pair struct {
	t         *testing.T
	x         *modemtest.Exchange
	caller    Config
	answerer  Config
	listener  *Listener
	modem     *modemtest.Modem // the caller's
	answering *modemtest.Modem
}

func newPair(t *testing.T, line modemtest.Line, calling, answering modemtest.Config) *pair {
	p := &pair{t: t, x: newExchange(t)}
	calling.Number, answering.CallerID = "77", true
	p.modem, p.caller = newModem(t, p.x, calling)
	p.answering, p.answerer = newModem(t, p.x, answering)
	p.answerer.Rings = 2
	p.x.Set("88", modemtest.Number{Party: p.answering.Party(), Line: line})
	p.listener = Listen(p.answerer)
	t.Cleanup(func() { p.listener.Close() })
	return p
}

// call returns the two links of a call.
func (p *pair) call() (caller, answerer dialup.Link) {
	p.t.Helper()
	type result struct {
		link dialup.Link
		err  error
	}
	accepted := make(chan result, 1)
	go func() {
		link, err := p.listener.Accept(testContext(p.t))
		accepted <- result{link, err}
	}()
	// Ready; what a modem says before its port is opened is lost.
	if err := p.answering.WaitCommand(testContext(p.t), at.DefaultInit[len(at.DefaultInit)-1]); err != nil {
		p.t.Fatal(err)
	}
	caller, err := New(p.caller).Dial(testContext(p.t), "88", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	a := <-accepted
	if a.err != nil {
		p.t.Fatal(a.err)
	}
	if got := a.link.Info().Remote; got != "77" {
		p.t.Errorf("the caller is %q", got)
	}
	return caller, a.link
}

// A whole call: two modems, two wires, two sessions in one loop; hung up and
// called again.
func TestCall(t *testing.T) {
	p := newPair(t, modemtest.Line{}, modemtest.Config{}, modemtest.Config{})
	loop := newLoop(t)
	for _, accm := range []uint32{0, 0xffffffff, 0x000a0000} {
		c, a := p.call()
		caller, answerer := newEnd(t, loop, c, false, accm), newEnd(t, loop, a, true, accm)
		up := wait[ppp.IPv4Up](caller)
		wait[ppp.IPv4Up](answerer)
		if up.Local.String() != "192.0.2.2" || up.Remote.String() != "192.0.2.1" {
			t.Errorf("%+v", up)
		}
		caller.close()
		answerer.close()
		wantUnlocked(t, p.caller)
		wantUnlocked(t, p.answerer)
		if p.modem.Mode() != modemtest.Command || p.answering.Mode() != modemtest.Command {
			t.Fatalf("the modems are left in %v and %v", p.modem.Mode(), p.answering.Mode())
		}
	}
}

// Two frames of PPP survive on a noisy line that loses some.
func TestNoisyCall(t *testing.T) {
	p := newPair(t, modemtest.Line{BitErrors: 3e-4, Seed: 1}, modemtest.Config{}, modemtest.Config{Chunk: 5})
	loop := newLoop(t)
	c, a := p.call()
	caller, answerer := newEnd(t, loop, c, false, 0), newEnd(t, loop, a, true, 0)
	wait[ppp.IPv4Up](caller)
	wait[ppp.IPv4Up](answerer)
	caller.close()
	answerer.close()
}

func TestCarrierLost(t *testing.T) {
	p := newPair(t, modemtest.Line{}, modemtest.Config{}, modemtest.Config{})
	loop := newLoop(t)
	c, a := p.call()
	caller, answerer := newEnd(t, loop, c, false, 0), newEnd(t, loop, a, true, 0)
	wait[ppp.IPv4Up](caller)
	wait[ppp.IPv4Up](answerer)
	if n := p.x.Drop("88"); n != 1 {
		t.Fatalf("%d calls dropped", n)
	}
	for _, e := range []*end{caller, answerer} {
		if got := wait[ppp.Closed](e); got.Cause != cause.CarrierLost {
			t.Errorf("closed with %+v", got)
		}
		e.close()
	}
}

// The port itself goes away: the adapter was unplugged.
func TestPortLost(t *testing.T) {
	p := newPair(t, modemtest.Line{}, modemtest.Config{NoText: true}, modemtest.Config{NoText: true})
	loop := newLoop(t)
	c, a := p.call()
	caller, answerer := newEnd(t, loop, c, false, 0), newEnd(t, loop, a, true, 0)
	wait[ppp.IPv4Up](caller)
	wait[ppp.IPv4Up](answerer)
	p.modem.Close()
	if got := wait[ppp.Closed](caller); got.Cause != cause.PortFault {
		t.Errorf("closed with %+v", got)
	}
	caller.close()
	answerer.close()
}

func TestListener(t *testing.T) {
	p := newPair(t, modemtest.Line{}, modemtest.Config{}, modemtest.Config{})
	// Cancelled while nobody calls.
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := p.listener.Accept(ctx)
		done <- err
	}()
	cancel(cause.TimeLimit)
	wantCause(t, <-done, cause.TimeLimit)
	wantUnlocked(t, p.answerer)

	// While a call is up the next Accept waits; Close ends it.
	caller, answerer := p.call()
	go func() {
		_, err := p.listener.Accept(context.Background())
		done <- err
	}()
	p.listener.Close()
	wantCause(t, <-done, cause.UserRequest)
	_, err := p.listener.Accept(context.Background())
	wantCause(t, err, cause.UserRequest)
	for _, l := range []dialup.Link{caller, answerer} {
		if err := l.Close(testContext(t), cause.UserRequest); err != nil {
			t.Error(err)
		}
	}
	wantUnlocked(t, p.answerer)
}
