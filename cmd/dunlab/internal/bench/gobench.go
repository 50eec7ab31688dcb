package bench

import (
	"strconv"
	"strings"
)

// Benchmark is a line of "go test -bench".
type Benchmark struct {
	Package string
	Name    string             // without "Benchmark" and the number of processors
	Values  map[string]float64 // by unit
}

// ParseBenchmarks reads what "go test -bench" prints; other lines are left
// alone.
func ParseBenchmarks(out string) []Benchmark {
	var all []Benchmark
	pkg := ""
	for _, line := range strings.Split(out, "\n") {
		if p, ok := strings.CutPrefix(line, "pkg: "); ok {
			pkg = strings.TrimSpace(p)
			continue
		}
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			if _, err := strconv.Atoi(name[i+1:]); err == nil {
				name = name[:i]
			}
		}
		b := Benchmark{pkg, name, map[string]float64{}}
		for i := 2; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				break
			}
			b.Values[f[i+1]] = v
		}
		all = append(all, b)
	}
	return all
}
