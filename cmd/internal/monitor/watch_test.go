package monitor

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dun/cmd/internal/agent"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// vt is a terminal that understands what a screen sends, and nothing else.
type vt struct {
	t        *testing.T
	cells    [][]rune
	row, col int
	hidden   bool
	other    bool // the other screen
}

func newVT(t *testing.T, width, height int) *vt {
	v := &vt{t: t, cells: make([][]rune, height)}
	for i := range v.cells {
		v.cells[i] = []rune(strings.Repeat("~", width)) // what was there before
	}
	return v
}

func (v *vt) write(b []byte) {
	v.t.Helper()
	text := []rune(string(b))
	for i := 0; i < len(text); i++ {
		if text[i] != 0x1b {
			if text[i] < ' ' || v.col >= len(v.cells[0]) {
				v.t.Fatalf("%q at %d,%d", text[i], v.row, v.col)
			}
			v.cells[v.row][v.col] = text[i]
			v.col++
			continue
		}
		end := i + 2
		for text[end] < '@' || text[end] > '~' {
			end++
		}
		v.control(string(text[i+2:end]), text[end])
		i = end
	}
}

func (v *vt) control(args string, final rune) {
	v.t.Helper()
	blank := func(cells []rune) {
		for i := range cells {
			cells[i] = ' '
		}
	}
	switch args + string(final) {
	case "?25l":
		v.hidden = true
	case "?25h":
		v.hidden = false
	case "?1049h":
		v.other = true
	case "?1049l":
		v.other = false
	case "0m":
	case "2J":
		for _, row := range v.cells {
			blank(row)
		}
	case "K":
		blank(v.cells[v.row][v.col:])
	default:
		row, col, ok := strings.Cut(args, ";")
		y, _ := strconv.Atoi(row)
		x, _ := strconv.Atoi(col)
		if final != 'H' || !ok || y < 1 || x < 1 || y > len(v.cells) || x > len(v.cells[0]) {
			v.t.Fatalf("ESC [ %s %c", args, final)
		}
		v.row, v.col = y-1, x-1
	}
}

func (v *vt) lines() []string {
	var lines []string
	for _, row := range v.cells {
		lines = append(lines, strings.TrimRight(string(row), " "))
	}
	return lines
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// office is a status with an ISP and a tunnel over it, some seconds on.
func office(seconds int) agent.Status {
	since := start.Add(-26*time.Hour - 3*time.Minute)
	isp := agent.ConnectionStatus{
		Entry: "isp", Phase: "up", Since: &since, Target: "5550100", User: "field7", Interface: "dun0", Local: "198.51.100.7", Remote: "198.51.100.1",
		Encryption: "none", EchoRTT: 131.25, Echoes: &agent.EchoCount{Sent: 12, Lost: 1},
		Counters: &agent.Counters{BytesIn: uint64(1e6 + 2800*seconds), BytesOut: uint64(5e5 + 300*(seconds%7)*seconds), Dropped: map[string]uint64{}},
		Wire:     map[string]uint64{"hdlc-frames": uint64(900 + seconds), "hdlc-bad-fcs": 3, "octets-in": 1234567, "queue-refused": 0},
	}
	vpn := agent.ConnectionStatus{
		Entry: "office", Phase: "up", Since: &start, Target: "203.0.113.10", Via: "isp", User: `CORP\alice`, Interface: "dun1", Local: "10.0.7.20", Remote: "10.0.7.1",
		Encryption: "mppe-128-stateless", EchoRTT: 180, LinkRTT: 165.5, Echoes: &agent.EchoCount{Sent: 4},
		Counters: &agent.Counters{BytesIn: uint64(2000 * seconds * (seconds % 3)), BytesOut: 70, Dropped: map[string]uint64{"too-long": 2}},
		Wire:     map[string]uint64{"gre-rx": 17, "gre-rx-lost": 1, "gre-tx": 20, "gre-rx-late": 0},
	}
	return agent.Status{Version: "1.0", Connections: []agent.ConnectionStatus{isp, vpn}}
}

func story(v *View) {
	v.Event(agent.Event{Time: start, Entry: "isp", Phase: "up", Text: "address 198.51.100.7, peer 198.51.100.1"})
	v.Event(agent.Event{Time: start, Entry: "isp", Text: "LCP open", Detail: true})
	v.Event(agent.Event{Time: start, Entry: "isp", Packet: "sent [LCP ...]"})
	v.Event(agent.Event{Time: start.Add(time.Second), Entry: "office", Phase: "down", End: &agent.Failure{Sentence: "The link below went down.", Detail: "isp \x1b[31mé世\u0301 " + strings.Repeat("long ", 30)}})
}

// golden holds the screen of a terminal to a file.
func golden(t *testing.T, name string, v *vt) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	got := strings.Join(v.lines(), "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s shows\n%swant\n%s", name, got, want)
	}
	if !v.hidden || !v.other {
		t.Error("there is a cursor, or it is the wrong screen")
	}
}

// TestScreens: 80x24, as people see it.
func TestScreens(t *testing.T) {
	next := start.Add(95 * time.Second)
	pause := agent.Status{Version: "1.0", Connections: []agent.ConnectionStatus{{
		Entry: "office", Phase: "pause", Encryption: "none",
		Kept: &agent.KeptStatus{Tries: 3, Next: &next, Last: &agent.Failure{Sentence: "The server refuses connections to TCP port 1723."}},
	}}}
	serve := agent.Status{Version: "1.0", Server: &agent.ServerStatus{Listen: []string{"0.0.0.0"}, MaxCalls: 100}}
	for i := range 30 {
		serve.Server.Calls = append(serve.Server.Calls, agent.ConnectionStatus{
			Entry: "call " + strconv.Itoa(i+1), Phase: "up", User: "user" + strconv.Itoa(i), Remote: "192.168.88." + strconv.Itoa(100+i), Counters: &agent.Counters{},
		})
	}
	for _, c := range []struct {
		name  string
		entry string
		s     func(second int) agent.Status
	}{
		{"office", "", office}, {"entry", "office", office}, {"nothing", "", func(int) agent.Status { return agent.Status{Version: "1.0"} }},
		{"pause", "", func(int) agent.Status { return pause }}, {"serve", "", func(int) agent.Status { return serve }},
	} {
		v, screen, terminal := View{Entry: c.entry}, Screen{}, newVT(t, 80, 24)
		story(&v)
		for i := range 50 {
			v.Status(start.Add(time.Duration(i)*time.Second), c.s(i))
			lines := v.Lines(79, 24)
			out := screen.Draw(lines)
			terminal.write(out)
			if got := strings.Join(terminal.lines(), "\n"); got != strings.Join(lines, "\n") {
				t.Fatalf("%s, second %d: shows\n%s\nwant\n%s", c.name, i, got, strings.Join(lines, "\n"))
			}
			// A second of 9600 bit/s is 960 octets.
			if i > 0 && len(out) > 480 {
				t.Errorf("%s, second %d: %d octets for a change", c.name, i, len(out))
			}
		}
		golden(t, c.name, terminal)
		if out := screen.Draw(v.Lines(79, 24)); len(out) != 0 {
			t.Errorf("%q was sent though nothing changed", out)
		}
		terminal.write(screen.End())
		if terminal.hidden || terminal.other || screen.End() != nil {
			t.Error("the terminal is not as it was")
		}
	}
}

// TestDrawAnything: whatever the lines were and are, the terminal shows them,
// through changes of its size.
func TestDrawAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var screen Screen
	width, height := 20, 6
	terminal := newVT(t, width, height)
	for i := range 3000 {
		if i%500 == 499 {
			width, height = 1+random.IntN(30), 1+random.IntN(8)
			terminal = newVT(t, width, height)
			screen.Forget()
		}
		lines := make([]string, height)
		for row := range lines {
			b := []byte(strings.Repeat(" ", random.IntN(width+1)))
			for col := range b {
				b[col] = " ab"[random.IntN(3)]
			}
			lines[row] = strings.TrimRight(string(b), " ")
		}
		terminal.write(screen.Draw(lines))
		if got := strings.Join(terminal.lines(), "\n"); got != strings.Join(lines, "\n") {
			t.Fatalf("it shows\n%s\nwant\n%s", got, strings.Join(lines, "\n"))
		}
	}
}

// TestSmallTerminals: no size is too small, and nothing is longer than it.
func TestSmallTerminals(t *testing.T) {
	var v View
	story(&v)
	v.Status(start, office(1))
	for width := range 100 {
		for height := range 30 {
			lines := v.Lines(width, height)
			if len(lines) != height {
				t.Fatalf("%d lines for %d rows", len(lines), height)
			}
			for _, l := range lines {
				if n := len([]rune(l)); n > width {
					t.Fatalf("%d columns for %d", n, width)
				}
			}
		}
	}
}

// TestBrief: a line a connection; a reconnect gives no negative speed.
func TestBrief(t *testing.T) {
	var v View
	v.Status(start, office(3))
	v.Status(start.Add(2*time.Second), office(4))
	got := strings.Join(v.Brief(), "\n")
	want := "2026-01-02 03:04:07.000  isp        is up, in 1.40 kB/s, out 1.05 kB/s, round trip 131.2 ms 1 of 12 echoes lost\n" +
		"2026-01-02 03:04:07.000  office     is up, in 4.00 kB/s, out 0 B/s, round trip 180.0 ms 0 of 4 echoes lost PPTP 165.5 ms"
	if got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
	v.Entry = "office"
	v.Status(start.Add(3*time.Second), office(0))
	if got := v.Brief(); len(got) != 1 || !strings.Contains(got[0], "in 0 B/s") {
		t.Errorf("it says %q", got)
	}
}

// TestOctets: numbers of any size have their width.
func TestOctets(t *testing.T) {
	for n, want := range map[float64]string{0: "0 B", 999: "999 B", 999.6: "1.00 kB", 1000: "1.00 kB", 9994: "9.99 kB", 9996: "10.0 kB", 99960: "100 kB", 999600: "1.00 MB", 1.5e18: "1.50 EB"} {
		if got := octets(n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
	if got := lasted(26*time.Hour + 3*time.Minute + 4*time.Second); got != "1d 02:03:04" {
		t.Errorf("it lasted %q", got)
	}
}
