package agent

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dun/board/netcfg"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/modem"
	"dun/vpn"
)

// run tries each way of the entry's via in turn until one has been up. way is
// the entries that led here, this one last.
func (c *Call) run(ctx context.Context, way []string) error {
	if step := c.intent(); step.Name != "" {
		c.report(dialup.Report{Phase: dialup.PhaseDial, Step: step})
	}
	if err := c.agent.cfg.Net.Block(c.entry.Name, blockOf(c.entry)); err != nil {
		return err
	}
	if err := c.completeSecret(ctx); err != nil {
		return err
	}
	if c.entry.Device == phonebook.DeviceModem {
		return c.dialNumbers(ctx)
	}
	return c.inTurn(ctx, c.entry.Via, func(via string) error { return c.runVia(ctx, via, way) })
}

// intent says what the call is going to do.
func (c *Call) intent() dialup.Step {
	e := c.entry
	switch {
	case e.Device == phonebook.DeviceModem:
		return dialup.Step{} // its numbers say it
	case slices.Equal(e.Via, []string{phonebook.Lan}):
		return dialup.Step{Name: "begin", Text: e.Host}
	}
	return dialup.Step{Name: "begin", Text: e.Host + " over " + strings.Join(e.Via, ", or over ")}
}

// inTurn tries choices until one has been up or another try is of no use. It
// tells of each failure that another try follows.
func (c *Call) inTurn(ctx context.Context, choices []string, try func(choice string) error) error {
	err := error(cause.New(cause.BadConfig, "entry %q has nothing to dial", c.entry.Name))
	for i, choice := range choices {
		err = endError(ctx, try(choice))
		if isClosed(c.up) || ctx.Err() != nil {
			return err
		}
		if len(choices) > 1 {
			err = about(choice, err)
		}
		if i == len(choices)-1 || !tryNext(cause.Of(err)) {
			return err
		}
		c.report(dialup.Report{Err: err})
	}
	return err
}

// about puts what an error is about before what is known of it, unless that
// says so already.
func about(what string, err error) error {
	text := detailOf(err)
	switch {
	case text == "":
		text = what
	case !strings.Contains(text, what):
		text = what + ": " + text
	}
	return cause.New(cause.Of(err), "%s", text)
}

// runVia makes sure of the link below and dials over it.
func (c *Call) runVia(ctx context.Context, via string, way []string) error {
	if via == phonebook.Lan {
		return c.dialHost(ctx, lower{})
	}
	below, err := c.agent.need(ctx, via, way)
	if err != nil {
		if why := cause.Of(err); c.keeper != nil && len(c.entry.Via) > 1 && hopeless(why) {
			// The other ways may be there again tomorrow.
			return cause.New(cause.LowerLinkDown, "%s: %v", via, err)
		}
		return about(via, err)
	}
	defer c.letGo(below)
	c.setBelow(below)
	defer c.setBelow(nil)
	over, ok := below.asLower()
	if !ok {
		return cause.New(cause.LowerLinkDown, "%q", via)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := make(chan struct{})
	defer close(watch)
	c.agent.wg.Go(func() {
		select {
		case <-below.falls:
			cancel(cause.New(cause.LowerLinkDown, "%q", via))
		case <-watch:
		}
	})
	return endError(ctx, c.dialHost(ctx, over))
}

// letGo gives the link below back, to the keeper if there is one.
func (c *Call) letGo(below *Call) {
	if c.keeper != nil {
		c.keeper.hold(below)
		return
	}
	c.agent.release(below)
}

func (c *Call) setBelow(below *Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.below = below
}

// need brings up what a call runs over. The call has to release it.
func (a *Agent) need(ctx context.Context, name string, way []string) (below *Call, err error) {
	if slices.Contains(way, name) {
		return nil, cause.New(cause.BadConfig, "%q runs over itself", name)
	}
	below, err = a.below(name, way)
	if err == nil && isClosed(below.falls) { // it is on its way down
		a.release(below)
		select {
		case <-below.done:
		case <-ctx.Done():
			return nil, endError(ctx, nil)
		}
		below, err = a.below(name, way)
	}
	if err != nil {
		return nil, err
	}
	select {
	case <-below.up:
		return below, nil
	case <-below.done:
		err = below.Err()
		a.remember(name, err)
	case <-ctx.Done():
		err = endError(ctx, nil)
	}
	a.release(below)
	return nil, err
}

// below is the call of an entry that others run over, begun where there is
// none, with one more user. An entry that rests after a failure is left to its
// keeper.
func (a *Agent) below(name string, way []string) (*Call, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, under := a.calls[name]
	if err := a.refused[name]; !under && err != nil {
		return nil, err
	}
	if k := a.keepers[name]; !under && k != nil && (k.rest == restPause || k.rest == restStopped) {
		return nil, k.last
	}
	if !under {
		var err error
		if c, err = a.dialLocked(name, way); err != nil {
			return nil, err
		}
	}
	c.users++
	return c, nil
}

// remember keeps a wrong password and the like of an entry that was dialed for
// others: none of them tries it again before it is changed, or a person dials.
func (a *Agent) remember(name string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if hopeless(cause.Of(err)) {
		if a.refused == nil {
			a.refused = make(map[string]error)
		}
		a.refused[name] = err
	}
}

// release gives a lower call back. When it was dialed for others and none is
// left, it ends, and release waits for that.
func (a *Agent) release(below *Call) {
	a.mu.Lock()
	below.users--
	last := below.users == 0 && !below.wanted
	a.mu.Unlock()
	if last {
		below.cancel(cause.UserRequest)
		<-below.done
	}
}

// dialNumbers dials the entry's telephone numbers in turn.
func (c *Call) dialNumbers(ctx context.Context) error {
	c.agent.mu.Lock()
	cfg, known := c.agent.cfg.Modems[c.entry.Modem]
	c.agent.mu.Unlock()
	if !known {
		return cause.New(cause.BadConfig, "entry %q names modem %q, which device.toml does not have", c.entry.Name, c.entry.Modem)
	}
	cfg.Trace = c.agent.traceModem(c.entry.Name)
	device := modem.New(cfg)
	return c.inTurn(ctx, c.entry.Dial, func(number string) error { return c.connect(ctx, device, number) })
}

// dialHost resolves the server's name over the link below and dials its
// addresses in turn, each with the route to it pinned there: a tunnel must
// never swallow itself.
func (c *Call) dialHost(ctx context.Context, over lower) error {
	c.report(dialup.Report{Step: dialup.Step{Name: "resolve", Text: c.entry.Host}})
	defer c.pins.set(c.agent.cfg.Net, c.entry.Name)
	if _, err := netip.ParseAddr(c.entry.Host); err != nil {
		c.pinServers(over)
	}
	addrs, err := resolve(ctx, c.entry.Host, over)
	if ctx.Err() != nil {
		return endError(ctx, nil)
	}
	if addrs, err = c.agent.known(c.entry.Host, addrs, err); err != nil {
		return err
	}
	socket, err := c.agent.greSocket()
	if err != nil {
		return err
	}
	device := vpn.NewDevice(vpn.Config{Socket: socket, Trace: c.agent.tracePPTP(c.entry.Name)})
	targets := make([]string, len(addrs))
	for i, addr := range addrs {
		targets[i] = addr.String()
	}
	return c.inTurn(ctx, targets, func(target string) error {
		addr := addrs[slices.Index(targets, target)]
		if err := c.pins.set(c.agent.cfg.Net, c.entry.Name, netcfg.Pin{Addr: addr, Via: over.ifname}); err != nil {
			return fmt.Errorf("pinning the route to %v: %w", addr, err)
		}
		return c.connect(ctx, device, target)
	})
}

// connect makes one attempt and stays with it to its end.
func (c *Call) connect(ctx context.Context, device dialup.Device, target string) error {
	c.mu.Lock()
	c.target = target
	c.mu.Unlock()
	if target != c.entry.Host {
		c.report(dialup.Report{Phase: dialup.PhaseDial, Step: dialup.Step{Name: "target", Text: target}})
	}
	link, err := device.Dial(ctx, target, func(s dialup.Step) { c.report(dialup.Report{Step: s}) })
	if err != nil {
		return hideError(err)
	}
	conn, err := dialup.NewConnection(dialup.ConnectionConfig{
		Loop:   c.agent.loop(),
		PPP:    callerPPP(c.entry),
		MTU:    c.entry.MTU,
		Host:   c.host(),
		Idle:   c.entry.Idle,
		Limit:  c.entry.TimeLimit,
		Busy:   c.busy,
		Report: c.report,
		Trace:  c.agent.tracePPP(c.entry.Name),
	}, link)
	if err != nil {
		closeLink(link, cause.Of(err))
		return err
	}
	c.setConnection(conn)
	defer c.setConnection(nil)
	defer c.agent.tallies.follow(c.entry.Name, conn)()
	c.agent.captures.begins(conn, c.entry.Name)
	defer c.agent.captures.ends(conn)
	return conn.Run(ctx)
}

// busy reports whether something runs over the call: its keepalives are no
// traffic, but its user is one.
func (c *Call) busy() bool {
	c.agent.mu.Lock()
	defer c.agent.mu.Unlock()
	return c.users > 0
}

// host is the entry's place in the system, the keeper's where there is one.
func (c *Call) host() *callHost {
	if c.keeper == nil {
		return &callHost{agent: c.agent, entry: c.entry}
	}
	c.keeper.host.begin(c.entry)
	return c.keeper.host
}

// setConnection notes the connection of the attempt in progress; without one
// there is no network either.
func (c *Call) setConnection(conn *dialup.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn, c.network = conn, nil
}
