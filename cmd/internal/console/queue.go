package console

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

// maxAhead is how much may be typed, or pasted, ahead.
const maxAhead = 8 << 10

// Keys that reach a command while it runs.
const (
	keyBreak = 0x00 // what a break reads as
	keyStop  = 0x03 // Ctrl-C
)

// queue holds what was typed and not yet read. One goroutine fills it from
// the terminal; the session empties it.
type queue struct {
	wake, room chan struct{} // a token when something came, or went

	mu      sync.Mutex
	octets  []byte
	end     error // the terminal is gone; nothing more comes
	busy    bool  // a command runs: what does not fit is lost, so that Ctrl-C gets through
	anyKey  bool  // any key stops it
	stop    func()
	patient bool // no person types: wait for room always, and Ctrl-C is no key
	last    time.Time
}

func newQueue(patient bool) *queue {
	return &queue{wake: make(chan struct{}, 1), room: make(chan struct{}, 1), patient: patient, last: time.Now()}
}

func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fill reads in until it ends, and then calls gone.
func (q *queue) fill(ctx context.Context, in io.Reader, gone func()) {
	var b [256]byte
	for {
		n, err := in.Read(b[:])
		for _, c := range b[:n] {
			if !q.put(ctx, c) {
				return
			}
		}
		if n == 0 && err == nil {
			err = io.ErrNoProgress
		}
		if err != nil {
			if !q.patient {
				err = ErrGone
			}
			q.mu.Lock()
			q.end = err
			q.mu.Unlock()
			token(q.wake)
			gone()
			return
		}
	}
}

// put adds an octet; false when ctx has ended.
func (q *queue) put(ctx context.Context, c byte) bool {
	q.mu.Lock()
	q.last = time.Now()
	for len(q.octets) >= maxAhead && (!q.busy || q.patient) {
		q.mu.Unlock()
		select {
		case <-q.room:
		case <-ctx.Done():
			return false
		}
		q.mu.Lock()
	}
	defer q.mu.Unlock()
	stops := (c == keyStop || c == keyBreak) && !q.patient
	if stops { // as a terminal does, it throws away what was typed ahead
		q.octets = q.octets[:0]
	}
	if q.busy && q.anyKey && c == '\n' { // terminals that send it behind Enter
		return true
	}
	if q.busy && (stops || q.anyKey && !q.patient) {
		q.stop()
		return true
	}
	if len(q.octets) < maxAhead {
		q.octets = append(q.octets, c)
		token(q.wake)
	}
	return true
}

// run tells that a command runs, which stop ends. Keys may have come before
// it.
func (q *queue) run(stop func(), anyKey bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy, q.stop, q.anyKey = true, stop, anyKey
	token(q.room)
	if q.patient {
		return
	}
	if anyKey && len(q.octets) > 0 && q.octets[0] == '\n' {
		q.octets = q.octets[1:]
	}
	if i := max(bytes.LastIndexByte(q.octets, keyStop), bytes.LastIndexByte(q.octets, keyBreak)); i >= 0 {
		q.octets = q.octets[i+1:]
		stop()
	} else if anyKey && len(q.octets) > 0 {
		stop()
	}
}

// rest tells that no command runs any more.
func (q *queue) rest() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy, q.stop, q.anyKey = false, nil, false
}

const errIdle failure = "nothing was typed for too long"

// next gives the next octet; errIdle when none comes for idle (0 = for ever).
func (q *queue) next(ctx context.Context, idle time.Duration) (byte, error) {
	var over <-chan time.Time
	for {
		q.mu.Lock()
		if len(q.octets) > 0 {
			c := q.octets[0]
			q.octets = q.octets[1:]
			if len(q.octets) == 0 {
				q.octets = nil
			}
			q.mu.Unlock()
			token(q.room)
			return c, nil
		}
		end, last := q.end, q.last
		q.mu.Unlock()
		if end != nil {
			return 0, end
		}
		if idle > 0 {
			left := idle - time.Since(last)
			if left <= 0 {
				return 0, errIdle
			}
			timer := time.NewTimer(left)
			defer timer.Stop()
			over = timer.C
		}
		select {
		case <-q.wake:
		case <-over:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// waiting reports whether something was typed, or pasted, ahead.
func (q *queue) waiting() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.octets) > 0
}

// touch counts as a key: who is idle before the log-in is not logged out.
func (q *queue) touch() {
	q.mu.Lock()
	q.last = time.Now()
	q.mu.Unlock()
}

// forget throws away what was typed ahead.
func (q *queue) forget() {
	q.mu.Lock()
	q.octets = nil
	q.mu.Unlock()
	token(q.room)
}
