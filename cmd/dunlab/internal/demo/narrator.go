package demo

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// narrator prints what happens; it is safe for concurrent use.
type narrator struct {
	mu    sync.Mutex
	out   io.Writer
	start time.Time
	acts  int
}

func newNarrator(out io.Writer) *narrator { return &narrator{out: out, start: time.Now()} }

// act begins the next part.
func (n *narrator) act(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.acts++
	fmt.Fprintf(n.out, "\n%d. %s\n", n.acts, fmt.Sprintf(format, args...))
}

// say prints lines below the current part.
func (n *narrator) say(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Fprintf(n.out, "   %s\n", strings.TrimRight(line, "\n"))
	}
}

// took is the time since the beginning.
func (n *narrator) took() time.Duration { return time.Since(n.start) }

// voice gives what a program prints line by line to hear, and remembers the
// last lines. hear decides what is shown.
type voice struct {
	mu   sync.Mutex
	part []byte
	last []string
	want string        // waited for; "" = nothing
	seen chan struct{} // closed when it came
	hear func(line string)
}

// remembered is how many lines a voice keeps for a failure's message, maxPart
// the most octets of a line.
const (
	remembered = 5
	maxPart    = 4096
)

// programme is a voice whose lines are printed behind the program's name: all
// of them, or those that show picks.
func (n *narrator) programme(name string, show func(line string) bool) *voice {
	return &voice{hear: func(line string) {
		if show == nil || show(line) {
			n.say("%-6s | %s", name, line)
		}
	}}
}

// Write takes a piece of the program's output.
func (v *voice) Write(b []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.part = append(v.part, b...)
	for {
		i := bytes.IndexByte(v.part, '\n')
		if i < 0 && len(v.part) < maxPart {
			return len(b), nil
		}
		line, rest := v.part, []byte(nil)
		if i >= 0 {
			line, rest = v.part[:i], v.part[i+1:]
		}
		text := strings.TrimRight(string(line), " \r")
		v.part = append(v.part[:0], rest...)
		v.last = append(v.last, text)
		v.last = v.last[max(0, len(v.last)-remembered):]
		v.hear(text)
		if v.want != "" && strings.Contains(text, v.want) {
			v.want = ""
			close(v.seen)
		}
	}
}

// expect returns a channel that is closed at the first line that holds text.
func (v *voice) expect(text string) <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.want, v.seen = text, make(chan struct{})
	return v.seen
}

// verdict is what the program said about its end: its last line that begins
// as dun's errors do, or the last of all.
func (v *voice) verdict() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, line := range slices.Backward(v.last) {
		if text, is := strings.CutPrefix(line, "dun: "); is {
			return text
		}
	}
	if len(v.last) == 0 {
		return "it said nothing"
	}
	return v.last[len(v.last)-1]
}
