package agent

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
	"dun/vpn"
)

// ServerConfig is how we answer PPTP calls.
type ServerConfig struct {
	Listen      []netip.Addr
	Local       netip.Addr // our end of every call
	Pool        *dialup.Pool
	Auth        []ppp.Auth
	Encryption  ppp.Policy
	MPPE        []ppp.MPPEMode
	DNS, NBNS   []netip.Addr
	MTU, MRU    int
	Forward     bool
	LAN         []string // interfaces that callers may reach, see netcfg.State
	Interface   string   // pattern, "" = dun%d
	MaxCalls    int
	MaxHalfOpen int // control connections and calls that have not logged in
	Name        string
	HashDomain  bool // see ppp.Config
	KeepDomain  bool // callers are known by their name with its domain only
	Keepalive   phonebook.Keepalive
}

// serverEntry is the server's name in events.
const serverEntry = "server"

// callLabel begins the names of the calls that it answers.
const callLabel = "call "

// server answers calls until its context ends.
type server struct {
	agent   *Agent
	cfg     ServerConfig
	users   *phonebook.Secrets
	cancel  context.CancelCauseFunc
	started time.Time
	done    chan struct{}  // closed when Serve returns
	places  *dialup.Places // for calls that have not logged in

	mu     sync.Mutex
	calls  map[int]*answered
	nextID int
	leases map[netip.Addr]*answered
}

// Serve answers calls until ctx ends, and returns when the last one is gone.
// ready is closed once callers are answered.
func (a *Agent) Serve(ctx context.Context, cfg ServerConfig, ready chan<- struct{}) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := a.newServer(cfg, cancel)
	if err != nil {
		return err
	}
	defer s.remove()
	sockets, err := a.greSockets()
	if err != nil {
		return err
	}
	listener, err := vpn.Listen(vpn.ListenConfig{
		Config:      vpn.Config{Trace: a.tracePPTP(serverEntry)},
		Sockets:     sockets,
		Addrs:       cfg.Listen,
		MaxCalls:    cfg.MaxCalls,
		MaxHalfOpen: cfg.MaxHalfOpen,
	})
	if err != nil {
		return err
	}
	a.emitText(serverEntry, "listening on %s, TCP port 1723", joined(cfg.Listen))
	close(ready)
	return s.run(ctx, listener)
}

// newServer makes the agent's one server.
func (a *Agent) newServer(cfg ServerConfig, cancel context.CancelCauseFunc) (*server, error) {
	s := &server{
		agent: a, cfg: cfg, users: a.cfg.Secrets, cancel: cancel, started: time.Now(), done: make(chan struct{}),
		calls: make(map[int]*answered), leases: make(map[netip.Addr]*answered),
		places: dialup.NewPlaces(cfg.MaxHalfOpen),
	}
	if !cfg.KeepDomain {
		s.users = s.users.IgnoringDomain()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, errClosed
	}
	if a.server != nil {
		return nil, cause.New(cause.AlreadyUp, "the server")
	}
	a.server = s
	return s, nil
}

func (s *server) remove() {
	s.agent.mu.Lock()
	s.agent.server = nil
	s.agent.mu.Unlock()
	s.agent.captures.over(serverEntry)
	close(s.done)
}

// run accepts callers until ctx ends, then hangs up on all.
func (s *server) run(ctx context.Context, listener *vpn.Listener) error {
	var calls sync.WaitGroup
	defer listener.Wait()
	defer calls.Wait()
	defer listener.Close()
	for {
		link, err := listener.Accept(ctx)
		if err != nil {
			err = endError(ctx, err)
			s.hangUpAll(cause.Of(err))
			return err
		}
		c, callCtx, err := s.admit(ctx, link)
		if err != nil {
			s.agent.tallies.turnedAway()
			s.agent.emitText(serverEntry, "caller %s turned away: %v", link.Info().Remote, err)
			calls.Go(func() { closeLink(link, cause.Of(err)) })
			continue
		}
		calls.Go(func() { c.run(callCtx, link) })
	}
}

// admit makes room for a caller, or says why not. Strangers can hold no more
// than MaxHalfOpen places before the log-in, and none of them can keep the
// others out.
func (s *server) admit(ctx context.Context, link dialup.Link) (*answered, context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) >= s.cfg.MaxCalls {
		return nil, nil, cause.New(cause.ServerFull, "%d calls", len(s.calls))
	}
	// A call is hung up on by hangUpAll, in order, not with the server's ctx.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	leave, ok := s.places.Take(link.Info().Peer, func() { cancel(cause.ServerFull) })
	if !ok {
		cancel(nil)
		return nil, nil, cause.New(cause.ServerFull, "%d calls have not logged in yet", s.places.Held())
	}
	s.nextID++
	c := newAnswered(s, s.nextID, link.Info().Remote, cancel)
	c.leave = leave
	s.calls[c.id] = c
	return c, ctx, nil
}

// remove forgets a call that has ended.
func (s *server) forget(c *answered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.id)
	c.leave()
	s.releaseLocked(c)
}

func (s *server) hangUpAll(why cause.Cause) {
	if why == cause.Internal || why == cause.Cancelled {
		why = cause.UserRequest
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		c.cancel(why)
	}
}

// lease finds an address for a call of user's. It is called by the session,
// in the packet loop, once, or again when the peer begins anew.
//
// A user with an address for himself who calls while an older call of his has
// it gets it: the older call is most often one whose caller lost power, and
// would keep him out until the keepalive noticed.
func (s *server) lease(c *answered, user string) (netip.Addr, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.leased.IsValid() && c.leasedTo == user {
		return c.leased, true
	}
	s.releaseLocked(c)
	fixed := s.users.UserAddress(user)
	addr, ok := s.cfg.Pool.Lease(fixed)
	if older := s.leases[fixed]; !ok && older != nil {
		older.leased = netip.Addr{}
		older.cancel(cause.New(cause.UserRequest, "%q called again, as %s", user, c.label()))
		c.replaces = append(c.replaces, append(older.replaces, older)...)
		addr, ok = fixed, true
	}
	if ok {
		c.leased, c.leasedTo = addr, user
		s.leases[addr] = c
	}
	return addr, ok
}

// releaseLocked gives a call's address back.
func (s *server) releaseLocked(c *answered) {
	if c.leased.IsValid() {
		delete(s.leases, c.leased)
		s.cfg.Pool.Release(c.leased)
		c.leased = netip.Addr{}
	}
}

func closeLink(link dialup.Link, why cause.Cause) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	link.Close(ctx, why)
}

func joined(addrs []netip.Addr) string {
	words := make([]string, len(addrs))
	for i, addr := range addrs {
		words[i] = addr.String()
	}
	return strings.Join(words, " ")
}

// label names a call in events and status.
func (c *answered) label() string { return callLabel + strconv.Itoa(c.id) }
