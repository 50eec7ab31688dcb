package configs

import (
	"strings"
	"time"

	"dun/board/hooks"
	"dun/dialup/strict"
)

// Agent is [agent] of device.toml: what a dun that stays does beside
// connecting. Defaults are filled in.
type Agent struct {
	HookTimeout     time.Duration // for one program in ip-up.d or ip-down.d
	Metrics         string        // file, "" = none
	MetricsInterval time.Duration
}

var agentDefaults = Agent{HookTimeout: hooks.DefaultLimit, MetricsInterval: 15 * time.Second}

func readAgent(r *strict.Reader) Agent {
	a := agentDefaults
	if d, ok := r.Duration("hook-timeout", time.Second, 10*time.Minute); ok {
		a.HookTimeout = d
	}
	const example = "/var/lib/prometheus/node-exporter/dun.prom"
	a.Metrics = readPath(r, "metrics", example)
	if a.Metrics != "" && !strings.HasSuffix(a.Metrics, ".prom") {
		r.Warn("metrics", "Let the name end with .prom.", "The textfile collector reads files named *.prom only.")
	}
	if d, ok := r.Duration("metrics-interval", time.Second, time.Hour); ok {
		a.MetricsInterval = d
	}
	return a
}
