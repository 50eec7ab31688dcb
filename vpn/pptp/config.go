package pptp

import "time"

// Config is what a Conn needs to know. Zero values of times and counts mean
// the defaults.
type Config struct {
	// Originate is true for the end that opened the TCP connection: it sends
	// Start-Control-Connection-Request (RFC 2637 section 3.1.1).
	Originate bool
	// TakeCalls reports calls that the peer wants as events; without it they
	// are refused.
	TakeCalls bool

	HostName    string  // at most 64 octets
	Vendor      string  // at most 64 octets
	Firmware    uint16  // our version
	Framing     Framing // 0 = FramingEither
	Bearer      Bearer  // 0 = BearerAny
	MaxChannels uint16  // told to the peer; 0 from a PNS
	MaxCalls    int     // calls on this connection at one time, asked for and ending ones included; 0 = 16

	Timers Timers
}

// Timers are the times of RFC 2637 sections 3.1.4 and 3.2.1.
type Timers struct {
	Start      time.Duration // until the control connection is established, 60 s
	Reply      time.Duration // until a call changes its state, 60 s
	Clear      time.Duration // until the peer confirms a Call-Clear-Request, 60 s
	Stop       time.Duration // until the peer confirms our Stop-Control-Connection-Request, 3 s: nothing depends on it
	EchoIdle   time.Duration // an Echo-Request after that much silence, 60 s; negative = never
	EchoAnswer time.Duration // until it is answered, 60 s
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Timers.Start, time.Minute)
	def(&c.Timers.Reply, time.Minute)
	def(&c.Timers.Clear, time.Minute)
	def(&c.Timers.Stop, 3*time.Second)
	def(&c.Timers.EchoIdle, time.Minute)
	def(&c.Timers.EchoAnswer, time.Minute)
	if c.Framing == 0 {
		c.Framing = FramingEither
	}
	if c.Bearer == 0 {
		c.Bearer = BearerAny
	}
	if c.MaxCalls <= 0 {
		c.MaxCalls = 16
	}
	return c
}

// DialConfig describes an outgoing call that a PNS asks for
// (RFC 2637 section 2.7). Zero values mean the defaults.
type DialConfig struct {
	Serial      uint16        // 0 = counted up
	MinBPS      uint32        // 0 = 2400
	MaxBPS      uint32        // 0 = 10,000,000
	Bearer      Bearer        // 0 = BearerAny
	Framing     Framing       // 0 = FramingEither
	Window      uint16        // packets that we will buffer, 0 = 64
	Delay       time.Duration // our processing delay
	PhoneNumber string        // at most 64 octets
	Subaddress  string        // at most 64 octets
}

// AcceptConfig describes our end of a call that the peer wanted. As PAC of an
// outgoing call all of it is sent, as PNS of an incoming one CallID, Window and
// Delay. Zero values mean the defaults.
type AcceptConfig struct {
	CallID  uint16        // ours, unique on this connection
	Speed   uint32        // bit/s, 0 = 10,000,000
	Window  uint16        // packets that we will buffer, 0 = 64
	Delay   time.Duration // our processing delay
	Channel uint32        // physical channel, for the peer's log
}

// OfferConfig describes an incoming call that a PAC has for the peer
// (RFC 2637 sections 2.9 and 2.11). Zero values mean the defaults.
type OfferConfig struct {
	Serial     uint16  // 0 = counted up
	Bearer     Bearer  // 0 = BearerDigital
	Framing    Framing // 0 = FramingSync
	Channel    uint32
	Dialed     string        // at most 64 octets
	Dialing    string        // at most 64 octets
	Subaddress string        // at most 64 octets
	Speed      uint32        // bit/s, 0 = 10,000,000
	Window     uint16        // packets that we will buffer, 0 = 64
	Delay      time.Duration // our processing delay
}

const (
	defaultWindow = 64
	defaultMinBPS = 2400
	defaultMaxBPS = 10_000_000
)

func or[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
