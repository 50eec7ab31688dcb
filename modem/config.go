package modem

import (
	"time"

	"dun/dialup/cause"
	"dun/modem/at"
)

// Config describes a modem and its port. Port is needed; zero values
// elsewhere mean the defaults.
type Config struct {
	Port  string // "/dev/ttyS1"
	Speed int    // bit/s between computer and modem, 115200; Probe tries several for 0
	Flow  Flow

	// LockDir is where UUCP lock files are; "" = /var/lock, or /run/lock. A
	// directory that is missing or not ours to write is done without: the
	// port is also locked by flock and TIOCEXCL.
	LockDir string

	Profile at.Profile // how the modem is spoken to
	Rings   int        // Listener: answer at this RING, 1

	HangUp  HangUp
	Carrier Carrier
	DTRTime time.Duration // how long DTR is low for hanging up, 600 ms
	Settle  time.Duration // pause between CONNECT and PPP, 20 ms; negative = none. pppd has 1 s.

	MRU  int    // longest information field that the peer may send, 1500
	ACCM uint32 // control characters that equipment on the way puts in (XON, XOFF); what PPP asks for as its ACCM

	// Queue is how many octets may wait for the line before the wire takes
	// no more data frames: about two frames, 3200. What waits beyond makes
	// every packet later and none faster.
	Queue int

	// Trace, which may be nil, is told what goes over the port before
	// CONNECT and after: command lines and the modem's answers. It is called
	// in the goroutine that dials.
	Trace func(sent bool, text string)
}

// Flow is how computer and modem stop each other.
type Flow uint8

const (
	FlowHardware Flow = iota // RTS and CTS
	FlowNone
)

// HangUp is how a call is ended.
type HangUp uint8

const (
	HangUpAuto   HangUp = iota // DTR where the port has it, and the escape sequence where that did not do
	HangUpDTR                  // DTR only
	HangUpEscape               // "+++" and ATH
)

// Carrier is how a lost carrier is seen.
type Carrier uint8

const (
	CarrierAuto   Carrier = iota // by carrier detect where it rose with the call, otherwise by NO CARRIER in the stream
	CarrierText                  // by NO CARRIER in the stream only
	CarrierIgnore                // not at all: PPP's echo has to notice
)

const defaultSpeed = 115200

func (c Config) withDefaults() (Config, error) {
	if c.Port == "" {
		return c, cause.New(cause.BadConfig, "the modem has no port")
	}
	if c.Speed == 0 {
		c.Speed = defaultSpeed
	}
	if c.DTRTime <= 0 {
		c.DTRTime = 600 * time.Millisecond
	}
	if c.Settle == 0 {
		c.Settle = 20 * time.Millisecond
	}
	if c.Queue <= 0 {
		c.Queue = 3200
	}
	if c.Trace == nil {
		c.Trace = func(bool, string) {}
	}
	return c, nil
}
