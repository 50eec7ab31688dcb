package ppp

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dun/dialup/cause"
)

// ConfigError is what New finds wrong. It unwraps to cause.BadConfig.
type ConfigError struct {
	Field   string // of Config: "Accept", "MPPE"
	Problem string // for a person
}

func (e *ConfigError) Error() string { return "ppp: " + e.Field + ": " + e.Problem }

func (e *ConfigError) Unwrap() error { return cause.BadConfig }

// DefaultTimers are the timers of a Config that sets none.
var DefaultTimers = Timers{
	Restart: 3 * time.Second, MaxConfigure: 10, MaxTerminate: 2, MaxFailure: 5,
	Link: 30 * time.Second, Authenticate: 30 * time.Second, Network: 40 * time.Second,
	Echo: 20 * time.Second, EchoFailures: 4,
}

const (
	defaultMRU   = 1500
	minMRU       = 128 // smaller ones are of no use to anybody
	maxMRU       = 16384
	defaultFrame = 1504
)

// complete returns a copy with defaults filled in, or what is wrong.
func (c Config) complete() (Config, error) {
	for _, check := range []func(*Config) error{
		(*Config).checkLink, (*Config).checkAuth, (*Config).checkEncryption, (*Config).checkNetwork,
	} {
		if err := check(&c); err != nil {
			return c, err
		}
	}
	return c, nil
}

func bad(field, problem string, args ...any) error {
	return &ConfigError{Field: field, Problem: fmt.Sprintf(problem, args...)}
}

func (c *Config) checkLink() error {
	if c.Random == nil {
		return bad("Random", "is needed for magic numbers and challenges")
	}
	if c.MRU == 0 {
		c.MRU = defaultMRU
	}
	if c.MRU < minMRU || c.MRU > maxMRU {
		return bad("MRU", "%d is not within %d to %d", c.MRU, minMRU, maxMRU)
	}
	if c.MaxMRU != 0 && c.MaxMRU < minMRU {
		return bad("MaxMRU", "%d is less than %d", c.MaxMRU, minMRU)
	}
	if c.MaxFrame == 0 {
		c.MaxFrame = defaultFrame
	}
	if c.MaxFrame < minMRU+2 {
		return bad("MaxFrame", "%d is less than %d", c.MaxFrame, minMRU+2)
	}
	t, d := &c.Timers, DefaultTimers
	for _, p := range []struct{ v, d *time.Duration }{
		{&t.Restart, &d.Restart}, {&t.Link, &d.Link}, {&t.Authenticate, &d.Authenticate},
		{&t.Network, &d.Network}, {&t.Echo, &d.Echo},
	} {
		if *p.v == 0 {
			*p.v = *p.d
		}
		if *p.v < 0 && p.v != &t.Echo {
			return bad("Timers", "a negative duration")
		}
	}
	for _, p := range []struct{ v, d *int }{
		{&t.MaxConfigure, &d.MaxConfigure}, {&t.MaxTerminate, &d.MaxTerminate},
		{&t.MaxFailure, &d.MaxFailure}, {&t.EchoFailures, &d.EchoFailures},
	} {
		if *p.v == 0 {
			*p.v = *p.d
		}
		if *p.v < 0 {
			return bad("Timers", "a negative count")
		}
	}
	return nil
}

func (c *Config) checkAuth() error {
	for _, l := range []struct {
		name string
		list []Auth
	}{{"Accept", c.Accept}, {"Require", c.Require}} {
		for _, a := range l.list {
			if a == AuthNone || a > AuthMSCHAPv2 {
				return bad(l.name, "%d is no way of authentication", a)
			}
		}
	}
	if len(c.Name) > 255 || len(c.Secret.Password) > 255 {
		return bad("Name", "name and password have at most 255 octets")
	}
	if len(c.Require) > 0 && c.Users == nil {
		return bad("Users", "is needed to authenticate the peer")
	}
	if c.Secret.HasHash && c.Secret.Password == "" && len(c.Accept) > 0 {
		// What needs the password itself is not acceptable.
		able := slices.DeleteFunc(slices.Clone(c.Accept), func(a Auth) bool { return a == AuthPAP || a == AuthCHAPMD5 })
		if len(able) == 0 {
			return bad("Accept", "PAP and CHAP need the password, an NT hash serves MS-CHAP only")
		}
		c.Accept = able
	}
	return nil
}

func (c *Config) checkEncryption() error {
	if c.Encryption > Deny {
		return bad("Encryption", "%d is no policy", c.Encryption)
	}
	if len(c.MPPE) == 0 {
		c.MPPE = []MPPEMode{{Bits: 128, Stateless: true}}
	}
	weak := false
	strong := false
	for _, m := range c.MPPE {
		switch m.Bits {
		case 128:
			strong = true
		case 40, 56:
			weak = true
		default:
			return bad("MPPE", "%d is no key length, there are 128, 56 and 40", m.Bits)
		}
	}
	all := append(slices.Clone(c.Accept), c.Require...)
	v1, v2 := slices.Contains(all, AuthMSCHAP), slices.Contains(all, AuthMSCHAPv2)
	if c.Encryption != Deny && v1 && !v2 && weak {
		// RFC 3079 sections 2.1 and 2.2: these keys come from the LM hash.
		return bad("MPPE", "40 and 56 bit keys of MS-CHAP need the LM hash, which is never used; take MS-CHAPv2 or 128 bit")
	}
	if c.Encryption == Require {
		if c.NewCompressor == nil {
			return bad("NewCompressor", "is needed where encryption is required")
		}
		if !v1 && !v2 {
			return bad("Encryption", "required encryption takes its keys from MS-CHAP, which is not among the ways of authentication")
		}
		if !v2 && !strong {
			return bad("MPPE", "MS-CHAP gives keys for 128 bit only")
		}
	}
	return nil
}

func (c *Config) checkNetwork() error {
	v4 := &c.IPv4
	if v4.Disable && !c.IPv6.Enable {
		return bad("IPv4", "without IPv6 there is no network protocol")
	}
	if v4.Disable {
		return nil
	}
	for _, a := range []netip.Addr{v4.Local, v4.Remote} {
		if a.IsValid() && (!a.Is4() || a.IsUnspecified()) {
			return bad("IPv4", "%s is no address for an end of the link", a)
		}
	}
	if c.Answer && !v4.Local.IsValid() {
		return bad("IPv4", "an answerer needs an address of its own")
	}
	for _, list := range [][]netip.Addr{v4.DNS, v4.NBNS} {
		if len(list) > 2 {
			return bad("IPv4", "at most two name servers can be handed out")
		}
		for _, a := range list {
			if !a.Is4() || a.IsUnspecified() {
				return bad("IPv4", "%s is no address of a name server", a)
			}
		}
	}
	return nil
}
