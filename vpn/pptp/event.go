package pptp

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dun/dialup/cause"
)

// Event is something that happened on a control connection; one of the types
// below. Texts in events come from the peer with control characters replaced.
type Event interface{ event() }

// StateChanged tells the control connection's new state.
type StateChanged struct{ State State }

// Opened tells that the control connection is established, and who the peer is.
type Opened struct {
	Version     uint16
	Framing     Framing
	Bearer      Bearer
	MaxChannels uint16
	Firmware    uint16
	HostName    string
	Vendor      string
}

// CallRequested tells that the peer, a PNS, wants an outgoing call
// (RFC 2637 section 2.7). AcceptCall or RefuseCall answers it.
type CallRequested struct {
	PeerCallID  uint16
	Serial      uint16
	MinBPS      uint32
	MaxBPS      uint32
	Bearer      Bearer
	Framing     Framing
	PhoneNumber string
	Subaddress  string
}

// CallOffered tells that the peer, a PAC, has an incoming call for us
// (RFC 2637 section 2.9). AcceptCall or RefuseCall answers it.
type CallOffered struct {
	PeerCallID uint16
	Serial     uint16
	Bearer     Bearer
	Channel    uint32
	Dialed     string
	Dialing    string
	Subaddress string
}

// CallUp tells that a call is established: its tunnel may carry PPP.
type CallUp struct {
	CallID     uint16        // ours: in the GRE packets that we receive
	PeerCallID uint16        // the peer's: in those that we send
	Window     uint16        // packets that the peer will buffer
	Delay      time.Duration // the peer's processing delay
	Speed      uint32        // bit/s, 0 where the peer does not say
	Channel    uint32
}

// CallEnded tells that a call is over, or never came to be. It comes once for
// each call that was dialed, offered, or reported; at once when we ended it,
// though the id stays in use until the peer has confirmed.
type CallEnded struct {
	CallID     uint16 // ours; 0 for a call that we had not accepted yet
	PeerCallID uint16 // the peer's; 0 for a call that it had not accepted yet
	Cause      cause.Cause
	Detail     string // in words, for a person; may be empty
	Statistics string // what the peer's Call-Disconnect-Notify says
}

// LinkInfo tells the ACCMs that the peer set for a call (RFC 2637 section
// 2.15). They concern a PAC with an asynchronous line behind it; for others
// there is nothing to do.
type LinkInfo struct {
	CallID      uint16
	SendACCM    uint32
	ReceiveACCM uint32
}

// WANErrors tells the error counters of the peer's line (RFC 2637 section 2.14).
type WANErrors struct {
	CallID uint16
	Errors WANErrorNotify
}

// EchoAnswered tells the round-trip time of an Echo-Request.
type EchoAnswered struct{ RTT time.Duration }

// Closed is the last event. What PollTransmit has is to be written, then the
// TCP connection closed. All calls have ended before.
type Closed struct {
	Cause  cause.Cause
	Detail string // in words, for a person; may be empty
}

func (StateChanged) event()  {}
func (Opened) event()        {}
func (CallRequested) event() {}
func (CallOffered) event()   {}
func (CallUp) event()        {}
func (CallEnded) event()     {}
func (LinkInfo) event()      {}
func (WANErrors) event()     {}
func (EchoAnswered) event()  {}
func (Closed) event()        {}

// clean makes text of the peer fit for a terminal and a log.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "?")
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}
