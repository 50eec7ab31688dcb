package agent

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
	"dun/dialup/ppp"
)

const aliceSecrets = "[user.alice]\npassword = '" + password + "'\n"

// TestServe: callers come and go, each with an address and an interface of his
// own; at the end of the server all are hung up on, and nothing is left.
func TestServe(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, aliceSecrets, nil)
		if err := h.Serve(t.Context(), ServerConfig{}, nil); cause.Of(err) != cause.AlreadyUp {
			t.Errorf("serving twice: %v", err)
		}
		var callers []*caller
		for i := range 3 {
			c := h.call("alice", password)
			if got, want := c.address(), fmt.Sprintf("10.0.0.%d", 100+i); got.String() != want {
				t.Errorf("caller %d has %v, want %s", i, got, want)
			}
			callers = append(callers, c)
		}
		for i, s := range h.calls("up", "up", "up") {
			if s.User != "alice" || s.Encryption != "mppe-128-stateless" || s.Local != "10.0.0.1" || s.Entry != fmt.Sprintf("call %d", i+1) || !strings.HasPrefix(s.Target, "203.0.113.5:") {
				t.Errorf("call %d is %+v", i, s)
			}
			wantAddress(t, s.Interface, s.Remote)
			callers[i].reaches(addr(s.Remote))
		}
		for i, l := range h.Status().Loops {
			if want := []int{2, 1}[i]; l.Links != want || l.Filtered {
				t.Errorf("loop %d is %+v, want %d links", i, l, want)
			}
		}
		callers[1].cancel()
		callers[1].ends(cause.UserRequest)
		h.calls("up", "up")
		c := h.call("alice", password)
		if got := c.address(); got != addr("10.0.0.103") {
			t.Errorf("the next has %v; an address should rest for as long as possible", got)
		}
		h.calls("up", "up", "up")
		h.stop()
		for _, c := range []*caller{callers[0], callers[2], c} {
			c.ends(cause.PeerHangup, cause.CallCleared)
		}
		if err := <-h.served; cause.Of(err) != cause.Cancelled {
			t.Errorf("Serve returned %v", err)
		}
		if h.Status().Server != nil {
			t.Error("status still shows a server")
		}
		agenttest.NothingLeft(t, nil, h.before, h.resolv)
	})
}

// wantAddress wants an interface with that peer.
func wantAddress(t *testing.T, ifname, peer string) {
	t.Helper()
	lines := agenttest.Snapshot(t, nil)
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "address") && strings.HasSuffix(l, ifname) }) {
		t.Errorf("%s has no address:\n%s", ifname, strings.Join(lines, "\n"))
	}
	if got, _ := routeOf(t, peer+"/32"); got != ifname {
		t.Errorf("%s is reached through %q, not %s", peer, got, ifname)
	}
}

// TestServeHangsUpBySocket: HangUpAll ends the server too.
func TestServeHangsUpBySocket(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, aliceSecrets, nil)
		c := h.call("alice", password)
		c.address()
		h.HangUpAll(cause.UserRequest)
		c.ends(cause.PeerHangup, cause.CallCleared)
		if err := <-h.served; cause.Of(err) != cause.UserRequest {
			t.Errorf("Serve returned %v", err)
		}
	})
}

// TestServeFails: a server that cannot listen leaves room for another try.
func TestServeFails(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := newDevice(t, "", aliceSecrets, nil)
		cfg := ServerConfig{Listen: []netip.Addr{addr("192.0.2.99")}, Local: officeLocal, Pool: poolOf(t, "10.0.0.100"), Auth: []ppp.Auth{ppp.AuthMSCHAPv2}, MaxCalls: 1, MaxHalfOpen: 1}
		for range 2 {
			if err := d.Serve(t.Context(), cfg, make(chan struct{})); cause.Of(err) != cause.NetworkSetup || !strings.Contains(err.Error(), "192.0.2.99") {
				t.Errorf("got %v", err)
			}
		}
	})
}

// TestMaxCalls: one call too many is refused, and gets in when another has left.
func TestMaxCalls(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, aliceSecrets, func(c *ServerConfig) { c.MaxCalls = 2 })
		a, b := h.call("alice", password), h.call("alice", password)
		a.address()
		b.address()
		if _, err := h.ring(); cause.Of(err) != cause.ServerFull && cause.Of(err) != cause.CallRefused {
			t.Errorf("the third: %v", err)
		}
		a.cancel()
		a.ends(cause.UserRequest)
		h.calls("up")
		h.call("alice", password).address()
	})
}

// TestMaxHalfOpen: strangers who do not log in hold a bounded number of
// places, however many calls are allowed.
func TestMaxHalfOpen(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, aliceSecrets, func(c *ServerConfig) { c.MaxHalfOpen = 2 })
		h.call("alice", password).address() // is logged in: does not count
		var strangers []*caller
		for range 2 {
			c, err := h.ring()
			if err != nil {
				t.Fatal(err)
			}
			strangers = append(strangers, c)
		}
		h.calls("up", "link", "link")
		if c, err := h.ring(); err == nil {
			<-c.link.Done() // turned away
		}
		h.story.wait(t, "the third", func(ev Event) bool { return strings.Contains(ev.Text, "have not logged in yet") })
		closeLink(strangers[0].link, cause.UserRequest)
		h.calls("up", "link")
		h.call("alice", password).address()
	})
}

// TestPoolExhausted: who gets no address is hung up on; the others stay.
func TestPoolExhausted(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, aliceSecrets, func(c *ServerConfig) { c.Pool = poolOf(t, "10.0.0.100") })
		first := h.call("alice", password)
		first.address()
		second := h.call("alice", password)
		second.ends(cause.PeerHangup, cause.CallCleared, cause.NoNetworkProtocol)
		end := h.story.wait(t, "the second's end", func(ev Event) bool { return ev.Entry == "call 2" && ev.End != nil })
		if end.End.Cause != "server-full" && end.End.Cause != "ipcp-timeout" {
			t.Errorf("the second ended with %+v", end.End)
		}
		h.calls("up")
		first.cancel()
		first.ends(cause.UserRequest)
		h.calls()
		h.call("alice", password).address()
	})
}

const fixedSecrets = `[user.alice]
password = '` + password + `'
address = "10.0.0.50"
[user.bob]
password = '` + password + `'
`

// TestFixedAddress: a user with an address for himself gets it, again and
// again, and nobody else does.
func TestFixedAddress(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, fixedSecrets, nil)
		for range 3 {
			c := h.call("alice", password)
			if got := c.address(); got != addr("10.0.0.50") {
				t.Errorf("alice has %v", got)
			}
			c.cancel()
			c.ends(cause.UserRequest)
			h.calls()
		}
		if got := h.call("bob", password).address(); got != addr("10.0.0.100") {
			t.Errorf("bob has %v", got)
		}
	})
}

// TestZombie: a caller with a fixed address loses power and calls again. The
// new call takes the old one's place, at once.
func TestZombie(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, fixedSecrets, nil)
		zombie := h.call("alice", password)
		zombie.address()
		h.calls("up")
		zombie.reaches(addr("10.0.0.50"))
		power := make(chan struct{})
		zombie.loop.Post(func(time.Time) { <-power }) // deaf and dumb from here on
		defer close(power)
		for i := range 2 {
			again := h.call("alice", password)
			if got := again.address(); got != addr("10.0.0.50") {
				t.Fatalf("alice has %v", got)
			}
			h.story.wait(t, "the call", func(ev Event) bool { return ev.Entry == fmt.Sprintf("call %d", i+2) && ev.Phase == "up" })
			again.reaches(addr("10.0.0.50")) // while the older call is still ending
			if i == 0 {
				end := h.story.wait(t, "the zombie's end", func(ev Event) bool { return ev.Entry == "call 1" && ev.End != nil })
				if end.End.Detail != `"alice" called again, as call 2` {
					t.Errorf("the zombie ended with %+v", end.End)
				}
				calls := h.calls("up")
				wantAddress(t, calls[0].Interface, "10.0.0.50")
				again.reaches(addr("10.0.0.50"))
			} else {
				h.calls("up")
			}
		}
	})
}

// TestKeepDomain is the rule for users' domains: names are looked up as they
// came; keep-domain = false tries them without as well.
func TestKeepDomain(t *testing.T) {
	for _, keep := range []bool{true, false} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			netnstest.Run(t, func(t *testing.T) {
				h := newHall(t, aliceSecrets+"[user.'CORP\\bob']\npassword = '"+password+"'\n[user.bob]\npassword = 'other'\n", func(c *ServerConfig) { c.KeepDomain = keep })
				h.call(`CORP\bob`, password).address()
				h.call("bob", "other").address()
				c := h.call(`CORP\alice`, password)
				if keep {
					c.ends(cause.AuthFailed)
				} else {
					c.address()
				}
				h.call(`OTHER\bob`, password).ends(cause.AuthFailed)
			})
		})
	}
}
