package configs

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
	"dun/dialup/strict"
	"dun/modem"
	"dun/modem/at"
)

type wrong struct {
	name, text string
	want       []string // "line:column key|text|remedy", text and remedy contained; warnings have w before
}

func (c wrong) check(t *testing.T, problems strict.Problems) {
	t.Helper()
	var got []string
	for _, p := range problems {
		warning := ""
		if p.Warning {
			warning = "w "
		}
		got = append(got, fmt.Sprintf("%s%d:%d %s|%s|%s", warning, p.Line, p.Column, p.Key, p.Text, p.Remedy))
		if !strings.HasSuffix(p.Text, ".") {
			t.Errorf("not a sentence: %q", p.Text)
		}
	}
	if len(got) != len(c.want) {
		t.Fatalf("%d problems, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
	}
	for i := range got {
		g, w := strings.SplitN(got[i], "|", 3), strings.SplitN(c.want[i], "|", 3)
		if g[0] != w[0] || !strings.Contains(g[1], w[1]) || !strings.Contains(g[2], w[2]) {
			t.Errorf("problem %d is\n%s\nwant\n%s", i, got[i], c.want[i])
		}
	}
}

var wrongDevices = []wrong{
	{"no port", "[modem.a]\n", []string{`1:2 modem.a.port|no port|/dev/ttyS1`}},
	{"relative port", "[modem.a]\nport = 'ttyUSB0'\n", []string{`2:8 modem.a.port|'/'|/dev/ttyUSB0`}},
	{"empty port", "[modem.a]\nport = ''\n", []string{`2:8 modem.a.port|'/'|"/dev/ttyS1"`}},
	{"port as a number", "[modem.a]\nport = 1\n", []string{`2:8 modem.a.port|a string, not a number|/dev/ttyS1`}},
	{"unknown profile", "[modem.a]\nport = '/dev/x'\nprofile = 'hayse'\n", []string{`3:11 modem.a.profile|no profile "hayse"|Did you mean "hayes"?`}},
	{"profile outside", "[modem.a]\nport = '/dev/x'\nprofile = '../hayes'\n", []string{`3:11 modem.a.profile|no profile|`}},
	{"unknown keys", "[modem.a]\nport = '/dev/x'\nbaud = 9600\ndial_prefix = '9'\n[modems.b]\n", []string{
		`3:1 modem.a.baud|no such setting|Remove`, `4:1 modem.a.dial_prefix|no such setting|Did you mean "dial-prefix"?`, `5:2 modems|no such table|"modem"`}},
	{"commands", "[modem.a]\nport = '/dev/x'\ninit = ['Z', 'ATZ\u00e9', 1]\ndial-command = ''\n", []string{
		`3:9 modem.a.init|does not begin with AT|ATZ`, `3:14 modem.a.init|modems do not know|`, `3:22 modem.a.init|list of strings, not a number|`,
		`4:16 modem.a.dial-command|does not begin with AT|`}},
	{"control character", "[modem.a]\nport = '/dev/x'\ninit = [\"ATZ\\r\"]\n", []string{`3:9 modem.a.init|carriage return|`}},
	{"too long for the modem", "[modem.a]\nport = '/dev/x'\ninit = ['ATQ0V1E0X4&C1']\nmax-command = 10\n", []string{`3:8 modem.a.init|longer than max-command|two`}},
	{"numbers", "[modem.a]\nport = '/dev/x'\nspeed = 0\nrings = 0\nmru = 9999\naccm = 0x100000000\nqueue = 1\nmax-command = 5\n", []string{
		`3:9 modem.a.speed|out of range|300`, `4:9 modem.a.rings|out of range|`, `5:7 modem.a.mru|out of range|1500`, `6:8 modem.a.accm|32 bits|`,
		`7:9 modem.a.queue|out of range|`, `8:15 modem.a.max-command|no room|`}},
	{"words", "[modem.a]\nport = '/dev/x'\nflow = 'rtscts'\ndialing = 'Tone'\nhang-up = 'ath'\ncarrier = 'no'\n", []string{
		`3:8 modem.a.flow|"rtscts"|"hardware" or "none"`, `4:11 modem.a.dialing|"Tone"|"tone"`, `5:11 modem.a.hang-up||`, `6:11 modem.a.carrier||`}},
	{"dial strings", "[modem.a]\nport = '/dev/x'\ndial-prefix = '9;'\ndial-suffix = 'H0'\n", []string{
		`3:15 modem.a.dial-prefix|';'|`, `4:15 modem.a.dial-suffix|'H'|`}},
	{"times", "[modem.a]\nport = '/dev/x'\ndial-timeout = '1 minute'\nsettle = '1h'\n", []string{
		`3:16 modem.a.dial-timeout|no duration|"30s"`, `4:10 modem.a.settle|out of range|10m`}},
	{"name", "[modem.'a b']\nport = '/dev/x'\n", []string{`1:2 modem.'a b'|cannot be|letters`}},
	{"paths", "[runtime]\ndirectory = 'run'\n[resolver]\nfile = 'x'\nmode = 1\n[buffers]\n", []string{
		`2:13 runtime.directory|'/'|`, `4:8 resolver.file|'/'|`, `5:1 resolver.mode|no such setting|"file"`, `6:2 buffers|no such table|`}},
	{"fast path", "[fast-path]\noffload = 'no'\nbatch = 1\nsmall-buffers = 1\nlarge-buffers = 100000\nbatch-size = 1\nlinger = '1s'\nscheduling = 'fifo'\nloops = 0\nlarge_buffers = 2\n", []string{
		`2:11 fast-path.offload|true or false, not a string|`, `3:9 fast-path.batch|true or false, not a number|`, `4:17 fast-path.small-buffers|out of range|16 to 16384`,
		`5:17 fast-path.large-buffers|out of range|1 to 256`, `6:14 fast-path.batch-size|out of range|2 to 256`, `7:10 fast-path.linger|out of range|100ms`,
		`8:14 fast-path.scheduling|"fifo"|"batch" or "ordinary"`, `9:9 fast-path.loops|out of range|1 to 64`, `10:1 fast-path.large_buffers|no such setting|"large-buffers"`}},
	{"agent", "[agent]\nhook-timeout = '1h'\nhook_timeout = 1\n", []string{`2:16 agent.hook-timeout|out of range|10m`, `3:1 agent.hook_timeout|no such setting|"hook-timeout"`}},
	{"batch and buffers", "[fast-path]\nsmall-buffers = 100\nbatch-size = 34\n", []string{`3:14 fast-path.batch-size|3 times as many small-buffers, which are 100|smaller batch`}},
}

func TestWrongDevices(t *testing.T) {
	for _, c := range wrongDevices {
		t.Run(c.name, func(t *testing.T) {
			_, problems := readDevice(strict.Parse("device.toml", []byte(c.text), false), "")
			c.check(t, problems)
		})
	}
}

const goodServer = "[pptp]\nlocal = '10.0.0.1'\npool = ['10.0.0.10-10.0.0.19']\n"

var wrongServers = []wrong{
	{"empty", "", []string{`1:1 pptp|what to answer|[pptp]`}},
	{"without anything", "[pptp]\n", []string{`1:2 pptp.local|no address|192.168.88.1`, `1:2 pptp.pool|no addresses for callers|192.168.88.100`}},
	{"pool", "[pptp]\nlocal = '10.0.0.1'\npool = ['10.0.0.0/24', '10.0.0.9-10.0.0.20', '10.2.0.9-10.2.0.1', 'x', '10.0.0.0/8', '10.3.0.0/16', 'fd00::/120']\n", []string{
		`3:9 pptp.pool|our own address|Leave it out`, `3:24 pptp.pool|overlap|`, `3:46 pptp.pool|ends before|`, `3:67 pptp.pool|neither|`,
		`3:72 pptp.pool|more than 65536|`, `3:86 pptp.pool|more than 65536|`}},
	{"empty pool", "[pptp]\nlocal = '10.0.0.1'\npool = []\n", []string{`3:8 pptp.pool|empty|192.168.88.100`}},
	{"pool as a string", "[pptp]\nlocal = '10.0.0.1'\npool = '10.0.0.10-10.0.0.19'\n", []string{`3:8 pptp.pool|a list, not a string|[`}},
	{"local", strings.Replace(goodServer, "10.0.0.1'", "10.0.0.1/24'", 1), []string{`2:9 pptp.local|no IPv4 address|`}},
	{"listen", goodServer + "listen = ['0.0.0.0', '::1', '10.0.0.1', '10.0.0.1', 'eth0']\n", []string{
		`4:11 pptp.listen|all addresses|`, `4:22 pptp.listen|no IPv4|`, `4:41 pptp.listen|twice|`, `4:53 pptp.listen|"eth0"|0.0.0.0`}},
	{"encryption without keys", goodServer + "auth = ['pap']\n", []string{`4:8 pptp.auth|MS-CHAP|`}},
	{"dns", goodServer + "dns = ['1.1.1.1', '1.1.1.2', '1.1.1.3']\nwins = ['x']\n", []string{`4:7 pptp.dns|two|`, `5:9 pptp.wins|no IPv4|`}},
	{"interface", goodServer + "interface = 'ppp0'\n", []string{`4:13 pptp.interface|%d|"ppp0%d"`}},
	{"limits", goodServer + "max-calls = 11\nmax-half-open = 0\n", []string{`w 4:13 pptp.max-calls|10 addresses only|`, `5:17 pptp.max-half-open|out of range|`}},
	{"unknown", goodServer + "maxcalls = 1\n[l2tp]\n", []string{`4:1 pptp.maxcalls|no such setting|"max-calls"`, `5:2 l2tp|no such table|"pptp"`}},
	{"keepalive", goodServer + "keepalive = 'off'\nkeepalive-failures = 1\n", []string{`5:22 pptp.keepalive-failures|nothing is counted|`}},
	{"not obeyed yet", goodServer + "idle = 60\n", []string{`w 4:8 pptp.idle|does nothing about it yet|`}},
	{"name", goodServer + "name = ''\n", []string{`4:8 pptp.name|1 to 64|`}},
}

func TestWrongServers(t *testing.T) {
	for _, c := range wrongServers {
		t.Run(c.name, func(t *testing.T) {
			_, problems := readServer(strict.Parse("server.toml", []byte(c.text), false))
			c.check(t, problems)
		})
	}
}

func TestModemSettings(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "device.toml", `
[modem.line1]
port = "/dev/ttyS1"
speed = 57600
flow = "none"
lock-dir = "/run/lock"
init = ["ATZ", "ATX3"]
dial-command = "ATD"
dialing = "pulse"
dial-prefix = "9,"
dial-suffix = "@"
answer-command = "ATA0"
hang-up-command = "ATH0"
max-command = 40
rings = 2
command-timeout = "4s"
sync-timeout = 2
dial-timeout = "90s"
answer-timeout = "91s"
guard-time = "1100ms"
command-delay = 0
settle = "1s"
dtr-time = "500ms"
hang-up = "escape"
carrier = "ignore"
mru = 1400
accm = 0x000a0000
queue = 4000
[modem.plain]
port = "/dev/ttyS2"
[modem.own]
port = "/dev/ttyS3"
profile = "mine"
dial-timeout = "2m"
[modem.mobile]
port = "/dev/ttyUSB0"
profile = "gsm"
init = []
[runtime]
directory = "/tmp/dun"
[resolver]
file = "/tmp/resolv.conf"
`)
	write(t, dir, "modems/mine.toml", "description = 'x'\ninit = ['ATI']\ndial-timeout = '3m'\nmax-command = 50\n")
	d, err := LoadDevice(filepath.Join(dir, "device.toml"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]modem.Config{
		"line1": {
			Port: "/dev/ttyS1", Speed: 57600, Flow: modem.FlowNone, LockDir: "/run/lock", Rings: 2,
			HangUp: modem.HangUpEscape, Carrier: modem.CarrierIgnore, DTRTime: 500 * time.Millisecond, Settle: time.Second,
			MRU: 1400, ACCM: 0x000a0000, Queue: 4000,
			Profile: at.Profile{
				Init: []string{"ATZ", "ATX3"}, DialCommand: "ATD", Pulse: true, Prefix: "9,", Suffix: "@", Answer: "ATA0", HangUp: "ATH0",
				MaxCommand: 40, CommandTimeout: 4 * time.Second, SyncTimeout: 2 * time.Second, DialTimeout: 90 * time.Second,
				AnswerTimeout: 91 * time.Second, Guard: 1100 * time.Millisecond, CommandDelay: -1,
			},
		},
		"plain":  {Port: "/dev/ttyS2", Profile: at.Profile{Init: at.DefaultInit[:]}},
		"own":    {Port: "/dev/ttyS3", Profile: at.Profile{Init: []string{"ATI"}, DialTimeout: 2 * time.Minute, MaxCommand: 50}},
		"mobile": {Port: "/dev/ttyUSB0", Profile: at.Profile{Init: []string{}, CommandTimeout: 10 * time.Second}},
	}
	for name, cfg := range want {
		if !reflect.DeepEqual(d.Modems[name], cfg) {
			t.Errorf("%s:\n%+v\nwant\n%+v", name, d.Modems[name], cfg)
		}
	}
	if len(d.Modems) != len(want) || !slices.Equal(d.Names(), []string{"line1", "plain", "own", "mobile"}) {
		t.Errorf("modems %v", d.Names())
	}
	if d.Runtime != "/tmp/dun" || d.ResolvConf != "/tmp/resolv.conf" {
		t.Errorf("%q, %q", d.Runtime, d.ResolvConf)
	}
	// A mistake in a profile is told with the profile's file.
	write(t, dir, "modems/mine.toml", "\nnonsense = 1\n")
	_, err = LoadDevice(filepath.Join(dir, "device.toml"))
	var ps strict.Problems
	if cause.Of(err) != cause.BadConfig || !errors.As(err, &ps) || filepath.Base(ps[0].File) != "mine.toml" || ps[0].Line != 2 {
		t.Errorf("%v", err)
	}
}

func TestServerSettings(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "server.toml", `
[pptp]
listen = ["192.0.2.1", "192.0.2.2"]
local = "10.0.0.1"
pool = ["10.0.0.10-10.0.0.19", "10.0.0.30"]
auth = ["ms-chap-v2", "ms-chap"]
encryption = "prefer"
mppe = ["128-stateful"]
hash-domain = true
keep-domain = false
name = "office"
dns = ["10.0.0.53"]
wins = ["10.0.0.54"]
forward = true
interface = "in%d"
mtu = 1300
mru = 1301
max-calls = 5
max-half-open = 3
idle = "1h"
keepalive = "15s"
keepalive-failures = 2
`)
	s, err := LoadServer(filepath.Join(dir, "server.toml"))
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr
	got := s.PPTP
	if got.Pool.Len() != 11 || !got.Pool.Contains(addr("10.0.0.30")) {
		t.Errorf("pool of %d", got.Pool.Len())
	}
	got.Pool = nil
	want := PPTPServer{
		Listen: []netip.Addr{addr("192.0.2.1"), addr("192.0.2.2")}, Local: addr("10.0.0.1"),
		Auth: []ppp.Auth{ppp.AuthMSCHAPv2, ppp.AuthMSCHAP}, Encryption: ppp.Prefer, MPPE: []ppp.MPPEMode{{Bits: 128}},
		HashDomain: true, KeepDomain: false, Name: "office", DNS: []netip.Addr{addr("10.0.0.53")}, WINS: []netip.Addr{addr("10.0.0.54")},
		Forward: true, Interface: "in%d", MTU: 1300, MRU: 1301, MaxCalls: 5, MaxHalfOpen: 3, Idle: time.Hour,
		Keepalive: phonebook.Keepalive{Interval: 15 * time.Second, Failures: 2},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	write(t, dir, "server.toml", goodServer)
	if s, err = LoadServer(filepath.Join(dir, "server.toml")); err != nil {
		t.Fatal(err)
	}
	s.PPTP.Pool = nil
	want = PPTPServer{
		Listen: []netip.Addr{netip.IPv4Unspecified()}, Local: addr("10.0.0.1"), Auth: []ppp.Auth{ppp.AuthMSCHAPv2}, Encryption: ppp.Require,
		MPPE: []ppp.MPPEMode{{Bits: 128, Stateless: true}}, KeepDomain: true, Name: "dun", MaxCalls: 100, MaxHalfOpen: 10,
	}
	if !reflect.DeepEqual(s.PPTP, want) {
		t.Errorf("defaults %+v\nwant\n%+v", s.PPTP, want)
	}
}

func TestServerUsesSecrets(t *testing.T) {
	secretsOf := func(text string) *phonebook.Secrets {
		_, s, err := phonebook.Parse(nil, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s, problems := readServer(strict.Parse("server.toml", []byte(strings.Replace(goodServer, "10.0.0.19", "10.0.0.11", 1)+"auth = ['chap']\nencryption = 'deny'\n"), false))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	wrong{want: []string{
		`5:11 user.b|own address|another`, `8:11 user.c|need the password|ms-chap-v2`,
	}}.check(t, s.UseSecrets(secretsOf("[user.a]\naddress = '10.0.0.10'\npassword = 'x'\n[user.b]\naddress = '10.0.0.1'\npassword='x'\n"+
		"[user.c]\nnt-hash = '44ebba8d5312b8d611474411f56989ae'\n")))
	if a, ok := s.PPTP.Pool.Lease(netip.Addr{}); !ok || a.String() != "10.0.0.11" {
		t.Errorf("leased %v, which belongs to a", a)
	}
	if a, ok := s.PPTP.Pool.Lease(netip.Addr{}); ok {
		t.Errorf("leased %v", a)
	}
	wrong{want: []string{`w 0:0 |nobody can log in|`}}.check(t, s.UseSecrets(secretsOf("")))
}

func TestMissingFiles(t *testing.T) {
	dir := t.TempDir()
	if d, err := LoadDevice(filepath.Join(dir, "device.toml")); err != nil || len(d.Modems) != 0 {
		t.Errorf("%v", err)
	}
	if _, err := LoadServer(filepath.Join(dir, "server.toml")); cause.Of(err) != cause.BadConfig || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("%v", err)
	}
	if _, ps := CheckServer(filepath.Join(dir, "server.toml")); len(ps) != 0 {
		t.Errorf("%v", ps)
	}
	write(t, dir, "server.toml", "x = 1\n")
	if _, ps := CheckServer(filepath.Join(dir, "server.toml")); len(ps.Errors()) != 2 {
		t.Errorf("%v", ps)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range append(slices.Clone(wrongDevices), wrongServers...) {
		f.Add([]byte(c.text))
	}
	for _, name := range []string{"device", "server"} {
		text, _ := Reference(name)
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, problems := readDevice(strict.Parse("device.toml", data, false), "")
		if problems.Err() == nil {
			for name, m := range d.Modems {
				if m.Port == "" || !validName(name) {
					t.Fatalf("accepted %+v", m)
				}
			}
		}
		s, problems := readServer(strict.Parse("server.toml", data, false))
		if p := s.PPTP; problems.Err() == nil && (!p.Local.IsValid() || p.Pool == nil || p.Pool.Len() == 0 || p.Pool.Contains(p.Local) || len(p.Listen) == 0) {
			t.Fatalf("accepted %+v", p)
		}
		readProfile(strict.Parse("profile", data, false))
	})
}
