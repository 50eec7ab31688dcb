package path

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTrickle prints how long a message to the loop and a garbage collection
// take while 200 packets arrive a second, on one processor and with as many of
// Go's as the program has beside one loop. It fails only where one does not
// come to an end.
func TestTrickle(t *testing.T) {
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if all.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	tie(t, &one)
	defer tie(t, &all)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	l := start(t)
	a, b := socketpair(t)
	defer unix.Close(a)
	got := 0
	do(t, l, func(time.Time) {
		l.Watch(a, Readable, handlerFunc(func(time.Time, int) {
			var in [1]byte
			unix.Read(a, in[:])
			got++
		}))
	})
	// The packets come from outside, so that no goroutine has to run for them.
	peer := exec.Command("sh", "-c", "while printf x; do sleep 0.005; done")
	peer.Stdout = os.NewFile(uintptr(b), "socket")
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	peer.Stdout.(*os.File).Close()
	var hops, collections []time.Duration
	for begin := time.Now(); time.Since(begin) < 2*time.Second; {
		at := time.Now()
		do(t, l, func(time.Time) {})
		hops = append(hops, time.Since(at))
		<-time.After(3 * time.Millisecond)
		at = time.Now()
		runtime.GC()
		collections = append(collections, time.Since(at))
		<-time.After(4 * time.Millisecond)
	}
	var turns uint64
	do(t, l, func(time.Time) { l.Unwatch(a); turns = l.turns })
	peer.Process.Kill()
	peer.Wait()
	if got == 0 {
		t.Error("no packet came")
	}
	t.Logf("%d packets, %d turns; message and answer: %v; garbage collection: %v", got, turns, spread(hops), spread(collections))
}

// tie lets all threads of the process, and those that they start, run on cpus.
func tie(t *testing.T, cpus *unix.CPUSet) {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		tid, _ := strconv.Atoi(thread.Name())
		if err := unix.SchedSetaffinity(tid, cpus); err != nil {
			t.Log(err) // a thread that has ended
		}
	}
}

// spread is the median and the worst.
func spread(d []time.Duration) [2]time.Duration {
	slices.Sort(d)
	return [2]time.Duration{d[len(d)/2], d[len(d)-1]}
}
