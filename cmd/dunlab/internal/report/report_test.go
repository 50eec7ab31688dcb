package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"dun/cmd/dunlab/internal/traffic"
)

func TestLine(t *testing.T) {
	good := Outcome{Name: "pptpd/128-stateless", Took: 8200 * time.Millisecond, Note: "fine"}
	if got, want := good.Line(), "ok    pptpd/128-stateless                   8.2s  fine"; got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	bad := Outcome{Name: "isp/pap", Err: errors.New("first\nsecond"), Took: time.Second, Note: "3 pings", Logs: "/logs"}
	want := "FAIL  isp/pap                               1.0s\n      first\n      second\n      until then: 3 pings\n      logs: /logs"
	if got := bad.Line(); got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

func TestSummary(t *testing.T) {
	var s Summary
	if s.OK() {
		t.Error("nothing ran and that is fine")
	}
	s.Add(Outcome{Name: "a", Took: time.Second})
	if !s.OK() {
		t.Error("all good and not OK")
	}
	s.Add(Outcome{Name: "b", Err: errors.New("x"), Took: 61 * time.Second})
	var b strings.Builder
	s.Print(&b)
	if s.OK() || b.String() != "1 good, 1 failed, 1m2s in all\nfailed: b\n" {
		t.Errorf("%v %q", s.OK(), b.String())
	}
}

func TestWords(t *testing.T) {
	p := traffic.PingResult{Sent: 200, Received: 199, Min: time.Millisecond, Avg: 1500 * time.Microsecond, Max: 20 * time.Millisecond}
	if got := Pings(p); got != "199/200 pings 1.0/1.5/20.0 ms" {
		t.Error(got)
	}
	down := traffic.Result{Size: 20_000_000, Took: 5 * time.Second}
	up := traffic.Result{Size: 20_000_000, Took: 16 * time.Second}
	if got := Transfers(down, up); got != "20 MB each way 4 MB/s/1.2 MB/s" {
		t.Error(got)
	}
	for n, want := range map[int64]string{7: "7 B", 4096: "4 kB", 1_000_000: "1 MB", 2_345_678: "2.3 MB"} {
		if got := Size(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
