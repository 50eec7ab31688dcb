package bench

import (
	"strings"
	"testing"
	"time"
)

func TestRow(t *testing.T) {
	all := []Sample{
		{Tunnel: "dun", Load: TCPUp, Round: 1, Seconds: 1, Octets: 125e6},
		{Tunnel: "kernel", Load: TCPUp, Round: 1, Seconds: 1, Octets: 250e6},
		{Tunnel: "dun", Load: TCPUp, Round: 2, Seconds: 1, Octets: 100e6},
		{Tunnel: "kernel", Load: TCPUp, Round: 2, Seconds: 1, Octets: 100e6},
		{Tunnel: "dun", Load: TCPUp, Round: 3, Seconds: 1, Octets: 150e6},
		{Tunnel: "kernel", Load: TCPUp, Round: 3, Error: "gone"},
		{Tunnel: "dun", Load: TCPDown, Round: 1, Seconds: 1, Octets: 1},
	}
	r := NewRow("TCP: dun / kernel", "Mbit/s", Aim{atLeast, 0.75}, "dun", Select(all, "dun", TCPUp, Sample.Mbits), "kernel", Select(all, "kernel", TCPUp, Sample.Mbits))
	if r.Value() != 0.75 || !r.Reached() || len(r.Ratios) != 2 {
		t.Errorf("%+v", r)
	}
	if got := r.Line(); got != "TCP: dun / kernel: 0.75 (at least 0.75: reached)  dun 900 (800 to 1000), kernel 1400 (800 to 2000) Mbit/s" {
		t.Error(got)
	}
	if r.Aim.Value = 0.76; r.Reached() {
		t.Error("a missed aim is reached")
	}
	r = NewRow("x", "us", Aim{atMost, 1}, "a", nil, "b", map[int]float64{1: 2})
	if r.Reached() || r.Error == "" || !strings.Contains(r.Line(), "no round") {
		t.Errorf("a row without figures: %+v", r)
	}
	f := NewFigure("idle", "switches", Aim{atMost, 5}, 4)
	if f.Value() != 4 || !f.Reached() || f.Raw() != "" {
		t.Errorf("%+v %q", f, f.Raw())
	}
	if NewFigure("idle", "switches", Aim{atMost, 5}).Reached() {
		t.Error("what was not measured is reached")
	}
}

func TestMarkdown(t *testing.T) {
	rep := Report{Part: "peers", About: "About.", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Version: "dun 1", Machine: "M", Settings: "S.", Notes: []string{"N."},
		Rows: []Row{NewFigure("a|b", "us", Aim{atMost, 2}, 1, 3, 2), NewFigure("c", "us", Aim{atMost, 2}, 3), NewFigure("d", "us", Aim{}, 7), NewFigure("e", "us", Aim{atLeast, 1})}}
	got := Markdown([]Report{rep})
	for _, want := range []string{
		"1 of 3 reached", "| a\\|b | at most 2.00 | 2.00 us | reached | 2.00 (1.00 to 3.00) us |", "**missed**", "| d |  | 7.00 us |  |  |",
		"| e | at least 1.00 |  | **missed** | not measured |", "2026-01-02 03:04, M, dun 1. S.", "\nN.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	for _, part := range []string{"hostpair", "peers"} {
		if err := (Report{Part: part, Rows: []Row{NewFigure("of "+part, "us", Aim{}, 1)}}).Save(dir); err != nil {
			t.Fatal(err)
		}
	}
	all, err := loadReports(dir + "/raw")
	if err != nil || len(all) != 2 || all[0].Part != "peers" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestProcessor(t *testing.T) {
	for text, want := range map[string]string{
		"processor\t: 0\nmodel name\t: Some CPU\nmodel\t: 3\nmodel name\t: Other\n":        "Some CPU",
		"vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t: 2\nmodel name\t: unknown\n": "AuthenticAMD family 26 model 2",
		"": "an unknown processor",
	} {
		if got := processor(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
