package main

import (
	"context"
	"path/filepath"
	"sync"

	"dun/cmd/internal/agent"
	"dun/configs"
	"dun/dialup/cause"
)

func serveCommand() *command {
	return &command{
		name: "serve", short: "answer PPTP calls as server.toml says",
		long: `serve answers PPTP calls in the foreground. Users, and addresses of their own,
are in secrets.toml. It hangs up on all callers on SIGINT, SIGTERM and SIGHUP;
a second signal ends it at once.`,
		run: func(c *call, _ []string) error { return serve(c) },
	}
}

func serve(c *call) error {
	cfg, err := configs.LoadServer(filepath.Join(c.config, configs.ServerFile))
	if err != nil {
		return err
	}
	h, err := openHost(c, 0)
	if err != nil {
		return err
	}
	defer h.close()
	problems := cfg.UseSecrets(h.secrets)
	if err := problems.Err(); err != nil {
		return err
	}
	for _, warning := range append(cfg.Warnings, problems.Warnings()...) {
		c.warn(warning.String())
	}
	return h.whileUp(c, "", false, func(ctx context.Context) error {
		listens, ended := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			select {
			case <-listens:
				h.ready()
			case <-ended:
			}
		})
		err := h.agent.Serve(ctx, serverConfig(cfg), listens)
		close(ended)
		wg.Wait()
		if ctx.Err() != nil && cause.Of(err) == cause.Cancelled {
			return cause.UserRequest
		}
		return err
	})
}

// serverConfig is what server.toml means for the agent.
func serverConfig(s configs.Server) agent.ServerConfig {
	p := s.PPTP
	return agent.ServerConfig{
		Listen: p.Listen, Local: p.Local, Pool: p.Pool,
		Auth: p.Auth, Encryption: p.Encryption, MPPE: p.MPPE,
		HashDomain: p.HashDomain, KeepDomain: p.KeepDomain, Keepalive: p.Keepalive,
		DNS: p.DNS, NBNS: p.WINS, MTU: p.MTU, MRU: p.MRU, Forward: p.Forward, LAN: p.LAN, Interface: p.Interface,
		MaxCalls: p.MaxCalls, MaxHalfOpen: p.MaxHalfOpen, Name: p.Name,
	}
}
