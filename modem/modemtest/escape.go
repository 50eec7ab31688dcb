package modemtest

import "time"

// escape watches what the computer sends for "+++" with silence before and
// after it (Hayes; registers S2 and S12).
type escape struct {
	heard    time.Time // the last octet
	plus     int       // how many there are since the silence
	deadline time.Time // of the silence behind the third
	now      bool      // there is no guard time to wait for
}

func (e *escape) input(now time.Time, b []byte, guard time.Duration) {
	silence := now.Sub(e.heard)
	e.heard, e.deadline = now, time.Time{}
	n := 0 // at the end of b
	for n < len(b) && b[len(b)-1-n] == '+' {
		n++
	}
	switch {
	case n < len(b) && guard > 0:
		e.plus = 0
	case n < len(b):
		e.plus = n
	case e.plus == 0 && silence < guard:
	default:
		e.plus += n
	}
	if e.plus != 3 {
		if e.plus > 3 {
			e.plus = 0
		}
		return
	}
	if guard > 0 {
		e.deadline = now.Add(guard)
		return
	}
	e.now = true
}

// guard is the guard time of register S12, in fiftieths of a second.
func (m *Modem) guard() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cfg.NoGuard {
		return 0
	}
	return time.Duration(m.set.s[12]) * m.cfg.Second / 50
}

// escaped ends data state; the call stays up.
func (m *Modem) escaped() {
	m.escape = escape{}
	m.mu.Lock()
	online := m.mode == Online
	if online {
		m.enter(OnlineCommand)
	}
	m.mu.Unlock()
	if online {
		m.line = m.line[:0]
		m.result("OK")
	}
}
