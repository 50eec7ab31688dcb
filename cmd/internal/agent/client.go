package agent

import (
	"bufio"
	"io"
	"path/filepath"
	"time"

	"dun/board/sock"
	"dun/dialup/cause"
	"dun/dialup/json"
)

// answerTime is how long the owner of a control socket may take to answer.
const answerTime = 10 * time.Second

// Client speaks to the owner of a runtime directory. It belongs to one
// goroutine.
type Client struct {
	conn   *sock.Conn
	in     *bufio.Reader
	next   int
	events []Event // that came while an answer was waited for
}

// message is what the owner says: an answer, or an event.
type message struct {
	ID     *int            `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *rpcError       `json:"error"`
}

// Connect reaches the owner of the runtime directory dir;
// cause.AgentUnreachable when there is none.
func Connect(dir string) (*Client, error) {
	conn, err := sock.DialUnix(filepath.Join(dir, socketName))
	if err != nil {
		return nil, cause.Wrap(cause.AgentUnreachable, err, "")
	}
	return &Client{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// Close ends the conversation.
func (c *Client) Close() { c.conn.Close() }

// Status asks for the snapshot.
func (c *Client) Status() (Status, error) {
	var s Status
	err := c.call("status", nil, &s)
	return s, err
}

// Dial begins to connect an entry; it does not wait. The password is for an
// entry that has none stored, "" otherwise.
func (c *Client) Dial(entry, password string) error {
	return c.call("dial", dialParams{Entry: entry, Password: password}, nil)
}

// Reload has the owner read its files again.
func (c *Client) Reload() error { return c.call("reload", nil, nil) }

// Log gives the last events, n at most, the oldest first.
func (c *Client) Log(n int) ([]Event, error) {
	var list []Event
	err := c.call("log", logParams{Last: n}, &list)
	return list, err
}

// Trial tells the owner that a change of the phonebook is on trial, so that
// it takes it back in time. An error says that it does not do such things.
func (c *Client) Trial() error { return c.call("trial", nil, nil) }

// HangUp ends an entry's connection; it does not wait.
func (c *Client) HangUp(entry string) error {
	return c.call("hangup", hangUpParams{Entry: entry}, nil)
}

// HangUpAll ends every connection; it does not wait.
func (c *Client) HangUpAll() error {
	return c.call("hangup", hangUpParams{All: true}, nil)
}

// Subscribe asks for events; Next gives them.
func (c *Client) Subscribe() error { return c.call("subscribe", nil, nil) }

// Trace asks for control packets as events: of an entry or, with "", of all,
// and of the protocols that are named or, without any, of all. The last call
// counts. It is not Subscribe: who wants both calls both.
func (c *Client) Trace(entry string, protocols []string) error {
	return c.call("trace", traceParams{Entry: entry, Protocols: protocols}, nil)
}

// EndTrace asks for no packets any more.
func (c *Client) EndTrace() error { return c.call("trace", traceParams{Off: true}, nil) }

// Capture asks for a pcapng stream of what passes an entry's connections, see
// Agent.Capture; after it the Client is good for nothing else. stop asks for
// the stream's end, which follows behind what is on its way; it may be called
// from another goroutine.
func (c *Client) Capture(entry string, snap int) (stream *bufio.Reader, stop func(), err error) {
	if err := c.call("capture", captureParams{Entry: entry, Snap: snap}, nil); err != nil {
		return nil, nil, err
	}
	return c.in, func() { c.conn.CloseWrite() }, nil
}

// Next waits for the next event; an error means that the owner is gone.
func (c *Client) Next() (Event, error) {
	for len(c.events) == 0 {
		if _, err := c.read(); err != nil {
			return Event{}, err
		}
	}
	ev := c.events[0]
	c.events = c.events[1:]
	return ev, nil
}

// call asks and waits for the answer.
func (c *Client) call(method string, params, result any) error {
	c.next++
	b, err := json.Marshal(map[string]any{"jsonrpc": jsonVersion, "id": c.next, "method": method, "params": params})
	if err != nil {
		return err
	}
	c.conn.SetDeadline(time.Now().Add(answerTime))
	defer c.conn.SetDeadline(time.Time{})
	if _, err := c.conn.Write(append(b, '\n')); err != nil {
		return cause.Wrap(cause.AgentUnreachable, err, "")
	}
	for {
		m, err := c.read()
		switch {
		case err != nil:
			return err
		case m.Error != nil && (m.ID == nil || *m.ID == c.next):
			return errorOf(m.Error)
		case m.ID == nil || *m.ID != c.next:
		case result != nil:
			return json.Unmarshal(m.Result, result)
		default:
			return nil
		}
	}
}

// read takes one message and keeps it if it is an event.
func (c *Client) read() (m message, err error) {
	line, err := c.readLine()
	if err == io.EOF {
		return m, cause.New(cause.AgentUnreachable, "it closed the control socket")
	}
	if err != nil {
		return m, cause.Wrap(cause.AgentUnreachable, err, "")
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return m, cause.New(cause.AgentUnreachable, "what answers there is no dun: %v", err)
	}
	var ev Event
	if m.Method == "event" && json.Unmarshal(m.Params, &ev) == nil {
		c.events = append(c.events, ev)
	}
	return m, nil
}

// maxAnswer is enough for a status with thousands of calls.
const maxAnswer = 16 << 20

// readLine takes one line, which is valid until the next is taken.
func (c *Client) readLine() (line []byte, err error) {
	for len(line) < maxAnswer {
		part, err := c.in.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			return append(line, part...), err
		}
		line = append(line, part...)
	}
	return nil, bufio.ErrTooLong
}

// errorOf makes a *cause.Error again of what came over the socket.
func errorOf(e *rpcError) error {
	if e.Data != nil {
		return e.Data.Err()
	}
	return cause.New(cause.AgentUnreachable, "%s", e.Message)
}

// Err is the *cause.Error that f describes.
func (f *Failure) Err() error {
	for _, c := range cause.All() {
		if c.Info().Name == f.Cause {
			return cause.New(c, "%s", f.Detail)
		}
	}
	return cause.New(cause.Internal, "%s", f)
}
