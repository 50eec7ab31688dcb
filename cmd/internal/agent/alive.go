package agent

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Alive reports whether all packet loops answer. One that hangs keeps it from
// coming back at all, as a lock does that somebody never gives back.
func (a *Agent) Alive() bool {
	for _, l := range a.loops {
		if !l.Do(func(time.Time) {}) {
			return false
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.closed
}

// Summary is one line about all connections: "isp up, office pause, 3 calls".
func (a *Agent) Summary() string {
	a.mu.Lock()
	var words []string
	phases := make(map[string]string)
	for name, c := range a.calls {
		phases[name] = c.phaseNow().String()
	}
	for name, k := range a.keepers {
		if phases[name] == "" {
			phases[name] = k.rest.String()
		}
	}
	server := a.server
	a.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(phases)) {
		words = append(words, strings.TrimSpace(name+" "+phases[name]))
	}
	if server != nil {
		server.mu.Lock()
		words = append(words, strconv.Itoa(len(server.calls))+" calls")
		server.mu.Unlock()
	}
	if len(words) == 0 {
		return "nothing is connected"
	}
	return strings.Join(words, ", ")
}
