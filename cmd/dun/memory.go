package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"dun/cmd/internal/agent"
	"dun/configs"
)

// heapGrowth is how much the heap may grow, in percent of what is in use,
// before it is collected (GOGC). Packets allocate nothing, so a collection is
// rare all the same; with Go's 100 it would not begin below 4 MiB, with this
// at 1 MiB.
const heapGrowth = 25

// saveMemory makes the process collect its garbage early, and keep no record
// of allocations. GOGC in the environment comes first.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	// Huge pages would make an octet take 2 MiB.
	unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0)
}

// settle gives back what reading files and making calls took.
func settle() { debug.FreeOSMemory() }

// leaveRoomForLoops has Go run something beside the packet loops also on a
// machine with as many processors: a loop keeps the one that it has while it
// waits for the next packet.
func leaveRoomForLoops(loops int) {
	need := loops + 1
	if os.Getenv("GOMAXPROCS") != "" {
		need = max(need, runtime.GOMAXPROCS(0))
	}
	runtime.GOMAXPROCS(need)
}

// fastPath is what device.toml says about it for a process with so many packet
// loops; 0 = as many as device.toml says.
func fastPath(f configs.FastPath, loops int) agent.FastPath {
	if loops == 0 {
		loops = max(f.Loops, 1)
	}
	return agent.FastPath{Loop: f.Loop(machineMemory()), Loops: loops, NoFilter: f.NoFilter, PlainTUN: f.NoOffload}
}

// machineMemory is the machine's memory in octets, 0 = unknown.
func machineMemory() uint64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return uint64(info.Totalram) * uint64(max(info.Unit, 1))
}
