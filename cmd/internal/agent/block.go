package agent

import (
	"net/netip"
	"slices"

	"dun/board/netcfg"
	"dun/dialup/phonebook"
)

// blockOf is what an entry lets nobody send another way, nil for nothing.
func blockOf(e phonebook.Entry) *netcfg.Block {
	if !e.BlockWhenDown {
		return nil
	}
	return &netcfg.Block{
		Routes: e.Routes, DefaultRoute: e.DefaultRoute, Rank: rankOf(e),
		IPv6: e.DefaultRoute && e.IPv6 != phonebook.IPv6Leave,
	}
}

// rankOf orders what leads through an entry: tunnels win against what they run
// over.
func rankOf(e phonebook.Entry) int {
	if e.Device == phonebook.DeviceVPN {
		return 1
	}
	return 0
}

// block brings what is blocked in line with the phonebook, before anything is
// dialed and when it has changed. What an earlier dun blocked for an entry that
// does not want it any more is free again.
func (a *Agent) block() {
	a.mu.Lock()
	entries := a.cfg.Phonebook.Entries()
	a.mu.Unlock()
	known := make(map[string]bool)
	for _, e := range entries {
		known[e.Name] = true
		a.tellBlock(e.Name, a.cfg.Net.Block(e.Name, blockOf(e)))
	}
	for _, name := range a.blocked() {
		if !known[name] {
			a.tellBlock(name, a.cfg.Net.Block(name, nil))
		}
	}
}

func (a *Agent) tellBlock(entry string, err error) {
	if err != nil {
		a.emitText(entry, "what block-when-down says is not so: %v", err)
	}
}

// blocked lists the entries whose networks are blocked while they are down.
func (a *Agent) blocked() []string {
	names, _ := a.cfg.Net.Blocked() // who set them was told what is wrong
	return names
}

// exempt gives the pins to the name servers that are asked for the way to an
// entry's server, where that way could lead into the entry itself, or against
// its block.
func (c *Call) exempt(over lower) (pins []netcfg.Pin) {
	servers := c.agent.cfg.Net.NameServers()
	if len(over.dns) > 0 {
		servers = nil
		for _, s := range over.dns {
			if a, err := netip.ParseAddr(s); err == nil {
				servers = append(servers, a)
			}
		}
	}
	for _, s := range servers {
		through := func(p netip.Prefix) bool { return p.Contains(s) }
		if !s.IsLoopback() && (c.entry.DefaultRoute || slices.ContainsFunc(c.entry.Routes, through)) {
			pins = append(pins, netcfg.Pin{Addr: s, Via: over.ifname})
		}
	}
	return pins
}

// pinServers makes the way to the name servers, to those that there is one to.
func (c *Call) pinServers(over lower) {
	var usable []netcfg.Pin
	for _, p := range c.exempt(over) {
		if c.pins.set(c.agent.cfg.Net, c.entry.Name, append(slices.Clone(usable), p)...) == nil {
			usable = append(usable, p)
		}
	}
}
