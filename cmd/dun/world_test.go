package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/ppp"
)

const (
	officePassword = "correct horse: battery"
	ispPassword    = "dial tone, please"
)

var lanHost = netip.MustParseAddrPort("10.0.0.20:7")

// world is a device and an office with a LAN behind it, both with dun.
type world struct {
	device, office *machine
	server         *program
	resolv         string // the device's resolver file
	before         []string
}

// private gives this process a /run of its own, where dun's state is.
func private(t *testing.T) {
	t.Helper()
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		t.Fatalf("mounting a private /run: %v", err)
	}
}

// newWorld joins device and office by a cable, or with isp by a telephone line
// and an ISP.
func newWorld(t *testing.T, overISP bool) *world {
	t.Helper()
	private(t)
	w := &world{resolv: filepath.Join(t.TempDir(), "resolv.conf")}
	if err := os.WriteFile(w.resolv, []byte("nameserver 192.0.2.53\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	office, lan := netnstest.NewNS(t), netnstest.NewNS(t)
	netnstest.Veth(t, netnstest.End{NS: office, Name: "eth1", Addr: "10.0.0.1/24"}, netnstest.End{NS: lan, Name: "eth0", Addr: "10.0.0.20/24"})
	agenttest.Echo(t, lan, lanHost)
	files := map[string]string{
		"phonebook.toml": "[entry.office]\ndevice = 'vpn'\nhost = '203.0.113.10'\nuser = 'alice'\nroutes = ['10.0.0.0/8']\n" +
			"[entry.second]\ndevice = 'vpn'\nhost = '203.0.113.10'\nuser = 'alice'\nroutes = ['10.0.0.0/16']\ndns = 'ignore'\n",
		"secrets.toml": "[entry.office]\npassword = '" + officePassword + "'\n[entry.second]\npassword = '" + officePassword + "'\n",
		"device.toml":  "[resolver]\nfile = '" + w.resolv + "'\n",
	}
	if overISP {
		line, isp := agenttest.NewLine(t), netnstest.NewNS(t)
		netnstest.Veth(t, netnstest.End{NS: isp, Name: "eth0", Addr: "203.0.113.1/24"}, netnstest.End{NS: office, Name: "eth0", Addr: "203.0.113.10/24"})
		agenttest.Route(t, office, "198.51.100.0/24", "203.0.113.1")
		agenttest.Forward(t, isp)
		agenttest.DNS(t, isp, map[string][]netip.Addr{"vpn.example.com.": {netip.MustParseAddr("203.0.113.10")}})
		agenttest.StartISP(t, line, agenttest.ISPConfig{NS: isp, Require: []ppp.Auth{ppp.AuthPAP}, Users: agenttest.Users{"field7": ispPassword}})
		files["phonebook.toml"] = "[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['5550100']\nuser = 'field7'\nauth = ['pap']\n" +
			"[entry.office]\ndevice = 'vpn'\nhost = 'vpn.example.com'\nvia = ['isp']\nuser = 'alice'\nroutes = ['10.0.0.0/8']\n"
		files["secrets.toml"] = "[entry.isp]\npassword = '" + ispPassword + "'\n[entry.office]\npassword = '" + officePassword + "'\n"
		files["device.toml"] = agenttest.DeviceTOML(line.Near, t.TempDir(), w.resolv)
	} else {
		netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "203.0.113.5/24"}, netnstest.End{NS: office, Name: "eth0", Addr: "203.0.113.10/24"})
	}
	w.device = newMachine(t, nil, files)
	w.office = newMachine(t, office, map[string]string{
		"server.toml":  "[pptp]\nlocal = '10.0.0.1'\npool = ['10.0.0.100-10.0.0.109']\ndns = ['10.0.0.53']\nforward = true\n",
		"secrets.toml": "[user.alice]\npassword = '" + officePassword + "'\n",
	})
	w.before = agenttest.Snapshot(t, nil, w.resolv)
	return w
}

// serve starts the office's server.
func (w *world) serve() *program {
	w.server = w.office.start("serve")
	w.server.says("listening on 0.0.0.0, TCP port 1723")
	return w.server
}

// up dials an entry and waits until it is up.
func (w *world) up(entry string) *program {
	p := w.device.start("dial", entry)
	p.says(entry + "     up ")
	return p
}

func (w *world) nothingLeft(t *testing.T) {
	t.Helper()
	agenttest.NothingLeft(t, nil, w.before, w.resolv)
}
