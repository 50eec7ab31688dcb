package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// stages are the packages whose benchmarks are of a packet's way.
var stages = []string{"./dialup/mppe", "./dialup/hdlc", "./dialup/path", "./vpn/gre"}

// mppePackage is where RC4 is.
const mppePackage = "dun/dialup/mppe"

// micro runs the benchmarks of each stage, measures RC4 beside C and OpenSSL,
// and counts instructions on other processors. It needs the source and the
// Go tool.
func micro(ctx context.Context, e *Env) (Report, error) {
	m := &microscope{Env: e, source: e.Source}
	if _, err := os.Stat(filepath.Join(m.source, "go.mod")); err != nil {
		return Report{}, fmt.Errorf("micro needs dun's source in the working directory: %w", err)
	}
	rep := Report{Settings: "Go benchmarks of 0.3 s; RC4 by turns with C, compiled by gcc -O2, and with OpenSSL's libcrypto. " +
		"Instructions are counted under qemu-user, over all octets of one run."}
	if runtime.GOARCH == "amd64" {
		rep.Rows = append(rep.Rows, m.streams(ctx)...)
	}
	for _, p := range []foreign{
		{"arm", []string{"GOARCH=arm", "GOARM=5"}, "qemu-arm-static", 12.5},
		{"mipsle", []string{"GOARCH=mipsle", "GOMIPS=softfloat"}, "qemu-mipsel-static", 17},
	} {
		rep.Rows = append(rep.Rows, m.instructions(ctx, p)...)
	}
	rep.Rows = append(rep.Rows, m.passes(ctx)...)
	rows, err := m.stages(ctx)
	rep.Rows = append(rep.Rows, rows...)
	return rep, err
}

// passesLine is what the test that counts them prints.
var passesLine = regexp.MustCompile(`passes over the payload, (.+), \S+: outbound (\d+), inbound (\d+)`)

// passes asks a test how often user space touches a packet's data: the most of
// all modes, both ways.
func (m *microscope) passes(ctx context.Context) []Row {
	out, err := m.tool(ctx, nil, "test", "-count", "1", "-tags", "pathdebug", "-run", "^TestPasses$", "-v", "./dialup/path")
	most := make(map[string]float64)
	for _, words := range passesLine.FindAllStringSubmatch(out, -1) {
		for _, w := range words[2:] {
			n, _ := strconv.ParseFloat(w, 64) // digits
			most[words[1]] = max(most[words[1]], n)
		}
	}
	var rows []Row
	for _, kind := range []string{"a packet", "a segment of offload"} {
		row := NewFigure("passes over the payload in user space, each direction, "+kind, "", Aim{atMost, 1})
		switch n, counted := most[kind]; {
		case err != nil:
			row.Error = err.Error()
		case counted:
			row = NewFigure(row.Measure, row.Unit, row.Aim, n)
		}
		rows = append(rows, row)
	}
	return rows
}

type microscope struct {
	*Env
	source string
}

// tool runs the Go tool in the source.
func (m *microscope) tool(ctx context.Context, env []string, args ...string) (string, error) {
	return m.program(ctx, env, "go", args...)
}

// program runs a program in the source, with its output shown and given back.
func (m *microscope) program(ctx context.Context, env []string, argv0 string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv0, args...)
	cmd.Dir = m.source
	cmd.Env = append(os.Environ(), append([]string{"CGO_ENABLED=0"}, env...)...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	line := strings.ReplaceAll(filepath.Base(argv0)+" "+strings.Join(args, " "), m.Dir+"/", "")
	fmt.Fprintf(m.Out, "$ %s\n%s", line, out)
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		err = fmt.Errorf("%s: %w: %s", filepath.Base(argv0), err, lines[len(lines)-1])
	}
	return string(out), err
}

// testBinary compiles a package's tests for a processor.
func (m *microscope) testBinary(ctx context.Context, name, pkg string, env []string) (string, error) {
	file := filepath.Join(m.Dir, name)
	_, err := m.tool(ctx, env, "test", "-c", "-o", file, pkg)
	return file, err
}

// benchmark runs benchmarks of a test binary for a short while.
func (m *microscope) benchmark(ctx context.Context, binary, pattern string) ([]Benchmark, error) {
	out, err := m.program(ctx, nil, binary, "-test.run", "^$", "-test.bench", pattern, "-test.benchtime", "0.3s", "-test.benchmem")
	if err != nil {
		return nil, err
	}
	return ParseBenchmarks(out), nil
}

// stages runs every benchmark of a packet's way.
func (m *microscope) stages(ctx context.Context) ([]Row, error) {
	out, err := m.tool(ctx, nil, append([]string{"test", "-run", "^$", "-bench", ".", "-benchtime", "0.3s", "-benchmem"}, stages...)...)
	if err != nil {
		return nil, err
	}
	var rows []Row
	var most []float64
	for _, b := range ParseBenchmarks(out) {
		name := fmt.Sprintf("%s %s", strings.TrimPrefix(b.Package, "dun/"), b.Name)
		if ratio, ok := b.Values["ours/yardstick"]; ok {
			rows = append(rows, Row{Measure: name + ": ours / yardstick", Unit: "ns/B",
				A: Series{"ours", []float64{b.Values["ours-ns/B"]}}, B: Series{"yardstick", []float64{b.Values["yardstick-ns/B"]}}, Ratios: []float64{ratio}})
		} else if ns, ok := b.Values["ns/op"]; ok {
			rows = append(rows, NewFigure(fmt.Sprintf("%s (%s B/op, %s allocs/op)", name, number(b.Values["B/op"]), number(b.Values["allocs/op"])), "ns/op", Aim{}, ns))
		}
		if n, ok := b.Values["allocs/op"]; ok && !strings.Contains(b.Name, "Naive") {
			most = append(most, n)
		}
	}
	if len(most) == 0 {
		return rows, fmt.Errorf("no benchmarks in %v", stages)
	}
	worst := most[0]
	for _, n := range most {
		worst = max(worst, n)
	}
	allocations := NewFigure(fmt.Sprintf("allocations per packet, the most of %d benchmarks of stages", len(most)), "allocs", Aim{atMost, 0}, worst)
	return append([]Row{allocations}, rows...), nil
}

// streamRounds is how often dun's RC4 and C take turns.
const streamRounds = 9

// streams measures dun's loop for several streams beside one in C, and that
// beside OpenSSL.
func (m *microscope) streams(ctx context.Context) []Row {
	dunRow := Row{Measure: "RC4 on amd64, stateless batch: ns/byte of dun / of four streams in C", Unit: "ns/B", Aim: Aim{atMost, 1.15}}
	cRow := Row{Measure: "RC4 in C, four streams / OpenSSL's RC4", Unit: "ns/B", Aim: Aim{atMost, 0.75}}
	dun, four, openssl := map[int]float64{}, map[int]float64{}, map[int]float64{}
	err := m.turns(ctx, dun, four, openssl)
	if err != nil {
		dunRow.Error, cRow.Error = err.Error(), err.Error()
		return []Row{dunRow, cRow}
	}
	return []Row{
		NewRow(dunRow.Measure, dunRow.Unit, dunRow.Aim, "dun", dun, "C", four),
		NewRow(cRow.Measure, cRow.Unit, cRow.Aim, "C", four, "OpenSSL", openssl),
		NewRow("RC4 on amd64: dun, stateless batch / OpenSSL's RC4", "ns/B", Aim{}, "dun", dun, "OpenSSL", openssl),
	}
}

func (m *microscope) turns(ctx context.Context, dun, four, openssl map[int]float64) error {
	c, err := m.compileStreams(ctx)
	if err != nil {
		return err
	}
	lanes, err := m.testBinary(ctx, "mppe.test", mppePackage, nil)
	if err != nil {
		return err
	}
	for round := range streamRounds {
		out, err := m.program(ctx, nil, c, libcrypto, "1")
		if err != nil {
			return err
		}
		var a, b float64
		if _, err := fmt.Sscanf(out, "openssl %f four %f", &a, &b); err != nil {
			return fmt.Errorf("%q: %w", out, err)
		}
		benchmarks, err := m.benchmark(ctx, lanes, "^BenchmarkLanes$")
		if err != nil {
			return err
		}
		if len(benchmarks) != 1 || benchmarks[0].Values["ours-ns/B"] == 0 {
			return fmt.Errorf("%s has no BenchmarkLanes", mppePackage)
		}
		openssl[round], four[round], dun[round] = a, b, benchmarks[0].Values["ours-ns/B"]
	}
	return nil
}
