package bench

import (
	"context"
	"fmt"
	"time"
)

// latency pings through the tunnel of the host pair, with and without a bulk
// transfer beside.
func latency(ctx context.Context, e *Env) (Report, error) {
	p := e.plan(Plan{
		Kinds:  []string{"cable", "yardstick", "dun-stateless", "dun-none"},
		Loads:  []string{PingIdle, PingBulk},
		Rounds: 5, Warm: time.Second, Measure: 4 * time.Second, Rate: 1000, Size: 64,
	})
	all, err := e.here(ctx, p)
	if err != nil {
		return Report{}, err
	}
	p50, p99 := func(s Sample) float64 { return s.P50 }, func(s Sample) float64 { return s.P99 }
	values := func(tunnel, load string, get func(Sample) float64) []float64 {
		m := Select(all, tunnel, load, get)
		var v []float64
		for _, round := range rounds(m) {
			v = append(v, m[round])
		}
		return v
	}
	rep := Report{Settings: p.settings() + fmt.Sprintf(" A ping every %v, beside one TCP stream in the same direction. The program that pings shares the two processors with all others.", pingInterval)}
	rep.Rows = append(rep.Rows, NewFigure("host pair: p99 of a ping beside a bulk transfer through the tunnel, stateless", "ms", Aim{atMost, 10},
		values("dun-stateless", PingBulk, p99)...))
	for _, load := range []string{PingBulk, PingIdle} {
		for _, kind := range []string{"dun-stateless", "dun-none"} {
			rep.Rows = append(rep.Rows,
				NewRow(fmt.Sprintf("host pair, %s: p50, %s / yardstick", load, kind), "ms", Aim{}, kind, Select(all, kind, load, p50), "yardstick", Select(all, "yardstick", load, p50)),
				NewRow(fmt.Sprintf("host pair, %s: p99, %s / yardstick", load, kind), "ms", Aim{}, kind, Select(all, kind, load, p99), "yardstick", Select(all, "yardstick", load, p99)))
		}
		rep.Rows = append(rep.Rows, NewFigure(fmt.Sprintf("host pair, %s: p99 over the cable without a tunnel", load), "ms", Aim{}, values("cable", load, p99)...))
	}
	return rep, nil
}
