package dialup

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp"
)

// tell gives a connection events as its session would; that says nothing.
func (r *rig) tell(s *side, events ...ppp.Event) {
	s.link.lose.Store(1)
	r.loop.Do(func(now time.Time) { r.loop.Open(now, s.path) }) // again: harmless
	for _, ev := range events {
		s.handle(s.ctx, ev)
	}
}

var (
	ip1, ip2 = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	open1400 = ppp.LinkOpened{Framing: ppp.Framing{MRU: 1400}}
	mppe128  = ppp.MPPEMode{Bits: 128, Stateless: true}
)

// TestMTU holds the formula: the peer's MRU, what the way below carries, the
// entry's limit, and encryption's four octets.
func TestMTU(t *testing.T) {
	for _, c := range []struct {
		mru, below, limit int
		encrypted         bool
		want              int
	}{
		{1500, 1460, 0, false, 1460},
		{1500, 1460, 0, true, 1456}, // Ethernet: 1500 - 20 - 16 - 4 - 4
		{1400, 1460, 0, true, 1396}, // Windows
		{1450, 1460, 0, true, 1446}, // RouterOS
		{1500, 1452, 0, true, 1448}, // over PPPoE
		{1500, 0, 0, false, 1500},   // a modem
		{1500, 0, 0, true, 1496},
		{1400, 1460, 1300, true, 1300},
		{1400, 1460, 1400, true, 1396},
		{576, 1460, 0, true, 572},
	} {
		r := newRig(t, nil)
		r.a.link.info.MTU, r.a.cfg.MTU = c.below, c.limit
		r.tell(r.a, ppp.LinkOpened{Framing: ppp.Framing{MRU: c.mru}})
		if c.encrypted {
			r.tell(r.a, ppp.EncryptionUp{Mode: mppe128})
		}
		r.tell(r.a, ppp.IPv4Up{Local: ip2, Remote: ip1})
		if got := r.a.host.networks[0].MTU; got != c.want {
			t.Errorf("MRU %d, below %d, limit %d, encrypted %v: MTU %d, want %d", c.mru, c.below, c.limit, c.encrypted, got, c.want)
		}
	}
}

func TestQueue(t *testing.T) {
	for _, c := range []struct {
		async      bool
		speed, mtu int
		want       int
	}{
		{false, 0, 1456, 0},        // a tunnel: as the system likes
		{true, 33600, 1500, 3},     // a modem
		{true, 0, 1500, 3},         // one that does not tell its speed
		{true, 33600, 296, 5},      // small packets
		{true, 921600, 1500, 30},   // a cable between two machines
		{true, 1 << 30, 1500, 500}, // no more than the system's own
	} {
		if got := queue(LinkInfo{Async: c.async, Speed: c.speed}, c.mtu); got != c.want {
			t.Errorf("%+v: %d packets may wait", c, got)
		}
	}
}

// TestNetworkAgain: what the peer negotiates anew is applied when it is
// something else, and told as Up again in any case.
func TestNetworkAgain(t *testing.T) {
	r := newRig(t, nil)
	up := ppp.IPv4Up{Local: ip2, Remote: ip1, DNS: []netip.Addr{ip1}}
	again := []ppp.Event{
		ppp.IPv4Down{}, ppp.PhaseChanged{Phase: ppp.PhaseEstablish}, open1400,
		ppp.PhaseChanged{Phase: ppp.PhaseAuthenticate}, ppp.PhaseChanged{Phase: ppp.PhaseNetwork},
	}
	r.tell(r.a, open1400, up)
	r.tell(r.a, again...)
	r.tell(r.a, up)
	if n := len(r.a.host.networks); n != 1 {
		t.Errorf("the same was applied %d times", n)
	}
	r.tell(r.a, again...)
	other := up
	other.Local = netip.MustParseAddr("10.0.0.77")
	r.tell(r.a, other)
	r.tell(r.a, ppp.LinkOpened{Framing: ppp.Framing{MRU: 1000}}, other)
	other.DNS = nil
	r.tell(r.a, other)
	h := r.a.host
	if len(h.networks) != 4 || h.networks[1].Local != other.Local || h.networks[2].MTU != 1000 || h.networks[3].DNS != nil {
		t.Errorf("applied %+v", h.networks)
	}
	ups := 0
	for i, p := range r.a.told() {
		if p == PhaseUp {
			ups++
		}
		if i == 1 && p != PhaseLink {
			t.Errorf("LCP anew is told as %v", p)
		}
	}
	if ups != 5 {
		t.Errorf("told Up %d times of 5: %v", ups, r.a.told())
	}
	for _, rep := range r.a.reports {
		if rep.Phase == PhaseUp && (rep.Network == nil || rep.Network.Interface != "fake0" || rep.Network == &r.a.network) {
			t.Errorf("told %+v", rep)
		}
	}
}

// TestEncryptionAfterNetwork: where encryption is merely allowed the peer may
// ask for it when packets flow already.
func TestEncryptionAfterNetwork(t *testing.T) {
	r := newRig(t, nil)
	r.tell(r.a, open1400, ppp.IPv4Up{Local: ip2, Remote: ip1}, ppp.EncryptionUp{Mode: mppe128})
	n := r.a.host.networks
	if len(n) != 2 || n[0].MTU != 1400 || n[1].MTU != 1396 || !n[1].Encrypted || n[1].Encryption != mppe128 {
		t.Errorf("applied %+v", n)
	}
	r.tell(r.a, ppp.EncryptionDown{}, ppp.EncryptionUp{Mode: mppe128})
	if len(r.a.host.networks) != 2 {
		t.Error("the same was applied again")
	}
}

func TestIPv6(t *testing.T) {
	v6 := ppp.IPv6Up{Local: [8]byte{2, 0, 0, 0, 0, 0, 0, 1}, Remote: [8]byte{7: 2}}
	v4 := ppp.IPv4Up{Local: ip2, Remote: ip1}
	local := netip.MustParseAddr("fe80::200:0:0:1")
	t.Run("before IPv4", func(t *testing.T) {
		r := newRig(t, nil)
		r.tell(r.a, open1400, v6)
		if len(r.a.host.networks) != 0 {
			t.Fatal("up without IPv4")
		}
		r.tell(r.a, v4)
		if n := r.a.host.networks; len(n) != 1 || n[0].IPv6Local != local || n[0].IPv6Remote != netip.MustParseAddr("fe80::2") || n[0].Local != ip2 {
			t.Errorf("applied %+v", n)
		}
		if r.a.alone != nil {
			t.Error("still waiting for IPv4")
		}
	})
	t.Run("after IPv4", func(t *testing.T) {
		r := newRig(t, nil)
		r.tell(r.a, open1400, v4, v6)
		if n := r.a.host.networks; len(n) != 2 || n[0].IPv6Local.IsValid() || n[1].IPv6Local != local {
			t.Errorf("applied %+v", n)
		}
	})
	t.Run("without IPv4", func(t *testing.T) {
		r := newRig(t, func(a, _ *ppp.Config) { a.IPv4.Disable, a.IPv6.Enable = true, true })
		r.tell(r.a, open1400, v6)
		if n := r.a.host.networks; len(n) != 1 || n[0].Local.IsValid() || n[0].IPv6Local != local {
			t.Errorf("applied %+v", n)
		}
	})
	t.Run("IPv4 never comes", func(t *testing.T) {
		r := newRig(t, func(a, b *ppp.Config) {
			a.IPv6.Enable, b.IPv6.Enable = true, true
			b.IPv4.Disable = true
		})
		r.up()
		if n := r.a.host.networks; len(n) != 1 || n[0].Local.IsValid() || !n[0].IPv6Local.IsValid() {
			t.Errorf("applied %+v", n)
		}
		r.a.cancel(nil)
		r.end(r.a)
		r.end(r.b)
	})
}

// TestIPCPDown: the peer takes IPCP down and leaves LCP up. The interface
// stays for when it comes again; if it does not, the link ends.
func TestIPCPDown(t *testing.T) {
	terminate := []byte{0x80, 0x21, 5, 9, 0, 4}
	t.Run("and up again", func(t *testing.T) {
		r := newRig(t, nil).up()
		r.loop.Do(func(now time.Time) { r.a.path.Input(now, []byte{0x80, 0x21, 1, 99, 0, 10, 3, 6, 10, 0, 0, 1}) })
		<-r.a.ups
		r.wait(r.a.ups, "the network, once more")
		select {
		case <-r.a.ended:
			t.Fatalf("ended: %v", r.a.err)
		default:
		}
		if r.a.host.downs != 0 {
			t.Error("the interface was taken away")
		}
		r.a.cancel(nil)
		r.end(r.a)
		r.end(r.b)
	})
	t.Run("for good", func(t *testing.T) {
		r := newRig(t, func(a, _ *ppp.Config) { a.Timers.Network = 200 * time.Millisecond }).up()
		r.b.link.lose.Store(uint32(ppp.ProtoIPCP))
		r.loop.Do(func(now time.Time) { r.a.path.Input(now, terminate) })
		if err := r.end(r.a); cause.Of(err) != cause.IPCPTimeout {
			t.Errorf("ended with %v", err)
		}
		r.end(r.b)
	})
}

// TestTooLate: what is agreed on after the hang-up has begun is not applied.
func TestTooLate(t *testing.T) {
	r := newRig(t, nil)
	r.tell(r.a, open1400, ppp.PhaseChanged{Phase: ppp.PhaseTerminate}, ppp.IPv4Up{Local: ip2, Remote: ip1})
	r.b.cancel(nil)
	r.tell(r.b, open1400, ppp.IPv4Up{Local: ip1, Remote: ip2})
	if len(r.a.host.networks)+len(r.b.host.networks) != 0 {
		t.Error("a network was made on the way out")
	}
	stop(&r.a.ending)
}

// TestLoopEndsInNetworkUp: the host is done, and there is no loop to tell.
func TestLoopEndsInNetworkUp(t *testing.T) {
	r := newRig(t, nil)
	r.a.host.up = func(context.Context, Network) error { r.loop.Close(); return nil }
	r.a.run()
	r.b.run()
	if err := r.end(r.a); cause.Of(err) != cause.Internal {
		t.Errorf("ended with %v", err)
	}
	r.end(r.b)
}
