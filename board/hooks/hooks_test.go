package hooks

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience guards a test against hanging.
const patience = time.Minute

// rig is a runner with the directories ip-up.d and ip-down.d, and all that it told.
type rig struct {
	*Runner
	t   *testing.T
	dir string

	mu   sync.Mutex
	said []string
}

func newRig(t *testing.T, limit time.Duration) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	for _, d := range []string{"ip-up.d", "ip-down.d"} {
		if err := os.Mkdir(filepath.Join(r.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.Runner = New(Config{Dir: r.dir, Limit: limit, Tell: func(about, text string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, about+" "+text)
	}})
	t.Cleanup(func() { r.Close(0) })
	return r
}

// write makes a program of the shell's.
func (r *rig) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		r.t.Fatal(err)
	}
}

// file is a file's text, "" without one.
func (r *rig) file(name string) string {
	b, _ := os.ReadFile(filepath.Join(r.dir, name))
	return string(b)
}

func (r *rig) up(key string, env ...string) {
	r.Run(key, Job{About: key, Dir: "ip-up.d", Args: []string{"dun0", "a b"}, Env: env})
}

func (r *rig) down(key string) {
	r.Run(key, Job{About: key, Dir: "ip-down.d", Undo: true})
}

func (r *rig) told() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.said)
}

// TestOrder: programs by their names, with their arguments and nothing in the
// environment but what was given, each after the end of the one before.
func TestOrder(t *testing.T) {
	t.Setenv("SECRET", "of dun's environment")
	r := newRig(t, 0)
	log := filepath.Join(r.dir, "log")
	r.write("ip-up.d/20-second", "echo \"second $*\" >>"+log)
	r.write("ip-up.d/10-first", "echo \"first $# $2 $IFNAME $SECRET.\" >>"+log+"; pwd >>"+log)
	r.write("ip-up.d/a_Z-9", "echo third >>"+log)
	r.write("ip-down.d/only", "echo down >>"+log)
	r.up("office", "IFNAME=dun0")
	r.down("office")
	r.up("office", "IFNAME=dun1")
	r.Close(patience)
	up := func(ifname string) string {
		return "first 2 a b " + ifname + " .\n/\nsecond dun0 a b\nthird\n"
	}
	// The first job may have been left out with the one that takes it back.
	if got := r.file("log"); got != up("dun0")+"down\n"+up("dun1") && got != up("dun1") {
		t.Errorf("it ran\n%s", got)
	}
	if said := r.told(); len(said) > 0 {
		t.Errorf("it told %q", said)
	}
}

// TestRefused: what is no program by its name is passed over; what somebody
// else could have written is told, and not run.
func TestRefused(t *testing.T) {
	r := newRig(t, 0)
	run := "touch " + filepath.Join(r.dir, "ran-$(basename $0)")
	for _, name := range []string{"good", "group", "other", "plain", "backup~", "x.dpkg-old", ".hidden", "name.sh"} {
		r.write("ip-up.d/"+name, run)
	}
	modes := map[string]os.FileMode{"group": 0o775, "other": 0o757, "plain": 0o644}
	for name, mode := range modes {
		if err := os.Chmod(filepath.Join(r.dir, "ip-up.d", name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(r.dir, "ip-up.d", "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(r.dir, "open")
	if err := os.Mkdir(open, 0o777); err != nil {
		t.Fatal(err)
	}
	os.Chmod(open, 0o777) // whatever the umask
	r.write("open/target", run)
	for link, target := range map[string]string{"dangling": "/nothing/there", "link": "../ip-up.d/good", "open-link": "../open/target"} {
		if err := os.Symlink(target, filepath.Join(r.dir, "ip-up.d", link)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"good", "link"}
	wantTold := []string{
		"office ip-up.d/dangling is left out: ", "office ip-up.d/group is left out: others can write it", "office ip-up.d/open-link is left out: ",
		"office ip-up.d/other is left out: others", "office ip-up.d/plain is left out: it is not executable",
	}
	if os.Geteuid() == 0 {
		r.write("ip-up.d/foreign", run)
		if err := os.Chown(filepath.Join(r.dir, "ip-up.d", "foreign"), 12345, -1); err == nil {
			wantTold = slices.Insert(wantTold, 1, "office ip-up.d/foreign is left out: it belongs to user 12345")
		} else {
			want = slices.Insert(want, 0, "foreign")
		}
	}
	r.up("office")
	r.Close(patience)
	var ran []string
	files, _ := filepath.Glob(filepath.Join(r.dir, "ran-*"))
	for _, f := range files {
		ran = append(ran, strings.TrimPrefix(filepath.Base(f), "ran-"))
	}
	if !slices.Equal(ran, want) {
		t.Errorf("%v ran, want %v", ran, want)
	}
	said := r.told()
	if len(said) != len(wantTold) {
		t.Fatalf("told %q, want %q", said, wantTold)
	}
	for i, text := range said {
		if !strings.HasPrefix(text, wantTold[i]) {
			t.Errorf("told %q, want %q", text, wantTold[i])
		}
	}
}

// TestOpenDirectory: where others can write the directory, nothing in it runs.
func TestOpenDirectory(t *testing.T) {
	r := newRig(t, 0)
	r.write("ip-up.d/good", "touch "+filepath.Join(r.dir, "ran"))
	if err := os.Chmod(filepath.Join(r.dir, "ip-up.d"), 0o777); err != nil {
		t.Fatal(err)
	}
	r.up("office")
	r.Run("other", Job{About: "other", Dir: "no-such.d"})
	r.Close(patience)
	if _, err := os.Stat(filepath.Join(r.dir, "ran")); err == nil {
		t.Error("it ran")
	}
	if said := r.told(); len(said) != 1 || !strings.Contains(said[0], "office ip-up.d is left out as a whole: others can write it") {
		t.Errorf("it told %q", said)
	}
}

// TestOutput: lines reach the log, bounded and without what a terminal would
// act on; a failure is told with its code.
func TestOutput(t *testing.T) {
	r := newRig(t, 0)
	r.write("ip-up.d/talks", `printf 'one\n\033[2Jtwo\303\251\377\302\233\n\n'; echo three >&2; printf '%4000s\n' x; i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; printf last; exit 7`)
	r.up("office")
	r.Close(patience)
	said := r.told()
	const prefix = "office ip-up.d/talks: "
	if len(said) != maxLines+2 {
		t.Fatalf("%d lines were told: %q", len(said), said)
	}
	for i, want := range []string{"one", " [2Jtwo\u00e9\ufffd ", "three", ""} {
		if got := strings.TrimPrefix(said[i], prefix); i < 3 && got != want || len(got) > 3*maxText {
			t.Errorf("line %d is %q, want %q", i, got, want)
		}
	}
	if got := said[maxLines-1]; got != prefix+"line 16" && got != prefix+"line 17" {
		t.Errorf("the last line is %q", got)
	}
	if got := said[maxLines]; !strings.HasSuffix(got, " more lines)") {
		t.Errorf("of the rest it says %q", got)
	}
	if got := said[maxLines+1]; got != "office ip-up.d/talks failed: exit status 7" {
		t.Errorf("of the failure it says %q", got)
	}
}

// TestLimit: a program that does not end is killed with all that it has
// started, one that ignores SIGTERM too, and the next one runs.
func TestLimit(t *testing.T) {
	r := newRig(t, time.Hour)
	pids := filepath.Join(r.dir, "pids")
	// The hour is over when the first program has started all, and not a
	// moment earlier: a busy machine may take long for it.
	r.limit = func(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		if strings.Count(r.file("pids"), "\n") < 2 {
			go func() {
				for strings.Count(r.file("pids"), "\n") < 2 && ctx.Err() == nil {
					time.Sleep(5 * time.Millisecond)
				}
				cancel()
			}()
		}
		return ctx, cancel
	}
	r.write("ip-up.d/1-hangs", "trap '' TERM; sleep 1000 & echo $! >"+pids+"; echo $$ >>"+pids+"; while :; do wait; sleep 1000; done")
	r.write("ip-up.d/2-next", "touch "+filepath.Join(r.dir, "ran"))
	r.write("ip-up.d/3-no-program", "")
	if err := os.WriteFile(filepath.Join(r.dir, "ip-up.d/3-no-program"), []byte{0x7f, 'E', 'L', 'F', 0}, 0o755); err != nil {
		t.Fatal(err)
	}
	r.up("office")
	r.Close(patience)
	if _, err := os.Stat(filepath.Join(r.dir, "ran")); err != nil {
		t.Error("the next did not run")
	}
	said := r.told()
	if len(said) != 2 || !strings.HasSuffix(said[0], "1-hangs was killed: it ran longer than 1h0m0s") || !strings.Contains(said[1], "3-no-program does not start: ") {
		t.Errorf("it told %q", said)
	}
	fields := strings.Fields(r.file("pids"))
	if len(fields) != 2 {
		t.Fatalf("the program wrote %q", fields)
	}
	for _, f := range fields {
		pid, _ := strconv.Atoi(f)
		eventually(t, func() error {
			if syscall.Kill(pid, 0) == nil && !zombie(pid) {
				return fmt.Errorf("process %d is alive", pid)
			}
			return nil
		})
	}
}

// TestBackground: a child that keeps the output open holds up nobody, and goes on.
func TestBackground(t *testing.T) {
	r := newRig(t, 0)
	r.write("ip-up.d/starts", "sleep 1000 & echo $! >"+filepath.Join(r.dir, "pid")+"; echo started")
	r.up("office")
	r.Close(patience)
	pid, err := strconv.Atoi(strings.TrimSpace(r.file("pid")))
	if err != nil {
		t.Fatal(err)
	}
	if syscall.Kill(pid, syscall.SIGKILL) != nil {
		t.Error("the child in the background is gone")
	}
	if said := r.told(); !slices.Equal(said, []string{"office ip-up.d/starts: started"}) {
		t.Errorf("it told %q", said)
	}
}

// TestQuickRedial: while a program runs networks come and go; each up has its
// down behind it, what nobody has heard of is left out, and nothing piles up.
func TestQuickRedial(t *testing.T) {
	r := newRig(t, 0)
	log, gate := filepath.Join(r.dir, "log"), filepath.Join(r.dir, "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	r.write("ip-up.d/up", "echo up $N >>"+log+"; [ $N != 0 ] || read x <"+gate)
	r.write("ip-down.d/down", "echo down >>"+log)
	r.up("office", "N=0")
	eventually(t, func() error {
		if r.file("log") == "" {
			return fmt.Errorf("it does not begin")
		}
		return nil
	})
	for i := range 100 {
		r.down("office")
		r.up("office", "N="+strconv.Itoa(i+1))
		r.Runner.mu.Lock()
		waiting := len(r.queues["office"])
		r.Runner.mu.Unlock()
		if waiting > 2 {
			t.Fatalf("%d jobs wait", waiting)
		}
	}
	if err := os.WriteFile(gate, []byte("\n"), 0); err != nil {
		t.Fatal(err)
	}
	r.Close(patience)
	if got := r.file("log"); got != "up 0\ndown\nup 100\n" {
		t.Errorf("it ran\n%s", got)
	}
}

// TestManyKeys: networks do not wait for each other, but few run at one time.
func TestManyKeys(t *testing.T) {
	r := newRig(t, 0)
	log := filepath.Join(r.dir, "log")
	r.write("ip-up.d/up", "echo $N >>"+log)
	for i := range 50 {
		r.up(strconv.Itoa(i), "N="+strconv.Itoa(i))
	}
	r.Close(patience)
	if got := strings.Fields(r.file("log")); len(got) != 50 {
		t.Errorf("%d ran: %v", len(got), got)
	}
	if len(r.queues) != 0 {
		t.Errorf("%d queues are left", len(r.queues))
	}
}

// TestClose: at the end what hangs is killed and the rest left out.
func TestClose(t *testing.T) {
	r := newRig(t, time.Hour)
	began := filepath.Join(r.dir, "began")
	r.write("ip-up.d/1-hangs", "touch "+began+"; sleep 1000")
	r.write("ip-up.d/2-next", "touch "+filepath.Join(r.dir, "ran"))
	r.up("office")
	eventually(t, func() error { _, err := os.Stat(began); return err })
	r.Close(0)
	if said := r.told(); len(said) != 2 || !strings.HasSuffix(said[0], "was killed: dun is ending") || !strings.HasSuffix(said[1], "2-next is left out: dun is ending") {
		t.Errorf("it told %q", said)
	}
}

func zombie(pid int) bool {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(rest, "Z")
}

// eventually waits for the end of an error.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
