package configs

import (
	"time"

	"dun/board/hooks"
	"dun/dialup/strict"
)

// Agent is [agent] of device.toml: what a dun that stays does beside
// connecting. Defaults are filled in.
type Agent struct {
	HookTimeout time.Duration // for one program in ip-up.d or ip-down.d
}

var agentDefaults = Agent{HookTimeout: hooks.DefaultLimit}

func readAgent(r *strict.Reader) Agent {
	a := agentDefaults
	if d, ok := r.Duration("hook-timeout", time.Second, 10*time.Minute); ok {
		a.HookTimeout = d
	}
	return a
}
