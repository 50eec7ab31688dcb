package at

import (
	"strings"
	"time"

	"dun/dialup/cause"
)

// line takes one line of the modem's; rest is what came behind it.
func (m *Machine) line(now time.Time, line string, rest []byte) {
	if m.sent != "" && !m.echoed && strings.EqualFold(line, m.sent) {
		m.echoed = true
		return
	}
	m.emit(Line{line})
	r, ok := ParseResult(line, m.form != formWords)
	if !ok {
		m.text(line)
		return
	}
	if m.form = formWords; !strings.EqualFold(strings.TrimSpace(line), r.Text) {
		m.form = formNumbers
	}
	switch {
	case r.Code == Ring:
		m.ring(now)
	case r.Code == Progress:
		if strings.HasPrefix(strings.ToUpper(r.Text), "CARRIER") {
			m.carrier = r.Speed
		}
		m.text(line)
	case r.Code == Connect:
		m.connect(now, r, rest)
	default:
		m.final(now, r)
	}
}

// text takes a line that is no result.
func (m *Machine) text(line string) {
	if m.phase == phaseAnswer && m.current().kind == stepAsk && len(m.lines) < maxAnswers {
		m.lines = append(m.lines, line)
	}
	if c := callerIn(line); c != "" {
		m.caller = c
	}
}

func (m *Machine) ring(now time.Time) {
	m.rings++
	m.timers.set(timerRing, now.Add(ringGap))
	m.emit(Ringing{m.rings, m.caller})
	if m.phase == phaseAnswer && m.current().kind == stepRing && m.rings >= m.current().rings {
		m.next(now)
	}
}

// connect takes CONNECT: the end of the job where a call was expected.
func (m *Machine) connect(now time.Time, r Result, rest []byte) {
	kind := m.current().kind
	switch {
	case m.ending:
		// It was quicker than our breaking off.
		m.escape(now)
	case m.phase == phaseAnswer && (kind == stepDial || kind == stepAnswer || kind == stepRing):
		if m.form != formNumbers && len(rest) > 0 && rest[0] == '\n' {
			rest = rest[1:]
		}
		c := Connected{Text: r.Text, Speed: r.Speed, Rest: append([]byte(nil), rest...)}
		if m.carrier > 0 {
			c.Speed = m.carrier
		}
		if kind != stepDial {
			c.Caller = m.caller
		}
		m.phase = phaseIdle
		m.timers = timers{}
		m.emit(c)
	default:
		m.final(now, r)
	}
}

// final takes a result that ends a command.
func (m *Machine) final(now time.Time, r Result) {
	switch m.phase {
	case phaseGuardAfter:
		m.escaped(now)
	case phaseEscaped:
		m.heardHangUp(now, r, phaseEscaped)
	case phaseQuiet:
		m.wait(now, phaseQuiet, quietTime)
	case phaseWords:
		m.next(now)
	case phaseAbort:
		m.emit(Step{"hangup", m.profile.HangUp})
		m.send(now, phaseAbortHangUp, m.profile.HangUp, m.profile.SyncTimeout)
	case phaseAbortHangUp:
		m.heardHangUp(now, r, phaseAbortHangUp)
	case phaseAnswer:
		m.answered(now, r)
	}
}

// answered ends, or repeats, the exchange of the current step.
func (m *Machine) answered(now time.Time, r Result) {
	s := m.current()
	switch s.kind {
	case stepSync:
		m.synced(now, r)
	case stepInit, stepDialMore:
		switch {
		case r.Code == OK:
			m.next(now)
		case s.kind == stepDialMore:
			m.close(Closed{r.Code.Cause(), r.Text})
		case r.Code != Error && m.tries < initTries:
			// NO CARRIER for an answer: the modem was still at a call, and
			// the command only ended that.
			m.pause(now)
		default:
			m.close(Closed{cause.ModemInit, s.text + " was answered with " + r.Text})
		}
	case stepAsk:
		m.emit(Answered{s.text, m.lines, r})
		m.next(now)
	case stepDial, stepAnswer:
		if r.Code == OK && s.kind == stepDial {
			m.close(Closed{cause.ModemError, "OK instead of CONNECT"})
			return
		}
		m.close(Closed{r.Code.Cause(), r.Text})
	case stepHangUp, stepHangUpTry:
		m.heardHangUp(now, r, phaseAnswer)
	}
}

// heardHangUp takes what ATH was answered with. NO CARRIER may stand before
// the OK, which must not be left for the next command.
func (m *Machine) heardHangUp(now time.Time, r Result, ph phase) {
	if r.Code == NoCarrier {
		m.lost = true
		m.wait(now, ph, m.profile.SyncTimeout)
		return
	}
	switch ph {
	case phaseEscaped:
		m.pause(now)
	case phaseAbortHangUp:
		m.close(m.end)
	default:
		m.next(now)
	}
}

// synced takes the answer to AT.
func (m *Machine) synced(now time.Time, r Result) {
	switch {
	case r.Code != OK:
		m.pause(now) // NO CARRIER: our character ended a call; try again
	case m.tries > 1:
		m.wait(now, phaseQuiet, quietTime)
	default:
		m.inWords(now)
	}
}

// inWords ends stepSync; a modem that answers in numbers is first asked to use
// words, since makers differ on what their numbers mean.
func (m *Machine) inWords(now time.Time) {
	if m.form == formNumbers {
		m.send(now, phaseWords, "ATV1", m.profile.SyncTimeout)
		return
	}
	m.next(now)
}

// callerIn finds a number in a caller identification line: "NMBR = 5550100",
// or +CLIP: "5550100",129 (3GPP TS 27.007 section 7.11).
func callerIn(line string) string {
	for _, name := range [...]string{"NMBR", "+CLIP:"} {
		if len(line) > len(name) && strings.EqualFold(line[:len(name)], name) {
			c := strings.TrimLeft(line[len(name):], " =:\"")
			if i := strings.IndexAny(c, "\","); i >= 0 {
				c = c[:i]
			}
			return strings.TrimSpace(c)
		}
	}
	return ""
}
