package agent

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
)

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelPair  = regexp.MustCompile(`^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)`)
	sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$`)
)

// parseMetrics reads a text by the rules of the exposition format, and by
// those that promtool holds names to. It gives the samples by name and labels.
func parseMetrics(text []byte) (samples map[string]float64, err error) {
	if !utf8.Valid(text) || len(text) > 0 && text[len(text)-1] != '\n' {
		return nil, errors.New("no UTF-8, or the last line has no end")
	}
	samples = make(map[string]float64)
	seen := make(map[string]bool) // families
	family, kind := "", ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		words := strings.SplitN(line, " ", 4)
		switch {
		case strings.HasPrefix(line, "# HELP "):
			family, kind = words[2], ""
			if len(words) < 4 || !strings.HasSuffix(words[3], ".") || strings.Contains(words[3], `\`) {
				return nil, fmt.Errorf("no help in %q", line)
			}
			if seen[family] || !metricName.MatchString(family) || !strings.HasPrefix(family, "dun_") {
				return nil, fmt.Errorf("the family in %q is there twice, or has no good name", line)
			}
			seen[family] = true
		case strings.HasPrefix(line, "# TYPE "):
			if len(words) != 4 || words[2] != family || kind != "" {
				return nil, fmt.Errorf("%q is not behind its HELP", line)
			}
			kind = words[3]
			if kind != "gauge" && kind != "counter" || strings.HasSuffix(family, "_total") != (kind == "counter") {
				return nil, fmt.Errorf("%q: counters, and only they, end with _total", line)
			}
		case strings.HasPrefix(line, "#"):
			return nil, fmt.Errorf("the comment %q", line)
		default:
			m := sampleLine.FindStringSubmatch(line)
			if m == nil || m[1] != family || kind == "" {
				return nil, fmt.Errorf("%q is no sample of %s", line, family)
			}
			names := make(map[string]bool)
			for rest := m[2]; rest != ""; {
				l := labelPair.FindStringSubmatch(rest)
				if l == nil || names[l[1]] || l[3] == "," && rest == l[0] {
					return nil, fmt.Errorf("labels of %q", line)
				}
				names[l[1]], rest = true, rest[len(l[0]):]
			}
			v, err := strconv.ParseFloat(m[3], 64)
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || kind == "counter" && v != math.Trunc(v) {
				return nil, fmt.Errorf("the value of %q", line)
			}
			key := m[1] + "{" + m[2] + "}"
			if _, twice := samples[key]; twice {
				return nil, fmt.Errorf("%q is there twice", key)
			}
			samples[key] = v
		}
	}
	return samples, nil
}

// TestParserOfMetrics: what it is for is to find mistakes.
func TestParserOfMetrics(t *testing.T) {
	good := "# HELP dun_x_total A.\n# TYPE dun_x_total counter\ndun_x_total{a=\"b\\n\\\"\\\\\",c=\"d\"} 1\ndun_x_total 2\n"
	if s, err := parseMetrics([]byte(good)); err != nil || len(s) != 2 {
		t.Errorf("%v, %v", s, err)
	}
	for _, change := range [][2]string{
		{"counter\n", "gauge\n"}, {"_total", ""}, {"# HELP", "#"}, {"# TYPE dun_x", "# TYPE dun_y"}, {"a=\"b", "a=b"}, {",c=", ",a="}, {"\"d\"", "\"d\","}, {"d\"}", "d\"\"}"}, {"} 1", "} -1"}, {"} 1", "} 1.5"},
		{"} 1", "} NaN"}, {"2\n", "2"}, {"dun_x_total 2", "dun_y_total 2"}, {"\ndun_x_total 2", "\ndun_x_total 2\ndun_x_total 2"}, {"dun_x_total 2\n", "dun_x_total 2\n# HELP dun_x_total A.\n"}, {"\"d\"", "\"\xff\""},
	} {
		bad := strings.ReplaceAll(good, change[0], change[1])
		if _, err := parseMetrics([]byte(bad)); bad == good || err == nil {
			t.Errorf("nothing is wrong with %q", bad)
		}
	}
}

func (d *device) metrics() map[string]float64 {
	d.t.Helper()
	text := d.Metrics()
	samples, err := parseMetrics(text)
	if err != nil {
		d.t.Fatalf("%v in\n%s", err, text)
	}
	return samples
}

func wantSamples(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for name, v := range want {
		if g, there := got["dun_"+name]; !there || g != v {
			t.Errorf("%s is %v (there: %v), want %v", name, g, there, v)
		}
	}
}

// TestMetricsOfEntries: what is told through redials, in sums that never become
// less.
func TestMetricsOfEntries(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		r := newRig(t, keptBook, lanSecrets, nil)
		before := r.metrics()
		if _, there := before[`dun_connection_up{entry="office"}`]; there {
			t.Error("an entry that nobody dialed is there")
		}
		r.Keep()
		r.times("office", "up", 1)
		for i := range 3 {
			if err := agenttest.RoundTrips(nil, t, echoHost, 5, 1000); err != nil {
				t.Error(err)
			}
			now := r.metrics()
			wantSamples(t, now, map[string]float64{
				`connection_up{entry="office"}`: 1, `connection_ups_total{side="dialed",entry="office"}`: float64(i + 1),
				`dropped_packets_total{side="dialed",entry="office",reason="undecryptable"}`: 0,
			})
			if i > 0 {
				wantSamples(t, now, map[string]float64{`connection_ends_total{side="dialed",entry="office",cause="call-cleared"}`: float64(i)})
			}
			if n := now[`dun_sent_bytes_total{side="dialed",entry="office"}`]; n < float64((i+1)*5*1028) {
				t.Errorf("%v octets sent", n)
			}
			if now[`dun_wire_total{side="dialed",entry="office",counter="gre-tx"}`] == 0 || now[`dun_loop_links{loop="0"}`] != 1 {
				t.Errorf("there is %v", now)
			}
			for name, was := range before {
				if strings.Contains(name, "_total{") && now[name] < was {
					t.Errorf("%s was %v and is %v", name, was, now[name])
				}
			}
			before = now
			r.office.HangUp()
			r.times("office", "up", i+2)
		}
	})
}

// TestMetricsOfCallers: each call, and their sums, which stay when they go.
func TestMetricsOfCallers(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		h := newHall(t, aliceSecrets+"[user.'b\"o\\b']\npassword = 'x'\n", func(c *ServerConfig) { c.MaxCalls = 2 })
		wantSamples(t, h.metrics(), map[string]float64{`server_calls{}`: 0, `connection_ups_total{side="answered"}`: 0, `server_max_calls{}`: 2})
		a, b := h.call("alice", password), h.call(`b"o\b`, "x")
		from := a.address()
		b.address()
		h.calls("up", "up")
		a.reaches(from)
		if _, err := h.ring(); err == nil {
			t.Error("a third got in")
		}
		now := h.metrics()
		wantSamples(t, now, map[string]float64{
			`server_calls{}`: 2, `connection_ups_total{side="answered"}`: 2, `dropped_packets_total{side="answered",reason="unencrypted"}`: 0,
			`call_sent_bytes_total{call="call 2",user="b\"o\\b"}`: now[`dun_call_sent_bytes_total{call="call 2",user="b\"o\\b"}`],
		})
		in := now[`dun_received_bytes_total{side="answered"}`]
		if in == 0 || now[`dun_call_received_bytes_total{call="call 1",user="alice"}`] == 0 {
			t.Errorf("nothing was received: %v", now)
		}
		a.cancel()
		a.ends(cause.UserRequest)
		h.calls("up")
		agenttest.Eventually(t, func() error {
			now = h.metrics()
			if n := now[`dun_connection_ends_total{side="answered",cause="call-cleared"}`] + now[`dun_connection_ends_total{side="answered",cause="peer-hangup"}`]; n != 1 {
				return fmt.Errorf("%v ends in %v", n, now)
			}
			return nil
		})
		if got := now[`dun_received_bytes_total{side="answered"}`]; got < in {
			t.Errorf("%v octets were received, now %v", in, got)
		}
		if _, there := now[`dun_call_received_bytes_total{call="call 1",user="alice"}`]; there {
			t.Error("the call that has ended is still there")
		}
	})
}

// TestMetricsFile: whole at every moment, readable for others, taken away at
// the end, and one dun's.
func TestMetricsFile(t *testing.T) {
	c, _ := open(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "dun.prom")
	m, err := c.agent.WriteMetrics(name, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.agent.WriteMetrics(name, time.Hour); err == nil || !strings.Contains(err.Error(), "another dun writes") {
		t.Errorf("a second writer: %v", err)
	}
	first, err := os.Stat(name)
	if err != nil || first.Mode().Perm() != 0o644 {
		t.Fatalf("%v, %v", first, err)
	}
	others := 0
	agenttest.Eventually(t, func() error {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := parseMetrics(b); err != nil || s[`dun_info{version="1.2.3"}`] != 1 {
			t.Fatalf("%v in %q", err, b)
		}
		if now, err := os.Stat(name); err == nil && !os.SameFile(first, now) {
			others++
		}
		if others < 20 {
			return fmt.Errorf("it was written %d times", others)
		}
		return nil
	})
	// A directory that goes and comes back.
	events, unsubscribe := c.agent.Subscribe(false)
	defer unsubscribe()
	if err := os.Rename(dir, dir+"x"); err != nil {
		t.Fatal(err)
	}
	if ev := <-events; ev.Entry != metricsEntry || !strings.Contains(ev.Text, "not written") {
		t.Errorf("it told %+v", ev)
	}
	if err := os.Rename(dir+"x", dir); err != nil {
		t.Fatal(err)
	}
	m.Close()
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 0 {
		t.Errorf("%v are left", files)
	}
	if _, err := c.agent.WriteMetrics(filepath.Join(dir, "no", "dun.prom"), time.Hour); err == nil {
		t.Errorf("without a directory: %v", err)
	}
}
