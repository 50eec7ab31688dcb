package ppp

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp/mschap"
)

var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// seeded is a Config.Random that repeats itself.
func seeded(seed uint64) func([]byte) {
	r := rand.New(rand.NewPCG(seed, 77))
	return func(b []byte) {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	}
}

// fakeCompressor remembers its keys: two ends fit when they are crosswise the same.
type fakeCompressor struct {
	keys   MPPEKeys
	resets int
}

func (f *fakeCompressor) Overhead() int { return 4 }
func (f *fakeCompressor) Compress(dst []byte, p uint16, src []byte) int {
	dst[0], dst[1], dst[2], dst[3] = f.keys.Send[0], f.keys.Send[1], byte(p>>8), byte(p)
	return 4 + copy(dst[4:], src)
}
func (f *fakeCompressor) Decompress(dst, src []byte) (int, bool) {
	if len(src) < 4 || src[0] != f.keys.Receive[0] || src[1] != f.keys.Receive[1] {
		return 0, false
	}
	return copy(dst, src[2:]), true
}
func (f *fakeCompressor) NeedReset() bool { return false }
func (f *fakeCompressor) ResetRequested() { f.resets++ }

type userMap map[string]Secret

func (u userMap) Find(name string) (Secret, bool) { s, ok := u[name]; return s, ok }

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func newFake(k MPPEKeys) Compressor { return &fakeCompressor{keys: k} }

var mode128 = MPPEMode{128, true}

// callerConfig and answererConfig are two ends that get on: MS-CHAPv2 and
// required encryption.
func callerConfig(seed uint64) Config {
	return Config{
		Random: seeded(seed), Accept: []Auth{AuthMSCHAPv2, AuthCHAPMD5, AuthPAP},
		Name: `CORP\alice`, Secret: Secret{Password: "secret"},
		Encryption: Require, NewCompressor: newFake,
		IPv4: IPv4Config{AskDNS: true, AskNBNS: true},
	}
}

func answererConfig(seed uint64) Config {
	return Config{
		Answer: true, Random: seeded(seed + 1000), Require: []Auth{AuthMSCHAPv2}, Name: "server",
		Users:      userMap{"alice": {Password: "secret"}, `CORP\alice`: {Password: "secret"}, "bob": {NTHash: mschap.NTHash("hash"), HasHash: true}},
		Encryption: Require, NewCompressor: newFake,
		IPv4: IPv4Config{Local: ip("192.168.88.1"), Remote: ip("192.168.88.100"),
			DNS: []netip.Addr{ip("192.168.88.53"), ip("192.168.88.54")}, NBNS: []netip.Addr{ip("192.168.88.9")}},
	}
}

// end is one engine in a rig.
type end struct {
	*Session
	name   string
	events []Event
	log    *[]string
}

// rig is two engines, a wire between them, and virtual time.
type rig struct {
	t    testing.TB
	now  time.Time
	a, b *end // caller, answerer
	rng  *rand.Rand
	wire []flight
	seq  int
	log  []string

	latency            time.Duration
	loss, repeat, swap float64
	corrupt            float64
	drop               func(from *end, frame []byte) bool // a chosen frame is lost
	frames             int
}

type flight struct {
	at    time.Time
	seq   int
	to    *end
	frame []byte
}

func newRig(t testing.TB, a, b Config) *rig {
	t.Helper()
	r := &rig{t: t, now: epoch, rng: rand.New(rand.NewPCG(1, 2)), latency: 10 * time.Millisecond}
	r.a, r.b = r.add("caller", a), r.add("answerer", b)
	return r
}

func (r *rig) add(name string, c Config) *end {
	s, err := New(c)
	if err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	return &end{Session: s, name: name, log: &r.log}
}

func (r *rig) logf(format string, args ...any) {
	if len(r.log) < 2000 {
		r.log = append(r.log, fmt.Sprintf("%8.3fs ", r.now.Sub(epoch).Seconds())+fmt.Sprintf(format, args...))
	}
}

func (r *rig) dump() {
	for _, l := range r.log {
		r.t.Log(l)
	}
}

func (r *rig) other(e *end) *end {
	if e == r.a {
		return r.b
	}
	return r.a
}

// drain takes what an engine has to say.
func (r *rig) drain(e *end) {
	buf := make([]byte, 2000)
	for {
		n, ok := e.PollTransmit(buf)
		if !ok {
			break
		}
		r.transmit(e, append([]byte(nil), buf[:n]...))
	}
	for {
		ev, ok := e.PollEvent()
		if !ok {
			break
		}
		r.logf("%s: %T%+v", e.name, ev, ev)
		e.events = append(e.events, ev)
	}
}

func (r *rig) transmit(e *end, f []byte) {
	r.frames++
	r.logf("%s sends %s", e.name, Format(f))
	if r.drop != nil && r.drop(e, f) || r.rng.Float64() < r.loss {
		r.logf("  lost")
		return
	}
	copies := 1
	if r.rng.Float64() < r.repeat {
		copies = 2
	}
	for range copies {
		g := append([]byte(nil), f...)
		if r.rng.Float64() < r.corrupt {
			g[r.rng.IntN(len(g))] ^= byte(1 << r.rng.IntN(8))
		}
		at := r.now.Add(r.latency)
		if r.rng.Float64() < r.swap {
			at = at.Add(time.Duration(r.rng.IntN(60)) * time.Millisecond)
		}
		r.seq++
		r.wire = append(r.wire, flight{at: at, seq: r.seq, to: r.other(e), frame: g})
	}
}

// step moves to the next thing that happens, at most to until; false when
// nothing does.
func (r *rig) step(until time.Time) bool {
	best := -1
	for i, f := range r.wire {
		if best < 0 || f.at.Before(r.wire[best].at) || f.at.Equal(r.wire[best].at) && f.seq < r.wire[best].seq {
			best = i
		}
	}
	next := until
	var who *end
	for _, e := range []*end{r.a, r.b} {
		if at, ok := e.PollTimeout(); ok && at.Before(next) {
			next, who = at, e
		}
	}
	if best >= 0 && !r.wire[best].at.After(next) {
		f := r.wire[best]
		r.wire = append(r.wire[:best], r.wire[best+1:]...)
		r.now = maxTime(r.now, f.at)
		f.to.Input(r.now, f.frame)
		r.drain(f.to)
		return true
	}
	r.now = maxTime(r.now, next)
	if who == nil {
		return false
	}
	who.HandleTimeout(r.now)
	r.drain(who)
	return true
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// run lets d of virtual time pass.
func (r *rig) run(d time.Duration) {
	r.t.Helper()
	until := r.now.Add(d)
	for n := 0; r.step(until); n++ {
		if n > 100000 {
			r.dump()
			r.t.Fatal("no end of packets")
		}
	}
}

// until runs until cond holds, at most d.
func (r *rig) until(d time.Duration, cond func() bool) bool {
	r.t.Helper()
	until := r.now.Add(d)
	for n := 0; !cond(); n++ {
		if n > 100000 {
			r.dump()
			r.t.Fatal("no end of packets")
		}
		if !r.step(until) {
			return cond()
		}
	}
	return true
}

func (r *rig) open() {
	r.a.Open(r.now)
	r.drain(r.a)
	r.b.Open(r.now)
	r.drain(r.b)
}

func (e *end) up() bool { return e.Carries(ProtoIPv4) }

// last finds the last event of a type.
func last[T Event](e *end) (v T, ok bool) {
	for _, ev := range e.events {
		if t, is := ev.(T); is {
			v, ok = t, true
		}
	}
	return v, ok
}

func count[T Event](e *end) (n int) {
	for _, ev := range e.events {
		if _, is := ev.(T); is {
			n++
		}
	}
	return n
}

// keysFit reports whether what one end sends the other can read.
func keysFit(t testing.TB, a, b *end) {
	t.Helper()
	ka, kb := a.Compressor().(*fakeCompressor).keys, b.Compressor().(*fakeCompressor).keys
	if ka.Mode != kb.Mode || ka.Send != kb.Receive || ka.Receive != kb.Send {
		t.Errorf("keys do not fit: %+v and %+v", ka, kb)
	}
	if ka.Send == ([16]byte{}) {
		t.Error("the key is zero")
	}
}

func mustUp(r *rig) {
	r.t.Helper()
	if !r.until(time.Minute, func() bool { return r.a.up() && r.b.up() }) {
		r.dump()
		r.t.Fatal("the link did not come up")
	}
}

func wantClosed(r *rig, e *end, c cause.Cause) Closed {
	r.t.Helper()
	r.until(3*time.Minute, func() bool { _, ok := last[Closed](e); return ok })
	got, ok := last[Closed](e)
	if !ok || got.Cause != c {
		r.dump()
		r.t.Fatalf("%s closed with %v %q, want %v", e.name, got.Cause, got.Detail, c)
	}
	if e.events[len(e.events)-1] != Event(got) {
		r.t.Errorf("%s: Closed is not the last event", e.name)
	}
	if _, ok := e.PollTimeout(); ok {
		r.t.Errorf("%s: a timer runs after Closed", e.name)
	}
	return got
}

func TestPairUp(t *testing.T) {
	r := newRig(t, callerConfig(1), answererConfig(1))
	r.open()
	mustUp(r)
	keysFit(t, r.a, r.b)
	up, _ := last[IPv4Up](r.a)
	if up.Local != ip("192.168.88.100") || up.Remote != ip("192.168.88.1") || len(up.DNS) != 2 || len(up.NBNS) != 1 {
		t.Errorf("caller has %+v", up)
	}
	if up, _ := last[IPv4Up](r.b); up.Local != ip("192.168.88.1") || up.Remote != ip("192.168.88.100") {
		t.Errorf("answerer has %+v", up)
	}
	if got := r.now.Sub(epoch); got > 200*time.Millisecond {
		r.dump()
		t.Errorf("took %v", got)
	}
	if r.a.PlainAllowed() {
		t.Error("plain packets allowed")
	}
	r.a.Close(r.now, cause.UserRequest)
	r.drain(r.a)
	wantClosed(r, r.a, cause.UserRequest)
	wantClosed(r, r.b, cause.PeerHangup)
}

// unhex reads hexadecimal digits, spaces between.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}
