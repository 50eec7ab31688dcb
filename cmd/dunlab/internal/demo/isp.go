package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"

	"dun/board/netcfg"
	"dun/board/tun"
	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/modem"
)

// ISP answers the telephone at port as an Internet service provider with one
// line: one account, one address for the caller, a name server, and the way
// to the interface uplink. It returns when ctx ends.
func ISP(ctx context.Context, port, uplink string, out io.Writer) error {
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	dns, err := net.ListenPacket("udp4", ":53")
	if err != nil {
		return err
	}
	var serving sync.WaitGroup
	defer serving.Wait()
	defer dns.Close()
	serving.Go(func() { serveDNS(dns, map[string]netip.Addr{officeName: officeOutside.Addr()}) })

	loop, err := path.NewLoop(path.Config{})
	if err != nil {
		return err
	}
	defer loop.Close()
	host, err := netcfg.Open(netcfg.DefaultDir, netcfg.Options{Warn: func(text string) { say("%s", text) }})
	if err != nil {
		return err
	}
	defer host.Close()
	line := modem.Listen(modem.Config{Port: port, Trace: func(sent bool, text string) {
		if text == "RING" || text == "ATA" {
			say("%s", text)
		}
	}})
	defer line.Close()
	say("%s %s", ready, port)
	for {
		link, err := line.Accept(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		say("%s", link.Info().Text)
		err = ispCall(ctx, loop, &ispHost{net: host, uplink: uplink}, link, say)
		say("%s: %s", callEnded, cause.Of(err).Info().Sentence)
	}
}

// What ISP prints when it has begun to answer, and when it is free again.
const (
	ready     = "answers calls at"
	callEnded = "call ended"
)

// ispCall stays with one caller to the end.
func ispCall(ctx context.Context, loop *path.Loop, host dialup.Host, link dialup.Link, say func(string, ...any)) error {
	c, err := dialup.NewConnection(dialup.ConnectionConfig{
		Loop: loop,
		Host: host,
		PPP: ppp.Config{
			Answer:     true,
			Random:     func(b []byte) { rand.Read(b) },
			Require:    []ppp.Auth{ppp.AuthCHAPMD5},
			Name:       "isp",
			Users:      account{ispUser, ispPassword},
			Encryption: ppp.Deny,
			IPv4: ppp.IPv4Config{
				Local: ispLocal, Remote: ispCaller, DNS: []netip.Addr{ispLocal},
			},
		},
		Report: func(r dialup.Report) {
			if ev, is := r.Event.(ppp.Authenticated); is && ev.Peer {
				say("%q logged in by %s", ev.Name, ev.Method)
			}
			if r.Network != nil {
				say("caller has %v on %s, name server %v", r.Network.Remote, r.Network.Interface, ispLocal)
			}
			if r.Err != nil && r.Phase != dialup.PhaseDown {
				say("%v", r.Err)
			}
		},
	}, link)
	if err != nil {
		link.Close(ctx, cause.Of(err))
		return err
	}
	return c.Run(ctx)
}

// account is the ISP's only user.
type account struct{ name, password string }

// Find implements ppp.Users.
func (a account) Find(name string) (ppp.Secret, bool) {
	return ppp.Secret{Password: a.password}, name == a.name
}

// ispHost gives a caller its interface and the way to the uplink.
type ispHost struct {
	net    *netcfg.Manager
	uplink string
	tun    *tun.Device
}

// NetworkUp implements dialup.Host.
func (h *ispHost) NetworkUp(_ context.Context, n dialup.Network) (path.TUN, error) {
	if h.tun == nil {
		t, err := tun.Open("call%d", tun.Options{})
		if err != nil {
			return nil, err
		}
		h.tun = t
	}
	err := h.net.Set("caller", netcfg.State{
		Interface: h.tun.Name(), MTU: n.MTU, Local: n.Local, Remote: n.Remote,
		Forward: true, LAN: []string{h.uplink},
	})
	return h.tun, err
}

// NetworkDown implements dialup.Host.
func (h *ispHost) NetworkDown() {
	h.net.Clear("caller")
	if h.tun != nil {
		h.tun.Close()
		h.tun = nil
	}
}
