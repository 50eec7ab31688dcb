package at

import (
	"errors"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

func TestDialDefault(t *testing.T) {
	r := newRig(t, Profile{}, hayes("\r\nCONNECT 33600/V42BIS\r\n"))
	r.open(Dial{"555-0100"})
	r.run(time.Minute)
	c := r.wantConnected()
	if c.Text != "CONNECT 33600/V42BIS" || c.Speed != 33600 || len(c.Rest) != 0 {
		t.Errorf("got %#v", c)
	}
	r.wantSent("AT", "ATZ", "ATQ0V1E0", "ATX4&C1&D2S0=0", "ATDT5550100")
	var steps []string
	for _, e := range r.events {
		if s, ok := e.(Step); ok {
			steps = append(steps, s.Name)
		}
	}
	if got := strings.Join(steps, " "); got != "sync init init init dial" {
		t.Errorf("steps %q", got)
	}
}

// Each way in which a call fails has its cause, whatever the modem's dialect
// and however its answer is cut into pieces.
func TestDialCauses(t *testing.T) {
	for _, c := range []struct {
		answer string
		want   cause.Cause
	}{
		{"\r\nBUSY\r\n", cause.Busy},
		{"\r\nLINE IN USE\r\n", cause.Busy},
		{"\r\nNO CARRIER\r\n", cause.NoCarrier},
		{"\r\nno carrier\r\n", cause.NoCarrier},
		{"\r\nVOICE\r\n", cause.NoCarrier},
		{"\r\nNO DIALTONE\r\n", cause.NoDialTone},
		{"\r\nNO DIAL TONE\r\n", cause.NoDialTone},
		{"\r\nNO ANSWER\r\n", cause.NoAnswer},
		{"\r\nDELAYED\r\n", cause.Delayed},
		{"\r\nDELAYED 00:01:59\r\n", cause.Delayed},
		{"\r\nBLACKLISTED\r\n", cause.Blacklisted},
		{"\r\nERROR\r\n", cause.ModemError},
		{"\r\n+CME ERROR: 30\r\n", cause.ModemError},
		{"\r\n+CMS ERROR: 38\r\n", cause.ModemError},
		{"\r\nOK\r\n", cause.ModemError},
		{"\r\nRINGING\r\n\r\nRINGING\r\n\r\nBUSY\r\n", cause.Busy},
		{"\r\nRING\r\n\r\n+CREG: 1\r\nnonsense\r\nNO ANSWER\r\n", cause.NoAnswer},
		{"ATDT1\r\r\nBUSY\r\n", cause.Busy},
		{"\xff\x00\x81BUSY\r", cause.Busy},
		{"3\r", cause.NoCarrier},
		{"4\r", cause.ModemError},
		{"6\r", cause.NoDialTone},
		{"7\r", cause.Busy},
		{"8\r", cause.NoAnswer},
		{"24\r", cause.Delayed},
		{"32\r", cause.Blacklisted},
		{"40\r7\r", cause.Busy},
		{strings.Repeat("x", 100000) + "\r\nBUSY\r\n", cause.Busy},
	} {
		for _, pieces := range []int{0, 1, 3} {
			numeric := c.answer[0] >= '0' && c.answer[0] <= '9'
			p := quick
			if numeric {
				p.Init = []string{"ATV0"}
			}
			r := newRig(t, p, func(r *rig, sent string) {
				switch {
				case sent == "AT" || sent == "ATV1":
					r.say(0, "\r\nOK\r\n")
				case sent == "ATV0":
					r.say(0, "0\r")
				case strings.HasPrefix(sent, "ATD"):
					r.say(time.Second, c.answer)
				}
			})
			r.drop = pieces
			r.open(Dial{"1"})
			r.run(time.Minute)
			if got, ok := r.last().(Closed); !ok || got.Cause != c.want {
				t.Errorf("%.40q in pieces of %d: %#v, want %v", c.answer, pieces, r.last(), c.want)
			}
		}
	}
}

func TestConnect(t *testing.T) {
	for _, c := range []struct {
		answer string
		text   string
		speed  int
		rest   string
	}{
		{"\r\nCONNECT\r\n", "CONNECT", 0, ""},
		{"\r\nCONNECT 115200\r\n~\xff}#", "CONNECT 115200", 115200, "~\xff}#"},
		{"\r\nCONNECT 115200\r\n\n~", "CONNECT 115200", 115200, "\n~"},
		{"\r\nCONNECT 9600/ARQ/V32/LAPM\r~~\r\n", "CONNECT 9600/ARQ/V32/LAPM", 9600, "~~\r\n"},
		{"\r\nCARRIER 31200\r\n\r\nPROTOCOL: LAPM\r\n\r\nCONNECT 115200\r\n", "CONNECT 115200", 31200, ""},
		{"1\r\n~", "CONNECT", 0, "\n~"},
		{"12\r~", "CONNECT 9600", 9600, "~"},
		{"79\r19\r", "CONNECT 115200", 33600, ""},
	} {
		p := quick
		if c.answer[0] != '\r' {
			p.Init = []string{"ATV0"}
		}
		r := newRig(t, p, func(r *rig, sent string) {
			switch {
			case sent == "ATV0":
				r.say(0, "0\r")
			case strings.HasPrefix(sent, "ATD"):
				r.say(time.Second, c.answer)
			default:
				r.say(0, "\r\nOK\r\n")
			}
		})
		r.open(Dial{"1"})
		r.run(time.Minute)
		got := r.wantConnected()
		if got.Text != c.text || got.Speed != c.speed || string(got.Rest) != c.rest {
			t.Errorf("%q: %#v", c.answer, got)
		}
	}
}

// A modem that answers in numbers only is told to use words, and understood
// if it does not.
func TestNumericModem(t *testing.T) {
	r := newRig(t, Profile{Init: []string{"ATX4"}}, func(r *rig, sent string) {
		if strings.HasPrefix(sent, "ATD") {
			r.say(time.Second, sent+"\r17\r~")
			return
		}
		r.say(0, sent+"\r0\r")
	})
	r.open(Dial{"1"})
	r.run(time.Minute)
	if c := r.wantConnected(); c.Speed != 38400 || string(c.Rest) != "~" {
		t.Errorf("%#v", c)
	}
	r.wantSent("AT", "ATV1", "ATX4", "ATDT1")
}

// A number between other text is no result while the modem speaks in words.
func TestNumberIsNoResult(t *testing.T) {
	r := newRig(t, quick, func(r *rig, sent string) {
		if strings.HasPrefix(sent, "ATD") {
			r.say(time.Second, "\r\n7\r\n\r\nCONNECT\r\n")
			return
		}
		r.say(0, "\r\nOK\r\n")
	})
	r.open(Dial{"1"})
	r.run(time.Minute)
	r.wantConnected()
}

func TestDialStrings(t *testing.T) {
	for _, c := range []struct {
		p      Profile
		number string
		want   string
	}{
		{Profile{}, "5550100", "ATDT5550100"},
		{Profile{Pulse: true}, "555 01 00", "ATDP5550100"},
		{Profile{Prefix: "9,", Suffix: "@"}, "+1 (555) 010-0", "ATDT9,+15550100@"},
		{Profile{DialCommand: "ATM0DT", Prefix: "*70W"}, "1", "ATM0DT*70W1"},
		{Profile{DialCommand: "ATDP", MaxCommand: 40}, "1!,2", "ATDP1!,2"},
		{Profile{}, "*99***1#", "ATDT*99***1#"},
		{Profile{MaxCommand: 12}, "0123456789ABCD", "ATDT0123456;|ATDT789ABCD"},
		{Profile{MaxCommand: 12}, "01234567", "ATDT01234567"},
		{Profile{MaxCommand: 12}, "012345678", "ATDT0123456;|ATDT78"},
		{Profile{MaxCommand: 6}, "123", "ATDT1;|ATDT23"},
	} {
		lines, err := c.p.withDefaultsForTest().dialLines(c.number)
		if got := strings.Join(lines, "|"); err != nil || got != c.want {
			t.Errorf("%+v dials %q with %q (%v), want %q", c.p, c.number, got, err, c.want)
		}
	}
}

func (p Profile) withDefaultsForTest() *Profile { p = p.withDefaults(); return &p }

func TestBadNumbers(t *testing.T) {
	for _, n := range []string{"", "  ", ",,", "5;H0", "555\rATH", "0\n", "5550100é", "12x", "\"1\"", strings.Repeat("1", 300)} {
		err := ValidNumber(n)
		var e *cause.Error
		if !errors.As(err, &e) || e.Cause != cause.BadConfig {
			t.Errorf("%q: %v", n, err)
		}
		if New(Profile{}).Open(start, Dial{n}) == nil {
			t.Errorf("Open took %q", n)
		}
	}
	for _, p := range []Profile{{Prefix: "9\r"}, {Suffix: "\x00"}, {DialCommand: "ATD\n"}, {Init: []string{"AT\r"}}, {MaxCommand: 5}} {
		if New(p).Open(start, Dial{"12"}) == nil {
			t.Errorf("Open took %+v", p)
		}
	}
}

func TestSplitNumber(t *testing.T) {
	p := quick
	p.MaxCommand = 10
	r := newRig(t, p, func(r *rig, sent string) {
		if strings.HasPrefix(sent, "ATD") && !strings.HasSuffix(sent, ";") {
			r.say(time.Second, "\r\nCONNECT\r\n")
			return
		}
		r.say(5*time.Second, "\r\nOK\r\n") // longer than CommandTimeout: digits take time
	})
	r.m.profile.SyncTimeout = 10 * time.Second
	r.open(Dial{"12345678901"})
	r.run(time.Minute)
	r.wantConnected()
	r.wantSent("AT", "ATDT12345;", "ATDT678901")
}
