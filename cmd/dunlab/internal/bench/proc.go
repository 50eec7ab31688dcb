package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// userHz is the unit of times in /proc, in parts of a second: the same on
// all of Linux's processors (USER_HZ).
const userHz = 100

// processTime is the processor time of a process and its ended threads, in
// user and system mode, its children not counted.
func processTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseProcessTime(string(b))
}

// exactProcessTime is the same to the nanosecond, of the threads that live.
func exactProcessTime(pid int) (time.Duration, error) {
	names, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(names) == 0 {
		return processTime(pid) // a kernel without schedstat
	}
	var sum time.Duration
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // the thread ended
		}
		d, err := parseSchedstat(string(b))
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// parseSchedstat reads the first field of /proc/PID/schedstat: time on the
// processor in nanoseconds.
func parseSchedstat(s string) (time.Duration, error) {
	word, _, _ := strings.Cut(s, " ")
	n, err := strconv.ParseUint(word, 10, 63)
	return time.Duration(n), err
}

// parseProcessTime reads /proc/PID/stat, fields 14 and 15 (proc(5)). The
// name in field 2 may hold anything, so the fields are counted behind it.
func parseProcessTime(stat string) (time.Duration, error) {
	end := strings.LastIndexByte(stat, ')')
	f := strings.Fields(stat[end+1:])
	if end < 0 || len(f) < 13 {
		return 0, fmt.Errorf("bench: not a /proc/PID/stat: %q", stat)
	}
	return ticks(f[11], f[12])
}

// system is what the kernel counts of the whole machine.
type system struct {
	busy     time.Duration // of all processors, interrupts included, waiting and stolen time not
	switches uint64        // from one thread to another
}

func readSystem() (system, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return system{}, err
	}
	return parseSystem(string(b))
}

// parseSystem reads /proc/stat: the first line, user nice system idle iowait
// irq softirq steal, and ctxt (proc(5)).
func parseSystem(stat string) (s system, err error) {
	line, rest, _ := strings.Cut(stat, "\n")
	f := strings.Fields(line)
	if len(f) < 8 || f[0] != "cpu" {
		return s, fmt.Errorf("bench: not a /proc/stat: %q", line)
	}
	if s.busy, err = ticks(f[1], f[2], f[3], f[6], f[7]); err != nil {
		return s, err
	}
	_, after, ok := strings.Cut("\n"+rest, "\nctxt ")
	if !ok {
		return s, fmt.Errorf("bench: no ctxt in /proc/stat")
	}
	word, _, _ := strings.Cut(after, "\n")
	s.switches, err = strconv.ParseUint(word, 10, 64)
	return s, err
}

func ticks(fields ...string) (time.Duration, error) {
	var sum uint64
	for _, f := range fields {
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / userHz, nil
}
