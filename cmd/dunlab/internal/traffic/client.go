package traffic

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"
)

// Transfer carries q to or from the server at addr and verifies it. The
// result is valid as far as it came even with an error.
func Transfer(ctx context.Context, addr string, q Request) (Result, error) {
	if err := q.check(); err != nil {
		return Result{}, err
	}
	d := net.Dialer{Control: control}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return Result{Way: q.Way}, err
	}
	return TransferOver(ctx, c, q)
}

// TransferOver is Transfer over a connection with the server, which it
// closes.
func TransferOver(ctx context.Context, c net.Conn, q Request) (Result, error) {
	defer c.Close()
	if err := q.check(); err != nil {
		return Result{}, err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	r, err := transfer(patient{c}, q)
	if ctx.Err() != nil {
		err = fmt.Errorf("%w (%v)", ctx.Err(), err)
	}
	return r, err
}

func transfer(conn net.Conn, q Request) (Result, error) {
	in := bufio.NewReaderSize(conn, maxLine)
	begin := time.Now()
	if err := writeLine(conn, q); err != nil {
		return Result{Way: q.Way}, err
	}
	if q.Way == Download {
		r, err := receive(in, q)
		if err != nil {
			return r, err
		}
		if err := writeLine(conn, r); err != nil {
			return r, err
		}
		return r, r.judge(q)
	}
	p, err := send(conn, q)
	if err != nil {
		return Result{Way: q.Way, Size: p.Octets, Longest: p.Longest}, err
	}
	var r Result
	if err := readLine(in, &r); err != nil {
		return r, fmt.Errorf("the receiver's verdict: %w", err)
	}
	// What the sockets hold back is only over when the verdict is here.
	r.Took = time.Since(begin)
	r.Longest = max(r.Longest, p.Longest)
	return r, r.judge(q)
}
