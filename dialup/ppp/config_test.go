package ppp

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"dun/dialup/cause"
)

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		field  string
		change func(*Config)
	}{
		{"Random", func(c *Config) { c.Random = nil }},
		{"MRU", func(c *Config) { c.MRU = 100 }},
		{"MRU", func(c *Config) { c.MRU = 70000 }},
		{"MaxMRU", func(c *Config) { c.MaxMRU = 1 }},
		{"MaxFrame", func(c *Config) { c.MaxFrame = 10 }},
		{"Timers", func(c *Config) { c.Timers.Restart = -1 }},
		{"Timers", func(c *Config) { c.Timers.MaxConfigure = -1 }},
		{"Accept", func(c *Config) { c.Accept = []Auth{AuthNone} }},
		{"Require", func(c *Config) { c.Require = []Auth{99} }},
		{"Users", func(c *Config) { c.Require = []Auth{AuthPAP} }},
		{"Name", func(c *Config) { c.Name = string(make([]byte, 256)) }},
		{"Accept", func(c *Config) { c.Secret = Secret{HasHash: true}; c.Accept = []Auth{AuthCHAPMD5, AuthPAP} }},
		{"Encryption", func(c *Config) { c.Encryption = 9 }},
		{"Encryption", func(c *Config) { c.Accept = []Auth{AuthPAP, AuthCHAPMD5} }},
		{"Encryption", func(c *Config) { c.Accept = nil }},
		{"NewCompressor", func(c *Config) { c.NewCompressor = nil }},
		{"MPPE", func(c *Config) { c.MPPE = []MPPEMode{{Bits: 64}} }},
		{"MPPE", func(c *Config) { c.Accept = []Auth{AuthMSCHAP}; c.MPPE = []MPPEMode{{40, true}} }},
		{"MPPE", func(c *Config) {
			c.Accept = []Auth{AuthMSCHAP, AuthPAP}
			c.MPPE = []MPPEMode{{128, true}, {56, true}}
			c.Encryption = Prefer
		}},
		{"IPv4", func(c *Config) { c.IPv4.Disable = true }},
		{"IPv4", func(c *Config) { c.IPv4.Local = netip.IPv4Unspecified() }},
		{"IPv4", func(c *Config) { c.IPv4.Remote = ip("fe80::1") }},
		{"IPv4", func(c *Config) { c.Answer = true }},
		{"IPv4", func(c *Config) { c.IPv4.DNS = []netip.Addr{ip("10.0.0.1"), ip("10.0.0.2"), ip("10.0.0.3")} }},
		{"IPv4", func(c *Config) { c.IPv4.NBNS = []netip.Addr{{}} }},
	} {
		cfg := callerConfig(1)
		c.change(&cfg)
		_, err := New(cfg)
		var e *ConfigError
		if !errors.As(err, &e) || e.Field != c.field || cause.Of(err) != cause.BadConfig {
			t.Errorf("%s: got %v", c.field, err)
		}
	}
	for name, change := range map[string]func(*Config){
		"as is":                     func(*Config) {},
		"v1 and 128":                func(c *Config) { c.Accept = []Auth{AuthMSCHAP} },
		"v1 and v2 and 40":          func(c *Config) { c.Accept = []Auth{AuthMSCHAPv2, AuthMSCHAP}; c.MPPE = []MPPEMode{{40, true}} },
		"deny without MS-CHAP":      func(c *Config) { c.Accept, c.Encryption, c.NewCompressor = nil, Deny, nil },
		"a hash serves one of them": func(c *Config) { c.Secret = Secret{HasHash: true} },
		"IPv6 only":                 func(c *Config) { c.IPv4.Disable, c.IPv6.Enable = true, true },
		"no echoes":                 func(c *Config) { c.Timers.Echo = -1 },
	} {
		cfg := callerConfig(1)
		change(&cfg)
		if _, err := New(cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConfigStays: a Session does not change what it was given.
func TestConfigStays(t *testing.T) {
	c := callerConfig(1)
	c.Secret = Secret{HasHash: true}
	want := len(c.Accept)
	if _, err := New(c); err != nil {
		t.Fatal(err)
	}
	if len(c.Accept) != want || c.Accept[1] != AuthCHAPMD5 || c.Timers.Restart != 0 {
		t.Errorf("%+v", c)
	}
}

func TestDefaults(t *testing.T) {
	c, err := callerConfig(1).complete()
	if err != nil {
		t.Fatal(err)
	}
	if c.Timers != DefaultTimers || c.MRU != 1500 || c.MaxFrame != 1504 || c.MPPE[0] != mode128 {
		t.Errorf("%+v", c)
	}
	if c.Timers.Restart != 3*time.Second || c.Timers.MaxConfigure != 10 || c.Timers.MaxTerminate != 2 || c.Timers.MaxFailure != 5 {
		t.Error("RFC 1661 section 4.6 has other defaults")
	}
}
