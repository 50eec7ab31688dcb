package agent

import (
	"strconv"
	"strings"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp"
	"dun/vpn"
)

// Protocols is a set of what can be traced.
type Protocols uint32

const (
	protocolOther Protocols = 1 << iota
	protocolLCP
	protocolPAP
	protocolCHAP
	protocolCCP
	protocolIPCP
	protocolIPV6CP
	protocolAT
	protocolPPTP

	everyProtocol = protocolPPTP<<1 - 1
)

// protocolNames are in the order of the bits above.
var protocolNames = [...]string{"other", "lcp", "pap", "chap", "ccp", "ipcp", "ipv6cp", "at", "pptp"}

// ParseProtocols makes a set of names; all without any.
func ParseProtocols(names []string) (set Protocols, err error) {
	for _, name := range names {
		bit := Protocols(0)
		for i, known := range protocolNames {
			if strings.EqualFold(name, known) {
				bit = 1 << i
			}
		}
		if bit == 0 {
			return 0, cause.New(cause.Usage, "%q cannot be traced; there are %s", name, strings.Join(ProtocolNames(), " "))
		}
		set |= bit
	}
	if set == 0 {
		set = everyProtocol
	}
	return set, nil
}

// ProtocolNames are the names that ParseProtocols knows.
func ProtocolNames() []string {
	return append(protocolNames[1:len(protocolNames):len(protocolNames)], protocolNames[0])
}

// bitOf is a PPP protocol in a set.
func bitOf(p ppp.Protocol) Protocols {
	switch p {
	case ppp.ProtoLCP:
		return protocolLCP
	case ppp.ProtoPAP:
		return protocolPAP
	case ppp.ProtoCHAP:
		return protocolCHAP
	case ppp.ProtoCCP:
		return protocolCCP
	case ppp.ProtoIPCP:
		return protocolIPCP
	case ppp.ProtoIPV6CP:
		return protocolIPV6CP
	}
	return protocolOther
}

// tracePPP is the trace of an entry's link: it puts into words what somebody
// wants to read, and passwords never.
func (a *Agent) tracePPP(entry string) func(time.Time, bool, []byte) {
	return func(_ time.Time, sent bool, frame []byte) {
		p, _, _ := ppp.ParseHeader(frame)
		if bit := bitOf(p); a.events.wants(bit) {
			a.sendPacket(entry, bit, sent, ppp.Format(frame))
		}
	}
}

// traceModem is the same for the dialogue with a modem.
func (a *Agent) traceModem(entry string) func(sent bool, text string) {
	return func(sent bool, text string) {
		a.captures.modemText(entry, sent, text)
		if a.events.wants(protocolAT) {
			a.sendPacket(entry, protocolAT, sent, "[AT "+strconv.Quote(hideAT(text))+"]")
		}
	}
}

// tracePPTP is the same for a PPTP control connection.
func (a *Agent) tracePPTP(entry string) func(vpn.ControlMessage) {
	return func(m vpn.ControlMessage) {
		a.captures.control(entry, m)
		if a.events.wants(protocolPPTP) {
			a.sendPacket(entry, protocolPPTP, m.Sent, m.String())
		}
	}
}

func (a *Agent) sendPacket(entry string, p Protocols, sent bool, packet string) {
	direction := "rcvd "
	if sent {
		direction = "sent "
	}
	a.events.sendPacket(Event{Time: time.Now(), Entry: entry, Packet: direction + packet}, p)
}

// traceable says why an entry cannot be traced or captured: there is none.
func (a *Agent) traceable(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.cfg.Phonebook.Entry(name); known || name == "" || a.calls[name] != nil {
		return nil
	}
	if a.server != nil && (name == serverEntry || strings.HasPrefix(name, callLabel)) {
		return nil
	}
	return cause.New(cause.NoEntry, "%q", name)
}
