package ppp

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"dun/dialup/cause"
)

// TestLyingWire runs every way of authentication and every policy over a wire
// that loses, repeats and reorders, from many seeds. Both ends have to come up
// and agree.
func TestLyingWire(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 8
	}
	worst, restarts := time.Duration(0), 0
	for seed := range seeds {
		for m := AuthPAP; m <= AuthMSCHAPv2; m++ {
			for _, p := range allPolicies {
				if p.p == Require && m < AuthMSCHAP {
					continue
				}
				a, b := callerConfig(seed), answererConfig(seed)
				a.Accept, b.Require = []Auth{m}, []Auth{m}
				a.Encryption, b.Encryption = p.p, p.p
				a.IPv6.Enable, b.IPv6.Enable = seed%2 == 0, seed%3 == 0
				a.Timers.Link, a.Timers.Authenticate, a.Timers.Network = 5*time.Minute, 5*time.Minute, 5*time.Minute
				b.Timers = a.Timers
				if seed%4 == 1 { // a line slower than the restart timer's first guess
					a.Timers.Restart, b.Timers.Restart = 200*time.Millisecond, 300*time.Millisecond
				}
				r := newRig(t, a, b)
				r.rng = rand.New(rand.NewPCG(seed, uint64(m)))
				r.loss, r.repeat, r.swap = 0.1, 0.1, 0.3
				if seed%4 == 1 {
					r.latency, r.loss = 350*time.Millisecond, 0.02
				}
				r.open()
				ok := r.until(4*time.Minute, func() bool { return r.a.up() && r.b.up() && len(r.wire) == 0 })
				name := fmt.Sprintf("seed %d, %v, %s", seed, m, p.name)
				if !ok {
					r.dump()
					t.Fatalf("%s: did not come up", name)
				}
				worst = max(worst, r.now.Sub(epoch))
				checkAgreement(t, r, name)
				// It stays up, also when Acks that were repeated come late.
				ups := count[IPv4Up](r.a)
				r.run(30 * time.Second)
				if !r.a.up() || !r.b.up() || count[IPv4Up](r.a) != ups {
					t.Errorf("%s: did not stay up", name)
				}
				restarts = max(restarts, ups)
				if t.Failed() {
					r.dump()
					t.FailNow()
				}
			}
		}
	}
	t.Logf("slowest: %v, most times up: %d", worst, restarts)
}

// checkAgreement compares what the two ends believe.
func checkAgreement(t *testing.T, r *rig, name string) {
	t.Helper()
	if (r.a.Compressor() == nil) != (r.b.Compressor() == nil) {
		t.Errorf("%s: one end encrypts", name)
	} else if r.a.Compressor() != nil {
		keysFit(t, r.a, r.b)
	}
	ua, _ := last[IPv4Up](r.a)
	ub, _ := last[IPv4Up](r.b)
	if ua.Local != ub.Remote || ua.Remote != ub.Local || !ua.Local.IsValid() {
		t.Errorf("%s: addresses %+v and %+v", name, ua, ub)
	}
}

// TestCorruptWire damages frames as well. Anything may come of it but a panic,
// a storm, a session that never ends, or packets in clear where encryption is
// required.
func TestCorruptWire(t *testing.T) {
	ups := 0
	for seed := range uint64(150) {
		a, b := callerConfig(seed), answererConfig(seed)
		if seed%2 == 0 {
			a.Encryption, b.Encryption = Prefer, Allow
		}
		a.IPv6.Enable, b.IPv6.Enable = true, true
		r := newRig(t, a, b)
		r.rng = rand.New(rand.NewPCG(seed, 5))
		r.loss, r.repeat, r.swap, r.corrupt = 0.05, 0.05, 0.2, 0.15
		r.open()
		for range 600 {
			r.run(500 * time.Millisecond)
			for _, e := range []*end{r.a, r.b} {
				if e.cfg.Encryption == Require && (e.PlainAllowed() || e.up() && e.Compressor() == nil) {
					r.dump()
					t.Fatalf("seed %d: in clear", seed)
				}
				_, closed := last[Closed](e)
				_, timer := e.PollTimeout()
				if !closed && !timer {
					r.dump()
					t.Fatalf("seed %d: %s waits without a timer", seed, e.name)
				}
			}
		}
		if r.frames > 3000 {
			r.dump()
			t.Fatalf("seed %d: %d frames", seed, r.frames)
		}
		if _, ok := last[IPv4Up](r.a); ok {
			ups++
		}
		for _, e := range []*end{r.a, r.b} {
			e.Close(r.now, cause.UserRequest)
			r.drain(e)
		}
		r.run(time.Minute)
		for _, e := range []*end{r.a, r.b} {
			if n := count[Closed](e); n != 1 {
				r.dump()
				t.Fatalf("seed %d: %s closed %d times", seed, e.name, n)
			}
		}
	}
	if ups < 50 {
		t.Errorf("only %d of 150 links came up", ups)
	}
	t.Logf("%d of 150 links came up", ups)
}
