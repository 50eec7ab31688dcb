package device

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Event is a line of a connection's story.
type Event struct {
	Time  time.Time `json:"time"`
	Entry string    `json:"entry"`
	Phase string    `json:"phase"`
	Text  string    `json:"text"`
	End   *Failure  `json:"end"`
}

// Failure is how a command or a connection ended.
type Failure struct {
	Cause    string `json:"cause"`
	Sentence string `json:"sentence"`
	Detail   string `json:"detail"`
	Remedy   string `json:"remedy"`
	RAS      int    `json:"ras-error"`
	ExitCode int    `json:"exit-code"`

	Exit int `json:"-"` // of the process
}

func (f *Failure) Error() string {
	s := fmt.Sprintf("dun: %s (%s, RAS %d, exit code %d)", f.Sentence, f.Cause, f.RAS, f.Exit)
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	return s
}

// line is what dun prints with --json: an event, or how it failed.
type line struct {
	Event
	Error *Failure `json:"error"`
}

// output reads what dun prints and tells of it; everything goes to the log.
type output struct {
	log io.Writer

	mu      sync.Mutex
	pending []byte
	events  []Event
	failure *Failure
	last    []string      // the last lines that were no JSON
	change  chan struct{} // closed and replaced with each event
}

func newOutput(log io.Writer) *output { return &output{log: log, change: make(chan struct{})} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pending = append(o.pending, b...)
	for {
		i := bytes.IndexByte(o.pending, '\n')
		if i < 0 {
			break
		}
		o.line(string(o.pending[:i]))
		o.pending = append(o.pending[:0], o.pending[i+1:]...)
	}
	return o.log.Write(b)
}

func (o *output) line(s string) {
	var l line
	if !strings.HasPrefix(s, "{") || json.Unmarshal([]byte(s), &l) != nil {
		if o.last = append(o.last, s); len(o.last) > 4 {
			o.last = o.last[1:]
		}
		return
	}
	if l.Error != nil {
		o.failure = l.Error
	} else {
		o.events = append(o.events, l.Event)
	}
	close(o.change)
	o.change = make(chan struct{})
}

// find gives the first event that is right, and the channel that tells when
// to look again.
func (o *output) find(right func(Event) bool) (Event, bool, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, ev := range o.events {
		if right(ev) {
			return ev, true, nil
		}
	}
	return Event{}, false, o.change
}

// end is the failure that was printed, if one was; the process's exit code
// goes along.
func (o *output) end(exit int) *Failure {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := Failure{Cause: "nothing-printed", Sentence: "It printed no JSON failure; its last words: " + strings.Join(o.last, " | ")}
	if o.failure != nil {
		f = *o.failure
	}
	f.Exit = exit
	return &f
}
