package agent

import (
	"slices"
	"time"

	"dun/board/netcfg"
	"dun/dialup/phonebook"
)

// machineEntry is the machine's name in events.
const machineEntry = "machine"

// calm is how long the machine's network has to be left alone before its
// connections are looked at: it changes in several steps.
const calm = 300 * time.Millisecond

// follow looks out for what the machine goes through, until Close: sleep, and
// changes of its network. Without either, keepalives notice later.
func (a *Agent) follow() {
	if timer, err := newWakeTimer(); err == nil {
		a.untilClosed(timer.close, func() { a.followSleep(timer) })
	}
	if changes, err := netcfg.Listen(); err == nil {
		a.untilClosed(func() { changes.Close() }, func() {
			for changes.Wait(calm) == nil {
				a.networkChanged()
			}
		})
	}
}

// untilClosed runs f in a goroutine, which stop ends.
func (a *Agent) untilClosed(stop, f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		stop()
		return
	}
	a.stops = append(a.stops, stop)
	a.wg.Go(f)
}

// networkChanged is for what runs over the machine's own network: there may be
// a way to the server again, or another one, or none.
func (a *Agent) networkChanged() {
	a.mu.Lock()
	var calls []*Call
	for _, c := range a.calls {
		calls = append(calls, c)
	}
	a.mu.Unlock()
	for _, c := range calls {
		c.pins.again(a.cfg.Net, c.entry.Name)
	}
	overLAN := func(e phonebook.Entry) bool { return slices.Contains(e.Via, phonebook.Lan) }
	a.doubt(func(c *Call) bool { return overLAN(c.entry) && c.lowerCall() == nil },
		func(k *keeper) bool { e, _ := a.cfg.Phonebook.Entry(k.name); return overLAN(e) })
}

// doubt asks the peers of calls whether they are still there, and ends the
// pauses of keepers: what was so before may not be so any more.
func (a *Agent) doubt(calls func(*Call) bool, keepers func(*keeper) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.calls {
		c.mu.Lock()
		conn := c.conn
		c.mu.Unlock()
		if conn != nil && calls(c) {
			conn.Probe()
		}
	}
	for _, k := range a.keepers {
		if keepers(k) {
			k.policy = retry{}
			k.goOnLocked(restPause)
		}
	}
}
