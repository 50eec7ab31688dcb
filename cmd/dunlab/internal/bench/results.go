package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Report is what one part found.
type Report struct {
	Part     string    `json:"part"`
	About    string    `json:"about"`
	Time     time.Time `json:"time"`
	Version  string    `json:"version"` // of the binary that was measured, with its commit
	Machine  string    `json:"machine"`
	Settings string    `json:"settings"`
	Rows     []Row     `json:"rows"`
	Notes    []string  `json:"notes,omitempty"`
}

// Save keeps a report beside its raw output and writes the results of all
// parts anew.
func (r Report) Save(dir string) error {
	raw := filepath.Join(dir, "raw")
	if err := os.MkdirAll(raw, 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(raw, r.Part+".json"), append(b, '\n'), 0o644); err != nil {
		return err
	}
	all, err := loadReports(raw)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "RESULTS.md"), []byte(Markdown(all)), 0o644)
}

// loadReports reads the last report of each part, in the order of the parts.
func loadReports(raw string) ([]Report, error) {
	var all []Report
	for _, p := range Parts() {
		b, err := os.ReadFile(filepath.Join(raw, p.Name+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var r Report
		if err := json.Unmarshal(b, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// Markdown is the results as a document.
func Markdown(all []Report) string {
	var b strings.Builder
	b.WriteString("# What was measured\n\n" +
		"Written by `dunlab bench`; do not edit. Each value is the median of ratios, one a round, of two things that were measured by turns in\n" +
		"one run; beside it stand the raw figures as median (least to most). What the programs printed is in `raw/`.\n")
	aims := aimed(all)
	fmt.Fprintf(&b, "\n## Aims\n\n%d of %d reached.\n\n| measure | aim | value | | raw figures |\n|---|---|---|---|---|\n", reached(aims), len(aims))
	for _, r := range aims {
		b.WriteString(r.markdown())
	}
	for _, rep := range all {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s, %s, %s. %s\n\n", rep.Part, rep.About, rep.Time.UTC().Format("2006-01-02 15:04"), rep.Machine, rep.Version, rep.Settings)
		b.WriteString("| measure | aim | value | | raw figures |\n|---|---|---|---|---|\n")
		for _, r := range rep.Rows {
			b.WriteString(r.markdown())
		}
		for _, n := range rep.Notes {
			fmt.Fprintf(&b, "\n%s\n", n)
		}
	}
	return b.String()
}

func aimed(all []Report) []Row {
	var rows []Row
	for _, rep := range all {
		for _, r := range rep.Rows {
			if r.Aim.Word != "" {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

func reached(rows []Row) int {
	n := 0
	for _, r := range rows {
		if r.Reached() {
			n++
		}
	}
	return n
}

func (r Row) markdown() string {
	aim, verdict, value := "", "", ""
	if r.Aim.Word != "" {
		aim, verdict = r.Aim.Word+" "+number(r.Aim.Value), "**missed**"
		if r.Reached() {
			verdict = "reached"
		}
	}
	if r.Error == "" {
		value = number(r.Value())
		if r.B.Name == "" {
			value += " " + r.Unit
		}
	}
	raw := r.Raw()
	if r.Error != "" {
		raw = r.Error
	}
	cells := []string{r.Measure, aim, value, verdict, raw}
	for i := range cells {
		cells[i] = strings.ReplaceAll(strings.ReplaceAll(cells[i], "|", "\\|"), "\n", " ")
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// Machine names the processor, the kernel and Go.
func Machine() string {
	var u unix.Utsname
	kernel := "an unknown kernel"
	if unix.Uname(&u) == nil {
		kernel = "Linux " + unix.ByteSliceToString(u.Release[:])
	}
	b, _ := os.ReadFile("/proc/cpuinfo")
	return fmt.Sprintf("%s, %d processors, %s, %s %s", processor(string(b)), runtime.NumCPU(), kernel, runtime.Version(), runtime.GOARCH)
}

// processor reads the model out of /proc/cpuinfo. A virtual machine may not
// tell the name; then family and model stand for it.
func processor(cpuinfo string) string {
	field := map[string]string{}
	for _, line := range strings.Split(cpuinfo, "\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && field[strings.TrimSpace(k)] == "" {
			field[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	for _, key := range []string{"model name", "Hardware", "cpu model"} {
		if v := field[key]; v != "" && v != "unknown" {
			return v
		}
	}
	if field["vendor_id"] != "" {
		return fmt.Sprintf("%s family %s model %s", field["vendor_id"], field["cpu family"], field["model"])
	}
	return "an unknown processor"
}

// Version is what a binary says that it was built from.
func Version(binary string) string {
	out, err := exec.Command(binary, "version").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
