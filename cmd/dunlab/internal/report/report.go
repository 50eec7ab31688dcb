package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"dun/cmd/dunlab/internal/traffic"
)

// Outcome is how a case ended.
type Outcome struct {
	Name string
	Err  error // nil = good
	Took time.Duration
	Note string // figures, for a person
	Logs string // the folder with the case's logs, "" when they were not kept
}

// Line is the outcome as one line, or a few when the case failed:
//
//	ok    pptpd/128-stateless                8.2s  200/200 pings, 20 MB each way 3.1/2.9 MB/s
func (o Outcome) Line() string {
	word, rest := "ok  ", o.Note
	if o.Err != nil {
		word, rest = "FAIL", ""
	}
	line := strings.TrimRight(fmt.Sprintf("%s  %-34s %6.1fs  %s", word, o.Name, o.Took.Seconds(), rest), " ")
	if o.Err == nil {
		return line
	}
	for _, l := range strings.Split(o.Err.Error(), "\n") {
		line += "\n      " + l
	}
	if o.Note != "" {
		line += "\n      until then: " + o.Note
	}
	if o.Logs != "" {
		line += "\n      logs: " + o.Logs
	}
	return line
}

// Summary counts outcomes.
type Summary struct {
	good   int
	failed []string
	took   time.Duration
}

// Add takes one outcome in.
func (s *Summary) Add(o Outcome) {
	s.took += o.Took
	if o.Err == nil {
		s.good++
		return
	}
	s.failed = append(s.failed, o.Name)
}

// OK reports whether something ran and nothing failed.
func (s *Summary) OK() bool { return s.good > 0 && len(s.failed) == 0 }

// Print writes the summary.
func (s *Summary) Print(w io.Writer) {
	fmt.Fprintf(w, "%d good, %d failed, %v in all\n", s.good, len(s.failed), s.took.Round(time.Second))
	if len(s.failed) > 0 {
		fmt.Fprintf(w, "failed: %s\n", strings.Join(s.failed, " "))
	}
}

// Pings is a ping result in a few words.
func Pings(r traffic.PingResult) string {
	s := fmt.Sprintf("%d/%d pings", r.Received, r.Sent)
	if r.Duplicate > 0 {
		s += fmt.Sprintf(" (%d twice)", r.Duplicate)
	}
	return s + fmt.Sprintf(" %s/%s/%s ms", millis(r.Min), millis(r.Avg), millis(r.Max))
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

// Transfers is a pair of transfers of one size in a few words.
func Transfers(down, up traffic.Result) string {
	return fmt.Sprintf("%s each way %s/%s", Size(down.Size), rate(down), rate(up))
}

func rate(r traffic.Result) string { return Size(int64(r.Rate())) + "/s" }

// Size is a number of octets for a person.
func Size(n int64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	case n >= 1_000_000:
		return strings.Replace(fmt.Sprintf("%.1f MB", float64(n)/1e6), ".0", "", 1)
	case n >= 1000:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}
