package configs

import (
	"strings"
	"time"

	"dun/dialup/strict"
)

// Console is [console] of device.toml.
type Console struct {
	PasswordHash string        // as 'dun console password' prints it, "" = nobody can log in
	Idle         time.Duration // log out after that long without a key, 0 = never
}

const (
	defaultIdle = 10 * time.Minute
	hashScheme  = "pbkdf2-sha256$"
)

func defaultConsole() Console { return Console{Idle: defaultIdle} }

func readConsole(r *strict.Reader) Console {
	c := defaultConsole()
	if hash, ok := r.String("password-hash", `"`+hashScheme+`..."`); ok {
		if !strings.HasPrefix(hash, hashScheme) || strings.Count(hash, "$") != 3 {
			r.Wrong("password-hash", "'dun console password' makes the line.", "This is no hash of a password.")
		}
		c.PasswordHash = hash
	}
	if d, off, ok := r.DurationOr("idle", "off", 30*time.Second, 24*time.Hour); ok {
		c.Idle = d
		if off {
			c.Idle = 0
		}
	}
	return c
}
