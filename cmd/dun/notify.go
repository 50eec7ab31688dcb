package main

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/internal/agent"
)

// notifier tells a service manager how dun is, as sd_notify(3) does. Where none
// asked for it (NOTIFY_SOCKET) it says nothing.
type notifier struct {
	fd       int // -1 without a manager
	mu       sync.Mutex
	to       unix.SockaddrUnix // which Sendto writes into
	watchdog time.Duration     // it wants a sign of life that often, 0 = never
	wg       sync.WaitGroup
}

// statusPause keeps a server whose callers come and go from telling each.
const statusPause = 200 * time.Millisecond

// newNotifier takes the manager's wishes out of the environment, so that they
// are not taken for those of programs that we start.
func newNotifier() *notifier {
	n := &notifier{fd: -1}
	name, every, whose := os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, key := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(key)
	}
	if !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "@") { // "@": an abstract one
		return n
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return n
	}
	// A manager that does not read must not hold us up for long.
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: 1})
	n.fd, n.to.Name = fd, name
	usec, err := strconv.ParseInt(every, 10, 64)
	if err == nil && usec > 0 && usec < 1<<50 && (whose == "" || whose == strconv.Itoa(os.Getpid())) {
		n.watchdog = time.Duration(usec) * time.Microsecond
	}
	return n
}

// tell sends a state, such as "READY=1".
func (n *notifier) tell(state string) {
	if n.fd >= 0 {
		n.mu.Lock()
		defer n.mu.Unlock()
		unix.Sendto(n.fd, []byte(state), unix.MSG_NOSIGNAL, &n.to)
	}
}

// follow tells what the agent is doing until its events end, and shows the
// watchdog that it lives: its packet loops answer, and its locks are free.
func (n *notifier) follow(a *agent.Agent) {
	if n.fd < 0 {
		return
	}
	events, _ := a.Subscribe(false)
	n.wg.Go(func() {
		var alive <-chan time.Time
		if n.watchdog > 0 {
			t := time.NewTicker(max(n.watchdog/2, time.Millisecond))
			defer t.Stop()
			alive = t.C
		}
		said := ""
		status := time.NewTimer(statusPause)
		defer status.Stop()
		waits := true
		for {
			select {
			case ev, more := <-events:
				if !more {
					return
				}
				if !waits && ev.Phase != "" {
					status.Reset(statusPause)
					waits = true
				}
			case <-status.C:
				waits = false
				if now := a.Summary(); now != said {
					n.tell("STATUS=" + now)
					said = now
				}
			case <-alive:
				if a.Alive() {
					n.tell("WATCHDOG=1")
				}
			}
		}
	})
}

// close ends it, when the agent has ended.
func (n *notifier) close() {
	n.wg.Wait()
	if n.fd >= 0 {
		unix.Close(n.fd)
		n.fd = -1
	}
}
