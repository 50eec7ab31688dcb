package main

import (
	"fmt"
	"io"
	"time"

	"dun/cmd/internal/agent"
)

// printer shows events as they come.
type printer struct {
	out    io.Writer
	json   bool
	debug  bool   // details and packets too
	dialed string // its end is told by the command's own
	start  time.Time
	clock  bool // the time of day, not that since start
	short  bool // of the time of day no date and no fraction

	unsubscribe func()
	done        chan struct{}
}

// follow starts to print the agent's events; dialed, which may be "", is the
// entry whose end the command itself reports. clock says that it stays for
// long.
func (h *host) follow(c *call, dialed string, clock bool) *printer {
	events, unsubscribe := h.agent.Subscribe(c.debug)
	p := newPrinter(c, dialed)
	p.clock, p.unsubscribe = clock, unsubscribe
	go func() {
		defer close(p.done)
		for ev := range events {
			p.print(ev)
		}
	}()
	return p
}

func newPrinter(c *call, dialed string) *printer {
	return &printer{out: c.out, json: c.json, debug: c.debug, dialed: dialed, start: time.Now(), done: make(chan struct{})}
}

// end prints what is left and stops; it may be called again.
func (p *printer) end() {
	p.unsubscribe()
	<-p.done
}

func (p *printer) print(ev agent.Event) {
	if p.json {
		printJSON(p.out, ev)
		return
	}
	if ev.Missed > 0 {
		fmt.Fprintf(p.out, "%8s  (%d lines are missing here: the output was too slow)\n", "", ev.Missed)
	}
	at := fmt.Sprintf("%8.3f", ev.Time.Sub(p.start).Seconds())
	if p.clock {
		at = ev.Time.Format("2006-01-02 15:04:05.000")
	}
	if p.clock && p.short {
		at = ev.Time.Format(time.TimeOnly)
	}
	switch {
	case ev.Packet != "" && !p.debug:
	case ev.Packet != "":
		fmt.Fprintf(p.out, "%s  %-10s %s\n", at, ev.Entry, ev.Packet)
	case ev.End != nil && ev.Entry != p.dialed:
		p.line(at, ev.Entry, ev.Phase, ev.End.String())
	case ev.End == nil && (p.debug || !ev.Detail):
		p.line(at, ev.Entry, ev.Phase, ev.Text)
	}
}

// line prints time, entry, phase and text in columns.
func (p *printer) line(at, entry, phase, text string) {
	if text == "" {
		fmt.Fprintf(p.out, "%s  %-10s %s\n", at, entry, phase)
		return
	}
	fmt.Fprintf(p.out, "%s  %-10s %-12s  %s\n", at, entry, phase, text)
}
