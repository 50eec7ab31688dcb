package agent

import (
	"bufio"
	"io"
	"time"

	"dun/dialup/json"
)

// Teletype is a terminal at the other end of the control socket.
type Teletype struct {
	In            io.Reader
	Out           io.Writer
	Columns, Rows int
}

// maxScreen is more than any terminal has of either.
const maxScreen = 500

// consoleParams are those of the call "console": how large the terminal is.
type consoleParams struct {
	Columns int `json:"columns,omitempty"`
	Rows    int `json:"rows,omitempty"`
}

// teletype is the client's end of the conversation.
type teletype interface {
	io.Writer
	SetWriteDeadline(time.Time) error
}

// scanner gives a client's lines, and once it is raw what comes, as it comes.
type scanner struct {
	*bufio.Scanner
	raw  bool
	left []byte
}

func newScanner(conn io.Reader) *scanner {
	s := &scanner{Scanner: bufio.NewScanner(conn)}
	s.Buffer(nil, maxLine)
	s.Split(func(b []byte, end bool) (int, []byte, error) {
		if s.raw && len(b) > 0 {
			return len(b), b, nil
		}
		return bufio.ScanLines(b, end)
	})
	return s
}

// Read is for a scanner that is raw.
func (s *scanner) Read(b []byte) (int, error) {
	for len(s.left) == 0 {
		if !s.Scan() {
			return 0, io.EOF
		}
		s.left = s.Bytes()
	}
	n := copy(b, s.left)
	s.left = s.left[n:]
	return n, nil
}

// teletype makes the rest of the connection a terminal, and has the console
// led on it.
func (t *conversation) teletype(req request, conn teletype, in *scanner) *rpcError {
	var p consoleParams
	lead := t.control.agent.cfg.Console
	if lead == nil {
		return &rpcError{Code: codeMethod, Message: "this dun was started for one thing and leads no console"}
	}
	if len(req.Params) > 0 && json.Unmarshal(req.Params, &p) != nil || min(p.Columns, p.Rows) < 0 || max(p.Columns, p.Rows) > maxScreen || t.events != nil || len(req.ID) == 0 {
		return &rpcError{Code: codeParams, Message: `console wants {"columns": NUMBER, "rows": NUMBER}, an id, and a conversation without events`}
	}
	t.out.write(response{Version: jsonVersion, ID: req.ID, Result: true})
	in.raw = true
	conn.SetWriteDeadline(time.Time{}) // a person may read slowly
	lead(t.control.quit, Teletype{in, conn, p.Columns, p.Rows})
	return nil
}

// Console has the owner lead its console on this connection; after it the
// Client is good for nothing else. It ends with what is read.
func (c *Client) Console(columns, rows int) (io.Reader, io.Writer, error) {
	err := c.call("console", consoleParams{columns, rows}, nil)
	return c.in, c.conn, err
}
