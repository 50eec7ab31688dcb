package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"dun/cmd/dunlab/internal/netns"
	"dun/cmd/dunlab/internal/yardstick"
)

// Yardstick is the plain path of package yardstick at both ends, stateless.
var Yardstick = Kind{"yardstick", startYardstick}

type yardsticks struct{ ends [2]*netns.Process }

// yardstickInterface is the name of its interface.
const yardstickInterface = "yard0"

func startYardstick(ctx context.Context, p *Pair) (Tunnel, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	t := &yardsticks{}
	log := &safeBuffer{}
	for i, end := range []struct {
		host        *netns.Host
		local, peer netip.Addr
		role        string
	}{{p.A, outerA, outerB, yardstick.Caller}, {p.B, outerB, outerA, yardstick.Called}} {
		var err error
		t.ends[i], err = end.host.Start([]string{end.host.Self(), "yardstick", yardstickInterface, end.local.String(), end.peer.String(), end.role}, nil, log, log)
		if err != nil {
			return nil, errors.Join(err, t.Stop(ctx))
		}
	}
	err := awaitTrue(ctx, func() bool {
		return p.A.Has(yardstickInterface) && p.B.Has(yardstickInterface) || ended(t.ends[0]) || ended(t.ends[1])
	})
	if err == nil {
		err = errors.Join(p.A.PointToPoint(yardstickInterface, innerA, innerB, tunnelMTU, tunnelQueue),
			p.B.PointToPoint(yardstickInterface, innerB, innerA, tunnelMTU, tunnelQueue))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("yardstick: %w: %s", err, netns.LastLines(log.String(), 3)), t.Stop(ctx))
	}
	return t, nil
}

func (t *yardsticks) Addresses() (a, b netip.Addr) { return innerA, innerB }
func (t *yardsticks) PIDs() []int                  { return []int{t.ends[0].PID(), t.ends[1].PID()} }

func (t *yardsticks) Stop(context.Context) error {
	for _, p := range t.ends {
		if p != nil {
			p.Kill()
			<-p.Done()
		}
	}
	return nil
}
