package bench

import (
	"context"
	"fmt"
	"os"
	"time"
)

// peerKinds are dun and its peers, each beside what it is compared with.
var peerKinds = []string{"kernel-stateless", "dun-stateless", "kernel-stateful", "dun-stateful",
	"kernel-none", "dun-none", "pptp-linux-stateless"}

// peers measures dun in a guest beside the kernel and pptp-linux.
func peers(ctx context.Context, e *Env) (Report, error) {
	p := e.plan(Plan{Kinds: peerKinds, Loads: []string{TCPUp, UDPSmall},
		Rounds: 3, Warm: 1500 * time.Millisecond, Measure: 5 * time.Second, Rate: 1000, Size: 64})
	all, err := e.inGuest(ctx, p)
	if err != nil {
		return Report{}, err
	}
	return Report{
		Settings: p.settings() + " qemu-system-x86_64, accelerator " + e.accel() + ", one processor for both ends. " +
			"A loop of the lowest priority keeps the processor busy all the time: Mbit/s are for each second that the guest was given of the machine below, " +
			"and the processor time of a packet is what the loop missed, that of the traffic's own programs included. " +
			"Where it was given less than half of a processor the sample is left out.",
		Rows: peerRows(p, all, "guest, 1 CPU", true),
	}, nil
}

// counted measures the same in a guest whose clock counts instructions, so
// that every figure is one of instructions, and comes out alike again.
func counted(ctx context.Context, e *Env) (Report, error) {
	p := e.plan(Plan{Kinds: peerKinds, Loads: []string{TCPUp, UDPSmall},
		Rounds: 1, Warm: time.Second, Measure: 3 * time.Second, Rate: 1000, Size: 64})
	e.Accel = "icount"
	all, err := e.inGuest(ctx, p)
	if err != nil {
		return Report{}, err
	}
	return Report{
		Settings: p.settings() + " qemu-system-x86_64 with -icount: an instruction takes a nanosecond of the guest's time, in the kernel and in programs, whatever it does. " +
			"Beside the part peers this tells work from what a switch of address spaces costs.",
		Rows: peerRows(p, all, "guest, by instructions", false),
	}, nil
}

// peerRows are the rows of a plan with peerKinds.
func peerRows(p Plan, all []Sample, where string, aims bool) []Row {
	aim := func(word string, value float64) Aim {
		if !aims {
			return Aim{}
		}
		return Aim{word, value}
	}
	var rows []Row
	tcp := map[Encryption]float64{Stateless: 1.0, Stateful: 1.0, None: 0.8}
	for _, mode := range encryptions {
		rows = append(rows, NewRow(fmt.Sprintf("%s, TCP, %v: dun / kernel path", where, mode), "Mbit/s", aim(atLeast, tcp[mode]),
			"dun", Select(all, "dun-"+mode.String(), TCPUp, Sample.Mbits), "kernel", Select(all, "kernel-"+mode.String(), TCPUp, Sample.Mbits)))
	}
	rows = append(rows, NewRow(where+", TCP, stateless: dun / pptp-linux + pppd", "Mbit/s", aim(atLeast, 9),
		"dun", Select(all, "dun-stateless", TCPUp, Sample.Mbits), "pptp-linux", Select(all, "pptp-linux-stateless", TCPUp, Sample.Mbits)))
	small := fmt.Sprintf("%s, %d-byte UDP at %d packets/s", where, p.Size, p.Rate)
	for _, mode := range encryptions {
		target := Aim{}
		if mode == Stateless {
			target = aim(atLeast, 1)
		}
		rows = append(rows, NewRow(fmt.Sprintf("%s, %v: CPU time a delivered packet, kernel / dun", small, mode), "us", target,
			"kernel", Select(all, "kernel-"+mode.String(), UDPSmall, Sample.BusyPerPacket), "dun", Select(all, "dun-"+mode.String(), UDPSmall, Sample.BusyPerPacket)))
	}
	return append(rows, NewRow(small+", stateless: CPU time a delivered packet, pptp-linux + pppd / dun", "us", Aim{},
		"pptp-linux", Select(all, "pptp-linux-stateless", UDPSmall, Sample.BusyPerPacket), "dun", Select(all, "dun-stateless", UDPSmall, Sample.BusyPerPacket)))
}

func (e *Env) accel() string {
	if e.Accel == "" {
		return "tcg"
	}
	return e.Accel
}

// inGuest boots a guest that runs a plan.
func (e *Env) inGuest(ctx context.Context, p Plan) ([]Sample, error) {
	k, err := openKernel(kernelRoot(e.Cache, kernelPackage))
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	initrd, err := image{kernel: k, dunlab: self, dun: e.Dun, modules: pairModules, job: job{Plan: &p}, peers: p.needsPeers()}.write()
	if initrd != "" {
		defer os.Remove(initrd)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.limit())
	defer cancel()
	return guestX86(e.accel()).boot(ctx, k.image, initrd, insideEnv+"=1", e.Out)
}

// limit is the time after which a guest is taken for dead.
func (p Plan) limit() time.Duration {
	each := 3*(p.Measure+p.Warm) + 20*time.Second
	return time.Minute + 3*time.Duration(p.Rounds*len(p.Kinds)*len(p.Loads))*each
}
