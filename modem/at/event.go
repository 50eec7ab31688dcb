package at

import "dun/dialup/cause"

// Event is something that happened in a Machine; one of the types below.
type Event interface{ event() }

// Step tells what is begun: "sync", "escape", "init", "dial", "ring",
// "answer", "hangup", "command", "cancel". Text is what is sent, or "".
type Step struct{ Name, Text string }

// Line is a line that the modem said, control characters dropped, echo left
// out. It may be part of an answer, which Answered then repeats.
type Line struct{ Text string }

// Ringing tells of the Count-th RING of an incoming call. Caller is the number
// that caller identification gave, where there is one.
type Ringing struct {
	Count  int
	Caller string
}

// Answered is the whole answer to one command line of a Probe or Command job.
type Answered struct {
	Command string
	Lines   []string // between the echo and the result
	Result  Result   // Code is NoResult when the modem stayed silent
}

// Connected ends a Dial or Answer job: the carrier is up. Rest is what came
// behind the end of the CONNECT line and belongs to the line's protocol.
type Connected struct {
	Text   string // "CONNECT 33600/V42BIS"
	Speed  int    // bit/s, 0 = the modem did not say
	Caller string // Answer: the caller's number where it is known
	Rest   []byte
}

// Closed ends every other job and every failed one: None for success.
type Closed struct {
	Cause  cause.Cause
	Detail string
}

func (Step) event()      {}
func (Line) event()      {}
func (Ringing) event()   {}
func (Answered) event()  {}
func (Connected) event() {}
func (Closed) event()    {}
