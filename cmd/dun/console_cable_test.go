package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dun/cmd/internal/console"
)

// TestWatchCable: who was there and is gone ends the conversation; who was
// never seen, or cannot be, does not.
func TestWatchCable(t *testing.T) {
	for _, c := range []struct {
		name   string
		states []string // of the carrier, one a look; the last one stays
		gone   bool
	}{
		{"pulled", []string{"on", "on", "off"}, true},
		{"plugged in and pulled", []string{"off", "off", "on", "off"}, true},
		{"stays", []string{"on"}, false},
		{"three wires", []string{"off"}, false},
		{"no modem lines", []string{"unknown"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, cancel := context.WithCancel(t.Context())
				look := 0
				ctx := watchCable(parent, func() (on, known bool) {
					state := c.states[min(look, len(c.states)-1)]
					look++
					return state == "on", state != "unknown"
				})
				time.Sleep(10 * cableCheck)
				synctest.Wait()
				if gone := context.Cause(ctx) == console.ErrGone; gone != c.gone {
					t.Errorf("gone is %v: %v", gone, context.Cause(ctx))
				}
				cancel()
			})
		})
	}
}
