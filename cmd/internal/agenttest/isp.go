package agenttest

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"

	"dun/board/netcfg/netnstest"
	"dun/board/tun"
	"dun/dialup"
	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/modem"
)

// ISPConfig is what an ISP is like. The zero Config knows nobody.
type ISPConfig struct {
	NS      *netnstest.NS
	Require []ppp.Auth
	Users   Users
}

// Users knows passwords by the name as it is sent.
type Users map[string]string

// Find implements ppp.Users.
func (u Users) Find(name string) (ppp.Secret, bool) {
	password, ok := u[name]
	return ppp.Secret{Password: password}, ok
}

// StartISP answers the far modem of a line, one call after another, until the
// test ends. Callers get ISPCaller, and ISPLocal as name server.
func StartISP(t testing.TB, line *Line, cfg ISPConfig) {
	t.Helper()
	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		t.Fatal(err)
	}
	listener := modem.Listen(Modem(t, line.Far))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			link, err := listener.Accept(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				t.Errorf("the ISP's modem: %v", err)
				return
			}
			conn, err := dialup.NewConnection(dialup.ConnectionConfig{
				Loop: loop,
				PPP: ppp.Config{
					Answer: true, Random: func(b []byte) { rand.Read(b) }, Name: "isp",
					Require: cfg.Require, Users: cfg.Users, Encryption: ppp.Deny,
					IPv4: ppp.IPv4Config{Local: ISPLocal, Remote: ISPCaller, DNS: []netip.Addr{ISPLocal}},
				},
				Host: &tunHost{t: t, ns: cfg.NS},
			}, link)
			if err != nil {
				t.Error(err)
				return
			}
			conn.Run(ctx)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		listener.Close()
		loop.Close()
	})
}

// tunHost gives a caller an interface in a namespace.
type tunHost struct {
	t   testing.TB
	ns  *netnstest.NS
	tun *tun.Device
}

func (h *tunHost) NetworkUp(_ context.Context, n dialup.Network) (_ path.TUN, err error) {
	h.ns.Do(h.t, func() {
		if h.tun, err = tun.Open("isp%d", tun.Options{}); err != nil {
			return
		}
		var link netlink.Link
		if link, err = netlink.LinkByName(h.tun.Name()); err != nil {
			return
		}
		host := net.CIDRMask(32, 32)
		if err = netlink.AddrAdd(link, &netlink.Addr{
			IPNet: &net.IPNet{IP: n.Local.AsSlice(), Mask: host},
			Peer:  &net.IPNet{IP: n.Remote.AsSlice(), Mask: host},
		}); err != nil {
			return
		}
		err = netlink.LinkSetUp(link)
	})
	if err != nil {
		return nil, err
	}
	return h.tun, nil
}

func (h *tunHost) NetworkDown() {
	if h.tun != nil {
		h.tun.Close()
	}
}
