package at

import "time"

// Profile says how a modem wants to be spoken to. The zero value serves an
// ordinary Hayes modem; a zero duration or count means its default.
type Profile struct {
	// Init are the commands before dialing or answering, each a whole line
	// with its AT. nil means DefaultInit, empty means none.
	Init []string

	DialCommand string // "ATD"; T or P is added unless it ends with one
	Pulse       bool   // pulse instead of tone dialing
	Prefix      string // before the number: "9,", "*70,"
	Suffix      string // behind the number: "@"
	Answer      string // "ATA"
	HangUp      string // "ATH"

	// MaxCommand is the longest command line, AT counted, that the modem
	// takes. Longer dial strings are sent in parts that end with ";" (V.250
	// section 6.3.1.7). 0 = never split; old modems have 40.
	MaxCommand int

	CommandTimeout time.Duration // for the answer to a command, 3 s
	SyncTimeout    time.Duration // for the answer to the first AT, 1 s
	DialTimeout    time.Duration // from the first dial command to CONNECT, 60 s
	AnswerTimeout  time.Duration // from ATA to CONNECT, 60 s
	Guard          time.Duration // silence before and after "+++" (register S12), 1 s
	CommandDelay   time.Duration // pause between an answer and the next command, 20 ms; negative = none
}

// DefaultInit resets the modem, asks for answers in words and for all that it
// can tell about the line, and lets carrier detect and DTR mean something.
var DefaultInit = [...]string{"ATZ", "ATQ0V1E0", "ATX4&C1&D2S0=0"}

func (p Profile) withDefaults() Profile {
	if p.Init == nil {
		p.Init = DefaultInit[:]
	}
	text := func(s *string, def string) {
		if *s == "" {
			*s = def
		}
	}
	text(&p.DialCommand, "ATD")
	text(&p.Answer, "ATA")
	text(&p.HangUp, "ATH")
	span := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	span(&p.CommandTimeout, 3*time.Second)
	span(&p.SyncTimeout, time.Second)
	span(&p.DialTimeout, time.Minute)
	span(&p.AnswerTimeout, time.Minute)
	span(&p.Guard, time.Second)
	span(&p.CommandDelay, 20*time.Millisecond)
	if p.CommandDelay < 0 {
		p.CommandDelay = 0
	}
	return p
}
