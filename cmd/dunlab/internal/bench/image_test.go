package bench

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestArchive(t *testing.T) {
	var b bytes.Buffer
	a := newArchive(&b)
	a.file("/bin/x", 0o755, []byte("hello"))
	a.file("/bin/x", 0o755, []byte("twice"))
	a.link("/var/run", "/run")
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	if len(got)%4 != 0 || strings.Count(got, "070701") != 5 || strings.Contains(got, "twice") {
		t.Errorf("%q", got)
	}
	// Every entry begins at a multiple of four, and its data too.
	for at := 0; ; {
		i := strings.Index(got[at:], "070701")
		if i < 0 {
			break
		}
		if at += i; at%4 != 0 {
			t.Errorf("an entry at %d", at)
		}
		at += 6
	}
	if i := strings.Index(got, "hello"); i%4 != 0 {
		t.Errorf("data at %d", i)
	}
	if !strings.HasSuffix(strings.TrimRight(got, "\x00"), "TRAILER!!!") {
		t.Error("no trailer")
	}
}

func TestArchiveTellsWhatIsMissing(t *testing.T) {
	a := newArchive(&bytes.Buffer{})
	a.copy("/nonexistent/file", "/x")
	a.file("/y", 0o644, nil)
	if err := a.close(); !os.IsNotExist(err) {
		t.Errorf("error %v", err)
	}
	if err := newArchive(&bytes.Buffer{}).program("/nonexistent/program"); err == nil {
		t.Error("a program from nowhere")
	}
}

func TestProgramBringsItsLibraries(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	a := newArchive(&bytes.Buffer{})
	if err := a.program(sh); err != nil {
		t.Fatal(err)
	}
	if !a.have[sh[1:]] || !a.have[filepath.Dir(sh)[1:]] {
		t.Error("the program itself is missing")
	}
}

func TestParseDepends(t *testing.T) {
	got := parseDepends([]byte("license=GPL\x00depends=ppp_generic,ppp-mppe\x00name=x\x00"))
	if !slices.Equal(got, []string{"ppp_generic", "ppp_mppe"}) {
		t.Error(got)
	}
	if got := parseDepends([]byte("license=GPL\x00depends=\x00")); got != nil {
		t.Error(got)
	}
}

func TestModulesInOrder(t *testing.T) {
	k := kernelTree{files: map[string]string{"a": "a.ko", "b": "b.ko"}}
	all := map[string][]string{"b": {}, "a": {"b"}}
	if n, err := k.needs("a", all); err != nil || !slices.Equal(n, []string{"b"}) {
		t.Errorf("%v %v", n, err)
	}
	if _, err := k.needs("c", all); err == nil {
		t.Error("a module from nowhere")
	}
}

func TestGuestCommandLine(t *testing.T) {
	argv := strings.Join(guestX86("icount").argv("vmlinuz", "initrd", "A=1"), " ")
	for _, want := range []string{"-icount shift=0,sleep=off", "-smp 1", "-cpu qemu64", "mitigations=off", "A=1"} {
		if !strings.Contains(argv, want) {
			t.Errorf("no %q in %s", want, argv)
		}
	}
	if argv := strings.Join(guestX86("kvm").argv("k", "i", ""), " "); !strings.Contains(argv, "-accel kvm") || !strings.Contains(argv, "-cpu host") {
		t.Error(argv)
	}
}

func TestKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range kinds() {
		if seen[k.Name] || k.Start == nil {
			t.Errorf("kind %q", k.Name)
		}
		seen[k.Name] = true
	}
	if _, err := kindOf("nothing"); err == nil {
		t.Error("a tunnel from nowhere")
	}
	if p := (Plan{Kinds: []string{"dun-none"}}); p.needsPeers() {
		t.Error("dun needs peers")
	}
	if p := (Plan{Kinds: []string{"dun-none", "pptp-linux-none"}}); !p.needsPeers() {
		t.Error("pptp-linux needs none")
	}
}
