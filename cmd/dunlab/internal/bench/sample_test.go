package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseSamples(t *testing.T) {
	s := Sample{Tunnel: "dun-stateless", Load: TCPUp, Round: 2, Seconds: 4, Octets: 5e8, Ends: 1}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	console := "[0mBooting\r\nx " + sampleWord + string(b) + "\r\n[ 1.0] reboot\r\n"
	all, err := ParseSamples([]byte(console))
	if err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], s) {
		t.Fatalf("%+v %v", all, err)
	}
	if all[0].Mbits() != 1000 || all[0].EndsPerGB() != 2 {
		t.Errorf("%v Mbit/s, %v CPU-s/GB", all[0].Mbits(), all[0].EndsPerGB())
	}
	if _, err := ParseSamples([]byte(sampleWord + "{\n")); err == nil {
		t.Error("half a sample is taken")
	}
}

func TestSampleLine(t *testing.T) {
	for want, s := range map[string]Sample{
		"failed: no way":           {Error: "no way"},
		"1000.0 Mbit/s  both ends": {Seconds: 4, Octets: 5e8, Ends: 1},
		"500 packets/s of    501":  {Seconds: 2, Packets: 1000, Sent: 1002, Guest: &Guest{}},
		"p50 1.00 p99 2.00 ms, 3":  {Seconds: 2, P50: 1, P99: 2, Lost: 3},
		"processor 1000.00 us":     {Seconds: 2, Packets: 1000, Sent: 1002, Guest: &Guest{Turns: 50, IdleTurns: 100, Idle: 2, Processor: 2}},
	} {
		if got := s.Line(); !strings.Contains(got, want) {
			t.Errorf("%q has no %q", got, want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 9, 2}, 3}} {
		if got := Median(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestProcTimes(t *testing.T) {
	d, err := parseProcessTime("17 (a ) (b) S 1 17 17 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 7 0 1 0 0")
	if err != nil || d.Seconds() != 3 {
		t.Errorf("process: %v %v", d, err)
	}
	sys, err := parseSystem("cpu  100 20 30 9999 888 7 43 500 0 0\ncpu0 1\nintr 9 8\nctxt 77\nbtime 5\n")
	if err != nil || sys.busy.Seconds() != 2 || sys.switches != 77 {
		t.Errorf("system: %v %v", sys, err)
	}
	for _, bad := range []string{"", "17 (a", "17 (a) S 1 2", "17 (a) S 1 17 17 0 -1 4194560 100 0 0 0 x 50"} {
		if _, err := parseProcessTime(bad); err == nil {
			t.Errorf("process %q is taken", bad)
		}
	}
	for _, bad := range []string{"", "cpu 1 2", "cpu0 1 2 3 4 5 6 7 8", "cpu a b c d e f g h\nctxt 7\n", "cpu 1 2 3 4 5 6 7 8\n", "cpu 1 2 3 4 5 6 7 8\nctxt x\n"} {
		if _, err := parseSystem(bad); err == nil {
			t.Errorf("system %q is taken", bad)
		}
	}
}

func TestGuestConsole(t *testing.T) {
	used := time.Duration(0)
	var out bytes.Buffer
	c := newGuestConsole(&out, func() (time.Duration, error) { used += time.Second; return used, nil })
	m := marker{out: c}
	// 100 turns in a second alone, 80 in the next two: 1.2 s were others'.
	g := Guest{IdleTurns: 100, Turns: 80, Marks: [4]int{m.mark(), m.mark(), m.mark()}}
	m.mark()
	g.Marks[3] = m.mark()
	b, err := json.Marshal(Sample{Tunnel: "x", Load: UDPSmall, Seconds: 2.5, Packets: 1000, Octets: 1e6, Guest: &g})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []byte("hello\r\n" + sampleWord + string(b) + "\r\n") {
		c.Write([]byte{o})
	}
	if len(c.samples) != 1 {
		t.Fatalf("%d samples, shown %q", len(c.samples), out.String())
	}
	s := c.samples[0]
	if got := s.BusyPerPacket(); got < 1199 || got > 1201 {
		t.Errorf("%v us a packet, want 1200", got)
	}
	if got := s.Mbits(); got != 4 {
		t.Errorf("%v Mbit/s, want 4", got)
	}
	if !strings.HasPrefix(out.String(), "hello\nx ") || strings.Contains(out.String(), markWord) {
		t.Errorf("shown: %q", out.String())
	}
}

func TestSchedstat(t *testing.T) {
	if d, err := parseSchedstat("1500000000 12 7\n"); err != nil || d != 1500*time.Millisecond {
		t.Errorf("%v %v", d, err)
	}
	if _, err := parseSchedstat("\n"); err == nil {
		t.Error("nothing is taken for a time")
	}
}

func TestClockOfInstructions(t *testing.T) {
	c := newGuestConsole(io.Discard, nil)
	b, err := json.Marshal(Sample{Seconds: 2, Packets: 1000, Guest: &Guest{IdleTurns: 100, IdleTime: 1, Turns: 80}})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "%s3\n%s%s\n", markWord, sampleWord, b)
	if got := c.samples[0].BusyPerPacket(); got < 1199 || got > 1201 {
		t.Errorf("%v us a packet, want 1200", got)
	}
}

func TestStarvedSamplesAreLeftOut(t *testing.T) {
	all := []Sample{
		{Tunnel: "x", Load: TCPUp, Round: 1, Seconds: 2, Octets: 1e6, Guest: &Guest{Processor: 0.9}},
		{Tunnel: "x", Load: TCPUp, Round: 2, Seconds: 2, Octets: 1e6, Guest: &Guest{Processor: 1.1}},
	}
	if got := Select(all, "x", TCPUp, Sample.Mbits); len(got) != 1 || got[2] == 0 {
		t.Error(got)
	}
}
