package bench

import (
	"context"
	"fmt"
	"time"
)

// hostPair measures the processor time that dun takes for a GB beside the
// yardstick, in all modes and both ways.
func hostPair(ctx context.Context, e *Env) (Report, error) {
	p := e.plan(Plan{
		Kinds:  []string{"yardstick", "dun-stateless", "dun-stateful", "dun-none"},
		Loads:  []string{TCPUp, TCPDown, UDPSmall},
		Rounds: 5, Warm: time.Second, Measure: 3 * time.Second, Rate: 10000, Size: 64,
	})
	all, err := e.here(ctx, p)
	if err != nil {
		return Report{}, err
	}
	rep := Report{Settings: p.settings() + " Counted is the user and system time of dun's two processes (utime and stime of /proc/PID/stat); " +
		"system time holds the softirqs that run when a packet is sent."}
	for _, load := range []string{TCPUp, TCPDown} {
		for _, mode := range encryptions {
			dun := "dun-" + mode.String()
			aim := Aim{}
			if mode == Stateless {
				aim = Aim{atLeast, 2.2}
			}
			rep.Rows = append(rep.Rows, NewRow(fmt.Sprintf("host pair, %s: CPU-s/GB of the yardstick (stateless) / of dun, %v, both ends", load, mode), "CPU-s/GB", aim,
				"yardstick", Select(all, "yardstick", load, Sample.EndsPerGB), "dun", Select(all, dun, load, Sample.EndsPerGB)))
			rep.Rows = append(rep.Rows, NewRow(fmt.Sprintf("host pair, %s: dun, %v / yardstick, Mbit/s", load, mode), "Mbit/s", Aim{},
				"dun", Select(all, dun, load, Sample.Mbits), "yardstick", Select(all, "yardstick", load, Sample.Mbits)))
			rep.Rows = append(rep.Rows, NewRow(fmt.Sprintf("host pair, %s: CPU-s/GB of the whole machine, yardstick / dun, %v", load, mode), "CPU-s/GB", Aim{},
				"yardstick", Select(all, "yardstick", load, Sample.SystemPerGB), "dun", Select(all, dun, load, Sample.SystemPerGB)))
		}
	}
	for _, mode := range encryptions {
		dun := "dun-" + mode.String()
		rep.Rows = append(rep.Rows, NewRow(fmt.Sprintf("host pair, %d-byte UDP at %d packets/s: CPU time a packet, yardstick / dun, %v, both ends", p.Size, p.Rate, mode), "us", Aim{},
			"yardstick", Select(all, "yardstick", UDPSmall, Sample.EndsPerPacket), "dun", Select(all, dun, UDPSmall, Sample.EndsPerPacket)))
	}
	return rep, nil
}

// here runs a plan in two namespaces of this machine.
func (e *Env) here(ctx context.Context, p Plan) ([]Sample, error) {
	pair, err := NewPair(e.Dun, e.Dir)
	if err != nil {
		return nil, err
	}
	defer pair.Close()
	var all []Sample
	err = p.Run(ctx, pair, nil, func(s Sample) {
		all = append(all, s)
		fmt.Fprintln(e.Out, s.Line())
	})
	return all, err
}

func (p Plan) settings() string {
	return fmt.Sprintf("%d rounds, %v for each measurement after %v; MTU %d, MPPE-128; UDP: %d octets, %d packets/s, sent each millisecond.",
		p.Rounds, p.Measure, p.Warm, tunnelMTU, p.Size, p.Rate)
}
