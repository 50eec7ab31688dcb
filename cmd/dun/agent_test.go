package main

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// keepOffice makes the world's office an entry that the agent keeps up.
func (w *world) keepOffice() {
	w.device.write("phonebook.toml", "[entry.office]\nautodial = true\ndevice = 'vpn'\nhost = '203.0.113.10'\nuser = 'alice'\nroutes = ['10.0.0.0/8']\n"+
		"[entry.second]\ndevice = 'vpn'\nhost = '203.0.113.10'\nuser = 'alice'\nroutes = ['10.0.0.0/16']\ndns = 'ignore'\n")
}

// phase is the phase of an entry in a running dun's status, "" without one.
func (w *world) phase(entry string) string {
	for _, c := range w.device.status().Connections {
		if c.Entry == entry {
			return c.Phase
		}
	}
	return ""
}

func (w *world) becomes(t *testing.T, entry, phase string) {
	t.Helper()
	agenttest.Eventually(t, func() error {
		if got := w.phase(entry); got != phase {
			return errText("%s is %q, want %q", entry, got, phase)
		}
		return nil
	})
}

// TestAgent is a day of an agent: entries that it keeps and others, and the
// commands that speak to it.
func TestAgent(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.keepOffice()
		server := w.serve()
		a := w.device.start("agent")
		a.says("office     up ")
		w.becomes(t, "office", "up")
		mustContain(t, w.device.run("agent").exits(6).stderr(), "runtime-in-use", "belongs to process")
		mustContain(t, w.device.run("dial", "office").exits(6).stderr(), "already-up")

		// A person's own call: shown until it ends, hung up by a signal.
		second := w.device.start("dial", "second")
		second.says("second     up ")
		second.signal(unix.SIGINT)
		second.exits(5)
		mustContain(t, second.stdout(), "second     dial", "second     hang-up")
		w.becomes(t, "second", "")
		w.device.run("dial", "--leave", "second").exits(0)
		if p := w.phase("second"); p != "up" {
			t.Errorf("what was left up is %q", p)
		}
		w.device.run("hangup", "second").exits(0)

		// The server dies: the agent dials again.
		server.signal(unix.SIGKILL)
		server.wait()
		w.becomes(t, "office", "pause")
		mustContain(t, squeezed(w.device.run("status").exits(0).stdout()), "office: pause", " last end ", " next try ")
		w.serve()
		again := w.device.start("dial", "office") // a person need not wait
		again.says("office     up ")
		again.signal(unix.SIGINT) // and leaves it to the agent
		again.exits(5)
		if p := w.phase("office"); p != "up" {
			t.Errorf("after a person who watched has gone it is %q", p)
		}
		w.device.run("hangup", "office").exits(0)
		w.becomes(t, "office", "stopped")
		w.nothingLeft(t)

		// A password that is missing is asked for at the client, or said.
		w.device.write("secrets.toml", "")
		mustContain(t, w.device.run("reload").exits(0).stderr(), "")
		mustContain(t, w.device.run("dial", "second").exits(2).stderr(), "password-missing")
		w.device.write("secrets.toml", "rubbish\n")
		mustContain(t, w.device.run("reload").exits(2).stderr(), "bad-config", "secrets.toml")

		a.signal(unix.SIGTERM)
		a.exits(5)
		w.nothingLeft(t)
		if strings.Contains(a.stdout()+a.stderr(), officePassword) {
			t.Error("the password was told")
		}
	})
}
