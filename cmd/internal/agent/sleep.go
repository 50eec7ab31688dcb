package agent

import (
	"errors"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// sleepClock tells when the machine has slept.
type sleepClock interface {
	// wait returns when the time of day leaps, as it does at a wake-up.
	wait() error
	// asleep is for how long the machine has slept since its start.
	asleep() time.Duration
	close()
}

// wakeTimer is a timer on the time of day that never fires: the kernel cancels
// it when somebody sets the clock, and when the machine wakes up, and that ends
// a read (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
type wakeTimer struct{ f *os.File }

var errNoLeap = errors.New("the timer fired")

func newWakeTimer() (*wakeTimer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return &wakeTimer{os.NewFile(uintptr(fd), "wake-up timer")}, nil
}

func (w *wakeTimer) close() { w.f.Close() }

func (w *wakeTimer) wait() error {
	never := unix.ItimerSpec{}
	never.Value.Sec = math.MaxInt32 // as long as any kernel's number
	raw, err := w.f.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) {
		set = unix.TimerfdSettime(int(fd), unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &never, nil)
	}); err != nil || set != nil {
		return errors.Join(err, set)
	}
	var b [8]byte
	if _, err = w.f.Read(b[:]); errors.Is(err, unix.ECANCELED) {
		return nil
	} else if err == nil {
		err = errNoLeap // a clock beyond 2038: reading again would not wait
	}
	return err
}

// asleep is what CLOCK_BOOTTIME counts and CLOCK_MONOTONIC does not.
func (*wakeTimer) asleep() time.Duration {
	var boot, awake unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - awake.Nano())
}

// nap is how long a sleep has to be for anybody to have missed us.
const nap = time.Second

// followSleep acts on each wake-up until the clock is closed.
func (a *Agent) followSleep(c sleepClock) {
	before := c.asleep()
	for c.wait() == nil {
		now := c.asleep()
		if slept := now - before; slept >= nap {
			a.emitText(machineEntry, "slept for %v: asking whether the connections are still there", slept.Round(time.Second))
			a.doubt(func(*Call) bool { return true }, func(*keeper) bool { return true })
		}
		before = now
	}
}
