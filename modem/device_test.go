package modem

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/modem/modemtest"
)

// Each thing that an exchange may do to a call has its cause, whatever kind of
// modem tells it.
func TestDialCauses(t *testing.T) {
	x := newExchange(t)
	x.Set("1", modemtest.Number{Party: modemtest.Busy})
	x.Set("2", modemtest.Number{Party: modemtest.Dead})
	x.Set("3", modemtest.Number{Party: modemtest.NoDialTone})
	x.Set("4", modemtest.Number{Party: modemtest.Person})
	for name, c := range map[string]modemtest.Config{
		"ordinary":       {},
		"stuck echo":     {StuckEcho: true},
		"numeric":        {Numeric: true},
		"pieces":         {Chunk: 1},
		"chatter":        {Chatter: []string{"+CREG: 1", "RING", "^BOOT: 1,2"}},
		"already online": {Online: modemtest.Echo()},
	} {
		t.Run(name, func(t *testing.T) {
			m, cfg := newModem(t, x, c)
			if c.Online != nil {
				cfg.Profile.SyncTimeout = 300 * time.Millisecond
			}
			for number, want := range map[string]cause.Cause{
				"1": cause.Busy, "2": cause.NoAnswer, "3": cause.NoDialTone, "4": cause.NoCarrier, "999": cause.NoCarrier,
			} {
				link, err := New(cfg).Dial(testContext(t), number, nil)
				if link != nil {
					t.Fatal("a link was returned")
				}
				wantCause(t, err, want)
				wantUnlocked(t, cfg)
			}
			if m.Mode() != modemtest.Command {
				t.Errorf("the modem is left in %v", m.Mode())
			}
		})
	}
}

func TestDialReports(t *testing.T) {
	x := newExchange(t)
	x.Set("5550100", modemtest.Number{Party: modemtest.Echo(), Line: modemtest.Line{Speed: 33600}})
	m, cfg := newModem(t, x, modemtest.Config{})
	cfg.Profile.Init = []string{"ATZ", "ATE0"}
	var steps []string
	link, err := New(cfg).Dial(testContext(t), "555-0100", func(s dialup.Step) { steps = append(steps, s.Name+":"+s.Text) })
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(steps, " "); got != "init:AT init:ATZ init:ATE0 dial:ATDT5550100 connect:CONNECT 33600" {
		t.Errorf("steps %q", got)
	}
	info := link.Info()
	if !info.Async || info.Speed != 33600 || info.Remote != "555-0100" || info.Text != "CONNECT 33600" {
		t.Errorf("%+v", info)
	}
	_, err = New(cfg).Dial(testContext(t), "1", nil)
	wantCause(t, err, cause.PortBusy)
	if err := link.Close(testContext(t), cause.UserRequest); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := link.Close(testContext(t), cause.UserRequest); err != nil {
		t.Errorf("Close again: %v", err)
	}
	<-link.Done()
	wantUnlocked(t, cfg)
	if m.Mode() != modemtest.Command {
		t.Errorf("the modem is left in %v", m.Mode())
	}
	if c := m.Commands(); c[len(c)-1] != "ATH" {
		t.Errorf("hung up by %q", c)
	}
}

func TestCancelDialing(t *testing.T) {
	x := newExchange(t)
	x.Set("2", modemtest.Number{Party: modemtest.Echo(), Delay: time.Hour})
	m, cfg := newModem(t, x, modemtest.Config{})
	ctx, cancel := context.WithCancelCause(testContext(t))
	go func() {
		m.Wait(ctx, modemtest.Dialing)
		cancel(cause.UserRequest)
	}()
	cfg.Profile.Init = []string{"ATS7=255"}
	_, err := New(cfg).Dial(ctx, "2", nil)
	wantCause(t, err, cause.UserRequest)
	if m.Mode() != modemtest.Command {
		t.Errorf("the modem is left in %v", m.Mode())
	}
	wantUnlocked(t, cfg)

	_, err = New(cfg).Dial(ctx, "2", nil)
	wantCause(t, err, cause.UserRequest)
}

func TestModemFaults(t *testing.T) {
	x := newExchange(t)
	_, cfg := newModem(t, x, modemtest.Config{Silent: true})
	cfg.Profile.SyncTimeout, cfg.Profile.CommandTimeout = 10*time.Millisecond, 10*time.Millisecond
	_, err := New(cfg).Dial(testContext(t), "1", nil)
	wantCause(t, err, cause.ModemSilent)
	wantUnlocked(t, cfg)

	_, cfg = newModem(t, x, modemtest.Config{Refuse: []string{"&C1"}})
	_, err = New(cfg).Dial(testContext(t), "1", nil)
	wantCause(t, err, cause.ModemInit)
	if !strings.Contains(err.Error(), "&C1") {
		t.Errorf("%v", err)
	}
	wantUnlocked(t, cfg)

	m, cfg := newModem(t, x, modemtest.Config{})
	x.Set("7", modemtest.Number{Party: modemtest.Dead})
	cfg.Profile.Init = []string{"ATS7=255"}
	go func() {
		m.Wait(context.Background(), modemtest.Dialing)
		m.Close() // unplugged
	}()
	_, err = New(cfg).Dial(testContext(t), "7", nil)
	wantCause(t, err, cause.PortFault)
}

func TestPortErrors(t *testing.T) {
	file := t.TempDir() + "/file"
	os.WriteFile(file, nil, 0o600)
	x := newExchange(t)
	_, good := newModem(t, x, modemtest.Config{})
	for _, c := range []struct {
		cfg    Config
		number string
		want   cause.Cause
	}{
		{Config{}, "1", cause.BadConfig},
		{Config{Port: "/dev/no-such-port"}, "1", cause.PortMissing},
		{Config{Port: file}, "1", cause.PortFault},
		{Config{Port: "/dev/null"}, "1", cause.PortFault},
		{Config{Port: good.Port, LockDir: good.LockDir, Speed: 12345}, "1", cause.BadConfig},
		{good, "1;", cause.BadConfig},
	} {
		_, err := New(c.cfg).Dial(testContext(t), c.number, nil)
		wantCause(t, err, c.want)
	}
	wantUnlocked(t, good)
}

func TestProbeAndCommand(t *testing.T) {
	x := newExchange(t)
	x.Set("1", modemtest.Number{Party: modemtest.Echo()})
	m, cfg := newModem(t, x, modemtest.Config{})
	var tried []int
	r, err := Probe(testContext(t), cfg, func(speed int) { tried = append(tried, speed) })
	if err != nil {
		t.Fatal(err)
	}
	if r.Speed != 115200 || len(tried) != 1 || r.Signals != nil || len(r.Answers) != 7 {
		t.Errorf("%+v, tried %v", r, tried)
	}
	if a := r.Answers[1]; a.Command != "ATI3" || a.Lines[0] != "dunlab modem V1.0" || a.Result != "OK" {
		t.Errorf("%+v", a)
	}
	for _, c := range []struct{ command, want string }{
		{"ATI3", "dunlab modem V1.0|OK"},
		{"AT+NONE", "ERROR"},
		{"ATDT1", "CONNECT 33600"},
	} {
		lines, err := Command(testContext(t), cfg, c.command)
		if got := strings.Join(lines, "|"); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", c.command, got, err)
		}
	}
	if m.Mode() != modemtest.Command {
		t.Errorf("the modem is left in %v", m.Mode())
	}
	wantUnlocked(t, cfg)

	_, cfg = newModem(t, x, modemtest.Config{Silent: true})
	cfg.Profile.SyncTimeout, cfg.Profile.CommandTimeout = time.Millisecond, time.Millisecond
	tried = nil
	_, err = Probe(testContext(t), cfg, func(speed int) { tried = append(tried, speed) })
	wantCause(t, err, cause.ModemSilent)
	if len(tried) != len(probeSpeeds) {
		t.Errorf("tried %v", tried)
	}
}
