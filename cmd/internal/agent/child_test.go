package agent

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"dun/board/netcfg"
	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/configs"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// serveEnv names, in a child of the test, the directory with its server.toml
// and secrets.toml.
const serveEnv = "DUN_AGENT_TEST_SERVE"

// The office: its PPTP server's addresses, and a host on the LAN behind.
var (
	officeOuter = netip.MustParseAddr("203.0.113.10")
	officeLocal = netip.MustParseAddr("10.0.0.1")
	lanHost     = netip.MustParseAddrPort("10.0.0.20:7")
)

const (
	password   = "correct horse: battery"
	serverTOML = `[pptp]
local = "10.0.0.1"
pool = ["10.0.0.100-10.0.0.109"]
dns = ["10.0.0.53"]
forward = true
`
	serverSecrets = `[user.alice]
password = '` + password + `'
[user.'CORP\bob']
password = '` + password + `'
`
)

// startServer runs Serve as a process of its own in ns, since an agent lives
// in its process's namespace. It ends, in order, with the test, and leaves
// nothing behind.
func startServer(t *testing.T, ns *netnstest.NS, serverTOML, secrets string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"server.toml": serverTOML, "secrets.toml": secrets} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := agenttest.Snapshot(t, ns)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), serveEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	ns.Do(t, func() { err = cmd.Start() })
	if err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 5)
	if n, _ := out.Read(ready); string(ready[:n]) != "ready" {
		t.Fatalf("the server said %q", ready[:n])
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server: %v", err)
		}
		agenttest.NothingLeft(t, ns, before)
	})
}

// serveChild is that process.
func serveChild(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cfg, err := configs.LoadServer(filepath.Join(dir, "server.toml"))
	if err != nil {
		return fail(err)
	}
	book, secrets, err := phonebook.Load(dir)
	if err != nil {
		return fail(err)
	}
	cfg.UseSecrets(secrets)
	net, err := netcfg.Open(filepath.Join(dir, "state"), netcfg.Options{ResolvConf: filepath.Join(dir, "resolv.conf")})
	if err != nil {
		return fail(err)
	}
	a, err := New(Config{Phonebook: book, Secrets: secrets, Net: net})
	if err != nil {
		return fail(err)
	}
	ready := make(chan struct{})
	go func() {
		<-ready
		fmt.Print("ready")
	}()
	if err := a.Serve(ctx, serverConfigOf(cfg), ready); cause.Of(err) != cause.Cancelled {
		return fail(err)
	}
	a.Close()
	if err := net.Close(); err != nil {
		return fail(err)
	}
	return 0
}

// serverConfigOf is what cmd/dun makes of server.toml.
func serverConfigOf(s configs.Server) ServerConfig {
	p := s.PPTP
	return ServerConfig{
		Listen: p.Listen, Local: p.Local, Pool: p.Pool, Auth: p.Auth, Encryption: p.Encryption, MPPE: p.MPPE,
		KeepDomain: p.KeepDomain, Keepalive: p.Keepalive, DNS: p.DNS, NBNS: p.WINS, MTU: p.MTU, MRU: p.MRU,
		Forward: p.Forward, LAN: p.LAN, MaxCalls: p.MaxCalls, MaxHalfOpen: p.MaxHalfOpen, Name: p.Name,
	}
}

// office makes the namespace of an office: eth0 outside, eth1 into a LAN with
// one host that echoes. The other end of eth0 is outer's.
func office(t *testing.T, outer netnstest.End) *netnstest.NS {
	t.Helper()
	ns, lan := netnstest.NewNS(t), netnstest.NewNS(t)
	netnstest.Veth(t, outer, netnstest.End{NS: ns, Name: "eth0", Addr: officeOuter.String() + "/24"})
	netnstest.Veth(t, netnstest.End{NS: ns, Name: "eth1", Addr: officeLocal.String() + "/24"},
		netnstest.End{NS: lan, Name: "eth0", Addr: lanHost.Addr().String() + "/24"})
	agenttest.Echo(t, lan, lanHost)
	return ns
}
