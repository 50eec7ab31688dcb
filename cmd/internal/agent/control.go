package agent

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dun/board/sock"
	"dun/dialup/cause"
	"dun/dialup/json"
)

// The control socket speaks JSON-RPC 2.0, one message a line.
const (
	socketName  = "agent.sock"
	maxLine     = 64 << 10
	maxClients  = 16
	writeTime   = 5 * time.Second // for a client that does not read
	lastTime    = 2 * time.Second // for the end of a capture when dun ends
	acceptPause = 100 * time.Millisecond
)

// Control is the control socket of a runtime directory that this process owns
// (see Claim).
type Control struct {
	agent    *Agent
	name     string
	patience time.Duration // with a client that does not read
	listener *sock.Listener
	quit     context.Context
	stop     context.CancelFunc
	wg       sync.WaitGroup
}

// Listen opens the control socket in dir, which this process has claimed.
func (a *Agent) Listen(dir string) (*Control, error) { return a.listen(dir, writeTime) }

func (a *Agent) listen(dir string, patience time.Duration) (*Control, error) {
	c := &Control{agent: a, name: filepath.Join(dir, socketName), patience: patience}
	if err := os.Remove(c.name); err != nil && !errors.Is(err, os.ErrNotExist) { // a dead owner's
		return nil, cause.Wrap(cause.NoPermission, err, "removing an old control socket")
	}
	var err error
	if c.listener, err = sock.ListenUnix(c.name, 0o600); err != nil {
		return nil, cause.Wrap(cause.NoPermission, err, "opening the control socket")
	}
	if err := admitGroup(c.name); err != nil {
		c.listener.Close()
		os.Remove(c.name)
		return nil, cause.Wrap(cause.NoPermission, err, "opening the control socket to its group")
	}
	c.quit, c.stop = context.WithCancel(context.Background())
	c.wg.Go(c.accept)
	return c, nil
}

// Close ends the socket and all its clients.
func (c *Control) Close() {
	c.stop()
	os.Remove(c.name)
	c.listener.Close()
	c.wg.Wait()
}

func (c *Control) accept() {
	places := make(chan struct{}, maxClients)
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			if c.quit.Err() != nil || errors.Is(err, os.ErrClosed) {
				return
			}
			select { // out of descriptors: do not spin
			case <-time.After(acceptPause):
			case <-c.quit.Done():
			}
			continue
		}
		select {
		case places <- struct{}{}:
			c.wg.Go(func() {
				defer func() { <-places }()
				c.serve(conn)
			})
		default:
			out := &lineWriter{conn: conn, patience: c.patience}
			out.write(fault(codeFailed, "there are 16 clients already; try again later"))
			conn.Close()
		}
	}
}

// serve answers one client until it goes.
func (c *Control) serve(conn *sock.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(c.quit, func() { conn.Close() })
	defer stop()
	out := &lineWriter{conn: conn, patience: c.patience}
	in := newScanner(conn)
	talk := conversation{control: c, out: out}
	defer talk.end()
	for in.Scan() {
		req, wrong := parseRequest(in.Bytes())
		if wrong != nil {
			out.write(response{Version: jsonVersion, Error: wrong})
			continue
		}
		if req.Method == "console" {
			failed := talk.teletype(req, conn, in)
			if failed == nil {
				return
			}
			out.write(response{Version: jsonVersion, ID: req.ID, Error: failed})
			continue
		}
		if req.Method == "capture" {
			capture, failed := talk.capture(req)
			if failed == nil {
				stop()
				c.stream(capture, conn, in.Scanner, out, req.ID)
				return
			}
			out.write(response{Version: jsonVersion, ID: req.ID, Error: failed})
			continue
		}
		result, failed := talk.call(req)
		if len(req.ID) > 0 {
			out.write(response{Version: jsonVersion, ID: req.ID, Result: result, Error: failed})
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		out.write(fault(codeRequest, "the line is longer than 64 KiB"))
	}
}

// stream gives a capture to a client, until it ends or the client has said all
// that it wants to say.
func (c *Control) stream(capture *Capture, conn *sock.Conn, in *bufio.Scanner, out *lineWriter, id json.RawMessage) {
	out.write(response{Version: jsonVersion, ID: id, Result: true})
	conn.SetWriteDeadline(time.Time{}) // who reads slowly loses packets, and nothing else
	defer context.AfterFunc(c.quit, func() {
		capture.Finish()
		conn.SetWriteDeadline(time.Now().Add(lastTime))
	})()
	var reader sync.WaitGroup
	reader.Go(func() {
		for in.Scan() {
		}
		capture.Finish()
	})
	capture.Copy(conn)
	conn.Close()
	reader.Wait()
}

func fault(code int, text string) response {
	return response{Version: jsonVersion, Error: &rpcError{Code: code, Message: text}}
}

// lineWriter writes JSON messages of several goroutines, one a line. A client
// that does not read is cut off.
type lineWriter struct {
	mu       sync.Mutex
	conn     *sock.Conn
	patience time.Duration
}

func (w *lineWriter) write(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn.SetWriteDeadline(time.Now().Add(w.patience))
	if _, err := w.conn.Write(append(b, '\n')); err != nil {
		w.conn.Close()
	}
}
