package interop

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
)

// fallbackCases are one client, one server and the chain with each piece of
// the fast path left out, as on a kernel that lacks it.
var fallbackCases = slices.Concat(fallbacks[0].cases(), fallbacks[1].cases(), fallbacks[2].cases())

var fallbacks = [3]fallback{
	{name: "offload", about: "packets as they are on the wire",
		settings:   device.Table{"offload": false},
		connection: func(c device.Connection) bool { return c.Offload != nil && len(c.Offload) == 0 }},
	{name: "batch", about: "packets one at a time",
		settings: device.Table{"batch": false},
		loop:     func(l device.Loop) bool { return l.Batch == 1 && !l.SendMMsg }},
	// A server with two loops, which see the packets of both.
	{name: "waiting", about: "without the unseen wait, SCHED_BATCH and the socket filter",
		settings: device.Table{"linger": "0s", "scheduling": "ordinary", "loops": 2, "filter": false},
		loop:     func(l device.Loop) bool { return l.Waits == "parked" && l.Policy == "other" && !l.Filtered }},
}

// fallback is the [fast-path] of device.toml, and what "dun status" has to
// say then. The zero fallback is the fast path as it comes.
type fallback struct {
	name, about string

	settings   device.Table
	connection func(device.Connection) bool
	loop       func(device.Loop) bool
}

func (f fallback) check(s device.Status) error {
	for _, c := range slices.Concat(s.Connections, s.Calls()) {
		if f.connection != nil && c.Phase == "up" && !f.connection(c) {
			return fmt.Errorf("with %v status shows the connection %+v", f.settings, c)
		}
	}
	for _, l := range s.Loops {
		if f.loop != nil && !f.loop(l) {
			return fmt.Errorf("with %v status shows the loop %+v", f.settings, l)
		}
	}
	return nil
}

// fallbackSize is what is carried each way, enough for merged segments and
// full batches where there are any.
const fallbackSize = 4_000_000

func (f fallback) cases() []Case {
	one := func(place, about string, needs []string, run func(context.Context, *Env) error) Case {
		return Case{Name: "fallback/" + place + "-" + f.name, About: about + ", " + f.about, Needs: needs, Limit: 150 * time.Second,
			Run: func(ctx context.Context, e *Env) error {
				e.forced = f
				return run(ctx, e)
			}}
	}
	return []Case{
		one("client", "a call to pptpd", pptpdNeeds, func(ctx context.Context, e *Env) error {
			_, d, err := e.officeDevice(ctx, guest.MPPE128, officeTable(), alicePassword)
			if err != nil {
				return err
			}
			return e.session(ctx, d, officeEntry, want{encryption: "mppe-128-stateless"}, officeBehind.Addr(), fallbackSize)
		}),
		one("server", "pptp-linux calls dun serve", clientNeeds, func(ctx context.Context, e *Env) error {
			return serveGood(ctx, e, guest.MPPE128, "128-stateless", fallbackSize)
		}),
		one("chain", "the whole chain", chainNeeds, chain),
	}
}
