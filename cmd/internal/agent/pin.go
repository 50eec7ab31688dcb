package agent

import (
	"sync"

	"dun/board/netcfg"
)

// pinning is the routes to what a call needs below it. Those over the machine's
// own network follow it.
type pinning struct {
	mu   sync.Mutex
	pins []netcfg.Pin
}

// set makes the routes of an entry what pins says; none takes them back.
func (p *pinning) set(net Net, entry string, pins ...netcfg.Pin) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pins = pins
	return net.Pin(entry, pins)
}

// again makes the same routes as the machine's network is now. Where there is
// no way at present they stay: the cable may come back.
func (p *pinning) again(net Net, entry string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pins) > 0 && p.pins[0].Via == "" {
		_ = net.Pin(entry, p.pins)
	}
}
