package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"dun/board/netcfg"
	"dun/board/tun"
	"dun/cmd/internal/agent"
	"dun/configs"
	"dun/dialup/path"
	"dun/vpn"
)

// offloadText is an interface's offload, "" for one that is not there.
func offloadText(names []string) string {
	switch {
	case names == nil:
		return ""
	case len(names) == 0:
		return "none"
	}
	return strings.Join(names, " ")
}

// printLoops says in a line how packets are moved.
func printLoops(out io.Writer, loops []agent.LoopStatus) {
	if len(loops) == 0 {
		return
	}
	l := loops[0] // they are all alike
	how := []string{"one at a time"}
	if l.Batch > 1 {
		how[0] = fmt.Sprintf("in batches of %d", l.Batch)
	}
	how = append(how, l.Waits+" wait", "scheduling policy "+l.Policy)
	if len(loops) > 1 {
		how = append(how, fmt.Sprintf("%d loops", len(loops)))
	}
	fmt.Fprintf(out, "packets move %s\n", strings.Join(how, ", "))
}

// examineFastPath says what this machine lacks for it. dun works all the same.
func examineFastPath(f configs.FastPath, tell func(netcfg.Finding)) {
	fast := netcfg.Finding{Name: "fast path"}
	var has, lacks []string
	note := func(ok bool, what, without string) {
		if ok {
			has = append(has, what)
		} else {
			lacks = append(lacks, without)
		}
	}
	offers, err := tun.Offers()
	note(err == nil && offers.TSO, "TSO", "no TSO: the TUN driver knows no IFF_VNET_HDR, each TCP segment costs a system call")
	note(err == nil && offers.USO, "USO", "no USO: that came with Linux 6.2")
	note(vpn.Batches(), "sendmmsg", "no sendmmsg: each GRE packet costs a system call")
	note(vpn.Filters(), "socket filters", "no socket filters: each GRE packet wakes all packet loops of 'dun serve'")
	if l, err := path.NewLoop(f.Loop(machineMemory())); err == nil {
		var m path.Manner
		l.Do(func(time.Time) { m = l.Manner() })
		l.Close()
		note(m.Policy == "batch" || f.Ordinary, "policy "+m.Policy, "policy "+m.Policy+" instead of batch: packets interrupt what runs")
	}
	fast.Text = "The kernel has " + strings.Join(has, ", ") + "."
	if len(has) == 0 {
		fast.Text = "The kernel has nothing of it."
	}
	if len(lacks) > 0 {
		fast.Level = netcfg.Warn
		fast.Text += " It has " + strings.Join(lacks, "; ") + "."
		fast.Remedy = "Nothing has to be done: dun moves packets without it, at a higher cost."
	}
	tell(fast)
}
