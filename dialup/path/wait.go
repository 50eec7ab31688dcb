package path

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// DefaultLinger is Config.Linger's default.
	DefaultLinger = 5 * time.Millisecond
	// seenEvery is how long a loop that always has something to do goes on
	// without a poll that Go's scheduler sees.
	seenEvery = 10 * time.Millisecond
	// maxWait bounds one wait, so that any number of milliseconds fits the
	// system call. Waking up for nothing once an hour costs nothing.
	maxWait = time.Hour
)

// waiter waits for the descriptors of a poller in one of two ways.
//
// While there is traffic, and a little longer (linger), Go's scheduler is not
// told: it would take the processor away from the loop's thread, give it to
// another one, and take it back for the next packet, which on a small machine
// costs more than the packet. The wait is short, a signal ends it, and some
// other processor of Go's (GOMAXPROCS) has to do what else there is meanwhile.
//
// After that the loop parks like any goroutine that waits for the network. So
// the runtime finds itself idle as a whole, and sleeps: woken out of an
// ordinary system call, its monitor thread would look around sixty times
// before it slept again.
type waiter struct {
	epoll  int
	ready  [64]unix.EpollEvent
	linger time.Duration // 0: always park

	now    time.Time // end of the latest wait
	active time.Time // end of the latest wait that gave something
	seen   time.Time // end of the latest wait that the scheduler saw

	// gate is an epoll descriptor that Go's own poller watches. Ours is in it
	// only while the loop is parked: packets that arrive while it is not shall
	// wake nobody. nil where that does not work; then parking is an ordinary
	// system call.
	gate   *os.File
	gateFD int
	parked syscall.RawConn // of gate
	look   func(fd uintptr) bool
	looks  int // calls of look in this wait
	found  int // by the last one

	// timer ends parking, a timerfd that epoll watches: for timers of Go's the
	// runtime would wake its monitor thread as well, and for those that were
	// put off too.
	timer int
	until time.Time // when it rings, zero = not at all
	rang  bool      // in this wait
}

// open makes the descriptors. linger is as in Config.
func (w *waiter) open(linger time.Duration) (err error) {
	w.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("packet loop: epoll_create", err)
	}
	w.linger = max(linger, 0)
	w.now = time.Now()
	w.openGate()
	return nil
}

// openGate leaves gate nil where Go's poller does not take it, or where there
// is no timer.
func (w *waiter) openGate() {
	if w.openTimer() != nil {
		return
	}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		unix.Close(w.timer)
		return
	}
	unix.SetNonblock(fd, true) // says that it may be polled; nothing else
	gate := os.NewFile(uintptr(fd), "packet loop")
	conn, err := gate.SyscallConn()
	if err != nil || gate.SetReadDeadline(time.Time{}) != nil {
		gate.Close()
		unix.Close(w.timer)
		return
	}
	w.gate, w.gateFD, w.parked = gate, fd, conn
	w.look = func(uintptr) bool {
		w.looks++
		w.found, _ = w.poll(0)
		return w.found != 0 || w.rang
	}
}

func (w *waiter) openTimer() (err error) {
	w.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return err
	}
	// Edge-triggered, so that it need not be read.
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(w.timer)}
	if err = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, w.timer, &ev); err != nil {
		unix.Close(w.timer)
	}
	return err
}

func (w *waiter) close() {
	if w.gate != nil {
		w.gate.Close()
		unix.Close(w.timer)
	}
	unix.Close(w.epoll)
}

// wait waits until d after the end of the wait before (w.now), negative for
// ever, and gives the number of events that are in ready. Less than a millisecond is rounded up: waking up before a
// deadline would mean to spin until it.
func (w *waiter) wait(d time.Duration) int {
	n, seen := w.waitFor(d)
	w.now = time.Now()
	if n > 0 {
		w.active = w.now
	}
	if seen {
		w.seen = w.now
	}
	return n
}

// waitFor waits, and tells whether the scheduler saw it.
func (w *waiter) waitFor(d time.Duration) (n int, seen bool) {
	quiet := w.now.Sub(w.active)
	if (d == 0 || quiet < seenEvery) && w.now.Sub(w.seen) >= seenEvery {
		if n = w.pollSeen(0); n > 0 || d == 0 {
			return n, true
		}
		seen = true
	}
	if d == 0 || quiet < w.linger {
		short := w.linger
		if d >= 0 && d < short {
			short = d
		}
		n, err := w.poll(milliseconds(short))
		if n > 0 || d == 0 || err == 0 && short == d {
			return n, seen
		}
		// Silence, or a signal, most often the scheduler's own: it wants
		// something.
	}
	n, parked := w.park(d)
	return n, seen || parked
}

// poll waits for at most ms milliseconds without a word to the scheduler.
func (w *waiter) poll(ms int) (int, unix.Errno) {
	n, _, err := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(w.epoll),
		uintptr(unsafe.Pointer(&w.ready[0])), uintptr(len(w.ready)), uintptr(ms), 0, 0)
	if err != 0 {
		return 0, err // EINTR; nothing else can go wrong with a descriptor of our own
	}
	return w.withoutTimer(int(n)), 0
}

// withoutTimer takes the timer out of the n events that are in ready.
func (w *waiter) withoutTimer(n int) int {
	if w.until.IsZero() {
		return n
	}
	for i := range n {
		if int(w.ready[i].Fd) == w.timer {
			w.ready[i] = w.ready[n-1]
			w.rang, w.until = true, time.Time{}
			return n - 1
		}
	}
	return n
}

// setTimer has the timer ring at until, or not at all.
func (w *waiter) setTimer(until time.Time) error {
	if until.Equal(w.until) {
		return nil
	}
	var spec unix.ItimerSpec
	if !until.IsZero() {
		spec.Value = unix.NsecToTimespec(int64(max(time.Until(until), 1)))
	}
	err := unix.TimerfdSettime(w.timer, 0, &spec, nil)
	if err == nil {
		w.until = until
	}
	return err
}

// pollSeen does the same as an ordinary system call.
func (w *waiter) pollSeen(ms int) int {
	n, err := unix.EpollWait(w.epoll, w.ready[:], ms)
	if err != nil {
		return 0
	}
	return w.withoutTimer(n)
}

// park waits as a goroutine does; seen is false when it did not have to.
func (w *waiter) park(d time.Duration) (n int, seen bool) {
	if w.gate == nil {
		return w.pollSeen(milliseconds(d)), true
	}
	var until time.Time
	if d >= 0 {
		until = w.now.Add(min(d, maxWait))
	}
	w.looks, w.found, w.rang = 0, 0, false
	ev := unix.EpollEvent{Events: unix.EPOLLIN}
	if w.setTimer(until) != nil || unix.EpollCtl(w.gateFD, unix.EPOLL_CTL_ADD, w.epoll, &ev) != nil {
		return w.pollSeen(milliseconds(d)), true // out of memory: it may be better next time
	}
	w.parked.Read(w.look)
	unix.EpollCtl(w.gateFD, unix.EPOLL_CTL_DEL, w.epoll, nil)
	return w.found, w.looks > 1
}

// milliseconds is d as epoll wants it, rounded up, -1 for ever.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	return int((min(d, maxWait) + time.Millisecond - 1) / time.Millisecond)
}
