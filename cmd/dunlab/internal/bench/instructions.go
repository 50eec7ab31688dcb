package bench

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// foreign is a processor that qemu-user runs programs for.
type foreign struct {
	name string
	env  []string // of the Go tool
	qemu string
	aim  float64 // instructions for an octet
}

// ourLoop and libraryLoop are functions whose instructions are counted: the
// first is called, the others only by it, where the processor has them.
var (
	ourLoop = []string{mppePackage + ".xorKeyStream",
		mppePackage + ".(*state).aligned", mppePackage + ".(*state).unaligned", mppePackage + ".(*state).step"}
	libraryLoop = []string{"crypto/rc4.(*Cipher).XORKeyStream"}
)

// The benchmark that calls both, always with as many octets.
const (
	loopBenchmark   = "^BenchmarkXORKeyStream$"
	loopOctets      = 1400
	instructionUnit = "instructions/B"
)

// instructions counts what RC4 takes for an octet, ours and the library's.
func (m *microscope) instructions(ctx context.Context, p foreign) []Row {
	row := Row{Measure: "instructions per byte under qemu-user, RC4, " + p.name, Unit: instructionUnit, Aim: Aim{atMost, p.aim}}
	ours, library, err := m.count(ctx, p)
	if err != nil {
		row.Error = err.Error()
		return []Row{row}
	}
	return []Row{
		NewFigure(row.Measure, row.Unit, row.Aim, ours),
		NewRow("the same: dun / standard library, "+p.name, instructionUnit, Aim{}, "dun", map[int]float64{1: ours}, "crypto/rc4", map[int]float64{1: library}),
	}
}

func (m *microscope) count(ctx context.Context, p foreign) (ours, library float64, err error) {
	binary, err := m.testBinary(ctx, "mppe-"+p.name+".test", mppePackage, p.env)
	if err != nil {
		return 0, 0, err
	}
	mine, err := findLoop(binary, ourLoop)
	if err != nil {
		return 0, 0, err
	}
	theirs, err := findLoop(binary, libraryLoop)
	if err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	// One instruction a block, one line a block that begins in one of the two.
	cmd := exec.CommandContext(ctx, p.qemu, "-singlestep", "-d", "nochain,exec",
		"-dfilter", mine.filter()+","+theirs.filter(), "-D", "/dev/fd/3",
		binary, "-test.run", "^$", "-test.bench", loopBenchmark, "-test.benchtime", "1x")
	cmd.Dir = m.Dir
	r, w, err := os.Pipe()
	if err != nil {
		return 0, 0, err
	}
	defer r.Close()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return 0, 0, fmt.Errorf("%w (Debian package qemu-user-static)", err)
	}
	traceErr := trace(r, mine, theirs)
	if err := cmd.Wait(); err != nil {
		return 0, 0, fmt.Errorf("%s: %w: %s", p.qemu, err, out.String())
	}
	if traceErr != nil {
		return 0, 0, traceErr
	}
	fmt.Fprintf(m.Out, "%s: %v\n%s: %v\n", ourLoop[0], mine, libraryLoop[0], theirs)
	if mine.calls == 0 || theirs.calls == 0 {
		return 0, 0, fmt.Errorf("%s was not called on %s, or it is inlined", ourLoop[0], p.name)
	}
	return mine.perOctet(), theirs.perOctet(), nil
}

// loop is a function with those that it calls, and how often it was called
// and how many of its instructions were executed.
type loop struct {
	ranges              []addresses // the first is that of the function itself
	calls, instructions uint64
}

type addresses struct{ start, size uint64 }

func (r addresses) has(pc uint64) bool { return pc >= r.start && pc < r.start+r.size }

func (l *loop) add(pc uint64) {
	if pc == l.ranges[0].start {
		l.calls++
	}
	if slices.ContainsFunc(l.ranges, func(r addresses) bool { return r.has(pc) }) {
		l.instructions++
	}
}

// filter is the ranges as qemu's -dfilter wants them.
func (l *loop) filter() string {
	var words []string
	for _, r := range l.ranges {
		words = append(words, fmt.Sprintf("0x%x+0x%x", r.start, r.size))
	}
	return strings.Join(words, ",")
}

func (l *loop) perOctet() float64 { return float64(l.instructions) / float64(l.calls*loopOctets) }

func (l *loop) String() string {
	return fmt.Sprintf("%d calls, %d instructions, %.2f for each octet", l.calls, l.instructions, l.perOctet())
}

// findLoop finds functions in a program. The first has to be there.
func findLoop(binary string, names []string) (*loop, error) {
	f, err := elf.Open(binary)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	l := &loop{}
	for n, name := range names {
		i := slices.IndexFunc(symbols, func(s elf.Symbol) bool { return s.Name == name })
		if i < 0 && n == 0 {
			return nil, fmt.Errorf("%s has no function %s", binary, name)
		}
		if i >= 0 {
			l.ranges = append(l.ranges, addresses{symbols[i].Value, symbols[i].Size})
		}
	}
	return l, nil
}

// trace counts the lines of qemu's log: "Trace 0: HOST [BASE/PC/FLAGS/CFLAGS] NAME".
func trace(log io.Reader, loops ...*loop) error {
	in := bufio.NewScanner(log)
	for in.Scan() {
		pc, ok := tracePC(in.Text())
		if !ok {
			continue
		}
		for _, l := range loops {
			l.add(pc)
		}
	}
	return in.Err()
}

func tracePC(line string) (uint64, bool) {
	_, rest, ok := strings.Cut(line, "[")
	if !ok || !strings.HasPrefix(line, "Trace") {
		return 0, false
	}
	f := strings.SplitN(rest, "/", 3)
	if len(f) < 3 {
		return 0, false
	}
	pc, err := strconv.ParseUint(f[1], 16, 64)
	return pc, err == nil
}
