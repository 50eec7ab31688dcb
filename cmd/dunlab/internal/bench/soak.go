package bench

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Guest is what tells how busy a guest's only processor was. A loop of the
// lowest priority runs all the time, so the processor never rests: what it
// costs the machine below is the time that the guest was given, and the turns
// that the loop missed are the time that others had. The kernel's own
// accounting samples at its ticks, which work that is due at ticks escapes.
type Guest struct {
	Turns     uint64  `json:"turns"`      // of the loop, while measuring
	IdleTurns uint64  `json:"idle-turns"` // of the loop, while nothing else ran
	IdleTime  float64 `json:"idle-time"`  // of that, in seconds by the guest's clock
	Marks     [4]int  `json:"marks"`      // idle from and to, measuring from and to

	// Seconds of the processor, filled in on the machine below.
	Processor float64 `json:"processor"`
	Idle      float64 `json:"idle"`
}

// busy is the processor time in seconds that others than the loop had.
func (g *Guest) busy() float64 {
	if g.Processor <= 0 || g.Idle <= 0 || g.IdleTurns == 0 {
		return 0
	}
	turn := g.Idle / float64(g.IdleTurns)
	return g.Processor - float64(g.Turns)*turn
}

// markWord stands before the number of a moment on a guest's console.
const markWord = "DUNLAB-MARK "

// marker prints moments on a guest's console.
type marker struct {
	out  io.Writer
	last int
}

func (m *marker) mark() int {
	m.last++
	fmt.Fprintf(m.out, "%s%d\n", markWord, m.last)
	return m.last
}

// guestConsole reads what a guest prints: it notes the processor time of the
// guest at each mark, fills in samples, and shows them to a person.
type guestConsole struct {
	out  io.Writer
	used func() (time.Duration, error) // the guest's processor time so far; nil: its clock counts instructions

	mu      sync.Mutex
	pending []byte
	marks   map[int]time.Duration
	samples []Sample
	all     bytes.Buffer
}

func newGuestConsole(out io.Writer, used func() (time.Duration, error)) *guestConsole {
	return &guestConsole{out: out, used: used, marks: map[int]time.Duration{}}
}

func (c *guestConsole) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Write(b)
	c.pending = append(c.pending, b...)
	for {
		i := bytes.IndexByte(c.pending, '\n')
		if i < 0 {
			return len(b), nil
		}
		c.line(strings.TrimSpace(string(c.pending[:i])))
		c.pending = c.pending[i+1:]
	}
}

func (c *guestConsole) line(s string) {
	if _, number, ok := strings.Cut(s, markWord); ok {
		n, err := strconv.Atoi(number)
		if err == nil && c.used != nil {
			if used, err := c.used(); err == nil {
				c.marks[n] = used
			}
		}
		return
	}
	all, err := ParseSamples([]byte(s + "\n"))
	if err != nil || len(all) != 1 {
		if s != "" {
			fmt.Fprintln(c.out, s)
		}
		return
	}
	if g := all[0].Guest; g != nil && c.used == nil {
		g.Idle, g.Processor = g.IdleTime, all[0].Seconds
	} else if g != nil {
		g.Idle = (c.marks[g.Marks[1]] - c.marks[g.Marks[0]]).Seconds()
		g.Processor = (c.marks[g.Marks[3]] - c.marks[g.Marks[2]]).Seconds()
	}
	c.samples = append(c.samples, all[0])
	fmt.Fprintln(c.out, all[0].Line())
}

func (c *guestConsole) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all.String()
}
