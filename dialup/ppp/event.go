package ppp

import (
	"net/netip"

	"dun/dialup/cause"
)

// Event is something that happened in a Session; one of the types below.
type Event interface{ event() }

// Phase is a phase of RFC 1661 section 3.2.
type Phase uint8

const (
	PhaseDead Phase = iota
	PhaseEstablish
	PhaseAuthenticate
	PhaseNetwork
	PhaseTerminate
)

// String is a word for logs.
func (p Phase) String() string {
	switch p {
	case PhaseDead:
		return "dead"
	case PhaseEstablish:
		return "establish"
	case PhaseAuthenticate:
		return "authenticate"
	case PhaseNetwork:
		return "network"
	case PhaseTerminate:
		return "terminate"
	}
	return "?"
}

// PhaseChanged tells that the session entered a phase, again where the peer
// starts LCP anew (RFC 1661 section 3.4).
type PhaseChanged struct{ Phase Phase }

// LinkOpened tells that LCP is open and what frames we may send.
type LinkOpened struct{ Framing Framing }

// Authenticated tells that one direction of authentication is done.
type Authenticated struct {
	Method Auth
	Peer   bool   // the peer proved itself to us; otherwise we to the peer
	Name   string // who was authenticated, as it was sent
}

// EncryptionUp tells that CCP opened with MPPE.
type EncryptionUp struct{ Mode MPPEMode }

// EncryptionDown tells that CCP left Opened. Nothing is carried until
// EncryptionUp comes again or, unless it is required, the peer has refused;
// with Require Closed follows where it does not come again.
type EncryptionDown struct{}

// IPv4Up tells what IPCP agreed on. It may come again with other values after
// the peer has renegotiated.
type IPv4Up struct {
	Local, Remote netip.Addr // Remote is invalid where the peer did not say
	DNS, NBNS     []netip.Addr
}

// IPv4Down tells that IPCP left Opened.
type IPv4Down struct{}

// IPv6Up tells the interface identifiers that IPV6CP agreed on.
type IPv6Up struct{ Local, Remote [8]byte }

// IPv6Down tells that IPV6CP left Opened.
type IPv6Down struct{}

// PeerIdentified carries the text of an LCP Identification (RFC 1570 section 2.1),
// control characters replaced, at most 128 characters.
type PeerIdentified struct{ Text string }

// Closed is the last event of a session.
type Closed struct {
	Cause  cause.Cause
	Detail string // in words, for a person; may be empty
}

func (PhaseChanged) event()   {}
func (LinkOpened) event()     {}
func (Authenticated) event()  {}
func (EncryptionUp) event()   {}
func (EncryptionDown) event() {}
func (IPv4Up) event()         {}
func (IPv4Down) event()       {}
func (IPv6Up) event()         {}
func (IPv6Down) event()       {}
func (PeerIdentified) event() {}
func (Closed) event()         {}
