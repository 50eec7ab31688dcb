package path

import (
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// waits are the ways to wait: the usual one, without the way for traffic, and
// each on a system where Go's poller does not take ours.
var waits = []struct {
	name   string
	linger time.Duration
	noGate bool
	want   string
}{
	{"hybrid", 0, false, "hybrid"},
	{"parked", -1, false, "parked"},
	{"hybrid without gate", 0, true, "hybrid, by system call"},
	{"parked without gate", -1, true, "system call"},
}

// startWith starts a loop that waits in one of the ways.
func startWith(t *testing.T, linger time.Duration, noGate bool) *Loop {
	t.Helper()
	l, err := newLoop(Config{Linger: linger})
	if err != nil {
		t.Fatal(err)
	}
	if l.gate == nil {
		t.Error("Go's poller does not take an epoll descriptor")
	} else if noGate {
		l.gate.Close()
		l.gate = nil
	}
	go l.run()
	t.Cleanup(l.Close)
	return l
}

// TestWaits: whatever way it waits, messages, descriptors and deadlines wake
// the loop, and nothing else does.
func TestWaits(t *testing.T) {
	for _, c := range waits {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := startWith(t, c.linger, c.noGate)
			a, b := socketpair(t)
			defer unix.Close(a)
			defer unix.Close(b)
			var manner Manner
			got := make(chan byte, 1)
			do(t, l, func(time.Time) {
				manner = l.Manner()
				l.Watch(a, Readable, handlerFunc(func(time.Time, int) {
					var in [1]byte
					unix.Read(a, in[:])
					got <- in[0]
				}))
			})
			if manner.Waits != c.want {
				t.Errorf("waits: %q, want %q", manner.Waits, c.want)
			}
			// Close together, and so far apart that the loop parks in between.
			for i, pause := range []time.Duration{0, 0, 0, 2 * DefaultLinger, 4 * DefaultLinger, 0, 3 * seenEvery, 0} {
				<-time.After(pause)
				unix.Write(b, []byte{byte(i)})
				select {
				case x := <-got:
					if x != byte(i) {
						t.Fatalf("got %d, want %d", x, i)
					}
				case <-time.After(10 * time.Second):
					t.Fatalf("message %d does not wake the loop", i)
				}
				do(t, l, func(time.Time) {})
			}
			var before, after uint64
			do(t, l, func(time.Time) { before = l.turns })
			<-time.After(100 * time.Millisecond)
			do(t, l, func(time.Time) { after = l.turns; l.Unwatch(a) })
			// One for the message, one for the time after it.
			if after-before > 2 {
				t.Errorf("%d turns in 100 ms without anything to do", after-before)
			}
		})
	}
}

// TestWaitIsOverInTime: a wait ends at its deadline and not before, in the time
// after traffic as well as parked.
func TestWaitIsOverInTime(t *testing.T) {
	for _, c := range waits {
		l, err := newLoop(Config{Linger: c.linger})
		if err != nil {
			t.Fatal(err)
		}
		if c.noGate {
			l.gate.Close()
			l.gate = nil
		}
		for _, d := range []time.Duration{100 * time.Microsecond, 3 * time.Millisecond, DefaultLinger, 8 * time.Millisecond, 30 * time.Millisecond} {
			for _, busy := range []bool{false, true} {
				l.now = time.Now()
				if busy {
					l.active = l.now
				}
				begin := l.now
				if n := l.poller.wait(d); n != 0 {
					t.Fatalf("%s: %d events", c.name, n)
				}
				// A signal may end a wait early in an old kernel, but not here.
				if took := l.now.Sub(begin); took < d {
					t.Errorf("%s, busy %v: waited %v, want %v", c.name, busy, took, d)
				}
			}
		}
		l.mailbox.close()
		l.poller.close()
	}
}

// TestAlwaysBusy: a loop that never finds nothing still takes a poll that the
// scheduler sees, and not with every turn.
func TestAlwaysBusy(t *testing.T) {
	for _, c := range waits {
		l, err := newLoop(Config{Linger: c.linger})
		if err != nil {
			t.Fatal(err)
		}
		if c.noGate {
			l.gate.Close()
			l.gate = nil
		}
		unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // and nobody reads it
		turns, seen := 0, 0
		for begin := time.Now(); time.Since(begin) < 5*seenEvery; turns++ {
			was := l.seen
			if l.poller.wait(-1) != 1 {
				t.Fatal("not ready")
			}
			if l.seen != was {
				seen++
			}
		}
		parksBySyscall := c.noGate && c.linger < 0 // each wait is seen
		if seen < 1 || !parksBySyscall && seen > 6 {
			t.Errorf("%s: the scheduler saw %d of %d waits", c.name, seen, turns)
		}
		l.mailbox.close()
		l.poller.close()
	}
}

// TestWaitAllocatesNothing, parked as well as under load.
func TestWaitAllocatesNothing(t *testing.T) {
	for _, c := range waits {
		l, err := newLoop(Config{Linger: c.linger})
		if err != nil {
			t.Fatal(err)
		}
		if c.noGate {
			l.gate.Close()
			l.gate = nil
		}
		if n := testing.AllocsPerRun(20, func() { l.poller.wait(time.Millisecond) }); n != 0 {
			t.Errorf("%s: %v allocations with nothing to do", c.name, n)
		}
		l.ring()
		if n := testing.AllocsPerRun(20, func() { l.poller.wait(-1) }); n != 0 {
			t.Errorf("%s: %v allocations with something to do", c.name, n)
		}
		l.mailbox.close()
		l.poller.close()
	}
}

// TestPolicyStaysInTheLoop: only the loop's thread has SCHED_BATCH, not what
// is started from the process, and none is left when the loop has ended.
func TestPolicyStaysInTheLoop(t *testing.T) {
	runtime.LockOSThread() // the test's own policy is that of its thread
	defer runtime.UnlockOSThread()
	usual := policyOf(t, 0)
	if usual != unix.SCHED_NORMAL {
		t.Logf("started with policy %s, which the loop leaves alone", policyName(uintptr(usual)))
	}
	l := start(t)
	var in int
	var manner Manner
	do(t, l, func(time.Time) { in, manner = policyOf(t, 0), l.Manner() })
	if want := map[bool]int{true: unix.SCHED_BATCH, false: usual}[usual == unix.SCHED_NORMAL]; in != want || manner.Policy != policyName(uintptr(want)) {
		t.Errorf("the loop has policy %d and tells %q", in, manner.Policy)
	}
	// Many threads, begun while the loop lives.
	hold := make(chan struct{})
	began := make(chan bool)
	for range 8 {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			began <- policyOf(t, 0) == usual
			<-hold
		}()
	}
	for range 8 {
		if !<-began {
			t.Error("another thread has the loop's policy")
		}
	}
	close(hold)
	child := exec.Command("cat")
	input, err := child.StdinPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if p := policyOf(t, child.Process.Pid); p != usual {
		t.Errorf("a child has policy %d, want %d", p, usual)
	}
	input.Close()
	child.Wait()
	ordinary, err := NewLoop(Config{Ordinary: true})
	if err != nil {
		t.Fatal(err)
	}
	defer ordinary.Close()
	do(t, ordinary, func(time.Time) { in = policyOf(t, 0) })
	if in != usual {
		t.Errorf("policy %d, though the Config wants the ordinary one", in)
	}
}

// policyOf is the scheduling policy of a thread, 0 for the own one.
func policyOf(t *testing.T, tid int) int {
	p, _, err := unix.RawSyscall(unix.SYS_SCHED_GETSCHEDULER, uintptr(tid), 0, 0)
	if err != 0 {
		t.Error(err)
	}
	return int(p)
}
