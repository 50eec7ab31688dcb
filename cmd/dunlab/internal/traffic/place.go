package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// Place is where a program of the laboratory runs: a namespace or a guest.
type Place interface {
	// Run runs a program to its end and gives what it printed. An error
	// says how it failed, with its last words.
	Run(ctx context.Context, argv ...string) (stdout []byte, err error)
	// Self is the path of dunlab's own binary there.
	Self() string
}

// TransferFrom runs a transfer at p with the server at addr.
func TransferFrom(ctx context.Context, p Place, addr string, q Request) (Result, error) {
	var r Result
	err := ask(ctx, p, &r, "transfer", addr, q.Way, strconv.FormatInt(q.Size, 10), strconv.FormatUint(q.Seed, 10))
	if err != nil {
		err = fmt.Errorf("%s of %d octets from %s: %w", q.Way, q.Size, addr, err)
	}
	return r, err
}

// PingFrom pings addr from p.
func PingFrom(ctx context.Context, p Place, addr netip.Addr, o PingOptions) (PingResult, error) {
	var r PingResult
	err := ask(ctx, p, &r, "ping", addr.String(), "--count", strconv.Itoa(o.Count), "--size", strconv.Itoa(o.Size),
		"--interval", o.Interval.String(), "--wait", o.Wait.String())
	if err != nil {
		err = fmt.Errorf("ping %v: %w", addr, err)
	}
	return r, err
}

// Until pings addr from p every interval until the first echo returns and
// gives the time of its return, on the clock of p.
func Until(ctx context.Context, p Place, addr netip.Addr, interval time.Duration) (time.Time, error) {
	var at time.Time
	err := ask(ctx, p, &at, "ping", addr.String(), "--until", "--interval", interval.String())
	if err != nil {
		err = fmt.Errorf("first ping of %v: %w", addr, err)
	}
	return at, err
}

// ask runs a sub-command of "dunlab traffic" at p and reads its answer into
// v, even when it failed.
func ask(ctx context.Context, p Place, v any, argv ...string) error {
	out, err := p.Run(ctx, append([]string{p.Self(), "traffic"}, argv...)...)
	if len(out) > 0 {
		if jsonErr := json.Unmarshal(out, v); jsonErr != nil && err == nil {
			err = jsonErr
		}
	} else if err == nil {
		err = errors.New("traffic: no answer")
	}
	return err
}
