package at

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

func TestSilentModem(t *testing.T) {
	r := newRig(t, quick, func(*rig, string) {})
	r.open(Dial{"1"})
	r.run(time.Minute)
	r.wantClosed(cause.ModemSilent)
	r.wantSent("AT", "ATQ0", "+++", "ATH", "AT", "ATQ0")
	if d := r.now.Sub(start); d > 12*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestInitFails(t *testing.T) {
	for _, c := range []struct {
		answer string
		want   cause.Cause
		times  int
	}{{"\r\nERROR\r\n", cause.ModemInit, 1}, {"", cause.ModemSilent, 1}, {"\r\nNO CARRIER\r\n", cause.ModemInit, 3}} {
		r := newRig(t, Profile{Init: []string{"ATE0", "AT&K9"}}, func(r *rig, sent string) {
			if sent == "AT&K9" {
				r.say(0, c.answer)
				return
			}
			r.say(0, "\r\nOK\r\n")
		})
		r.open(Dial{"1"})
		r.run(time.Minute)
		if d := r.wantClosed(c.want).Detail; !strings.Contains(d, "AT&K9") {
			t.Errorf("detail %q does not name the command", d)
		}
		if len(r.sent) != 2+c.times {
			t.Errorf("sent %q", r.sent)
		}
	}
}

// The first ATZ only ends what the modem was still doing.
func TestInitAfterNoCarrier(t *testing.T) {
	tries := 0
	r := newRig(t, Profile{Init: []string{"ATZ"}}, func(r *rig, sent string) {
		if sent == "ATZ" {
			if tries++; tries == 1 {
				r.say(time.Second, "\r\nNO CARRIER\r\n")
				return
			}
		}
		if strings.HasPrefix(sent, "ATD") {
			r.say(time.Second, "\r\nCONNECT\r\n")
			return
		}
		r.say(0, "\r\nOK\r\n")
	})
	r.open(Dial{"1"})
	r.run(time.Minute)
	r.wantConnected()
	r.wantSent("AT", "ATZ", "ATZ", "ATDT1")
}

// A modem in data state takes commands for data until it sees the escape
// sequence with silence around it.
func TestStillOnline(t *testing.T) {
	for _, chatter := range []bool{false, true} {
		online := true
		r := newRig(t, quick, func(r *rig, sent string) {
			switch {
			case online && sent == "+++":
				if r.gap < time.Second {
					t.Errorf("only %v of silence before +++", r.gap)
				}
				online = false
				r.say(time.Second, "\r\nOK\r\n")
			case online && chatter:
				r.say(100*time.Millisecond, "~\xff}#\xc0!}!}!}\r~ 0\r")
			case online, sent == "+++":
			case sent == "ATH":
				r.say(100*time.Millisecond, "\r\nNO CARRIER\r\n")
				r.say(200*time.Millisecond, "\r\nOK\r\n")
			case strings.HasPrefix(sent, "ATD"):
				r.say(time.Second, "\r\nCONNECT\r\n")
			default:
				r.say(0, "\r\nOK\r\n")
			}
		})
		r.open(Dial{"1"})
		r.run(time.Minute)
		r.wantConnected()
		if chatter {
			r.wantSent("AT", "+++", "ATH", "AT", "ATDT1")
		} else {
			r.wantSent("AT", "ATQ0", "+++", "ATH", "AT", "ATDT1")
		}
	}
}

// Late answers to repeated commands do not pass for answers to later ones.
func TestSlowFirstAnswer(t *testing.T) {
	var syncs int
	r := newRig(t, Profile{Init: []string{"AT&K9"}}, func(r *rig, sent string) {
		switch sent {
		case "AT", "ATQ0":
			syncs++
			r.say(1100*time.Millisecond-time.Duration(syncs-1)*1050*time.Millisecond, "\r\nOK\r\n")
		case "AT&K9":
			r.say(time.Second, "\r\nERROR\r\n")
		}
	})
	r.open(Dial{"1"})
	r.run(time.Minute)
	r.wantClosed(cause.ModemInit)
}

func TestDialTimeout(t *testing.T) {
	r := newRig(t, quick, func(r *rig, sent string) {
		switch {
		case sent == "":
			r.say(time.Second, "\r\nNO CARRIER\r\n")
		case !strings.HasPrefix(sent, "ATD"):
			r.say(0, "\r\nOK\r\n")
		}
	})
	r.open(Dial{"1"})
	r.run(10 * time.Minute)
	r.wantClosed(cause.DialTimeout)
	r.wantSent("AT", "ATDT1", "", "ATH")
	if d := r.now.Sub(start); d < time.Minute || d > 65*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestCancelDialing(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer string // to the character
		sent   []string
	}{
		{"ordinary", "\r\nNO CARRIER\r\n", []string{"AT", "ATDT1", "", "ATH"}},
		{"OK", "\r\nOK\r\n", []string{"AT", "ATDT1", "", "ATH"}},
		{"silent", "", []string{"AT", "ATDT1", "", "ATH"}},
		{"connected after all", "\r\nCONNECT 9600\r\n~", []string{"AT", "ATDT1", "", "+++", "ATH"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, quick, func(r *rig, sent string) {
				switch {
				case sent == "":
					r.say(500*time.Millisecond, c.answer)
				case !strings.HasPrefix(sent, "ATD"):
					r.say(0, "\r\nOK\r\n")
				}
			})
			r.open(Dial{"1"})
			r.run(5 * time.Second)
			if !r.m.Busy() {
				t.Fatal("dialing ended by itself")
			}
			r.m.Close(r.now, cause.Cancelled)
			r.m.Close(r.now, cause.Internal) // the first word counts
			from := r.now
			r.run(time.Minute)
			r.wantClosed(cause.Cancelled)
			r.wantSent(c.sent...)
			if d := r.now.Sub(from); d > 10*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestCancelBetweenParts(t *testing.T) {
	p := quick
	p.MaxCommand, p.CommandDelay = 7, time.Second
	r := newRig(t, p, func(r *rig, sent string) { r.say(0, "\r\nOK\r\n") })
	r.open(Dial{"1234"})
	r.run(1500 * time.Millisecond) // within the pause behind the first part
	r.m.Close(r.now, cause.Cancelled)
	r.run(time.Minute)
	r.wantClosed(cause.Cancelled)
	r.wantSent("AT", "ATDT12;", "ATH")
}

func TestCancelEarly(t *testing.T) {
	r := newRig(t, quick, func(*rig, string) {})
	r.open(Dial{"1"})
	r.run(time.Millisecond)
	r.m.Close(r.now, cause.UserRequest)
	r.pump()
	r.wantClosed(cause.UserRequest)
	if _, ok := r.m.PollTimeout(); ok {
		t.Error("a timer is left")
	}
	r.m.Close(r.now, cause.UserRequest)
	r.m.HandleTimeout(r.now.Add(time.Hour))
	r.m.Input(r.now, []byte("OK\r\n"))
	if e, ok := r.m.PollEvent(); ok {
		t.Errorf("an idle machine gave %#v", e)
	}
}

func TestAnswer(t *testing.T) {
	r := newRig(t, quick, func(r *rig, sent string) {
		if sent == "ATA" {
			r.say(3*time.Second, "\r\nCONNECT 28800\r\n~")
			return
		}
		r.say(0, "\r\nOK\r\n")
	})
	r.open(Answer{Rings: 2})
	r.run(time.Hour)
	if !r.m.Busy() {
		t.Fatalf("ended with %#v before anybody called", r.last())
	}
	r.say(0, "\r\nRING\r\n") // somebody who gives up
	r.run(time.Minute)
	r.say(0, "\r\nRING\r\n")
	r.say(2*time.Second, "\r\nNMBR = 5550177\r\n")
	r.run(3 * time.Second)
	r.wantSent("AT")
	r.say(4*time.Second, "\r\nRING\r\n")
	r.run(time.Minute)
	c := r.wantConnected()
	if c.Speed != 28800 || c.Caller != "5550177" || string(c.Rest) != "~" {
		t.Errorf("%#v", c)
	}
	r.wantSent("AT", "ATA")
}

// A modem with S0 set answers by itself; one whose caller hung up says so.
func TestAnswerOthers(t *testing.T) {
	r := newRig(t, quick, func(r *rig, sent string) { r.say(0, "\r\nOK\r\n") })
	r.open(Answer{Rings: 4})
	r.say(time.Second, "\r\nRING\r\n\r\nCONNECT\r\n")
	r.run(time.Minute)
	r.wantConnected()

	r = newRig(t, quick, func(r *rig, sent string) {
		if sent == "ATA" {
			r.say(time.Second, "\r\nNO CARRIER\r\n")
			return
		}
		r.say(0, "\r\nOK\r\n")
	})
	r.open(Answer{})
	r.say(time.Second, "\r\n+CRING: REL ASYNC\r\n")
	r.run(time.Minute)
	r.wantClosed(cause.NoCarrier)

	r = newRig(t, quick, func(r *rig, sent string) {
		if sent == "AT" {
			r.say(0, "\r\nOK\r\n")
		}
	})
	r.open(Answer{})
	r.say(time.Second, "\r\nRING\r\n")
	r.run(10 * time.Minute)
	r.wantClosed(cause.DialTimeout)
}

func TestHangUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		online bool // the modem is
		told   bool // HangUp is told so
		ath    string
		sent   string
		want   cause.Cause
	}{
		{"online", true, true, "\r\nOK\r\n", "+++|ATH", cause.None},
		{"online, NO CARRIER first", true, true, "\r\nNO CARRIER\r\n\r\nOK\r\n", "+++|ATH", cause.None},
		{"online, NO CARRIER only", true, true, "\r\nNO CARRIER\r\n", "+++|ATH", cause.None},
		{"online, second try", true, true, "\r\nOK\r\n", "+++|ATH|+++|ATH", cause.None},
		{"online after all", true, false, "\r\nOK\r\n", "ATH|+++|ATH", cause.None},
		{"lost already", false, true, "\r\nOK\r\n", "+++|ATH", cause.None},
		{"command state", false, false, "\r\nOK\r\n", "ATH", cause.None},
		{"ERROR", false, false, "\r\nERROR\r\n", "ATH", cause.None},
		{"silent", false, true, "", "+++|ATH|+++|ATH", cause.ModemSilent},
		{"silent, command state", false, false, "", "ATH|+++|ATH", cause.ModemSilent},
	} {
		t.Run(c.name, func(t *testing.T) {
			online, deaf := c.online, strings.Contains(c.name, "second try")
			r := newRig(t, quick, func(r *rig, sent string) {
				switch {
				case deaf && sent == "+++":
					deaf = false
				case online && sent == "+++" && r.gap >= time.Second:
					online = false
					r.say(time.Second, "\r\nOK\r\n")
				case !online && sent == "ATH":
					r.say(0, c.ath)
				}
			})
			r.open(HangUp{Online: c.told})
			r.run(time.Minute)
			r.wantClosed(c.want)
			r.wantSent(strings.Split(c.sent, "|")...)
		})
	}
}

func TestCommand(t *testing.T) {
	r := newRig(t, quick, func(r *rig, sent string) {
		if sent == "ATI4" {
			r.say(0, "ATI4\r\r\nLine one\r\n33600\r\n0\r\nRING\r\n\r\nOK\r\n")
			return
		}
		r.say(0, sent+"\r\r\nOK\r\n")
	})
	r.open(Command{"ATI4"})
	r.run(time.Minute)
	r.wantClosed(cause.None)
	a := r.events[len(r.events)-2].(Answered)
	if got := fmt.Sprint(a); got != "{ATI4 [Line one 33600 0] {OK OK 0}}" {
		t.Errorf("%s", got)
	}
	if New(Profile{}).Open(start, Command{"AT\rATH"}) == nil {
		t.Error("a command of two lines was taken")
	}

	r = newRig(t, quick, func(r *rig, sent string) {
		if sent == "AT" {
			r.say(0, "OK\r")
		}
	})
	r.open(Command{"AT+X"})
	r.run(time.Minute)
	r.wantClosed(cause.ModemSilent)
}

func TestProbe(t *testing.T) {
	r := newRig(t, Profile{}, func(r *rig, sent string) {
		switch sent {
		case "AT":
			r.say(0, "\r\nOK\r\n")
		case "ATI":
			r.say(0, "\r\n56000\r\n\r\nOK\r\n")
		case "AT+GMM":
		default:
			r.say(0, "\r\nERROR\r\n")
		}
	})
	r.open(Probe{})
	r.run(time.Minute)
	r.wantClosed(cause.None)
	var got []string
	for _, e := range r.events {
		if a, ok := e.(Answered); ok {
			got = append(got, fmt.Sprint(a.Command, a.Lines, a.Result.Code))
		}
	}
	want := "ATI[56000] OK ATI3[] ERROR AT+GMI[] ERROR AT+GMM[]  AT+GMR[] ERROR AT+GCAP[] ERROR AT+FCLASS=?[] ERROR"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got\n%s, want\n%s", s, want)
	}
}

func TestOpenWhileBusy(t *testing.T) {
	r := newRig(t, Profile{}, func(*rig, string) {})
	r.open(Probe{})
	if r.m.Open(r.now, Probe{}) == nil {
		t.Error("a second job was taken")
	}
}

// A flood of lines that nobody takes away does not grow without bound.
func TestFlood(t *testing.T) {
	m := New(Profile{})
	m.Open(start, Command{"ATI"})
	m.Input(start, []byte("OK\r\n"))
	for i := 0; i < 1000; i++ {
		m.Input(start, []byte("chatter\r\n"))
	}
	if n := len(m.events); n > 2*maxEvents {
		t.Errorf("%d events wait", n)
	}
}

func FuzzInput(f *testing.F) {
	f.Add([]byte("ATZ\r\r\nOK\r\n\x00\r\nRING\r\n\xffCONNECT 33600\r\n~~"), uint8(0))
	f.Add([]byte("0\r0\r0\r\xff3\r4\r1\r"), uint8(1))
	f.Add([]byte("NO CARRIER\r\n\xfe+CME ERROR: 1\r\n\xff\xff\xff"), uint8(2))
	f.Fuzz(func(t *testing.T, script []byte, kind uint8) {
		jobs := []Job{Dial{"5550100"}, Answer{2}, HangUp{true}, HangUp{}, Probe{}, Command{"ATI"}}
		m := New(Profile{MaxCommand: 10})
		now := start
		if err := m.Open(now, jobs[int(kind)%len(jobs)]); err != nil {
			t.Fatal(err)
		}
		var buf [16]byte
		for len(script) > 0 && m.Busy() {
			switch script[0] { // 0xff lets the next deadline come, 0xfe closes
			case 0xff:
				if at, ok := m.PollTimeout(); ok {
					now = at
				}
				m.HandleTimeout(now)
				script = script[1:]
			case 0xfe:
				m.Close(now, cause.Cancelled)
				script = script[1:]
			default:
				n := min(len(script), 1+int(script[0])%13)
				m.Input(now, script[:n])
				script = script[n:]
			}
			for {
				if _, ok := m.PollTransmit(buf[:]); !ok {
					break
				}
			}
		}
		// Whatever was heard, the job ends when it is closed.
		m.Close(now, cause.Cancelled)
		for i := 0; m.Busy(); i++ {
			at, ok := m.PollTimeout()
			if !ok || i > 20 {
				t.Fatalf("the job does not end: phase %d, step %+v", m.phase, m.current())
			}
			m.HandleTimeout(at)
		}
		ends := 0
		for e, ok := m.PollEvent(); ok; e, ok = m.PollEvent() {
			switch e.(type) {
			case Closed, Connected:
				ends++
			}
		}
		if ends != 1 {
			t.Fatalf("%d ends of one job", ends)
		}
	})
}
