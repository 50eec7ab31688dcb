package netcfg

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func exampleJournal() *journal {
	return &journal{
		Version: journalVersion, PID: 12, Start: 345, Boot: "b", NetNS: "4:5",
		Connections: map[string]*record{"office": {Seq: 9, Items: []item{
			{Kind: kindAddress, Dev: "dun1", Index: 3, Dst: netip.MustParsePrefix("10.9.0.2/32"), Peer: addrOf("10.9.0.1")},
			{Kind: kindRoute, Dev: "dun1", Index: 3, Dst: netip.MustParsePrefix("10.0.0.0/8"), Metric: 64},
			{Kind: kindUnreachable, Dst: netip.MustParsePrefix("::/1"), Metric: 64},
			{Kind: kindSysctl, Path: forwardingOf("eth0.5"), Old: "0", New: "1"},
			{Kind: kindProxyARP, Dev: "eth0", Index: 2, Dst: netip.MustParsePrefix("192.0.2.9/32")},
		}, DNS: &dnsClaim{Backend: backendFile, Target: "1:2/resolv.conf", Dev: "dun1", Index: 3, Rank: 1, Default: true, Servers: addrsOf("10.9.0.53"), Search: []string{"a.b"}}}},
		Pins: map[string][]item{"office": {{Kind: kindPin, Dev: "eth0", Index: 2, Dst: netip.MustParsePrefix("198.51.100.7/32"), Gateway: addrOf("192.0.2.1"), OnLink: true}}},
	}
}

func TestJournalRoundTrip(t *testing.T) {
	want := exampleJournal()
	b := must(want.encode())(t)
	got := must(parseJournal(b))(t)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	file := filepath.Join(t.TempDir(), "j")
	check(t, writeAtomic(file, b, 0o600))
	check(t, writeAtomic(file, b, 0o600))
	if got := must(readJournal(file))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("from the file: %+v", got)
	}
	if left := must(os.ReadDir(filepath.Dir(file)))(t); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
}

// TestJournalRefuses: what is undone with root's rights is only what dun does.
func TestJournalRefuses(t *testing.T) {
	good := string(must(exampleJournal().encode())(t))
	for _, c := range [][2]string{
		{`"version":1`, `"version":2`},
		{`"pid":12`, `"pid":12,"more":1`},
		{`"net/ipv4/conf/eth0.5/forwarding"`, `"net/ipv4/conf/../../kernel/forwarding"`},
		{`"net/ipv4/conf/eth0.5/forwarding"`, `"kernel/sysrq"`},
		{`"old":"0"`, `"old":"7"`},
		{`"10.0.0.0/8"`, `""`},
		{`"198.51.100.7/32"`, `"198.51.100.0/24"`},
		{`"gateway":"192.0.2.1"`, `"gateway":"::1"`},
		{`"kind":"pin"`, `"kind":"file"`},
		{`"dev":"dun1"`, `"dev":"../x"`},
		{`"a.b"`, `"a\nb"`},
		{`"backend":"file"`, `"backend":"sh"`},
		{`"metric":64`, `"metric":-1`},
	} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if bad == good {
			t.Fatalf("the example lacks %s", c[0])
		}
		if _, err := parseJournal([]byte(bad)); err == nil {
			t.Errorf("%s for %s is accepted", c[1], c[0])
		}
	}
	if _, err := parseJournal([]byte(good + good)); err == nil {
		t.Error("two journals in one file are accepted")
	}
	if _, err := parseJournal([]byte(strings.Replace(good, `{"seq"`, `null,"y":{"seq"`, 1))); err == nil {
		t.Error("an empty record is accepted")
	}
}

func FuzzJournal(f *testing.F) {
	b, err := exampleJournal().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"connections":{"a":null}}`))
	f.Add([]byte(`{"version":1,"pins":{"a":[{"kind":"sysctl","path":"net/ipv4/conf/a/forwarding","old":"0","new":"1"}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		j, err := parseJournal(b)
		if err != nil {
			return
		}
		j.items(func(it item) bool {
			// What would be given to the library must not panic.
			switch it.Kind {
			case kindAddress:
				it.address()
			case kindRoute, kindUnreachable, kindPin:
				it.route()
			case kindProxyARP:
				it.proxy()
			case kindSysctl:
				if strings.Contains(it.Path, "..") {
					t.Errorf("path %q", it.Path)
				}
			}
			if it.step() == "" {
				t.Errorf("no name for %+v", it)
			}
			return true
		})
		again, err := j.encode()
		if err != nil {
			t.Fatalf("%+v: %v", j, err)
		}
		k, err := parseJournal(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if third, _ := k.encode(); string(third) != string(again) {
			t.Errorf("%s became %s", again, third)
		}
	})
}
