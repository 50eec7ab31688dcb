// Package monitor draws what an agent does on a terminal: a view that makes lines
// of status and events, and a screen that sends only what changed of them. Both
// are pure.
package monitor

import (
	"strconv"
	"strings"
	"time"

	"dun/cmd/internal/agent"
)

// plotted is how many seconds of throughput are shown.
const plotted = 36

// shades are the heights of a plot, for terminals without anything else.
const shades = " .:-=+*#"

// keptEvents is how many events a view remembers: more than fit on a screen.
const keptEvents = 100

// View is what is shown. The zero View is empty.
type View struct {
	Entry  string // of one only, "" = all
	status agent.Status
	at     time.Time
	rates  map[string]*rate // by connection
	events []agent.Event
}

// rate is the throughput of one connection.
type rate struct {
	in, out   uint64 // octets at the last status
	at        time.Time
	nowIn     float64 // octets a second
	nowOut    float64
	past      [2][]float64
	stillHere bool
}

// Status takes a new status.
func (v *View) Status(now time.Time, s agent.Status) {
	v.status, v.at = s, now
	if v.rates == nil {
		v.rates = make(map[string]*rate)
	}
	for i := range s.Connections {
		v.measure(now, &s.Connections[i])
	}
	if s.Server != nil {
		for i := range s.Server.Calls {
			v.measure(now, &s.Server.Calls[i])
		}
	}
	for name, r := range v.rates {
		if !r.stillHere {
			delete(v.rates, name)
		}
		r.stillHere = false
	}
}

func (v *View) measure(now time.Time, c *agent.ConnectionStatus) {
	r := v.rates[c.Entry]
	if r == nil {
		r = &rate{at: now}
		v.rates[c.Entry] = r
		if n := c.Counters; n != nil {
			r.in, r.out = n.BytesIn, n.BytesOut
		}
	}
	r.stillHere = true
	var in, out uint64
	if n := c.Counters; n != nil {
		in, out = n.BytesIn, n.BytesOut
	}
	seconds := now.Sub(r.at).Seconds()
	r.nowIn, r.nowOut = 0, 0
	if in >= r.in && out >= r.out && seconds > 0 { // or it is another connection
		r.nowIn, r.nowOut = float64(in-r.in)/seconds, float64(out-r.out)/seconds
	}
	r.in, r.out, r.at = in, out, now
	for i, n := range [2]float64{r.nowIn, r.nowOut} {
		r.past[i] = append(r.past[i], n)
		r.past[i] = r.past[i][max(0, len(r.past[i])-plotted):]
	}
}

// Event takes what happened.
func (v *View) Event(ev agent.Event) {
	if ev.Packet != "" || ev.Detail || v.Entry != "" && ev.Entry != v.Entry {
		return
	}
	v.events = append(v.events, ev)
	v.events = v.events[max(0, len(v.events)-keptEvents):]
}

// Lines are the screen's, rows of them, each width columns or less. Of what
// does not fit the events go first, then what stands last.
func (v *View) Lines(width, rows int) []string {
	head := "dun " + v.status.Version
	if v.Entry != "" {
		head += "   " + v.Entry
	}
	clock := v.at.Format("2006-01-02 15:04:05") + "   q leaves"
	lines := []string{head + strings.Repeat(" ", max(1, width-len(head)-len(clock))) + clock, ""}
	shown := 0
	for i := range v.status.Connections {
		if c := &v.status.Connections[i]; v.Entry == "" || v.Entry == c.Entry {
			lines = append(lines, v.connection(c)...)
			shown++
		}
	}
	if s := v.status.Server; s != nil && v.Entry == "" {
		lines = append(lines, "server on "+strings.Join(s.Listen, " ")+": "+strconv.Itoa(len(s.Calls))+" of "+strconv.Itoa(s.MaxCalls)+" calls")
		for i := range s.Calls {
			lines = append(lines, v.call(&s.Calls[i]))
		}
		lines = append(lines, "")
		shown++
	}
	if shown == 0 {
		lines = append(lines, "Nothing is connected.", "")
	}
	if room := rows - len(lines) - 1; room > 0 && len(v.events) > 0 {
		lines = append(lines, "last events")
		for _, ev := range v.events[max(0, len(v.events)-room):] {
			lines = append(lines, eventLine(ev))
		}
	}
	for len(lines) < rows {
		lines = append(lines, "")
	}
	lines = lines[:rows]
	for i, l := range lines {
		lines[i] = strings.TrimRight(fit(l, width), " ")
	}
	return lines
}

// Brief is a line for each connection, for who has no screen.
func (v *View) Brief() (lines []string) {
	add := func(c *agent.ConnectionStatus) {
		if v.Entry != "" && v.Entry != c.Entry {
			return
		}
		l := v.at.Format("2006-01-02 15:04:05.000") + "  " + pad(c.Entry, 10) + " is " + c.Phase
		if r := v.rates[c.Entry]; r != nil && c.Counters != nil {
			l += ", in " + octets(r.nowIn) + "/s, out " + octets(r.nowOut) + "/s," + strings.ReplaceAll(times(c), "  ", " ")
		}
		lines = append(lines, strings.TrimRight(l, ","))
	}
	for i := range v.status.Connections {
		add(&v.status.Connections[i])
	}
	if s := v.status.Server; s != nil {
		for i := range s.Calls {
			add(&s.Calls[i])
		}
	}
	return lines
}

// connection is the paragraph of an entry.
func (v *View) connection(c *agent.ConnectionStatus) []string {
	first := pad(c.Entry, 12) + " " + pad(c.Phase, 12)
	if c.Since != nil {
		first += " " + lasted(v.at.Sub(*c.Since))
	}
	for _, word := range []string{c.Interface, arrow(c.Local, c.Remote)} {
		if word != "" {
			first += "  " + word
		}
	}
	lines := []string{first}
	second := ""
	for _, pair := range [][2]string{{"to", c.Target}, {"via", c.Via}, {"user", c.User}} {
		if pair[1] != "" {
			second += "  " + pair[0] + " " + pair[1]
		}
	}
	if c.Encryption != "none" {
		second += "  " + c.Encryption
	}
	if k := c.Kept; k != nil && k.Next != nil {
		second += "  next try in " + lasted(max(0, k.Next.Sub(v.at)))
	}
	if k := c.Kept; k != nil && k.Last != nil && c.Phase != "up" {
		second += "  " + k.Last.Sentence
	}
	if second != "" {
		lines = append(lines, second)
	}
	if r := v.rates[c.Entry]; r != nil && c.Counters != nil {
		lines = append(lines, "  in  "+plotLine(r.nowIn, c.Counters.BytesIn, r.past[0]), "  out "+plotLine(r.nowOut, c.Counters.BytesOut, r.past[1]))
	}
	if l := times(c); l != "" {
		lines = append(lines, l)
	}
	if l := wire(c.Wire); l != "" {
		lines = append(lines, l)
	}
	if n := c.Counters; n != nil && len(n.Dropped) > 0 {
		lines = append(lines, "  dropped"+sums(n.Dropped, ""))
	}
	return append(lines, "")
}

// call is the line of an answered call.
func (v *View) call(c *agent.ConnectionStatus) string {
	l := "  " + pad(c.Entry, 8) + " " + pad(c.Phase, 12) + " " + pad(c.User, 12) + " " + pad(c.Remote, 15)
	if r := v.rates[c.Entry]; r != nil {
		l += " in " + speed(r.nowIn) + " out " + speed(r.nowOut)
	}
	return l
}

// times is what echoes tell: how long, and how many were lost.
func times(c *agent.ConnectionStatus) string {
	l := ""
	if c.EchoRTT > 0 {
		l += "  round trip " + milliseconds(c.EchoRTT)
	}
	if e := c.Echoes; e != nil && e.Sent > 0 {
		l += "  " + strconv.FormatUint(e.Lost, 10) + " of " + strconv.FormatUint(e.Sent, 10) + " echoes lost"
	}
	if c.LinkRTT > 0 {
		l += "  PPTP " + milliseconds(c.LinkRTT)
	}
	return l
}

// plotLine is the speed now, the sum, and the plot of the seconds before.
func plotLine(now float64, sum uint64, past []float64) string {
	most := 0.0
	for _, n := range past {
		most = max(most, n)
	}
	b := []byte(strings.Repeat(" ", plotted-len(past)))
	for _, n := range past {
		shade := 0
		if n > 0 {
			shade = 1 + int(n/most*float64(len(shades)-2))
		}
		b = append(b, shades[shade])
	}
	return speed(now) + " " + pad(octets(float64(sum)), 8) + " |" + string(b) + "| most " + octets(most) + "/s"
}

func eventLine(ev agent.Event) string {
	l := "  " + ev.Time.Format("15:04:05") + " " + pad(ev.Entry, 10) + " "
	text := ev.Text
	if ev.End != nil {
		text = ev.End.String()
	}
	if ev.Phase != "" {
		l += pad(ev.Phase, 12) + " "
	}
	return l + text
}
