package bench

import (
	"strings"
	"testing"
)

func TestParseBenchmarks(t *testing.T) {
	all := ParseBenchmarks("goos: linux\npkg: dun/dialup/mppe\nBenchmarkCompress/128-stateless-2  \t 55273\t 2159 ns/op\t 648.42 MB/s\t 0 B/op\t 3 allocs/op\n" +
		"BenchmarkLanes  163  0.6205 ours-ns/B  0.4998 ours/yardstick\nPASS\nBenchmarkBroken\n")
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	if b := all[0]; b.Name != "Compress/128-stateless" || b.Package != "dun/dialup/mppe" || b.Values["ns/op"] != 2159 || b.Values["allocs/op"] != 3 {
		t.Errorf("%+v", b)
	}
	if b := all[1]; b.Name != "Lanes" || b.Values["ours-ns/B"] != 0.6205 {
		t.Errorf("%+v", b)
	}
}

func TestTrace(t *testing.T) {
	f, g := &loop{ranges: []addresses{{0x1000, 8}, {0x100c, 4}}}, &loop{ranges: []addresses{{0x2000, 8}}}
	log := "Trace 0: 0x7f10a0 [00000000/00001000/00000110/00000000] dun/dialup/mppe.xorKeyStream\n" +
		"Trace 0: 0x7f10b0 [00000000/00001004/00000110/00000000] \nlinking\nTrace 0: 0x7f10b0 [x\n" +
		"Trace 0: 0x7f10b0 [00000000/0000100f/00000110/00000000] \nTrace 0: 0x7f10b0 [00000000/00001010/00000110/00000000] \n" +
		"Trace 0: 0x7f10b0 [00000000/00002004/00000110/00000000] \n"
	if err := trace(strings.NewReader(log), f, g); err != nil {
		t.Fatal(err)
	}
	if f.calls != 1 || f.instructions != 3 || g.calls != 0 || g.instructions != 1 {
		t.Errorf("%+v %+v", f, g)
	}
	if got := f.filter(); got != "0x1000+0x8,0x100c+0x4" {
		t.Error(got)
	}
}

func TestParseTrickle(t *testing.T) {
	out := "    trickle_test.go:72: 391 packets, 402 turns; message and answer: [42.1µs 3.5ms]; garbage collection: [1.2ms 17ms]\n"
	hops, gcs, err := parseTrickle(out + out)
	if err != nil || len(hops) != 2 || hops[0] != 3.5 || gcs[1] != 17 {
		t.Errorf("%v %v %v", hops, gcs, err)
	}
	if _, _, err := parseTrickle("ok"); err == nil {
		t.Error("no times are taken for times")
	}
}

func TestStatusField(t *testing.T) {
	status := "Name:\tdun\nRssAnon:\t    1234 kB\nvoluntary_ctxt_switches:\t77\nnonvoluntary_ctxt_switches:\t5\n"
	if n, err := statusField(status, "RssAnon"); err != nil || n != 1234 {
		t.Errorf("%v %v", n, err)
	}
	if n, err := statusField(status, "voluntary_ctxt_switches"); err != nil || n != 77 {
		t.Errorf("%v %v", n, err)
	}
	if _, err := statusField(status, "VmSwap"); err == nil {
		t.Error("a field from nowhere")
	}
}

func TestWatchTellsCommandsApart(t *testing.T) {
	w := &watch{program: "/bin/dun", commands: []string{"dial", "serve"}}
	for line, want := range map[string]string{
		"/bin/dun --json dial office ": "dial", "/bin/dun serve ": "serve", "/bin/dun status ": "", "/bin/sh dial ": "", "": "",
	} {
		if got := w.command(strings.Split(line, " ")); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
