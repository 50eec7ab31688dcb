package ppp

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

// script is a peer played by a test, frame by frame, free to lie.
type script struct {
	t      *testing.T
	s      *Session
	now    time.Time
	sent   [][]byte // by the engine, not yet looked at
	events []Event
	log    []string
}

// play opens an engine against a scripted peer.
func play(t *testing.T, c Config) *script {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	p := &script{t: t, s: s, now: epoch}
	s.Open(p.now)
	p.drain()
	return p
}

func (p *script) drain() {
	buf := make([]byte, 1600)
	for {
		n, ok := p.s.PollTransmit(buf)
		if !ok {
			break
		}
		p.sent = append(p.sent, append([]byte(nil), buf[:n]...))
		p.log = append(p.log, "sent "+Format(buf[:n]))
	}
	for {
		e, ok := p.s.PollEvent()
		if !ok {
			return
		}
		p.events = append(p.events, e)
	}
}

// hear gives the engine a frame in hexadecimal.
func (p *script) hear(frame string) { p.t.Helper(); p.give(unhex(frame)) }

func (p *script) give(f []byte) {
	p.log = append(p.log, "rcvd "+Format(f))
	p.s.Input(p.now, f)
	p.drain()
}

// packet gives a control packet with the right length.
func (p *script) packet(proto Protocol, code, id uint8, data string) {
	p.give(newFrame(proto, code, id, unhex(data), 1500))
}

// wait lets time pass, with its timeouts.
func (p *script) wait(d time.Duration) {
	until := p.now.Add(d)
	for {
		at, ok := p.s.PollTimeout()
		if !ok || at.After(until) {
			break
		}
		p.now = maxTime(p.now, at)
		p.s.HandleTimeout(p.now)
		p.drain()
	}
	p.now = until
}

// want takes the next frame that the engine sent; * stands for anything.
func (p *script) want(pattern string) []byte {
	p.t.Helper()
	if len(p.sent) == 0 {
		p.fatalf("nothing sent, want %s", pattern)
	}
	f := p.sent[0]
	p.sent = p.sent[1:]
	if !matches(Format(f), pattern) {
		p.fatalf("sent %s, want %s", Format(f), pattern)
	}
	return f
}

func matches(text, pattern string) bool {
	q := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
	return regexp.MustCompile("^" + q + "$").MatchString(text)
}

// quiet checks that nothing more was sent.
func (p *script) quiet() {
	p.t.Helper()
	if len(p.sent) > 0 {
		p.fatalf("sent %s besides", Format(p.sent[0]))
	}
}

func (p *script) fatalf(format string, args ...any) {
	p.t.Helper()
	for _, l := range p.log {
		p.t.Log(l)
	}
	p.t.Fatalf(format, args...)
}

// ack agrees to a Configure-Request of the engine's.
func (p *script) ack(f []byte) {
	g := append([]byte(nil), f...)
	g[2] = codeConfAck
	p.give(g)
}

// lcpUp opens LCP; options are the peer's, in hexadecimal.
func (p *script) lcpUp(options string) {
	p.t.Helper()
	p.ack(p.want("[LCP ConfReq *"))
	p.packet(ProtoLCP, codeConfReq, 1, options)
	p.want("[LCP ConfAck id=0x1*")
	if p.s.lcp.state != stOpened {
		p.fatalf("LCP is not open")
	}
}

// ipUp opens LCP without authentication, and IPCP.
func (p *script) ipUp() {
	p.t.Helper()
	p.lcpUp(magicOne)
	p.openIPCP()
}

// openIPCP gives the engine 10.0.0.2.
func (p *script) openIPCP() {
	p.t.Helper()
	f := p.want("[IPCP ConfReq *")
	p.packet(ProtoIPCP, codeConfNak, f[3], "03060a000002")
	p.ack(p.want("[IPCP ConfReq * <addr 10.0.0.2>]"))
	p.packet(ProtoIPCP, codeConfReq, 1, "03060a000001")
	p.want("[IPCP ConfAck id=0x1 <addr 10.0.0.1>]")
	if !p.s.Carries(ProtoIPv4) {
		p.fatalf("IPv4 is not up")
	}
}

const (
	askPAP   = "0304c023"
	askMD5   = "0305c22305"
	askV1    = "0305c22380"
	askV2    = "0305c22381"
	magicOne = "050600000001"
)

// closed checks the last event.
func (p *script) closed(c cause.Cause) Closed {
	p.t.Helper()
	got, ok := p.lastClosed()
	if !ok || got.Cause != c {
		p.fatalf("closed: %v %v %q, want %v", ok, got.Cause.Info().Name, got.Detail, c.Info().Name)
	}
	return got
}

func (p *script) lastClosed() (Closed, bool) {
	if len(p.events) == 0 {
		return Closed{}, false
	}
	c, ok := p.events[len(p.events)-1].(Closed)
	return c, ok
}

// ends answers the engine's Terminate-Request and checks the cause.
func (p *script) ends(c cause.Cause) Closed {
	p.t.Helper()
	f := p.want("[LCP TermReq *")
	p.packet(ProtoLCP, codeTermAck, f[3], "")
	return p.closed(c)
}

func (p *script) open() bool { _, ok := p.lastClosed(); return !ok }

func event1[T Event](p *script) (v T, n int) {
	for _, e := range p.events {
		if t, ok := e.(T); ok {
			v = t
			n++
		}
	}
	return v, n
}

// plainCaller and plainAnswerer have nothing but LCP and IPCP.
func plainCaller() Config {
	return Config{Random: seeded(9), Encryption: Deny, Accept: []Auth{AuthMSCHAPv2, AuthCHAPMD5, AuthPAP},
		Name: "alice", Secret: Secret{Password: "secret"}}
}

func plainAnswerer() Config {
	return Config{Answer: true, Random: seeded(10), Encryption: Deny,
		Users: userMap{"alice": {Password: "secret"}},
		IPv4:  IPv4Config{Local: ip("10.0.0.1"), Remote: ip("10.0.0.2")}}
}
