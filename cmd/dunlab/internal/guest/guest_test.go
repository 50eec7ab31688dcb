package guest

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestModuleFiles(t *testing.T) {
	dep := []byte("k/ppp_mppe.ko: k/ppp_generic.ko k/slhc.ko k/libarc4.ko\nk/ppp_generic.ko: k/slhc.ko\nk/slhc.ko:\nk/cls-u32.ko.xz:\n")
	got, err := moduleFiles(dep, []byte("k/dummy.ko\n"), []string{"ppp_generic", "dummy", "ppp_mppe", "cls_u32"})
	want := []string{"k/slhc.ko", "k/ppp_generic.ko", "k/libarc4.ko", "k/ppp_mppe.ko", "k/cls-u32.ko.xz"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v\nwant %v", got, err, want)
	}
	if _, err := moduleFiles(dep, nil, []string{"pptp"}); err == nil {
		t.Error("a missing module is not noticed")
	}
}

func FuzzModuleFiles(f *testing.F) {
	f.Add([]byte("a.ko: b.ko c.ko\nb.ko:\nc.ko: b.ko\n"), "a")
	f.Fuzz(func(t *testing.T, dep []byte, name string) {
		files, err := moduleFiles(dep, nil, []string{name, name})
		seen := map[string]bool{}
		for _, file := range files {
			if err != nil || seen[file] {
				t.Errorf("%q twice, or with an error", file)
			}
			seen[file] = true
		}
	})
}

func TestSecrets(t *testing.T) {
	s := Secrets{`CORP\bob`: `a "b" c`, "alice": "x"}
	if got, want := s.file("isp"), "\"CORP\\\\bob\" \"isp\" \"a \\\"b\\\" c\" *\n\"alice\" \"isp\" \"x\" *\n"; got != want {
		t.Errorf("server's file\n%s\nwant\n%s", got, want)
	}
	if got, want := (Secrets{"alice": "x"}).clientFile(), "\"alice\" * \"x\"\n"; got != want {
		t.Errorf("client's file %q", got)
	}
}

func TestSpecsCarryWhatTheySay(t *testing.T) {
	nic := NIC{"wan0", "wan", netip.MustParsePrefix("10.0.0.2/24")}
	server := Pptpd(PptpdOptions{NIC: nic, Local: netip.MustParseAddr("10.9.0.1"), Pool: "10.9.0.2-9", Behind: netip.MustParsePrefix("10.8.0.1/24"),
		Encryption: MPPEStateful, Users: Secrets{"u": "p"}, DNS: netip.MustParseAddr("10.8.0.53")})
	for file, words := range map[string][]string{
		"ppp/pptpd-options": {"require-mppe-128\nmppe-stateful\n", "ms-dns 10.8.0.53\n", "require-mschap-v2\n"},
		"pptpd.conf":        {"localip 10.9.0.1\n", "remoteip 10.9.0.2-9\n"},
		"ppp/chap-secrets":  {`"u" "pptpd" "p" *`},
	} {
		for _, w := range words {
			if !strings.Contains(server.Files[file], w) {
				t.Errorf("%s has no %q:\n%s", file, w, server.Files[file])
			}
		}
	}
	isp := ISP(ISPOptions{NIC: nic, Local: netip.MustParseAddr("10.9.0.1"), Remote: netip.MustParseAddr("10.9.0.2"),
		Behind: netip.MustParsePrefix("10.8.0.1/24"), PPP: ACCMAll})
	options := isp.Files["ppp/isp-options"]
	for _, w := range []string{"10.9.0.1:10.9.0.2\n", "asyncmap ffffffff\n", "require-pap\n", "noipv6\n"} {
		if !strings.Contains(options, w) {
			t.Errorf("the ISP's options have no %q:\n%s", w, options)
		}
	}
	if strings.Contains(options, "ms-dns") || strings.Contains(options, "\n\n") {
		t.Errorf("the ISP's options have empty ones:\n%s", options)
	}
	call := PptpCall(netip.MustParseAddr("10.0.0.1"), "u", MPPEStateful)
	if !slices.Contains(call, "mppe-stateful") || !slices.Contains(call, "/usr/sbin/pptp 10.0.0.1 --nolaunchpppd") {
		t.Errorf("%q", call)
	}

	path := filepath.Join(t.TempDir(), "spec.json")
	if err := server.save(path); err != nil {
		t.Fatal(err)
	}
	again, err := load(path)
	if err != nil || !reflect.DeepEqual(again, server) {
		t.Errorf("%v\n got %+v\nsent %+v", err, again, server)
	}
}

func TestTailAndPrefixed(t *testing.T) {
	tl := &tail{max: 5}
	for _, s := range []string{"abc", "defg", ""} {
		tl.Write([]byte(s))
	}
	if got := string(tl.bytes()); got != "cdefg" {
		t.Error(got)
	}
	var out bytes.Buffer
	p := &prefixed{to: &out, prefix: "x: "}
	for _, s := range []string{"on", "e\ntwo\nth", "ree"} {
		p.Write([]byte(s))
	}
	if out.String() != "x: one\nx: two\n" {
		t.Errorf("%q", out.String())
	}
	p.Write(bytes.Repeat([]byte("y"), 2*maxPending))
	if len(p.pending) > maxPending {
		t.Error("an endless line is kept whole")
	}
}

func TestConsole(t *testing.T) {
	var log bytes.Buffer
	c := newConsole(&log)
	c.Write([]byte("Linux\n" + failedWord + "no disk\r\n" + failedWord + "again\n"))
	select {
	case <-c.failed:
	default:
		t.Fatal("a failure is not seen")
	}
	if c.reason != "no disk" {
		t.Errorf("reason %q", c.reason)
	}
	c.Write([]byte(readyWord + "\n" + readyWord + "\n"))
	<-c.ready
	if !strings.HasPrefix(log.String(), "Linux\n") || !strings.Contains(c.last(), "again | ") {
		t.Errorf("log %q, last %q", log.String(), c.last())
	}
}

func TestPrograms(t *testing.T) {
	p := newPrograms(&bytes.Buffer{})
	var r reply
	if err := p.run(t.Context(), []string{"sh", "-c", "echo out; echo err >&2; exit 3"}, nil, &r); err != nil ||
		string(r.Stdout) != "out\n" || string(r.Stderr) != "err\n" || r.Exit != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r = reply{}
	if err := p.run(ctx, []string{"sleep", "1000"}, nil, &r); err != nil || r.Exit != -1 {
		t.Errorf("a program that is given up: %+v, %v", r, err)
	}

	if _, err := p.start("s", []string{"sleep", "1000"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.start("s", []string{"true"}, nil); err == nil {
		t.Error("one name, two programs")
	}
	if err := p.wait(ctx, "s", &r); err == nil {
		t.Error("waiting has no end")
	}
	if err := p.signal("s", unix.SIGTERM); err != nil {
		t.Error(err)
	}
	r = reply{}
	if err := p.wait(t.Context(), "s", &r); err != nil || r.Exit != -1 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := p.signal("s", unix.SIGTERM); err == nil {
		t.Error("a signal to the dead")
	}
	if err := p.signal("nobody", unix.SIGTERM); err == nil {
		t.Error("a signal to nobody")
	}
	if _, err := p.start("s", nil, nil); err == nil {
		t.Error("no program starts")
	}
}

func TestKillAllFindsByName(t *testing.T) {
	proc := t.TempDir()
	for pid, comm := range map[string]string{"4000001": "pppd", "4000002": "pptpd", "self": "pppd"} {
		if err := os.MkdirAll(filepath.Join(proc, pid), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, pid, "comm"), []byte(comm+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// No such process runs, so nobody is hit.
	if err := killAll(proc, []string{"pppd", "pptpd"}, 0); err != nil {
		t.Error(err)
	}
	if err := killAll(proc, []string{"pppd", "pptpctrl"}, 0); err == nil {
		t.Error("nobody misses pptpctrl")
	}
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	if err := killAll("/proc", []string{strings.TrimSpace(string(comm))}, 0); err != nil {
		t.Errorf("not even ourselves: %v", err)
	}
}

func TestListens(t *testing.T) {
	table := "  sl  local_address rem_address   st\n" +
		"   0: 00000000:06BB 00000000:0000 0A 00000000:00000000\n" +
		"   1: 0100007F:1900 0100007F:0050 01 00000000:00000000\n"
	if !listens(table, 1723) || listens(table, 6400) || listens("", 1723) {
		t.Error("the table is misread")
	}
}
