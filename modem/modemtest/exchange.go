package modemtest

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// What a Party may answer a call with; any other error is ErrNoCarrier.
var (
	ErrBusy       = errors.New("modemtest: busy")
	ErrNoAnswer   = errors.New("modemtest: no answer")
	ErrNoCarrier  = errors.New("modemtest: no carrier")
	ErrNoDialTone = errors.New("modemtest: no dial tone")
)

// Exchange connects the calls of its modems. It is safe for concurrent use.
type Exchange struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	numbers map[string]Number
	calls   map[*lineConn]string // the calls that are up, with the number called
	closed  bool
}

// Number is what happens to who calls it.
type Number struct {
	Party   Party         // who answers
	Line    Line          // the line to there
	Delay   time.Duration // until the call reaches the party
	Connect string        // the caller's modem's result; "" = CONNECT and the line's speed
}

// NewExchange makes an exchange without numbers. A call to a number that it
// does not know ends with NO CARRIER.
func NewExchange() *Exchange {
	ctx, cancel := context.WithCancel(context.Background())
	return &Exchange{ctx: ctx, cancel: cancel, numbers: make(map[string]Number), calls: make(map[*lineConn]string)}
}

// Set puts number in, or replaces it. Calls that are up go on as they are.
func (x *Exchange) Set(number string, n Number) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.numbers[number] = n
}

// Drop cuts all calls to number and returns how many there were. Both ends
// see their carrier lost.
func (x *Exchange) Drop(number string) int {
	x.mu.Lock()
	var cut []*lineConn
	for c, n := range x.calls {
		if n == number {
			cut = append(cut, c)
		}
	}
	x.mu.Unlock()
	for _, c := range cut {
		c.Close()
	}
	return len(cut)
}

// Calls is the number of calls that are up.
func (x *Exchange) Calls() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.calls)
}

// Close cuts all calls and waits for the handlers of parties to return.
func (x *Exchange) Close() {
	x.mu.Lock()
	x.closed = true
	cut := make([]*lineConn, 0, len(x.calls))
	for c := range x.calls {
		cut = append(cut, c)
	}
	x.mu.Unlock()
	x.cancel()
	for _, c := range cut {
		c.Close()
	}
	x.wg.Wait()
}

// spawn runs f in a goroutine that Close waits for; false after Close.
func (x *Exchange) spawn(f func()) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return false
	}
	x.wg.Add(1)
	go func() {
		defer x.wg.Done()
		f()
	}()
	return true
}

// call sets a call up. It returns the caller's end and its modem's result.
func (x *Exchange) call(ctx context.Context, from, number string) (io.ReadWriteCloser, string, error) {
	x.mu.Lock()
	n, known := x.numbers[number]
	x.mu.Unlock()
	if !known || n.Party == nil {
		return nil, "", ErrNoCarrier
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(x.ctx, cancel)()
	if err := sleep(ctx, n.Delay); err != nil {
		return nil, "", ErrNoAnswer
	}
	connect := n.Connect
	if connect == "" {
		connect = n.Line.connect()
	}
	conn, err := n.Party(ctx, &Call{From: from, Connect: connect, exchange: x})
	if err != nil {
		return nil, "", err
	}
	line := newLineConn(conn, n.Line)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		line.Close()
		return nil, "", ErrNoCarrier
	}
	x.calls[line] = number
	line.onClose = func() {
		x.mu.Lock()
		delete(x.calls, line)
		x.mu.Unlock()
	}
	return line, connect, nil
}

// sleep waits for d, or fails when ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
