package traffic

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// stallLimit ends a transfer that makes no progress: longer than any case
// allows, so that the case is what judges.
const stallLimit = 2 * time.Minute

// Serve answers transfers on l until ctx ends. report, which may be nil, is
// told how each one ended.
func Serve(ctx context.Context, l net.Listener, report func(net.Addr, Result, error)) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		calls.Go(func() {
			stop := context.AfterFunc(ctx, func() { c.Close() })
			defer stop()
			defer c.Close()
			r, err := answer(c)
			if report != nil {
				report(c.RemoteAddr(), r, err)
			}
		})
	}
}

// answer serves one connection.
func answer(c net.Conn) (Result, error) {
	conn := patient{c}
	in := bufio.NewReaderSize(conn, maxLine)
	var q Request
	if err := readLine(in, &q); err != nil {
		return Result{}, fmt.Errorf("request: %w", err)
	}
	if err := q.check(); err != nil {
		return Result{}, err
	}
	if q.Way == Upload {
		r, err := receive(in, q)
		if err != nil {
			return r, err
		}
		if err := writeLine(conn, r); err != nil {
			return r, err
		}
		return r, r.judge(q)
	}
	if _, err := send(conn, q); err != nil {
		return Result{}, err
	}
	var r Result
	if err := readLine(in, &r); err != nil {
		return r, fmt.Errorf("the receiver's verdict: %w", err)
	}
	return r, r.judge(q)
}

// receive takes q.Size octets and sums them up.
func receive(in io.Reader, q Request) (Result, error) {
	begin := time.Now()
	p := NewProgress(begin)
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(watched{in, p}, q.Size))
	r := Result{Way: q.Way, Size: n, Sum: hexSum(h), Took: time.Since(begin), Longest: p.Longest}
	if err == nil && n < q.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return r, fmt.Errorf("after %d of %d octets: %w", n, q.Size, err)
	}
	return r, nil
}

// send gives the stream of q.
func send(out io.Writer, q Request) (*Progress, error) {
	p := NewProgress(time.Now())
	n, err := io.Copy(watchedWriter{out, p}, Stream(q.Seed, q.Size))
	if err != nil {
		return p, fmt.Errorf("after %d of %d octets: %w", n, q.Size, err)
	}
	return p, nil
}

// patient is a connection whose every read and write may take stallLimit.
type patient struct{ net.Conn }

func (p patient) Read(b []byte) (int, error) {
	p.SetReadDeadline(time.Now().Add(stallLimit))
	return p.Conn.Read(b)
}

func (p patient) Write(b []byte) (int, error) {
	p.SetWriteDeadline(time.Now().Add(stallLimit))
	return p.Conn.Write(b)
}
