package ppp

import (
	"net/netip"

	"dun/dialup/cause"
)

// network is the Network-Layer Protocol phase (RFC 1661 section 3.6).
type network struct {
	started      bool   // IPCP and IPV6CP were started
	up4, up6     bool   // and have agreed
	ever         bool   // one of them was up once
	held4, held6 []byte // a Configure-Request that came before we start them

	carries4, carries6, plain bool // for the packet loop, see updateCarries

	leased string // user that remote was leased for
	lease  bool
	remote netip.Addr // the peer's address, invalid = it may have any
}

// startNetwork enters the phase.
func (s *Session) startNetwork() {
	s.enter(PhaseNetwork)
	s.timers.set(timerPhase, s.now.Add(s.cfg.Timers.Network))
	if !s.takeLease() {
		s.end(cause.ServerFull, "no address is left for the caller")
		return
	}
	s.startEncryption()
}

// takeLease finds out the peer's address, once for a user.
func (s *Session) takeLease() bool {
	n := &s.network
	if s.cfg.IPv4.Disable || s.cfg.IPv4.Lease == nil {
		n.remote = s.cfg.IPv4.Remote
		return true
	}
	user := s.auth.check.name
	if n.lease && n.leased == user {
		return true
	}
	remote, ok := s.cfg.IPv4.Lease(user)
	if !ok || !remote.Is4() || remote.IsUnspecified() {
		return false
	}
	n.lease, n.leased, n.remote = true, user, remote
	return true
}

// startNetworkProtocols opens IPCP and IPV6CP as soon as the policy on
// encryption allows, and gives them what the peer has sent already.
func (s *Session) startNetworkProtocols() {
	n := &s.network
	if n.started || s.ending || s.phase != PhaseNetwork {
		return
	}
	n.started = true
	for _, p := range []struct {
		on   bool
		neg  *negotiator
		held *[]byte
	}{
		{!s.cfg.IPv4.Disable, &s.ipcp.negotiator, &n.held4},
		{s.cfg.IPv6.Enable, &s.ipv6cp.negotiator, &n.held6},
	} {
		if !p.on {
			continue
		}
		p.neg.restart()
		if *p.held != nil {
			s.control(p.neg, *p.held)
			*p.held = nil
		}
	}
}

// leaveNetwork takes all network protocols and encryption down, because LCP
// begins anew or ends.
func (s *Session) leaveNetwork() {
	n := &s.network
	s.setIPv4(false)
	s.setIPv6(false)
	s.ipcp.reset()
	s.ipv6cp.reset()
	s.stopEncryption()
	n.started, n.held4, n.held6 = false, nil, nil
	s.updateCarries()
}

// setIPv4 and setIPv6 report a network protocol going up or down.
func (s *Session) setIPv4(up bool) {
	if up {
		s.emit(s.ipcp.result())
	} else if s.network.up4 {
		s.emit(IPv4Down{})
	}
	s.network.up4 = up
}

func (s *Session) setIPv6(up bool) {
	if up {
		s.emit(IPv6Up{Local: s.ipv6cp.local, Remote: s.ipv6cp.remote})
	} else if s.network.up6 {
		s.emit(IPv6Down{})
	}
	s.network.up6 = up
}

// networkOpened stops the deadline: there is something to carry.
func (s *Session) networkOpened() {
	s.network.ever = true
	s.timers.stop(timerPhase)
}

// networkClosed sets it again where nothing is left to carry.
func (s *Session) networkClosed() {
	if !s.ending && s.phase == PhaseNetwork && !s.network.up4 && !s.network.up6 && !s.timers.running(timerPhase) {
		s.timers.set(timerPhase, s.now.Add(s.cfg.Timers.Network))
	}
}

// networkFailed ends the session when a network protocol is lost for good and
// no other one is open or under way.
func (s *Session) networkFailed(c cause.Cause, detail string) {
	for _, n := range []*negotiator{&s.ipcp.negotiator, &s.ipv6cp.negotiator} {
		if n.state.negotiating() || n.state == stOpened {
			return
		}
	}
	s.end(c, detail)
}

// networkSignal is what IPCP and IPV6CP have in common.
func (s *Session) networkSignal(n *negotiator, sig signal, name string, set func(up bool)) {
	switch sig {
	case sigUp:
		if n.state == stOpened && !s.ending {
			set(true)
			s.networkOpened()
		}
	case sigDown:
		set(false)
		s.networkClosed()
	case sigFinished:
		// The peer's Terminate-Request leaves us waiting for it to begin
		// again, within the deadline; silence is the end.
		if n.count <= 0 && n.termReason == nil {
			s.networkFailed(cause.IPCPTimeout, name+" was not answered")
		}
	case sigRejected:
		s.networkFailed(cause.NoNetworkProtocol, "the peer rejects "+name)
	case sigDiverged:
		n.reset()
		set(false)
		s.networkFailed(cause.NoNetworkProtocol, name+" does not converge")
	}
}

// updateCarries computes what the packet loop asks for every packet.
func (s *Session) updateCarries() {
	n := &s.network
	on := s.phase == PhaseNetwork && !s.ending && !s.closed && s.lcp.state == stOpened
	met := s.enc.compressor != nil || s.cfg.Encryption != Require && !s.enc.busy
	n.carries4 = on && met && n.up4 && s.ipcp.state == stOpened
	n.carries6 = on && met && n.up6 && s.ipv6cp.state == stOpened
	n.plain = on && s.cfg.Encryption != Require && s.enc.compressor == nil && !s.enc.busy
}
