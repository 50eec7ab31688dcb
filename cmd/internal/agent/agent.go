package agent

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"dun/board/hooks"
	"dun/board/netcfg"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/phonebook"
	"dun/modem"
	"dun/vpn"
)

// Config is what an agent is made of.
type Config struct {
	Version   string
	Phonebook *phonebook.Book
	Secrets   *phonebook.Secrets
	Modems    map[string]modem.Config
	Net       Net
	// Load, if set, reads the files again (see Reload).
	Load     func() (Files, error)
	FastPath FastPath
	// Hooks says which programs are told of networks; Tell is the agent's own.
	// Without a directory there are none.
	Hooks hooks.Config
	// Trial, if set, is called when a change of the phonebook is on trial. It
	// does not wait.
	Trial func()
	// Console, if set, leads a console on a terminal until it ends or ctx does.
	Console func(ctx context.Context, t Teletype)
	// AskPassword, if set, asks a person for a password that is not stored;
	// ctx ends when the call does.
	AskPassword func(ctx context.Context, entry, user string) (string, error)
}

// Net is what the agent needs of the system's network configuration:
// desired state by name, see netcfg.Manager.
type Net interface {
	Pin(name string, pins []netcfg.Pin) error
	Set(name string, s netcfg.State) error
	Clear(name string) error
	Block(name string, b *netcfg.Block) error
	Blocked() ([]string, error)
	NameServers() []netip.Addr
}

// Agent owns the packet loops and every connection on them.
type Agent struct {
	cfg      Config
	started  time.Time
	loops    []*path.Loop
	events   *broadcast
	hooks    *hooks.Runner // nil without a directory
	tallies  tallies
	captures captures
	wg       sync.WaitGroup // all goroutines; grows under mu, and not once closed

	mu      sync.Mutex
	closed  bool
	calls   map[string]*Call   // those under way, by entry
	keepers map[string]*keeper // by entry
	keeping bool
	stops   []func()                // of goroutines that wait for the system
	gre     []*vpn.Socket           // of the loops, opened with the first tunnel
	hosts   map[string][]netip.Addr // the last good addresses of servers
	refused map[string]error        // why entries are not dialed for those above them, see remember
	server  *server
}

// New makes an agent. Close ends it.
func New(cfg Config) (*Agent, error) {
	loops, err := openLoops(cfg.FastPath)
	if err != nil {
		return nil, err
	}
	a := &Agent{cfg: cfg, started: time.Now(), loops: loops, events: newBroadcast(), calls: make(map[string]*Call), keepers: make(map[string]*keeper)}
	if h := cfg.Hooks; h.Dir != "" {
		h.Tell = func(about, text string) { a.emitText(about, "%s", text) }
		a.hooks = hooks.New(h)
	}
	return a, nil
}

// Close hangs everything up in order, waits for it, and ends the events.
func (a *Agent) Close() {
	a.mu.Lock()
	a.closed = true // nothing begins from here on
	for _, k := range a.keepers {
		k.poke()
	}
	for _, stop := range a.stops {
		stop()
	}
	a.stops = nil
	a.mu.Unlock()
	a.HangUpAll(cause.UserRequest)
	a.wg.Wait()
	a.captures.close()
	a.closeLoops()
	if a.hooks != nil {
		a.hooks.Close(lastHooks)
	}
	a.events.close()
}

// errClosed is what a closed agent answers.
var errClosed = cause.New(cause.Cancelled, "dun is ending")

// Dial starts the call of an entry, and of what it needs below it, and returns
// at once. The call goes on until Done.
func (a *Agent) Dial(name string) (*Call, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dialByPerson(name, "")
}

// DialWith is Dial for somebody who cannot be asked for a password here: one
// that is neither stored nor given is cause.PasswordMissing.
func (a *Agent) DialWith(name, password string) (*Call, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, known := a.cfg.Phonebook.Entry(name)
	if known && password == "" && e.User != "" && !a.cfg.Secrets.HasEntry(name) && a.calls[name] == nil {
		return nil, cause.New(cause.PasswordMissing, "entry %q", name)
	}
	return a.dialByPerson(name, password)
}

func (a *Agent) dialByPerson(name, password string) (*Call, error) {
	c, err := a.begin(name, password, nil)
	if err != nil {
		return nil, err
	}
	c.wanted = true
	a.refused = nil
	if k := a.keepers[name]; k != nil { // a person knows better than a pause
		k.rest, k.byPerson, k.policy, k.tries = restNone, false, retry{}, 0
	}
	return c, nil
}

// dialLocked starts a call; parents are the entries that need it.
func (a *Agent) dialLocked(name string, parents []string) (*Call, error) {
	return a.begin(name, "", parents)
}

// begin is dialLocked with a password for an entry that has none.
func (a *Agent) begin(name, password string, parents []string) (*Call, error) {
	if a.closed {
		return nil, errClosed
	}
	entry, known := a.cfg.Phonebook.Entry(name)
	if !known {
		return nil, cause.New(cause.NoEntry, "%q", name)
	}
	if c, under := a.calls[name]; under {
		return nil, cause.New(cause.AlreadyUp, "%q, phase %v", name, c.phaseNow())
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	c := newCall(a, entry, cancel)
	a.calls[name] = c
	c.password = password
	if c.keeper = a.keepers[name]; c.keeper != nil {
		c.keeper.poke()
	}
	a.wg.Go(func() {
		defer cancel(nil)
		err := c.run(ctx, append(parents, name))
		a.mu.Lock()
		delete(a.calls, name)
		a.mu.Unlock()
		c.finish(err)
	})
	return c, nil
}

// HangUp ends an entry's call in order, and before it those that run over it;
// it does not wait. None of them is dialed again before a person does.
func (a *Agent) HangUp(name string, why cause.Cause) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, known := a.calls[name]
	k := a.keepers[name]
	rested := k != nil && k.stopLocked(why)
	if !known && !rested {
		return cause.New(cause.NotConnected, "%q", name)
	}
	if !known {
		return nil
	}
	a.stopOverLocked(c)
	a.hangUpLocked(c, why)
	return nil
}

func (a *Agent) hangUp(c *Call, why cause.Cause) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hangUpLocked(c, why)
}

func (a *Agent) hangUpLocked(c *Call, why cause.Cause) {
	if !a.closed { // or else Close does it
		a.wg.Go(func() { a.end(c, why, cause.New(why, "%q below it was hung up", c.entry.Name)) })
	}
}

// HangUpAll ends every call and the server, and waits for it: upper calls
// first, since they end in order only while the lower ones are up.
func (a *Agent) HangUpAll(why cause.Cause) {
	a.mu.Lock()
	server := a.server
	for _, k := range a.keepers {
		k.stopLocked(why)
	}
	var lowest []*Call
	for _, c := range a.calls {
		if c.lowerCall() == nil {
			lowest = append(lowest, c)
		}
	}
	a.mu.Unlock()
	if server != nil {
		server.cancel(why)
	}
	var all sync.WaitGroup
	for _, c := range lowest {
		all.Go(func() { a.end(c, why, why); <-c.done })
	}
	all.Wait()
	if server != nil {
		<-server.done
	}
}

// end hangs c up once those that run over it have ended, for a reason of their
// own.
func (a *Agent) end(c *Call, why, whyUpper error) {
	var upper []*Call
	a.mu.Lock()
	for _, other := range a.calls {
		if other.lowerCall() == c {
			upper = append(upper, other)
		}
	}
	a.mu.Unlock()
	for _, u := range upper {
		a.end(u, whyUpper, whyUpper)
	}
	for _, u := range upper {
		<-u.done
	}
	c.cancel(why)
}
