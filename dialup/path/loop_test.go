package path

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func start(t *testing.T) *Loop {
	t.Helper()
	l, err := NewLoop(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// do fails the test when the loop does not answer: it hangs.
func do(t *testing.T, l *Loop, f func(now time.Time)) {
	t.Helper()
	ran := make(chan bool, 1)
	go func() { ran <- l.Do(f) }()
	select {
	case ok := <-ran:
		if !ok {
			t.Fatal("the loop has ended")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the loop does not answer")
	}
}

// socketpair makes two connected descriptors that do not block.
func socketpair(t testing.TB) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

// handlerFunc makes a function a Handler.
type handlerFunc func(now time.Time, events int)

func (f handlerFunc) Ready(now time.Time, events int) { f(now, events) }

func TestPostKeepsOrder(t *testing.T) {
	l := start(t)
	var got []int
	for i := range 1000 {
		if !l.Post(func(time.Time) { got = append(got, i) }) {
			t.Fatal("not taken")
		}
	}
	do(t, l, func(time.Time) { got = append(got, 1000) })
	if len(got) != 1001 || !slices.IsSorted(got) {
		t.Errorf("%d functions ran, in order: %v", len(got), slices.IsSorted(got))
	}
}

// TestPostFromTheLoop: what is posted from the loop runs in another turn, after
// the descriptors have had theirs.
func TestPostFromTheLoop(t *testing.T) {
	l := start(t)
	a, b := socketpair(t)
	defer unix.Close(a)
	defer unix.Close(b)
	unix.Write(b, []byte{1})
	var again func(now time.Time)
	posts, seen := 0, make(chan int, 1)
	do(t, l, func(time.Time) {
		again = func(time.Time) { posts++; l.Post(again) }
		l.Post(again)
		l.Watch(a, Readable, handlerFunc(func(time.Time, int) {
			l.Unwatch(a)
			seen <- posts
		}))
	})
	select {
	case <-seen:
	case <-time.After(10 * time.Second):
		t.Fatal("a function that posts itself starves the descriptors")
	}
	do(t, l, func(time.Time) { again = func(time.Time) {} })
}

func TestCloseRunsWhatWasPosted(t *testing.T) {
	for range 50 {
		l, err := NewLoop(Config{})
		if err != nil {
			t.Fatal(err)
		}
		var posted, ran atomic.Int32
		var others sync.WaitGroup
		for range 4 {
			others.Go(func() {
				for range 50 {
					if l.Post(func(time.Time) { ran.Add(1) }) {
						posted.Add(1)
					}
					var did bool
					if ok := l.Do(func(time.Time) { did = true }); ok != did {
						t.Errorf("Do says %v, it ran: %v", ok, did)
					}
				}
			})
		}
		l.Close()
		others.Wait()
		if posted.Load() != ran.Load() {
			t.Fatalf("%d were accepted, %d ran", posted.Load(), ran.Load())
		}
		if l.Post(func(time.Time) {}) || l.Do(func(time.Time) {}) {
			t.Fatal("a loop that has ended took a message")
		}
		l.Close() // again
		select {
		case <-l.Done():
		default:
			t.Fatal("Close returned before the end")
		}
	}
}

// TestCloseGivesAllBack: no goroutine and no descriptor is left.
func TestCloseGivesAllBack(t *testing.T) {
	start(t) // opens what the runtime keeps
	goroutines := runtime.NumGoroutine()
	first := freeFD(t)
	for range 20 {
		l, err := NewLoop(Config{})
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, there were %d", runtime.NumGoroutine(), goroutines)
		}
	}
	if now := freeFD(t); now != first {
		t.Errorf("the first free descriptor is %d, it was %d", now, first)
	}
}

// freeFD is the lowest descriptor that is not in use.
func freeFD(t *testing.T) int {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	return fd
}

// TestUnwatchInTheSameTurn: of two descriptors that are ready at once, the
// first one's handler takes the other out.
func TestUnwatchInTheSameTurn(t *testing.T) {
	l := start(t)
	a, a2 := socketpair(t)
	b, b2 := socketpair(t)
	for _, fd := range []int{a, a2, b, b2} {
		defer unix.Close(fd)
	}
	calls := make(chan int, 2)
	do(t, l, func(time.Time) {
		for _, fd := range []int{a, b} {
			l.Watch(fd, Readable, handlerFunc(func(time.Time, int) {
				l.Unwatch(a)
				l.Unwatch(b)
				calls <- fd
			}))
		}
		unix.Write(a2, []byte{1})
		unix.Write(b2, []byte{1})
	})
	<-calls
	do(t, l, func(time.Time) {})
	select {
	case fd := <-calls:
		t.Errorf("descriptor %d was unwatched, and called", fd)
	default:
	}
}

// TestDescriptorReusedInTheSameTurn: the first handler closes the descriptor of
// the second, which was ready as well, and gets its number for another one.
// The event of the old one must not reach the new one.
func TestDescriptorReusedInTheSameTurn(t *testing.T) {
	l := start(t)
	a, a2 := socketpair(t)
	b, b2 := socketpair(t)
	for _, fd := range []int{a, a2, b2} {
		defer unix.Close(fd)
	}
	fresh, fresh2 := socketpair(t)
	defer unix.Close(fresh2)
	wrong := make(chan int, 1)
	reused := make(chan bool, 1)
	replace := func(fd int) {
		l.Unwatch(fd)
		unix.Dup3(fresh, fd, unix.O_CLOEXEC) // closes it, and takes the number, in one
		l.Watch(fd, Readable, handlerFunc(func(_ time.Time, events int) { wrong <- events }))
		reused <- true
	}
	done := false
	do(t, l, func(time.Time) {
		for _, pair := range [][2]int{{a, b}, {b, a}} {
			l.Watch(pair[0], Readable, handlerFunc(func(time.Time, int) {
				if !done {
					done = true
					replace(pair[1])
				}
				l.Unwatch(pair[0])
			}))
		}
		unix.Write(a2, []byte{1})
		unix.Write(b2, []byte{1})
	})
	<-reused
	do(t, l, func(time.Time) {})
	select {
	case events := <-wrong:
		t.Errorf("the new descriptor's handler was told %#x, which was the old one's", events)
	default:
	}
	unix.Close(fresh)
	unix.Close(b)
}

// TestWatchChanges: what is not waited for is not told, though it was ready in
// the same turn; a hang-up always is.
func TestWatchChanges(t *testing.T) {
	l, err := newLoop(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.mailbox.close()
	defer l.poller.close()
	a, b := socketpair(t)
	defer unix.Close(a)
	var told []int
	h := handlerFunc(func(_ time.Time, events int) { told = append(told, events) })
	if err := l.Watch(a, Readable|Writable, h); err != nil {
		t.Fatal(err)
	}
	unix.Write(b, []byte{1})
	l.turn(0)
	l.Watch(a, Readable, h)
	l.turn(0)
	l.Watch(a, 0, h)
	l.turn(0)
	if !slices.Equal(told, []int{Readable | Writable, Readable}) {
		t.Errorf("told %v", told)
	}
	n := l.poller.wait(0)
	if n != 0 {
		t.Errorf("a quiet descriptor wakes the loop")
	}
	l.Watch(a, Readable, h)
	told = nil
	if l.poller.wait(0) != 1 {
		t.Fatal("not ready")
	}
	l.Watch(a, 0, h) // by the handler of another descriptor, say
	l.dispatch(time.Now(), 0)
	if told != nil {
		t.Errorf("told %v, which is not waited for any more", told)
	}
	unix.Close(b)
	l.turn(0)
	if len(told) != 1 || told[0]&HangUp == 0 {
		t.Errorf("told %v of a hang-up", told)
	}
	l.Unwatch(a)
	l.Unwatch(a)
	if l.poller.wait(0) != 0 {
		t.Error("an unwatched descriptor wakes the loop")
	}
	if l.Watch(-1, Readable, h) == nil || len(l.watched) != 1 {
		t.Errorf("a wrong descriptor is watched: %v", l.watched)
	}
}

// TestNoStarvation: a descriptor that is always ready leaves the others, the
// timers and the mailbox their turns.
func TestNoStarvation(t *testing.T) {
	l := start(t)
	a, a2 := socketpair(t)
	b, b2 := socketpair(t)
	for _, fd := range []int{a, a2, b, b2} {
		defer unix.Close(fd)
	}
	unix.Write(a2, []byte{1}) // never read
	got := make(chan byte, 10)
	do(t, l, func(time.Time) {
		l.Watch(a, Readable, handlerFunc(func(time.Time, int) {}))
		l.Watch(b, Readable, handlerFunc(func(time.Time, int) {
			var in [1]byte
			unix.Read(b, in[:])
			got <- in[0]
		}))
	})
	for i := range byte(10) {
		unix.Write(b2, []byte{i})
		select {
		case x := <-got:
			if x != i {
				t.Fatalf("got %d, want %d", x, i)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("starved")
		}
		do(t, l, func(time.Time) {})
	}
	do(t, l, func(time.Time) { l.Unwatch(a) })
}

// TestIdle: a loop without anything to do does not wake up.
func TestIdle(t *testing.T) {
	l := start(t)
	var before, after uint64
	do(t, l, func(time.Time) { before = l.turns })
	<-time.After(200 * time.Millisecond)
	do(t, l, func(time.Time) { after = l.turns })
	if after-before > 1 {
		t.Errorf("%d turns in 200 ms without anything to do", after-before-1)
	}
}
