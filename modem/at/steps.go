package at

import (
	"strings"
	"time"

	"dun/dialup/cause"
)

// next ends the current step and begins the one behind it, after the pause
// that the modem needs between commands.
func (m *Machine) next(now time.Time) {
	m.queue = m.queue[1:]
	m.tries = 0
	if len(m.queue) == 0 {
		m.close(Closed{})
		return
	}
	m.pause(now)
}

func (m *Machine) pause(now time.Time) {
	if m.profile.CommandDelay > 0 {
		m.wait(now, phasePause, m.profile.CommandDelay)
		return
	}
	m.begin(now)
}

// begin does, or does again, what the current step begins with.
func (m *Machine) begin(now time.Time) {
	s, p := m.current(), &m.profile
	m.tries++
	switch s.kind {
	case stepSync:
		m.sync(now)
	case stepInit:
		m.emit(Step{"init", s.text})
		m.send(now, phaseAnswer, s.text, p.CommandTimeout)
	case stepAsk:
		m.emit(Step{"command", s.text})
		m.send(now, phaseAnswer, s.text, p.CommandTimeout)
	case stepDial, stepDialMore:
		m.emit(Step{"dial", s.text})
		m.send(now, phaseAnswer, s.text, 0)
		m.callTimer(now, p.DialTimeout)
	case stepRing:
		m.emit(Step{"ring", ""})
		if m.rings >= s.rings {
			m.next(now)
			return
		}
		m.wait(now, phaseAnswer, 0)
	case stepAnswer:
		m.emit(Step{"answer", s.text})
		m.send(now, phaseAnswer, s.text, 0)
		m.callTimer(now, p.AnswerTimeout)
	case stepEscape:
		m.escape(now)
	case stepHangUp:
		m.emit(Step{"hangup", s.text})
		m.send(now, phaseAnswer, s.text, p.CommandTimeout)
	case stepHangUpTry:
		m.emit(Step{"hangup", s.text})
		m.send(now, phaseAnswer, s.text, p.SyncTimeout)
	}
}

// callTimer starts the deadline of the whole call, once.
func (m *Machine) callTimer(now time.Time, d time.Duration) {
	if m.timers[timerCall].IsZero() {
		m.timers.set(timerCall, now.Add(d))
	}
}

// sync makes the next try to get an OK out of the modem. A modem may be quiet
// (ATQ1), or still in the data state of a call that nobody hung up.
func (m *Machine) sync(now time.Time) {
	switch m.tries {
	case 1, 4:
		m.emit(Step{"sync", "AT"})
		m.send(now, phaseAnswer, "AT", m.profile.SyncTimeout)
	case 2, 5:
		m.emit(Step{"sync", "ATQ0"})
		m.send(now, phaseAnswer, "ATQ0", m.profile.SyncTimeout)
	case 3:
		m.escape(now)
	default:
		m.close(Closed{cause.ModemSilent, "no answer to AT"})
	}
}

// escape starts the escape sequence: silence, "+++", silence. The guard time
// is a little longer than the modem's own, whose clock may differ.
func (m *Machine) escape(now time.Time) {
	m.emit(Step{"escape", "+++"})
	if m.current().kind == stepSync {
		m.tries = 3
	}
	m.liner.reset()
	m.wait(now, phaseGuardBefore, m.profile.Guard+m.profile.Guard/10)
}

// escaped goes on after the escape sequence, whether or not it was answered:
// a modem in command state takes no notice of it.
func (m *Machine) escaped(now time.Time) {
	if m.ending || m.current().kind == stepSync {
		ph := phaseEscaped
		if m.ending {
			ph = phaseAbortHangUp
		}
		m.emit(Step{"hangup", m.profile.HangUp})
		m.send(now, ph, m.profile.HangUp, m.profile.CommandTimeout)
		return
	}
	m.next(now)
}

// abort decides the job's end. Where a call is being set up the modem is told
// first: any character breaks dialing off (V.250 section 5.6.1).
func (m *Machine) abort(now time.Time, end Closed) {
	m.timers = timers{}
	m.ending, m.end = true, end
	kind := m.current().kind
	switch calling := kind == stepDial || kind == stepDialMore || kind == stepAnswer; {
	case calling && m.phase == phaseAnswer:
		m.emit(Step{"cancel", ""})
		m.send(now, phaseAbort, "", m.profile.CommandTimeout)
	case calling: // off the hook between two parts of a number
		m.emit(Step{"hangup", m.profile.HangUp})
		m.send(now, phaseAbortHangUp, m.profile.HangUp, m.profile.SyncTimeout)
	default:
		m.close(end)
	}
}

// expired is the end of a wait without what was waited for.
func (m *Machine) expired(now time.Time) {
	p := &m.profile
	switch m.phase {
	case phasePause:
		m.begin(now)
	case phaseGuardBefore:
		m.out = append(m.out, "+++"...)
		m.wait(now, phaseGuardAfter, p.Guard+p.SyncTimeout)
	case phaseGuardAfter:
		m.escaped(now)
	case phaseEscaped:
		m.pause(now)
	case phaseQuiet:
		m.inWords(now)
	case phaseWords:
		m.next(now)
	case phaseAbort:
		m.emit(Step{"hangup", p.HangUp})
		m.send(now, phaseAbortHangUp, p.HangUp, p.SyncTimeout)
	case phaseAbortHangUp:
		m.close(m.end)
	case phaseAnswer:
		m.silent(now)
	}
}

// silent is a command without an answer.
func (m *Machine) silent(now time.Time) {
	s := m.current()
	switch s.kind {
	case stepSync:
		m.begin(now)
	case stepAsk:
		m.emit(Answered{Command: s.text, Lines: m.lines})
		if _, single := m.job.(Command); single {
			m.close(Closed{cause.ModemSilent, "no answer to " + s.text})
			return
		}
		m.next(now)
	case stepHangUpTry, stepHangUp:
		if m.lost { // NO CARRIER came, the OK did not
			m.next(now)
			return
		}
		if s.kind == stepHangUp {
			m.close(Closed{cause.ModemSilent, "no answer to " + s.text})
			return
		}
		// It is online, or did not see the escape sequence for what it was.
		m.queue = []step{{kind: stepEscape}, {kind: stepHangUp, text: s.text}}
		m.begin(now)
	default:
		m.close(Closed{cause.ModemSilent, "no answer to " + s.text})
	}
}

// changesForm reports whether a command may change the form of result codes.
func changesForm(line string) bool {
	line = strings.ToUpper(line)
	return strings.ContainsAny(line, "ZV") || strings.Contains(line, "&F")
}
