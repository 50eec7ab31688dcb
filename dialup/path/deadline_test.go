package path

import (
	"math/rand/v2"
	"testing"
	"time"
)

var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// TestDeadlines compares the heap with a search through all links.
func TestDeadlines(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var d deadlines
	links := make([]*Link, 50)
	for i := range links {
		links[i] = &Link{}
	}
	want := make(map[*Link]time.Time)
	earliest := func() (t time.Time) {
		for _, at := range want {
			if t.IsZero() || at.Before(t) {
				t = at
			}
		}
		return t
	}
	for range 20_000 {
		l := links[rng.IntN(len(links))]
		at := epoch.Add(time.Duration(rng.IntN(40)) * time.Millisecond)
		switch rng.IntN(5) {
		case 0:
			d.set(l, time.Time{})
			delete(want, l)
		case 1:
			d.remove(l)
			delete(want, l)
		case 2:
			first, now := earliest(), at
			got := d.due(now)
			if (got != nil) != (!first.IsZero() && !now.Before(first)) || got != nil && !want[got].Equal(first) {
				t.Fatalf("due at %v gave %v, the first is %v", now, got, first)
			}
			if got != nil && got.place != 0 {
				t.Fatal("still has a place")
			}
			delete(want, got)
		default:
			d.set(l, at)
			want[l] = at
		}
		if len(d) != len(want) {
			t.Fatalf("%d in the heap, want %d", len(d), len(want))
		}
		for i, l := range d {
			if l.place != i+1 || !l.deadline.Equal(want[l]) {
				t.Fatalf("link at %d says %d", i, l.place)
			}
		}
		if got, ok := d.next(); ok != (len(want) > 0) || !got.Equal(earliest()) {
			t.Fatalf("next is %v, want %v", got, earliest())
		}
	}
}

// TestUntilDeadline: deadlines long past and far away, and how the wait for
// them is rounded.
func TestUntilDeadline(t *testing.T) {
	l, err := newLoop(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.mailbox.close()
	defer l.poller.close()
	if d := l.untilDeadline(epoch); d >= 0 {
		t.Errorf("without a deadline: %v", d)
	}
	link := &Link{}
	for at, want := range map[time.Time]time.Duration{
		time.Unix(0, 0):              0,
		epoch:                        0,
		epoch.Add(1):                 1,
		epoch.Add(400 * time.Hour):   400 * time.Hour,
		epoch.AddDate(10_000, 0, 0):  1<<63 - 1,
		epoch.Add(-time.Nanosecond):  0,
		epoch.Add(time.Millisecond):  time.Millisecond,
		epoch.Add(-time.Millisecond): 0,
	} {
		l.deadlines.set(link, at)
		if d := l.untilDeadline(epoch); d != want {
			t.Errorf("until %v: %v, want %v", at, d, want)
		}
	}
	// Rounded up, so that it has passed when the loop wakes up.
	begin := time.Now()
	l.now = begin
	l.poller.wait(100 * time.Microsecond)
	if d := time.Since(begin); d < 100*time.Microsecond {
		t.Errorf("woke up after %v", d)
	}
	if l.poller.wait(0) != 0 {
		t.Error("something is ready")
	}
}
