package at

import (
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// rig is a Machine and a scripted modem in virtual time.
type rig struct {
	t      *testing.T
	m      *Machine
	now    time.Time
	modem  func(r *rig, sent string) // what the modem does about a command or "+++"
	due    []delivery
	sent   []string
	events []Event
	drop   int    // deliver in pieces of so many octets, 0 = whole
	line   string // what was sent and has no CR yet
	lastTx time.Time
	gap    time.Duration // the silence before the last transmission
}

type delivery struct {
	at   time.Time
	text string
}

func newRig(t *testing.T, p Profile, modem func(r *rig, sent string)) *rig {
	return &rig{t: t, m: New(p), now: start, lastTx: start, modem: modem}
}

// say makes the modem say text after d.
func (r *rig) say(d time.Duration, text string) {
	r.due = append(r.due, delivery{r.now.Add(d), text})
}

func (r *rig) pump() {
	var buf [7]byte // small, so that a command needs several calls
	var out string
	for {
		n, ok := r.m.PollTransmit(buf[:])
		if !ok {
			break
		}
		out += string(buf[:n])
	}
	if out != "" {
		r.gap, r.lastTx = r.now.Sub(r.lastTx), r.now
	}
	r.line += out
	for r.line != "" {
		if r.line == "+++" {
			r.line = ""
			r.sent = append(r.sent, "+++")
			r.modem(r, "+++")
			continue
		}
		cmd, rest, ok := strings.Cut(r.line, "\r")
		if !ok {
			break
		}
		r.line = rest
		r.sent = append(r.sent, cmd)
		r.modem(r, cmd)
	}
	for {
		e, ok := r.m.PollEvent()
		if !ok {
			break
		}
		r.events = append(r.events, e)
	}
}

// run goes on until the machine is idle, or until the given time has passed.
func (r *rig) run(limit time.Duration) {
	r.t.Helper()
	end := r.now.Add(limit)
	for i := 0; i < 10000; i++ {
		r.pump()
		if !r.m.Busy() {
			return
		}
		next, ok := r.m.PollTimeout()
		first := -1
		for i, d := range r.due {
			if first < 0 || d.at.Before(r.due[first].at) {
				first = i
			}
		}
		if first >= 0 && (!ok || !r.due[first].at.After(next)) {
			d := r.due[first]
			if d.at.After(end) {
				break
			}
			r.due = append(r.due[:first:first], r.due[first+1:]...)
			r.now = d.at
			r.deliver(d.text)
			continue
		}
		if !ok || next.After(end) {
			break
		}
		r.now = next
		r.m.HandleTimeout(r.now)
	}
	r.now = end
}

func (r *rig) deliver(text string) {
	if r.drop == 0 {
		r.m.Input(r.now, []byte(text))
		return
	}
	for text != "" {
		n := min(r.drop, len(text))
		r.m.Input(r.now, []byte(text[:n]))
		r.pump()
		text = text[n:]
	}
}

func (r *rig) open(j Job) {
	r.t.Helper()
	if err := r.m.Open(r.now, j); err != nil {
		r.t.Fatalf("Open(%#v): %v", j, err)
	}
}

// last is the event that ended the job.
func (r *rig) last() Event {
	r.t.Helper()
	if r.m.Busy() || len(r.events) == 0 {
		r.t.Fatalf("the job goes on after %v; sent %q, events %v", r.now.Sub(start), r.sent, r.events)
	}
	return r.events[len(r.events)-1]
}

func (r *rig) wantClosed(c cause.Cause) Closed {
	r.t.Helper()
	got, ok := r.last().(Closed)
	if !ok || got.Cause != c {
		r.t.Fatalf("ended with %#v, want Closed with %v; sent %q", r.last(), c, r.sent)
	}
	return got
}

func (r *rig) wantConnected() Connected {
	r.t.Helper()
	got, ok := r.last().(Connected)
	if !ok {
		r.t.Fatalf("ended with %#v, want Connected; sent %q", r.last(), r.sent)
	}
	return got
}

func (r *rig) wantSent(want ...string) {
	r.t.Helper()
	if strings.Join(r.sent, "|") != strings.Join(want, "|") {
		r.t.Fatalf("sent\n%q, want\n%q", r.sent, want)
	}
}

// hayes answers OK to every command and answer to ATD.
func hayes(answer string) func(r *rig, sent string) {
	return func(r *rig, sent string) {
		switch {
		case strings.HasPrefix(sent, "ATD"):
			r.say(2*time.Second, answer)
		case strings.HasPrefix(sent, "AT"):
			r.say(10*time.Millisecond, "\r\nOK\r\n")
		}
	}
}

// quick has no init strings and no pauses.
var quick = Profile{Init: []string{}, CommandDelay: -1}
