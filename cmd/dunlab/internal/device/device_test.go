package device

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

func TestConfigFiles(t *testing.T) {
	c := Config{
		Entries: map[string]Table{"office": {"device": "vpn", "user": `CORP\bob`, "routes": []string{"10.0.0.0/8"}}},
		Secrets: map[string]string{"office": `a"b\c`},
		Users:   map[string]Table{"alice": {"password": "x"}},
		Modems:  map[string]Table{"line1": {"port": "/dev/pts/3", "speed": 115200}},
		Server:  Table{"listen": []string{"0.0.0.0"}},
	}
	files, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	get := func(file string, keys ...string) any {
		var v any
		if err := toml.Unmarshal([]byte(files[file]), &v); err != nil {
			t.Fatalf("%s: %v\n%s", file, err, files[file])
		}
		for _, k := range keys {
			m, _ := v.(map[string]any)
			v = m[k]
		}
		return v
	}
	for _, want := range []struct {
		value any
		file  string
		keys  []string
	}{
		{`CORP\bob`, "phonebook.toml", []string{"entry", "office", "user"}},
		{`a"b\c`, "secrets.toml", []string{"entry", "office", "password"}},
		{"x", "secrets.toml", []string{"user", "alice", "password"}},
		{int64(115200), "device.toml", []string{"modem", "line1", "speed"}},
	} {
		if got := get(want.file, want.keys...); got != want.value {
			t.Errorf("%s %v: %v, want %v", want.file, want.keys, got, want.value)
		}
	}
	if _, there := files["server.toml"]; !there {
		t.Error("no server.toml")
	}
	dir := filepath.Join(t.TempDir(), "config")
	if err := c.Write(dir); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "secrets.toml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secrets.toml: %v, %v", info, err)
	}
}

func TestOutput(t *testing.T) {
	var log bytes.Buffer
	o := newOutput(&log)
	_, found, change := o.find(func(Event) bool { return true })
	if found {
		t.Fatal("an event from nowhere")
	}
	text := "  isp  sent [LCP ConfReq]\n" +
		`{"time":"2026-01-02T03:04:05Z","entry":"isp","phase":"dial","text":"a"}` + "\n" +
		`{"time":"2026-01-02T03:04:06Z","entry":"isp","phase":"up"}` + "\n"
	for i := range len(text) { // in the smallest pieces
		o.Write([]byte{text[i]})
	}
	<-change
	ev, found, _ := o.find(func(ev Event) bool { return ev.Phase == "up" })
	if !found || ev.Entry != "isp" || ev.Time.Second() != 6 {
		t.Errorf("%+v, %v", ev, found)
	}
	if f := o.end(7); f.Exit != 7 || !strings.Contains(f.Sentence, "sent [LCP ConfReq]") {
		t.Errorf("without JSON: %+v", f)
	}
	o.Write([]byte(`{"error":{"cause":"auth-failed","sentence":"No.","ras-error":691,"exit-code":19},"message":"m"}` + "\n"))
	if f := o.end(19); f.Cause != "auth-failed" || f.RAS != 691 || f.Exit != 19 {
		t.Errorf("%+v", f)
	}
	if log.Len() < len(text) {
		t.Error("the log is not whole")
	}
}

func TestStatus(t *testing.T) {
	s := Status{Connections: []Connection{{Entry: "isp"}, {Entry: "office", MTU: 1396}}}
	s.Connections[1].Counters.Dropped = map[string]uint64{"window": 1, "late": 3}
	c, err := s.Find("office")
	if err != nil || c.MTU != 1396 || c.Drops() != "late 3, window 1" {
		t.Errorf("%+v %v %q", c, err, c.Drops())
	}
	if _, err := s.Find("home"); err == nil {
		t.Error("found what is not there")
	}
	if len(s.Calls()) != 0 {
		t.Error("calls without a server")
	}
}
