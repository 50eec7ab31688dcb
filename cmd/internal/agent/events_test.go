package agent

import (
	"errors"
	"fmt"
	"testing"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// TestSlowSubscriber: the oldest events make room, and their number is told.
func TestSlowSubscriber(t *testing.T) {
	b := newBroadcast()
	a := &Agent{events: b}
	events, unsubscribe := a.Subscribe(false)
	const n = backlog + 100
	for i := range n {
		b.send(Event{Text: fmt.Sprint(i)})
		b.sendPacket(Event{Packet: "not asked for"}, protocolLCP)
	}
	seen, missed := 0, 0
	first := ""
	for len(events) > 0 {
		ev := <-events
		if first == "" {
			first = ev.Text
		}
		if ev.Packet != "" {
			t.Error("a packet")
		}
		seen++
		missed += ev.Missed
	}
	if seen != backlog || first != "100" {
		t.Errorf("%d events are left, the first is %s", seen, first)
	}
	if missed != 100 {
		t.Errorf("%d are said to be missing, want 100", missed)
	}
	unsubscribe()
	unsubscribe()
	if _, open := <-events; open {
		t.Error("there is more after the end")
	}
	b.send(Event{})
	late, _ := a.Subscribe(true)
	b.close()
	if _, open := <-late; open {
		t.Error("there is more after the end of all")
	}
	if never, _ := a.Subscribe(true); never != nil {
		if _, open := <-never; open {
			t.Error("an event after the end of all")
		}
	}
}

// TestEndIsToldOnce: attempts that fail are told by the call, not as ends.
func TestEndIsToldOnce(t *testing.T) {
	for _, up := range []bool{false, true} {
		a := &Agent{events: newBroadcast(), calls: make(map[string]*Call)}
		events, unsubscribe := a.Subscribe(false)
		c := newCall(a, phonebook.Entry{Name: "isp"}, nil)
		c.report(dialup.Report{Phase: dialup.PhaseDial})
		c.report(dialup.Report{Phase: dialup.PhaseDial})
		if up {
			c.report(dialup.Report{Phase: dialup.PhaseUp, Network: &dialup.Network{}})
		}
		why := cause.New(cause.CarrierLost, "")
		c.report(dialup.Report{Phase: dialup.PhaseHangUp})
		c.report(dialup.Report{Phase: dialup.PhaseLink}) // was on its way
		c.report(dialup.Report{Phase: dialup.PhaseDown, Err: why})
		c.finish(why)
		unsubscribe()
		if isClosed(c.falls) != up {
			t.Errorf("been up %v: those above are told %v", up, isClosed(c.falls))
		}
		var phases []string
		ends := 0
		for ev := range events {
			phases = append(phases, ev.Phase)
			if ev.End != nil {
				ends++
			}
		}
		want := "[dial hang-up down]"
		if up {
			want = "[dial up hang-up down]"
		}
		if fmt.Sprint(phases) != want || ends != 1 {
			t.Errorf("told %v and %d ends, want %s and 1", phases, ends, want)
		}
	}
}

func TestFailureOf(t *testing.T) {
	f := FailureOf(fmt.Errorf("outside: %w", cause.New(cause.Busy, "5550100")))
	if f.Cause != "busy" || f.Detail != "5550100" || f.String() != "The line is busy: 5550100" || f.RAS != 676 || f.Exit != 8 {
		t.Errorf("%+v", f)
	}
	if f := FailureOf(cause.Busy); f.String() != "The line is busy." || f.Detail != "" {
		t.Errorf("%+v", f)
	}
	if f := FailureOf(errors.New("what?")); f.Cause != "internal" || f.Detail != "what?" {
		t.Errorf("%+v", f)
	}
}

func TestAbout(t *testing.T) {
	for _, c := range []struct {
		what string
		err  error
		want string
	}{
		{"5550100", cause.Busy, "The line is busy: 5550100"},
		{"5550100", cause.New(cause.Busy, "BUSY"), "The line is busy: 5550100: BUSY"},
		{"192.0.2.1", cause.New(cause.ConnectRefused, "192.0.2.1:1723: refused"), "The server refuses connections to TCP port 1723: 192.0.2.1:1723: refused"},
	} {
		if got := about(c.what, c.err); got.Error() != c.want || cause.Of(got) != cause.Of(c.err) {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
}

func TestHideAT(t *testing.T) {
	for line, want := range map[string]string{
		"ATZ":                         "ATZ",
		`AT+CPIN="1234"`:              "AT+CPIN=<hidden>",
		"AT+cpin=1234;+CSQ;+CPIN=99":  "AT+cpin=<hidden>;+CSQ;+CPIN=<hidden>",
		"AT+cpin=\u017f1234":          "AT+cpin=<hidden>",
		"AT+CPIN?":                    "AT+CPIN?",
		"ATX4+CGAUTH=1,1,\"u\",\"p\"": "ATX4+CGAUTH=<hidden>",
		"":                            "",
	} {
		if got := hideAT(line); got != want {
			t.Errorf("%s became %s, want %s", line, got, want)
		}
	}
	err := hideError(cause.New(cause.ModemInit, "AT+CPIN=1234: ERROR"))
	if err.Error() != "The modem refused an init string: AT+CPIN=<hidden>" || cause.Of(err) != cause.ModemInit {
		t.Errorf("%v", err)
	}
	if err := hideError(cause.Busy); err != cause.Busy {
		t.Errorf("%v", err)
	}
}

func FuzzHideAT(f *testing.F) {
	for _, s := range []string{"ATZ", `AT+CPIN="1234";+CPIN=5`, "at+cpin=", "+CPIN=\xc5\xbf;+CPIN=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		hidden := hideAT(line)
		if hideAT(hidden) != hidden {
			t.Errorf("%q became %q, which is not all hidden", line, hidden)
		}
	})
}
