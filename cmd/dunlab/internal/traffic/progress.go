package traffic

import (
	"io"
	"time"
)

// Progress counts the octets that pass and remembers the longest time in
// which none did.
type Progress struct {
	Octets  int64
	Longest time.Duration // between two steps, or before the first

	last time.Time
}

// NewProgress begins to watch at now.
func NewProgress(now time.Time) *Progress { return &Progress{last: now} }

// Add counts n octets that passed at now.
func (p *Progress) Add(now time.Time, n int) {
	if n <= 0 {
		return
	}
	p.Octets += int64(n)
	p.Longest = max(p.Longest, now.Sub(p.last))
	p.last = now
}

// Stalled is the time without progress at now.
func (p *Progress) Stalled(now time.Time) time.Duration { return now.Sub(p.last) }

// watched is a reader whose octets are counted.
type watched struct {
	io.Reader
	progress *Progress
}

func (w watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	w.progress.Add(time.Now(), n)
	return n, err
}

// watchedWriter is a writer whose octets are counted.
type watchedWriter struct {
	io.Writer
	progress *Progress
}

func (w watchedWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.progress.Add(time.Now(), n)
	return n, err
}
