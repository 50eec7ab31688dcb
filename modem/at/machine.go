package at

import (
	"time"

	"dun/dialup/cause"
)

// Machine is the dialogue with one modem. It runs one Job at a time.
type Machine struct {
	profile Profile

	job   Job
	queue []step // what is left of the job, the current step first
	phase phase
	tries int // of the current step

	// The job's end, once it has been decided and the modem is being calmed.
	ending bool
	end    Closed

	sent   string // the command that an answer is awaited to, for its echo
	echoed bool   // its echo was seen
	lost   bool   // NO CARRIER was seen since
	lines  []string
	form   form // how result codes come

	rings   int
	caller  string
	carrier int // speed of a CARRIER line before CONNECT

	liner  liner
	out    []byte
	events []Event
	timers timers
}

// phase is where in a step the machine is.
type phase uint8

const (
	phaseIdle        phase = iota // no job
	phasePause                    // before a step
	phaseAnswer                   // a command was sent, its result is awaited
	phaseGuardBefore              // silence before "+++"
	phaseGuardAfter               // "+++" was sent
	phaseEscaped                  // ATH behind an escape within stepSync
	phaseQuiet                    // answers to repeated commands run out
	phaseWords                    // ATV1 was sent
	phaseAbort                    // dialing was broken off by a character
	phaseAbortHangUp              // and then ATH was sent
)

// form is what we know of how result codes come (V.250 section 6.2.5).
type form uint8

const (
	formUnknown form = iota
	formWords
	formNumbers
)

const (
	initTries  = 3
	quietTime  = 150 * time.Millisecond // in which a late answer to a repeated command shows up
	ringGap    = 12 * time.Second       // a caller has given up; RINGs come every 4 to 6 s
	maxEvents  = 64
	maxAnswers = 64 // lines in one answer
	flag       = '~'
)

// New makes a Machine for a modem that is spoken to as p says.
func New(p Profile) *Machine { return &Machine{profile: p.withDefaults()} }

// Open starts job. It fails, with a *cause.Error, when a job is still running
// or the job itself is not sound: a number that cannot be dialed.
func (m *Machine) Open(now time.Time, job Job) error {
	if m.phase != phaseIdle {
		return cause.New(cause.Internal, "the modem is at another job")
	}
	steps, err := job.steps(&m.profile)
	if err != nil {
		return err
	}
	*m = Machine{profile: m.profile, job: job, queue: steps, form: m.form, events: m.events, out: m.out[:0]}
	m.begin(now)
	return nil
}

// Busy reports whether a job is running.
func (m *Machine) Busy() bool { return m.phase != phaseIdle }

// Close ends the job in order: a call that is being set up is broken off and
// the line hung up. Closed follows, with c.
func (m *Machine) Close(now time.Time, c cause.Cause) {
	if m.phase != phaseIdle && !m.ending {
		m.abort(now, Closed{Cause: c})
	}
}

// Input takes octets that the modem sent; b is borrowed.
func (m *Machine) Input(now time.Time, b []byte) {
	for len(b) > 0 && m.phase != phaseIdle {
		if m.phase == phaseAnswer && m.current().kind == stepSync && m.tries < 2 && hasFrame(b) {
			// PPP arrives: the modem is still online.
			m.escape(now)
			return
		}
		line, long, rest, ok := m.liner.next(b)
		if !ok {
			return
		}
		b = rest
		if !long {
			m.line(now, line, rest)
		}
	}
}

// HandleTimeout does what is due; harmless when nothing is.
func (m *Machine) HandleTimeout(now time.Time) {
	if m.phase == phaseIdle {
		return
	}
	if m.timers.due(timerCall, now) && !m.ending {
		detail := "no CONNECT within " + m.profile.DialTimeout.String()
		if _, answering := m.job.(Answer); answering {
			detail = "no CONNECT within " + m.profile.AnswerTimeout.String()
		}
		m.abort(now, Closed{cause.DialTimeout, detail})
		return
	}
	if m.timers.due(timerRing, now) {
		m.rings, m.caller = 0, ""
	}
	if m.timers.due(timerStep, now) {
		m.expired(now)
	}
}

// PollTransmit writes what the modem is to be sent into dst.
func (m *Machine) PollTransmit(dst []byte) (n int, ok bool) {
	n = copy(dst, m.out)
	m.out = m.out[:copy(m.out, m.out[n:])]
	return n, n > 0
}

// PollTimeout gives the next deadline.
func (m *Machine) PollTimeout() (time.Time, bool) { return m.timers.next() }

// PollEvent gives the next event.
func (m *Machine) PollEvent() (Event, bool) {
	if len(m.events) == 0 {
		return nil, false
	}
	e := m.events[0]
	m.events = m.events[1:]
	return e, true
}

func (m *Machine) current() step { return m.queue[0] }

// emit queues e. Lines are dropped when nobody takes the events away.
func (m *Machine) emit(e Event) {
	if _, line := e.(Line); line && len(m.events) >= maxEvents {
		return
	}
	m.events = append(m.events, e)
}

// send sends a command line and awaits its result for d, 0 = for ever.
func (m *Machine) send(now time.Time, ph phase, line string, d time.Duration) {
	m.sent, m.echoed, m.lost, m.lines = line, false, false, nil
	m.liner.reset()
	m.out = append(append(m.out, line...), '\r')
	if changesForm(line) {
		m.form = formUnknown
	}
	m.wait(now, ph, d)
}

func (m *Machine) wait(now time.Time, ph phase, d time.Duration) {
	m.phase = ph
	m.timers.clear(timerStep)
	if d > 0 {
		m.timers.set(timerStep, now.Add(d))
	}
}

// close ends the job.
func (m *Machine) close(c Closed) {
	m.phase = phaseIdle
	m.timers = timers{}
	m.emit(c)
}

// hasFrame reports whether b has a flag of HDLC, which no answer has.
func hasFrame(b []byte) bool {
	for _, c := range b {
		if c == flag {
			return true
		}
	}
	return false
}
