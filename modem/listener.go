package modem

import (
	"context"
	"sync"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/modem/at"
)

// Listener answers a modem's telephone. It takes one call at a time: while a
// link is up Accept waits until the link was closed.
type Listener struct {
	cfg   Config
	line  chan struct{} // holds one token: the right to the port
	ended context.Context
	end   context.CancelFunc

	mu      sync.Mutex
	waiting sync.WaitGroup // Accepts
}

var _ dialup.Listener = (*Listener)(nil)

// Listen makes a Listener. The port is opened by Accept, which also tells what
// is wrong with cfg.
func Listen(cfg Config) *Listener {
	l := &Listener{cfg: cfg, line: make(chan struct{}, 1)}
	l.line <- struct{}{}
	l.ended, l.end = context.WithCancel(context.Background())
	return l
}

// Accept waits for as long as it takes until somebody calls, and returns when
// the carrier is up. Callers who give up are passed over. Errors are
// *cause.Error, those of the port and the modem, or the cause that ctx was
// cancelled with.
func (l *Listener) Accept(ctx context.Context) (dialup.Link, error) {
	l.mu.Lock()
	if l.ended.Err() != nil {
		l.mu.Unlock()
		return nil, cause.New(cause.UserRequest, "the listener is closed")
	}
	l.waiting.Add(1)
	l.mu.Unlock()
	defer l.waiting.Done()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.ended, func() { cancel(cause.UserRequest) })()
	select {
	case <-l.line:
	case <-ctx.Done():
		return nil, cause.New(cancelCause(ctx), "")
	}
	k, err := l.answer(ctx)
	if err != nil {
		l.line <- struct{}{}
		return nil, err
	}
	return k, nil
}

// answer waits for one good call.
func (l *Listener) answer(ctx context.Context) (*link, error) {
	cfg, err := l.cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p, err := openPort(&cfg)
	if err != nil {
		return nil, err
	}
	talk := dialogue{cfg: &cfg, port: p}
	for {
		end, err := talk.run(ctx, at.Answer{Rings: cfg.Rings})
		switch cause.Of(err) {
		case cause.None:
			k, err := connected(ctx, &cfg, p, end)
			if err != nil {
				return nil, err
			}
			k.release = func() { l.line <- struct{}{} }
			return k, nil
		case cause.NoCarrier, cause.NoAnswer, cause.Busy, cause.DialTimeout:
			continue // the caller gave up, or was no modem
		}
		p.close()
		return nil, err
	}
}

// Close ends listening and waits for Accept to return; a call that was
// accepted goes on.
func (l *Listener) Close() error {
	l.mu.Lock()
	l.end()
	l.mu.Unlock()
	l.waiting.Wait()
	return nil
}
