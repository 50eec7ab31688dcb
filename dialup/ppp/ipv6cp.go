package ppp

// ipv6cpID is the only option (RFC 5072 section 4).
const ipv6cpID = 1

// ipv6cp is the IPv6 Control Protocol: each end gets an interface identifier
// that the other does not have.
type ipv6cp struct {
	negotiator

	local, remote, judged [8]byte
	ask                   bool
	seen                  bool // an identifier in the request being judged
	hinted                bool
}

func (p *ipv6cp) init(s *Session) {
	p.negotiator = negotiator{s: s, l: p, proto: ProtoIPV6CP, timer: timerIPV6CP}
}

func (p *ipv6cp) begin() {
	p.ask, p.hinted = true, false
	p.termReason = nil
	if p.local == [8]byte{} {
		p.local = p.s.cfg.IPv6.ID
	}
	if p.local == [8]byte{} {
		p.local = p.newID()
	}
}

// newID makes an identifier: random, not zero, and with the universal bit
// clear (RFC 5072 section 4.1), unlike both that are in use.
func (p *ipv6cp) newID() (id [8]byte) {
	p.s.cfg.Random(id[:])
	id[0] &^= 2
	for id == ([8]byte{}) || id == p.local || id == p.judged {
		id[7]++
	}
	return id
}

func (p *ipv6cp) request(b []byte) []byte {
	if p.ask {
		b = appendOption(b, ipv6cpID, p.local[:]...)
	}
	return b
}

func (p *ipv6cp) acked() {}

// naked takes the identifier that the peer proposes, unless it is its own
// (RFC 5072 section 4.1).
func (p *ipv6cp) naked(o option) {
	if o.kind != ipv6cpID || len(o.data) != 8 {
		return
	}
	id := [8]byte(o.data)
	if id == ([8]byte{}) || id == p.remote || id == p.local {
		id = p.newID()
	}
	p.local = id
}

func (p *ipv6cp) rejected(o option) {
	if o.kind == ipv6cpID {
		p.ask = false
	}
}

func (p *ipv6cp) judging() { p.judged, p.seen = [8]byte{}, false }

// judge rules on the peer's identifier: neither zero nor ours (RFC 5072
// section 4.1, the table of cases).
func (p *ipv6cp) judge(o option) verdict {
	if o.kind != ipv6cpID || len(o.data) != 8 {
		return reject
	}
	p.seen = true
	p.judged = [8]byte(o.data)
	if p.judged == ([8]byte{}) || p.judged == p.local {
		id := p.newID()
		return nak(id[:]...)
	}
	return accept
}

// missing gives an identifier to a peer that does not ask, once.
func (p *ipv6cp) missing(naks []byte) []byte {
	if !p.seen && !p.hinted {
		p.hinted = true
		id := p.newID()
		naks = appendOption(naks, ipv6cpID, id[:]...)
	}
	return naks
}

func (p *ipv6cp) agreed() { p.remote = p.judged }

func (p *ipv6cp) other(packet) bool { return false }

func (p *ipv6cp) codeRejected(uint8) {}

func (p *ipv6cp) handle(sig signal) {
	p.s.networkSignal(&p.negotiator, sig, "IPV6CP", p.s.setIPv6)
}
