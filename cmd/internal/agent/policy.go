package agent

import (
	"context"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

// callerPPP is what an entry means for PPP.
func callerPPP(e phonebook.Entry) ppp.Config {
	return ppp.Config{
		Random:     random,
		MRU:        e.MRU,
		Accept:     e.Auth,
		Name:       e.User,
		Secret:     e.Secret,
		HashDomain: e.HashDomain,
		Encryption: e.Encryption,
		MPPE:       e.MPPE,
		Timers: ppp.Timers{
			Link: e.Timeouts.Link, Authenticate: e.Timeouts.Login, Network: e.Timeouts.Network,
			Echo: e.Keepalive.Interval, EchoFailures: e.Keepalive.Failures,
		},
		// Asked for in any case: a tunnel over this link looks its server up there.
		IPv4: ppp.IPv4Config{Local: e.Address, Remote: e.Remote, AskDNS: true, AskNBNS: e.DNSPeer},
		IPv6: ppp.IPv6Config{Enable: e.IPv6 == phonebook.IPv6On},
	}
}

// completeSecret takes the stored password, or asks for one where someone can
// be asked.
func (c *Call) completeSecret(ctx context.Context) error {
	a, e := c.agent, &c.entry
	if c.password != "" {
		e.Secret = ppp.Secret{Password: c.password}
		return nil
	}
	a.mu.Lock()
	secrets := a.cfg.Secrets
	a.mu.Unlock()
	e.Secret = secrets.Entry(e.Name)
	if secrets.HasEntry(e.Name) || e.User == "" {
		return nil
	}
	if a.cfg.AskPassword == nil {
		return cause.New(cause.PasswordMissing, "entry %q", e.Name)
	}
	password, err := a.cfg.AskPassword(ctx, e.Name, e.User)
	if ctx.Err() != nil {
		return endError(ctx, nil)
	}
	if err != nil {
		return cause.Wrap(cause.PasswordMissing, err, "entry %q", e.Name)
	}
	e.Secret = ppp.Secret{Password: password}
	return nil
}
