package agent

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/pcapng"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
	"dun/vpn"
	"dun/vpn/pptp"
)

// capturing is an agent that can do nothing but capture.
func capturing(t *testing.T) *Agent {
	t.Helper()
	book, secrets, err := phonebook.Parse([]byte("[entry.office]\ndevice = 'vpn'\nhost = '192.0.2.1'\nuser = 'alice'\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Agent{cfg: Config{Version: "9.9", Phonebook: book, Secrets: secrets}, events: newBroadcast(), server: &server{}}
}

// taken is a capture's packets by the names of their interfaces, and what was
// dropped.
type taken struct {
	packets map[string][]string
	sent    map[string]int
	dropped uint64
}

// take reads a capture that has ended.
func take(t *testing.T, c *Capture) taken {
	t.Helper()
	var file bytes.Buffer
	if err := c.Copy(&file); err != nil {
		t.Fatal(err)
	}
	return read(t, &file)
}

func read(t *testing.T, file io.Reader) taken {
	t.Helper()
	got := taken{packets: make(map[string][]string), sent: make(map[string]int)}
	var names []string
	l := binary.LittleEndian
	for {
		b, err := pcapng.ReadBlock(file, nil)
		if err == io.EOF {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		switch pcapng.Kind(b) {
		case 1:
			names = append(names, string(b[20:20+l.Uint16(b[18:])]))
		case pcapng.BlockPacket:
			name, n := names[l.Uint32(b[8:])], l.Uint32(b[20:])
			got.packets[name] = append(got.packets[name], string(b[28:28+n]))
			if at := 28 + (n+3)&^3; l.Uint32(b[at+4:]) == 2 {
				got.sent[name]++
			}
		}
		got.dropped += pcapng.Dropped(b)
	}
}

func TestCaptureHides(t *testing.T) {
	a := capturing(t)
	c, err := a.Capture("office", 0)
	if err != nil {
		t.Fatal(err)
	}
	link := &tap{entry: "office", captures: []*Capture{c}}
	pap := []byte("\x01\x07\x00\x12\x05alice\x07hunter2")
	frame := append([]byte{0xff, 0x03, 0xc0, 0x23}, pap...)
	before := bytes.Clone(frame)
	link.Frame(time.Now(), true, false, ppp.ProtoPAP, pap, nil)
	link.Frame(time.Now(), false, false, ppp.ProtoLCP, append([]byte("\x08\x01\x00\x18\xc0\x23"), pap...), nil)
	link.Frame(time.Now(), true, false, ppp.ProtoIPv4, []byte("head"), []byte("rest"))
	link.Frame(time.Now(), false, true, ppp.ProtoCompressed, []byte("xyz"), nil)
	link.Packet(time.Now(), true, []byte("IP+GRE"), frame)
	a.traceModem("office")(true, "AT+CPIN=1234")
	a.traceModem("office")(false, "OK")
	a.traceModem("other")(false, "not asked for")
	echo, _ := pptp.EchoRequest{Identifier: 9}.AppendBinary(nil)
	a.tracePPTP("office")(vpn.ControlMessage{Sent: true, From: netip.MustParseAddrPort("192.0.2.9:40000"), To: netip.MustParseAddrPort("192.0.2.1:1723"), Bytes: echo})
	c.Finish()
	link.Frame(time.Now(), true, false, ppp.ProtoIPv4, []byte("after the end"), nil)
	got := take(t, c)
	if !bytes.Equal(frame, before) {
		t.Error("the frame itself was changed")
	}
	want := map[string][]string{
		"office ppp": {
			"\x01\xff\x03\xc0\x23\x01\x07\x00\x12\x05alice\x07*******",
			"\x00\xff\x03\xc0\x21\x08\x01\x00\x18\xc0\x23\x01\x07\x00\x12\x05alice\x07*******",
			"\x01\xff\x03\x00\x21headrest",
			"\x00\xff\x03\x00\xfdxyz",
		},
		"office gre": {"IP+GRE\xff\x03\xc0\x23\x01\x07\x00\x12\x05alice\x07*******"},
		"office at":  {"\x00\x0c\x00\x04at\x00\x00\x00\x00\x00\x00AT+CPIN=<hidden>\r", "\x00\x0c\x00\x04at\x00\x00\x00\x00\x00\x00OK\r\n"},
	}
	for name, packets := range want {
		if strings.Join(got.packets[name], "|") != strings.Join(packets, "|") {
			t.Errorf("%s: %q, want %q", name, got.packets[name], packets)
		}
	}
	if p := got.packets["office pptp"]; len(p) != 1 || !strings.HasSuffix(p[0], string(echo)) || !strings.Contains(p[0], "tcp.port") {
		t.Errorf("pptp: %q", p)
	}
	if len(got.packets) != 4 || got.dropped != 0 || got.sent["office ppp"] != 2 || got.sent["office at"] != 1 {
		t.Errorf("%+v", got)
	}
	if len(a.captures.all) != 0 {
		t.Error("the capture is not forgotten")
	}
}

// TestCaptureBounds: without a reader it takes no more than its room, counts
// what is lost, and goes on when there is one.
func TestCaptureBounds(t *testing.T) {
	a := capturing(t)
	c, err := a.Capture("office", 100)
	if err != nil {
		t.Fatal(err)
	}
	link := &tap{entry: "office", captures: []*Capture{c}}
	packet := bytes.Repeat([]byte("x"), 1400)
	const n = 10_000
	for range n {
		link.Frame(time.Now(), true, false, ppp.ProtoIPv4, packet[:20], packet[20:])
		if len(c.pending) > captureRoom {
			t.Fatalf("%d octets wait", len(c.pending))
		}
	}
	if got := testing.AllocsPerRun(100, func() { link.Frame(time.Now(), true, false, ppp.ProtoIPv4, packet[:20], packet[20:]) }); got > 1 {
		t.Errorf("%v allocations a packet", got)
	}
	c.Finish()
	got := take(t, c)
	kept := uint64(len(got.packets["office ppp"]))
	if kept < 1000 || kept+got.dropped != n+101 {
		t.Errorf("%d packets are there and %d lost", kept, got.dropped)
	}
	if p := got.packets["office ppp"][0]; len(p) != 100 {
		t.Errorf("%d octets of a packet, want 100", len(p))
	}
	if _, err := a.Capture("office", 3); cause.Of(err) != cause.Usage {
		t.Errorf("a snap length of 3: %v", err)
	}
	if _, err := a.Capture("nobody", 0); cause.Of(err) != cause.NoEntry {
		t.Errorf("nobody: %v", err)
	}
	for range maxCaptures {
		if _, err := a.Capture("office", 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Capture("office", 0); cause.Of(err) != cause.Usage {
		t.Errorf("one capture more: %v", err)
	}
	a.captures.close()
	for _, c := range append([]*Capture(nil), a.captures.all...) {
		take(t, c)
	}
	if _, err := a.Capture("office", 0); cause.Of(err) != cause.Cancelled {
		t.Errorf("of a closed agent: %v", err)
	}
}

// TestCaptureOfServer: calls have interfaces of their own, but not without
// bound.
func TestCaptureOfServer(t *testing.T) {
	a := capturing(t)
	all, err := a.Capture(serverEntry, 0)
	if err != nil {
		t.Fatal(err)
	}
	one, err := a.Capture("call 3", 0)
	if err != nil {
		t.Fatal(err)
	}
	for id := range 2 * maxFaces {
		call := &answered{id: id}
		link := &tap{entry: call.label()}
		for _, c := range []*Capture{all, one} {
			if c.wants(link.entry) {
				link.captures = append(link.captures, c)
			}
		}
		link.Frame(time.Now(), false, false, ppp.ProtoLCP, []byte("x"), nil)
		a.captures.over(call.label())
	}
	if !one.ended || all.ended {
		t.Error("the end of a call ends its capture and no other")
	}
	a.captures.over(serverEntry)
	if got := take(t, one); len(got.packets) != 1 || len(got.packets["call 3 ppp"]) != 1 {
		t.Errorf("call 3: %v", got.packets)
	}
	if got := take(t, all); len(got.packets) != maxFaces+1 || len(got.packets["server ppp"]) != maxFaces {
		t.Errorf("%d interfaces, %d packets share one", len(got.packets), len(got.packets["server ppp"]))
	}
}

// brokenWriter fails at once.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no") }

func TestCaptureWriterFails(t *testing.T) {
	a := capturing(t)
	c, err := a.Capture("office", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Copy(brokenWriter{}); err == nil || len(a.captures.all) != 0 {
		t.Errorf("%v, and %d captures are left", err, len(a.captures.all))
	}
}

// TestClientCapture is a capture over the control socket: ended by the client,
// by the end of the call, and by that of the owner, each time whole.
func TestClientCapture(t *testing.T) {
	c, dir := open(t)
	begin := func() (*Client, io.Reader, func()) {
		client, err := Connect(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		stream, stop, err := client.Capture("isp", 0)
		if err != nil {
			t.Fatal(err)
		}
		return client, stream, stop
	}
	_, first, stop := begin()
	_, second, _ := begin()
	if _, err := c.agent.Dial("isp"); err != nil {
		t.Fatal(err)
	}
	watch, err := Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	for {
		s, err := watch.Status()
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Connections) == 1 && s.Connections[0].Target != "" {
			break
		}
	}
	stop()
	read(t, first)
	if err := c.agent.HangUp("isp", cause.UserRequest); err != nil {
		t.Fatal(err)
	}
	if got := read(t, second).packets["isp at"]; len(got) == 0 || !strings.HasSuffix(got[0], "AT\r") && !strings.Contains(strings.Join(got, ""), "ATDT5550100\r") {
		t.Errorf("%q", got)
	}
	if err := watch.Subscribe(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := watch.Capture("isp", 0); err == nil {
		t.Error("a capture in the middle of events")
	}
	_, third, _ := begin()
	c.Close()
	read(t, third)
}
