package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
	"dun/dialup/pcapng"
)

// packets reads a capture: its packets by the names of their interfaces. It
// has to be whole.
func packets(t *testing.T, file string) map[string][][]byte {
	t.Helper()
	list, err := packetsYet(t, file)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return list
}

// packetsYet reads what is there of a capture that is being written.
func packetsYet(t *testing.T, file string) (map[string][][]byte, error) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	list := make(map[string][][]byte)
	for r := bytes.NewReader(b); ; {
		b, err := pcapng.ReadBlock(r, nil)
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		switch l := binary.LittleEndian; pcapng.Kind(b) {
		case 1:
			names = append(names, string(b[20:20+l.Uint16(b[18:])]))
		case pcapng.BlockPacket:
			name := names[l.Uint32(b[8:])]
			list[name] = append(list[name], b[28:28+l.Uint32(b[20:])])
		}
	}
}

// count is how many packets begin with prefix.
func count(list [][]byte, prefix string) (n int) {
	for _, p := range list {
		if strings.HasPrefix(string(p), prefix) {
			n++
		}
	}
	return n
}

// TestCapture: the whole chain from before the first dialing to after the
// end, what a signal ends, and what a killed agent leaves.
func TestCapture(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.serve()
		a := w.device.start("agent")
		agenttest.Eventually(t, func() error {
			if p := w.device.run("status"); p.wait() != 0 {
				return errText("no agent yet: %s", p.stderr())
			}
			return nil
		})
		file := func(name string) string { return filepath.Join(w.device.dir, name) }
		isp, office := w.device.start("capture", "isp", file("isp")), w.device.start("capture", "office", file("office"), "--snaplen", "600")
		calls := w.office.start("capture", "server", file("calls"))
		for _, p := range []*program{isp, office, calls} {
			p.says("capturing ")
		}
		w.device.run("dial", "--leave", "office").exits(0)
		if err := agenttest.RoundTrips(nil, t, lanHost, 20, 1000); err != nil {
			t.Error(err)
		}
		w.device.run("hangup", "office").exits(0)
		isp.exits(0)
		office.exits(0)
		mustContain(t, office.stderr(), " packets, 0 lost ")
		calls.signal(unix.SIGINT)
		calls.exits(0)

		const sent, rcvd = "\x01\xff\x03", "\x00\xff\x03"
		line, tunnel, server := packets(t, file("isp")), packets(t, file("office")), packets(t, file("calls"))
		for _, way := range []string{sent, rcvd} {
			for _, p := range []string{"\xc0\x21", "\xc0\x23", "\x80\x21", "\x00\x21\x45"} {
				if count(line["isp ppp"], way+p) == 0 {
					t.Errorf("no packet %q over the line", way+p)
				}
			}
			for _, p := range []string{"\xc0\x21", "\xc2\x23", "\x80\xfd", "\x80\x21"} {
				if count(tunnel["office ppp"], way+p) == 0 {
					t.Errorf("no packet %q in the tunnel", way+p)
				}
			}
			if n := count(tunnel["office ppp"], way+"\x00\x21\x45"); n < 20 {
				t.Errorf("%d IP packets %q in the tunnel", n, way)
			}
			if n := count(server["call 1 ppp"], way+"\x00\x21\x45"); n < 20 {
				t.Errorf("%d IP packets %q at the server", n, way)
			}
		}
		if n := count(tunnel["office gre"], "\x45"); n < 40 || n != len(tunnel["office gre"]) {
			t.Errorf("%d GRE packets", n)
		}
		for _, p := range tunnel["office ppp"] {
			if len(p) > 600 {
				t.Errorf("%d octets of a packet", len(p))
			}
		}
		at := bytes.Join(line["isp at"], nil)
		mustContain(t, string(at), "ATDT5550100\r", "CONNECT")
		if len(tunnel["office pptp"]) < 5 || len(server["server pptp"]) < 5 {
			t.Errorf("%d and %d control messages", len(tunnel["office pptp"]), len(server["server pptp"]))
		}
		for _, name := range []string{"isp", "office", "calls"} {
			b, _ := os.ReadFile(file(name))
			if bytes.Contains(b, []byte(ispPassword)) || bytes.Contains(b, []byte(officePassword)) {
				t.Errorf("%s has a password", name)
			}
			if info, err := os.Stat(file(name)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		}

		// In the middle of a connection; the agent is killed.
		w.device.run("dial", "--leave", "office").exits(0)
		late := w.device.start("capture", "office", file("late"))
		late.says("capturing ")
		if err := agenttest.RoundTrips(nil, t, lanHost, 5, 100); err != nil {
			t.Error(err)
		}
		for _, args := range [][]string{{"nobody", file("x")}, {"office", "/nowhere/x"}, {"office", file("x"), "--snaplen", "some"}, {"office", file("x"), "--snaplen=-1"}} {
			if code := w.device.run(append([]string{"capture"}, args...)...).wait(); code == 0 {
				t.Errorf("%q is fine", args)
			}
		}
		agenttest.Eventually(t, func() error {
			list, _ := packetsYet(t, file("late"))
			if n := count(list["office ppp"], sent+"\x00\x21\x45"); n < 5 {
				return errText("%d packets are in the file", n)
			}
			return nil
		})
		a.signal(unix.SIGKILL)
		a.wait()
		late.wait()
		packets(t, file("late"))
	})
}
