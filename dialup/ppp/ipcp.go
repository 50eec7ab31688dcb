package ppp

import (
	"net/netip"
	"slices"

	"dun/dialup/cause"
)

// IPCP options (RFC 1332 section 3, RFC 1877).
const (
	ipcpAddress = 3
	ipcpDNS1    = 129
	ipcpNBNS1   = 130
	ipcpDNS2    = 131
	ipcpNBNS2   = 132
)

// servers are the name server options in the order of IPv4Up's lists: DNS
// first and second, NBNS first and second.
var servers = [4]uint8{ipcpDNS1, ipcpDNS2, ipcpNBNS1, ipcpNBNS2}

// ipcp is the IP Control Protocol.
type ipcp struct {
	negotiator

	local   netip.Addr // what we ask for; 0.0.0.0 = the peer shall say
	askAddr bool
	asks    [4]bool // which servers we ask for
	given   [4]netip.Addr
	naked4  int // Naks of a fixed address

	remote, judged netip.Addr // the peer's, invalid = it did not say
	seenAddr       bool       // in the request being judged
	hints          int        // how often the peer was told to ask for its address
}

var unspecified = netip.IPv4Unspecified()

func (p *ipcp) init(s *Session) {
	p.negotiator = negotiator{s: s, l: p, proto: ProtoIPCP, timer: timerIPCP}
}

func (p *ipcp) begin() {
	c := &p.s.cfg.IPv4
	p.askAddr = true
	p.local = unspecified
	if c.Local.IsValid() {
		p.local = c.Local
	}
	p.asks = [4]bool{c.AskDNS, c.AskDNS, c.AskNBNS, c.AskNBNS}
	p.given = [4]netip.Addr{unspecified, unspecified, unspecified, unspecified}
	p.naked4, p.hints = 0, 0
	p.termReason = nil
}

func (p *ipcp) request(b []byte) []byte {
	if p.askAddr {
		b = appendAddr(b, ipcpAddress, p.local)
	}
	for i, kind := range servers {
		if p.asks[i] {
			b = appendAddr(b, kind, p.given[i])
		}
	}
	return b
}

func (p *ipcp) acked() {}

func (p *ipcp) naked(o option) {
	a, ok := addrOption(o)
	if o.kind == ipcpAddress {
		switch {
		case !ok:
			p.askAddr = false
		case p.s.cfg.IPv4.Local.IsValid():
			// The address is not ours to change.
			if p.naked4++; a != p.local && p.naked4 >= p.s.cfg.Timers.MaxFailure {
				p.s.end(cause.AddressRefused, "it wants "+a.String())
			}
		case usable(a):
			p.local, p.askAddr = a, true
		}
		return
	}
	for i, kind := range servers {
		if o.kind == kind && p.asks[i] {
			if ok {
				p.given[i] = a
			} else {
				p.asks[i] = false
			}
		}
	}
}

func (p *ipcp) rejected(o option) {
	if o.kind == ipcpAddress {
		if p.s.cfg.IPv4.Local.IsValid() && p.naked4 > 0 {
			p.s.end(cause.AddressRefused, "")
			return
		}
		p.askAddr = false
	}
	for i, kind := range servers {
		if o.kind == kind {
			p.asks[i] = false
		}
	}
}

func (p *ipcp) judging() { p.judged, p.seenAddr = netip.Addr{}, false }

func (p *ipcp) judge(o option) verdict {
	if o.kind == ipcpAddress {
		a, ok := addrOption(o)
		if !ok {
			return reject
		}
		p.seenAddr = true
		return p.judgeAddr(a)
	}
	c := &p.s.cfg.IPv4
	for i, kind := range servers {
		if o.kind != kind {
			continue
		}
		list := c.DNS
		if i >= 2 {
			list = c.NBNS
		}
		a, ok := addrOption(o)
		if !ok || i%2 >= len(list) {
			return reject // RFC 1877 section 1.1: nothing to hand out
		}
		if a != list[i%2] {
			return nakAddr(list[i%2])
		}
		return accept
	}
	// IP-Addresses (deprecated), IP-Compression-Protocol and the unknown.
	return reject
}

// judgeAddr rules on the address that the peer wants to have. 0.0.0.0 is a
// question and never acknowledged (RFC 1332 section 3.3).
func (p *ipcp) judgeAddr(a netip.Addr) verdict {
	want := p.s.network.remote
	switch {
	case want.IsValid() && a != want:
		return nakAddr(want)
	case want.IsValid(), usable(a) && a != p.local:
		p.judged = a
		return accept
	}
	return reject // we have none to give
}

// missing tells a caller that does not ask for the address that waits for it
// (RFC 1661 section 5.3), but does not insist.
func (p *ipcp) missing(naks []byte) []byte {
	if p.s.cfg.Answer && !p.seenAddr && p.s.network.remote.IsValid() && p.hints < 2 {
		p.hints++
		naks = appendAddr(naks, ipcpAddress, p.s.network.remote)
	}
	return naks
}

func (p *ipcp) agreed() { p.remote = p.judged }

func (p *ipcp) other(packet) bool { return false }

func (p *ipcp) codeRejected(uint8) {}

func (p *ipcp) handle(sig signal) {
	if sig == sigUp && p.state == stOpened && !usable(p.local) && !p.s.cfg.IPv4.Local.IsValid() {
		p.reset()
		p.s.networkFailed(cause.NoNetworkProtocol, "the peer gives us no address")
		return
	}
	p.s.networkSignal(&p.negotiator, sig, "IPCP", p.s.setIPv4)
}

// result is what was agreed on.
func (p *ipcp) result() IPv4Up {
	up := IPv4Up{Local: p.local, Remote: p.remote}
	if !up.Remote.IsValid() {
		up.Remote = p.s.network.remote // the peer did not say, but may use it
	}
	for i := range servers {
		list := &up.DNS
		if i >= 2 {
			list = &up.NBNS
		}
		// pppd gives its only server twice.
		if a := p.given[i]; p.asks[i] && usable(a) && !slices.Contains(*list, a) {
			*list = append(*list, a)
		}
	}
	return up
}

// usable reports whether an address can be that of a host.
func usable(a netip.Addr) bool {
	return a.Is4() && !a.IsUnspecified() && !a.IsLoopback() && a.As4()[0] < 224 && a.As4()[0] != 0
}

func addrOption(o option) (netip.Addr, bool) {
	if len(o.data) != 4 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(o.data)), true
}

func appendAddr(b []byte, kind uint8, a netip.Addr) []byte {
	v := a.As4()
	return appendOption(b, kind, v[:]...)
}

func nakAddr(a netip.Addr) verdict {
	v := a.As4()
	return nak(v[:]...)
}
