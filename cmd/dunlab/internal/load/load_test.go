package load

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	s := newSchedule(2500, 0)
	sent := 0
	for ms := range 1000 {
		n := s.at(time.Duration(ms+1) * time.Millisecond)
		if n < 2 || n > 3 {
			t.Fatalf("%d packets in millisecond %d", n, ms)
		}
		sent += n
	}
	if sent != 2500 {
		t.Errorf("%d packets in a second, want 2500", sent)
	}
	if n := s.at(2 * time.Second); n != most {
		t.Errorf("%d packets after a delay, want %d", n, most)
	}
	if n := s.at(2*time.Second + time.Millisecond); n > 3 {
		t.Errorf("%d packets are made good later", n)
	}
}

func TestCounterIsShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counter")
	a, err := OpenCounter(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := OpenCounter(path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	a.Add(3)
	b.Add(4)
	if a.Value() != 7 || b.Value() != 7 {
		t.Errorf("%d and %d, want 7", a.Value(), b.Value())
	}
}

func TestBadArguments(t *testing.T) {
	c := filepath.Join(t.TempDir(), "counter")
	for _, args := range [][]string{
		{"pace", c}, {"pace", c, "127.0.0.1:9"}, {"pace", c, "127.0.0.1:9", "x", "1"}, {"pace", c, "127.0.0.1:9", "0", "64"},
		{"pace", c, "127.0.0.1:9", "1", "70000"}, {"sink", c, "localhost"}, {"what", c, "127.0.0.1:9"},
	} {
		if err := Run(args[0], args[1:]); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	if err := Pace(netip.AddrPort{}, -1, 64, nil); err == nil {
		t.Error("a negative rate is taken")
	}
}
