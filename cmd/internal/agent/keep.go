package agent

import (
	"fmt"
	"slices"
	"time"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// keeper keeps one entry connected: it is the only thing here that dials
// again. While the entry has a call the keeper waits for its end; between two
// calls it rests as the policy (retry) says. The interface, its address and
// its routes stay meanwhile, so that TCP sessions live on.
type keeper struct {
	agent *Agent
	name  string
	host  *callHost
	wake  chan struct{} // has a token when something below changed

	// Under the agent's mu.
	rest     rest
	until    time.Time // of a pause
	policy   retry
	tries    int   // attempts since it was last up
	last     error // why it is not up
	held     *Call // the link below, kept for the next attempt
	gone     bool  // the phonebook does not want it kept any more
	byPerson bool  // who stopped it
}

// rest is what a keeper waits for while its entry has no call.
type rest uint8

const (
	restNone    rest = iota // it dials at once
	restPause               // for a time
	restTraffic             // for a packet
	restStopped             // for a person
)

var restNames = [...]string{"", "pause", "waiting", "stopped"}

func (r rest) String() string { return restNames[r] }

const untilTraffic = "until there is traffic"

// holdTime is the longest pause for which the link below is held.
const holdTime = time.Minute

// Keep begins to connect the entries that want it by themselves, until Close.
func (a *Agent) Keep() {
	a.block()
	a.follow()
	a.keep()
}

func (a *Agent) keep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keeping = true
	a.keepLocked()
}

// keepLocked gives each entry that wants one a keeper.
func (a *Agent) keepLocked() {
	if !a.keeping || a.closed {
		return
	}
	for _, e := range a.cfg.Phonebook.Entries() {
		if wantsKeeper(e) && a.keepers[e.Name] == nil {
			k := newKeeper(a, e)
			a.keepers[e.Name] = k
			if k.rest == restTraffic {
				a.events.send(Event{Time: time.Now(), Entry: e.Name, Phase: restTraffic.String(), Text: untilTraffic})
			}
			a.wg.Go(k.run)
		}
	}
}

func wantsKeeper(e phonebook.Entry) bool { return e.Autodial || e.OnDemand }

func newKeeper(a *Agent, e phonebook.Entry) *keeper {
	k := &keeper{agent: a, name: e.Name, wake: make(chan struct{}, 1)}
	k.host = &callHost{agent: a, entry: e, stays: k.goesOn, wake: k.poke}
	if e.OnDemand {
		k.rest = restTraffic
	}
	return k
}

// onDemandLocked reports whether only packets dial the entry.
func (k *keeper) onDemandLocked() bool {
	e, _ := k.agent.cfg.Phonebook.Entry(k.name)
	return e.OnDemand
}

func (k *keeper) poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *keeper) run() {
	for {
		call, ended := k.next()
		switch {
		case ended:
			k.letGo()
			k.host.takeDown()
			if k.leave() {
				return
			}
		case call != nil:
			<-call.done
			k.decide(call)
		default:
			k.wait()
		}
	}
}

// leave ends the keeper, unless it is wanted again.
func (k *keeper) leave() bool {
	a := k.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed && !k.gone {
		return false
	}
	delete(a.keepers, k.name)
	return true
}

// next gives the call that there is to wait for: somebody else's, or one of
// its own when it is time. It gives none for as long as the keeper rests.
func (k *keeper) next() (call *Call, ended bool) {
	a := k.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	if call = a.calls[k.name]; call != nil {
		call.wanted = true
		return call, false
	}
	if a.closed || k.gone {
		return nil, true
	}
	if k.rest != restNone {
		return nil, false
	}
	call, err := a.dialLocked(k.name, nil)
	if err != nil { // the entry is gone
		k.gone = true
		return nil, true
	}
	call.wanted = true
	return call, false
}

// wait rests until something happens.
func (k *keeper) wait() {
	k.agent.mu.Lock()
	rest, until := k.rest, k.until
	entry, _ := k.agent.cfg.Phonebook.Entry(k.name)
	k.agent.mu.Unlock()
	var over <-chan time.Time
	switch rest {
	case restTraffic:
		if err := k.host.await(entry); err != nil {
			k.cannotWait(err)
			return
		}
		if k.host.asked() {
			k.goOn(restTraffic)
			return
		}
	case restPause:
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		over = t.C
	case restStopped:
		k.letGo()
		k.host.takeDown()
	}
	select {
	case <-k.wake:
	case <-over:
		k.goOn(restPause)
	}
}

// cannotWait is for an interface that cannot be made now: somebody has its name,
// or a route is in the way.
func (k *keeper) cannotWait(err error) {
	a := k.agent
	a.mu.Lock()
	if k.rest == restTraffic {
		k.rest, k.last = restPause, err
		k.until = time.Now().Add(mostPause)
	}
	a.mu.Unlock()
	a.events.send(Event{Time: time.Now(), Entry: k.name, Phase: restPause.String(), Text: "it cannot wait for traffic: " + err.Error()})
}

// goOn ends a rest of one kind: it dials at once.
func (k *keeper) goOn(from rest) {
	k.agent.mu.Lock()
	defer k.agent.mu.Unlock()
	k.goOnLocked(from)
}

// goOnLocked does so, unless the entry is dialed for packets and none has come
// since the last attempt.
func (k *keeper) goOnLocked(from rest) {
	if k.rest != from {
		return
	}
	k.rest = restNone
	if from != restTraffic && k.onDemandLocked() {
		k.rest = restTraffic
	}
	k.poke()
}

// decide looks at how a call ended.
func (k *keeper) decide(c *Call) {
	a, err, lasted := k.agent, c.Err(), c.lasted()
	why := cause.Of(err)
	a.mu.Lock()
	k.last = err
	if lasted > 0 {
		k.tries = 0
	}
	k.tries++
	stopped := k.byPerson || a.closed || k.gone
	var v verdict
	demand := k.onDemandLocked()
	if !stopped {
		if v = k.policy.after(why, lasted, chance()); demand {
			v = v.onDemand()
		}
		switch {
		case v.Stop:
			k.rest = restStopped
		case v.Wait:
			k.rest = restTraffic
		case v.After > 0:
			k.rest, k.until = restPause, time.Now().Add(v.After)
		default:
			k.rest = restNone
		}
	}
	now, tries := k.rest, k.tries
	a.mu.Unlock()
	if demand && lasted == 0 && !stopped {
		k.host.giveUp() // they have had their attempt
	}
	if now == restStopped {
		a.captures.over(k.name)
	}
	if now != restNone && (now != restPause || v.After > holdTime) {
		k.letGo()
	}
	switch why {
	case cause.InterfaceLost, cause.NetworkSetup, cause.NoTUN:
		k.host.takeDown() // what is left of it is of no use
	}
	if stopped {
		return
	}
	ev := Event{Time: time.Now(), Entry: k.name, Phase: now.String()}
	switch now {
	case restNone:
		ev.Text = "dialing again at once"
	case restPause:
		ev.Text = fmt.Sprintf("try %d in %v", tries+1, v.After.Round(100*time.Millisecond))
	case restTraffic:
		ev.Text = untilTraffic
	case restStopped:
		ev.Text = "until its entry or password is changed, or someone dials"
	}
	a.events.send(ev)
}

// stopLocked has it dial no more until a person does. It reports whether that
// changes anything.
func (k *keeper) stopLocked(why cause.Cause) bool {
	if k.rest == restStopped {
		k.byPerson = true
		return false
	}
	k.rest, k.last, k.byPerson = restStopped, why, true
	k.poke()
	return true
}

// goesOn reports whether the entry is going to be dialed again as far as is
// known: its interface stays.
func (k *keeper) goesOn() bool {
	k.agent.mu.Lock()
	defer k.agent.mu.Unlock()
	return !k.agent.closed && !k.gone && k.rest != restStopped
}

// hold takes over from a call of its own the link below, which stays up for
// the next attempt.
func (k *keeper) hold(below *Call) {
	a := k.agent
	a.mu.Lock()
	old := k.held
	k.held = below
	on := !a.closed && !k.gone && k.rest != restStopped
	a.mu.Unlock()
	if old != nil {
		a.release(old)
	}
	if !on {
		k.letGo()
	}
}

// letGo gives the link below back.
func (k *keeper) letGo() {
	a := k.agent
	a.mu.Lock()
	held := k.held
	k.held = nil
	a.mu.Unlock()
	if held != nil {
		a.release(held)
	}
}

// wayIs gives the link below back where a call came up over another one.
func (k *keeper) wayIs(below *Call) {
	a := k.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	if held := k.held; held != nil && held != below && !a.closed {
		k.held = nil
		a.wg.Go(func() { a.release(held) })
	}
}

// belowIsUp ends the pauses of the entries that run over name: what they wait
// for may be there now.
func (a *Agent) belowIsUp(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.keepers {
		if e, known := a.cfg.Phonebook.Entry(k.name); known && slices.Contains(e.Via, name) {
			k.goOnLocked(restPause)
		}
	}
}

// stopOverLocked stops the keepers of what runs, or would run again, over c.
func (a *Agent) stopOverLocked(c *Call) {
	for _, k := range a.keepers {
		if upper := a.calls[k.name]; k.held == c || upper != nil && upper.lowerCall() == c {
			k.stopLocked(cause.UserRequest)
			if upper != nil {
				a.stopOverLocked(upper)
			}
		}
	}
}

// chance is a random number in [0, 1).
func chance() float64 {
	var b [2]byte
	random(b[:])
	return float64(uint16(b[0])<<8|uint16(b[1])) / 65536
}
