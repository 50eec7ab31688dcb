package ppp

import (
	"net/netip"
	"time"
)

// Config is all that a Session needs to know. The zero value of a duration or
// count means its default (DefaultTimers). A Session never changes its Config.
type Config struct {
	Answer bool           // we were called: we authenticate the peer and hand out addresses
	Random func(b []byte) // fills b with unpredictable bytes: magic numbers, challenges, interface identifiers

	// LCP (RFC 1661 section 6, RFC 1662 section 7).
	MRU      int    // what we ask to receive, 0 = 1500
	MaxMRU   int    // the most that we ever send, whatever the peer's MRU: what the wire below can carry; 0 = no limit
	Async    bool   // the wire is HDLC over a serial line: ACCM means something
	ACCM     uint32 // asynchronous wires: the characters that we want escaped towards us
	NoPFC    bool   // neither ask for nor grant protocol field compression
	NoACFC   bool   // the same for address and control field compression
	Ident    string // sent as LCP Identification when LCP opens (RFC 1570 section 2.1), "" = none
	Timers   Timers
	MaxFrame int // longest frame that PollTransmit may write, 0 = 1504

	// Authentication. As caller Accept says which the peer may ask of us,
	// as answerer Require says which we ask of the peer; both strongest first.
	Accept     []Auth
	Require    []Auth
	Name       string // our name: the user name of a caller, the server's name in challenges
	Secret     Secret // what a caller proves to know
	Users      Users  // how an answerer knows its callers
	HashDomain bool   // put the user's domain into the MS-CHAPv2 hash instead of leaving it out (RFC 2759 section 8.2)

	// Encryption (RFC 3078). NewCompressor is called when CCP opens.
	Encryption    Policy
	MPPE          []MPPEMode                // acceptable, best first; empty = 128 bit stateless
	NewCompressor func(MPPEKeys) Compressor // nil: no encryption

	// Network protocols.
	IPv4 IPv4Config
	IPv6 IPv6Config
}

// Auth is a way of authentication.
type Auth uint8

const (
	AuthNone Auth = iota
	AuthPAP
	AuthCHAPMD5
	AuthMSCHAP
	AuthMSCHAPv2
)

// Secret is a password, or just its NT hash (MD4 of the UTF-16LE password),
// which serves MS-CHAPv2, and MS-CHAP without the LM hash. Both may be set.
type Secret struct {
	Password string
	NTHash   [16]byte
	HasHash  bool // NTHash is set; without a Password, PAP and CHAP cannot be served
}

// Users finds the secret of a caller. It is called by the session's owner and
// must not block. Implementations look the name up as given, domain included.
type Users interface {
	Find(name string) (s Secret, ok bool)
}

// Policy says what we do about encryption.
type Policy uint8

const (
	Require Policy = iota // no network protocol opens before MPPE is up; losing it ends the link
	Prefer                // ask for it and wait for the answer; go on in clear when the peer refuses
	Allow                 // never ask, agree when the peer asks
	Deny                  // refuse it
)

// MPPEMode is one acceptable form of MPPE.
type MPPEMode struct {
	Bits      int // 128, 56 or 40
	Stateless bool
}

// MPPEKeys is what CCP agreed on and what authentication derived: the start
// keys of RFC 3079 section 3 (MasterSendKey, MasterReceiveKey), from which the
// Compressor makes its initial session keys (RFC 3078 section 7.3, the first
// key change, and the reduction of 40 and 56 bit keys).
type MPPEKeys struct {
	Mode    MPPEMode
	Send    [16]byte // start key for what we send; 40 and 56 bit use the first 8 octets, unreduced
	Receive [16]byte
}

// Compressor transforms network packets once CCP is open (RFC 1962 section 4).
// It serves both directions and is used by the packet loop alone.
type Compressor interface {
	// Overhead is the most by which Compress makes src longer: coherency
	// count and protocol field.
	Overhead() int
	// Compress writes the information field of a ProtoCompressed frame for
	// a packet of Protocol p into dst and returns its length. dst and src
	// may not overlap; dst has room for len(src)+Overhead() octets.
	Compress(dst []byte, p uint16, src []byte) int
	// Decompress writes the frame inside the information field src,
	// protocol field first, into dst, which has room for len(src) octets,
	// and returns its length. ok is false when the packet is to be dropped.
	Decompress(dst, src []byte) (n int, ok bool)
	// NeedReset reports whether a drop means that a CCP Reset-Request is
	// due (RFC 3078 section 7.3), and forgets it.
	NeedReset() bool
	// ResetRequested tells that the peer sent a CCP Reset-Request.
	ResetRequested()
}

// IPv4Config is IPCP's part (RFC 1332, RFC 1877).
type IPv4Config struct {
	Disable bool
	Local   netip.Addr // our address; invalid = the peer gives it; an answerer must set it
	Remote  netip.Addr // the address that the peer shall use; invalid = it may have any
	// Lease is asked by an answerer after authentication for the caller's
	// address, before IPCP starts; it must not block. With a nil Lease,
	// Remote serves.
	Lease   func(user string) (remote netip.Addr, ok bool)
	AskDNS  bool         // ask the peer for name servers
	DNS     []netip.Addr // handed out to a peer that asks, at most two
	AskNBNS bool
	NBNS    []netip.Addr
}

// IPv6Config is IPV6CP's part (RFC 5072).
type IPv6Config struct {
	Enable bool
	ID     [8]byte // our interface identifier, zero = random
}

// Timers are the counters of RFC 1661 section 4.6 and the deadlines of the phases.
type Timers struct {
	Restart      time.Duration // 3 s, doubling up to 10 s within one negotiation
	MaxConfigure int           // 10
	MaxTerminate int           // 2
	MaxFailure   int           // 5
	Link         time.Duration // deadline for LCP to open, 30 s
	Authenticate time.Duration // deadline for authentication, 30 s
	Network      time.Duration // deadline for the first network protocol, 40 s
	Echo         time.Duration // LCP Echo-Request after that much silence, 20 s; negative = never
	EchoFailures int           // unanswered echoes that end the link, 4
}
