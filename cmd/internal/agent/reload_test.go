package agent

import (
	"strings"
	"testing"
	"time"

	"dun/dialup/phonebook"
	"dun/modem"
)

// TestChanged: what makes dialing an entry another thing than before, so that
// one that a wrong password has stopped is dialed again; nothing else does.
func TestChanged(t *testing.T) {
	read := func(book, secrets string, speed int) Files {
		b, s, err := phonebook.Parse([]byte(book), []byte(secrets))
		if err != nil {
			t.Fatal(err)
		}
		return Files{Phonebook: b, Secrets: s, Modems: map[string]modem.Config{"line1": {Speed: speed}}}
	}
	other := "[entry.other]\ndevice = 'vpn'\nhost = '203.0.113.99'\nuser = 'x'\n"
	was := read(chainBook, chainSecrets, 9600)
	for _, c := range []struct {
		name        string
		is          Files
		isp, office bool
	}{
		{"nothing", read(chainBook, chainSecrets, 9600), false, false},
		{"a comment, and another entry", read("# by hand\n"+other+chainBook, chainSecrets+"[entry.other]\npassword = 'x'\n", 9600), false, false},
		{"the office's host", read(strings.Replace(chainBook, "vpn.example.com", "vpn2.example.com", 1), chainSecrets, 9600), false, true},
		{"the office's password", read(chainBook, strings.Replace(chainSecrets, password, "another", 1), 9600), false, true},
		{"the ISP's number", read(strings.Replace(chainBook, "5550109", "5550108", 1), chainSecrets, 9600), true, true},
		{"the ISP's password", read(chainBook, strings.Replace(chainSecrets, ispPassword, "another", 1), 9600), true, true},
		{"the modem", read(chainBook, chainSecrets, 19200), true, true},
		{"all is gone", read("", "", 9600), true, true},
	} {
		for name, want := range map[string]bool{"isp": c.isp, "office": c.office} {
			if got := changed(was, c.is, name, nil); got != want {
				t.Errorf("%s: %s is another: %v, want %v", c.name, name, got, want)
			}
		}
	}
}

// TestAlive: the watchdog hears nothing for as long as a packet loop hangs, or
// the agent's lock is held, and nothing after the end.
func TestAlive(t *testing.T) {
	a, err := New(Config{Phonebook: &phonebook.Book{}, Secrets: &phonebook.Secrets{}, FastPath: FastPath{Loops: 2, NoFilter: true}})
	if err != nil {
		t.Fatal(err)
	}
	if !a.Alive() {
		t.Fatal("it is not alive")
	}
	hangs := func(what string, free func()) {
		answer := make(chan bool)
		go func() { answer <- a.Alive() }()
		// Whatever the machine does meanwhile, an answer before this is wrong.
		select {
		case <-answer:
			t.Errorf("it is alive although %s", what)
		case <-time.After(50 * time.Millisecond):
		}
		free()
		if !<-answer {
			t.Errorf("it is not alive any more, since %s", what)
		}
	}
	gate, stuck := make(chan struct{}), make(chan struct{})
	a.loops[1].Post(func(time.Time) { close(stuck); <-gate })
	<-stuck
	hangs("a loop hangs", func() { close(gate) })
	a.mu.Lock()
	hangs("its lock is held", a.mu.Unlock)
	a.Close()
	if a.Alive() {
		t.Error("it lives beyond its end")
	}
}
