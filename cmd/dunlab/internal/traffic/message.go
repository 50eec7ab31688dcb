package traffic

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// The two ways of a transfer, seen from the client.
const (
	Download = "download"
	Upload   = "upload"
)

// maxLine bounds a header or a verdict on the wire.
const maxLine = 4096

// MaxSize bounds what a server sends or takes at one request, in octets.
const MaxSize = 1 << 32

// Request is the first line of a transfer, from the client.
type Request struct {
	Way  string `json:"way"`  // Download or Upload
	Size int64  `json:"size"` // octets
	Seed uint64 `json:"seed"`
}

func (r Request) check() error {
	if r.Way != Download && r.Way != Upload {
		return fmt.Errorf("traffic: unknown way %q", r.Way)
	}
	if r.Size < 0 || r.Size > MaxSize {
		return fmt.Errorf("traffic: size %d is not within 0 and %d", r.Size, int64(MaxSize))
	}
	return nil
}

// Result is what one end saw of a transfer; the receiving end sends its own
// as the last line, and the client prints one.
type Result struct {
	Way     string        `json:"way"`
	Size    int64         `json:"size"` // octets that passed
	Sum     string        `json:"sum"`  // SHA-256 of them
	Took    time.Duration `json:"took"`
	Longest time.Duration `json:"longest"` // without progress, the worse of both ends
}

// Rate is in octets a second.
func (r Result) Rate() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Size) / r.Took.Seconds()
}

func (r Result) judge(q Request) error {
	if r.Size != q.Size {
		return fmt.Errorf("traffic: %s brought %d of %d octets", q.Way, r.Size, q.Size)
	}
	if want := Sum(q.Seed, q.Size); r.Sum != want {
		return fmt.Errorf("traffic: %s is damaged: SHA-256 begins with %.16s, not %.16s", q.Way, r.Sum, want)
	}
	return nil
}

func writeLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func readLine(r *bufio.Reader, v any) error {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return errors.New("traffic: line too long")
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}
