package interop

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"dun/cmd/dunlab/internal/guest"
	"dun/cmd/dunlab/internal/netns"
	"dun/cmd/dunlab/internal/report"
	"dun/cmd/dunlab/internal/traffic"
	"dun/modem/modemtest"
)

// Env is the network of one case.
type Env struct {
	dir   string // logs
	dun   string // the binary under test
	hub   *netns.Host
	rack  *guest.Rack
	notes []string

	forced   fallback            // of every dun
	exchange *modemtest.Exchange // after telephone
	undo     []func() error      // in reverse
}

func newEnv(dir, dun string) (*Env, error) {
	hub, err := netns.New("hub", netns.Options{})
	if err != nil {
		return nil, err
	}
	e := &Env{dir: dir, dun: dun, hub: hub}
	e.undo = append(e.undo, hub.Close)
	err = errors.Join(hub.Bridge(wan), hub.Bridge(far), hub.Address(wan, hubWAN))
	if err == nil {
		e.rack, err = guest.NewRack(hub, filepath.Join(dir, "guests"))
	}
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func (e *Env) close() error {
	var errs []error
	for i := len(e.undo) - 1; i >= 0; i-- {
		errs = append(errs, e.undo[i]())
	}
	e.undo = nil
	return errors.Join(errs...)
}

// note adds a figure to the case's line.
func (e *Env) note(format string, args ...any) {
	e.notes = append(e.notes, fmt.Sprintf(format, args...))
}

// boot starts guests, all at once.
func (e *Env) boot(ctx context.Context, specs ...guest.Spec) ([]*guest.Guest, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	guests := make([]*guest.Guest, len(specs))
	errs := make([]error, len(specs))
	done := make(chan int)
	for i, s := range specs {
		go func() {
			guests[i], errs[i] = e.rack.Boot(ctx, s)
			done <- i
		}()
	}
	for range specs {
		if i := <-done; guests[i] != nil {
			e.undo = append(e.undo, guests[i].Close)
		}
	}
	return guests, errors.Join(errs...)
}

// The traffic of a good case.
const (
	pingCount  = 200
	bulkSize   = 20_000_000 // octets each way over Ethernet
	modemSize  = 1_000_000  // octets each way over a telephone line
	stallLimit = 30 * time.Second
)

// good pings a host 200 times without loss and carries size octets each way
// to the traffic server there.
func (e *Env) good(ctx context.Context, from traffic.Place, host netip.Addr, size int64) error {
	if err := e.pings(ctx, from, host); err != nil {
		return err
	}
	return e.bulk(ctx, from, host, size)
}

// pings has no loss.
func (e *Env) pings(ctx context.Context, from traffic.Place, host netip.Addr) error {
	p, err := traffic.PingFrom(ctx, from, host, traffic.PingOptions{
		Count: pingCount, Interval: 10 * time.Millisecond, Wait: 3 * time.Second, Size: 56})
	if err != nil {
		return err
	}
	e.note("%s", report.Pings(p))
	if p.Lost() > 0 {
		return fmt.Errorf("%d of %d pings of %v were lost", p.Lost(), p.Sent, host)
	}
	return nil
}

// bulk carries size octets down and up, verified at both ends and never
// stalled for longer than stallLimit.
func (e *Env) bulk(ctx context.Context, from traffic.Place, host netip.Addr, size int64) error {
	addr := netip.AddrPortFrom(host, guest.TrafficPort).String()
	var results [2]traffic.Result
	for i, way := range []string{traffic.Download, traffic.Upload} {
		r, err := traffic.TransferFrom(ctx, from, addr, traffic.Request{Way: way, Size: size, Seed: uint64(size) + uint64(i)})
		if err != nil {
			return err
		}
		if r.Longest > stallLimit {
			return fmt.Errorf("%s stalled for %v", way, r.Longest)
		}
		results[i] = r
	}
	e.note("%s", report.Transfers(results[0], results[1]))
	return nil
}
