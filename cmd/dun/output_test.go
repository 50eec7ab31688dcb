package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"dun/cmd/internal/agent"
	"dun/dialup/cause"
)

// TestFail is the output of what failed, in text and in JSON.
func TestFail(t *testing.T) {
	for _, c := range []struct {
		err  error
		text string
		exit int
	}{
		{cause.New(cause.Busy, "5550100"), "dun: The line is busy: 5550100\n     Dial again later or give a second number.\n     [busy, Windows RAS error 676, exit code 8]\n", 8},
		{cause.UserRequest, "dun: The connection was hung up on request.\n     [user-request, Windows RAS error 631, exit code 5]\n", 5},
		{fmt.Errorf("office: %w", cause.NoTUN), "dun: office: The TUN device cannot be opened.\n     Load the tun module (modprobe tun) and check /dev/net/tun.\n     [no-tun, exit code 4]\n", 4},
		{errors.New("oops"), "dun: oops\n     Run again with --debug and report what it prints.\n     [internal, exit code 1]\n", 1},
	} {
		var out, errOut bytes.Buffer
		fail(&out, &errOut, c.err, false)
		if out.Len() > 0 || errOut.String() != c.text || exitCode(c.err) != c.exit {
			t.Errorf("printed %q and %q, exit code %d", out.String(), errOut.String(), exitCode(c.err))
		}
		errOut.Reset()
		fail(&out, &errOut, c.err, true)
		var v struct {
			Error   agent.Failure `json:"error"`
			Message string        `json:"message"`
		}
		if err := json.Unmarshal(out.Bytes(), &v); err != nil || errOut.Len() > 0 || v.Error.Exit != c.exit || v.Message != c.err.Error() || v.Error.Cause != cause.Of(c.err).Info().Name {
			t.Errorf("%v: printed %q", err, out.String())
		}
	}
	// Every cause has an exit code that says so.
	for _, c := range cause.All() {
		if exitCode(c) == 0 {
			t.Errorf("%v looks like success", c)
		}
	}
}

// TestPrint is what becomes of events.
func TestPrint(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	events := []agent.Event{
		{Time: at(1), Entry: "isp", Phase: "dial", Text: "5550100"},
		{Time: at(2), Entry: "isp", Text: "init ATZ", Detail: true},
		{Time: at(12345), Entry: "isp", Phase: "link"},
		{Time: at(12346), Entry: "isp", Packet: "sent [LCP ConfReq id=0x1]"},
		{Time: at(12347), Entry: "isp", Text: "logged in", Missed: 3},
		{Time: at(12348), Entry: "isp", Phase: "down", End: &agent.Failure{Sentence: "The line is busy.", Detail: "BUSY"}},
		{Time: at(12349), Entry: "office", Phase: "down", End: &agent.Failure{Sentence: "It is over."}},
	}
	for _, c := range []struct {
		debug bool
		want  string
	}{
		{false, "   0.001  isp        dial          5550100\n" +
			"  12.345  isp        link\n" +
			"          (3 lines are missing here: the output was too slow)\n" +
			"  12.347  isp                      logged in\n" +
			"  12.348  isp        down          The line is busy: BUSY\n"},
		{true, "   0.001  isp        dial          5550100\n" +
			"   0.002  isp                      init ATZ\n" +
			"  12.345  isp        link\n" +
			"  12.346  isp        sent [LCP ConfReq id=0x1]\n" +
			"          (3 lines are missing here: the output was too slow)\n" +
			"  12.347  isp                      logged in\n" +
			"  12.348  isp        down          The line is busy: BUSY\n"},
	} {
		var out bytes.Buffer
		p := &printer{out: &out, debug: c.debug, dialed: "office", start: start}
		for _, ev := range events {
			p.print(ev)
		}
		if out.String() != c.want {
			t.Errorf("printed\n%s\nwant\n%s", out.String(), c.want)
		}
	}
	var out bytes.Buffer
	p := &printer{out: &out, json: true, dialed: "office", start: start}
	for _, ev := range events {
		p.print(ev)
	}
	if n := strings.Count(out.String(), "\n"); n != len(events) || !strings.Contains(out.String(), `"end":{"cause":"","sentence":"It is over.","exit-code":0}`) {
		t.Errorf("JSON is\n%s", out.String())
	}
}

// TestPrintStatus: nothing, and everything.
func TestPrintStatus(t *testing.T) {
	var out bytes.Buffer
	printStatus(&out, agent.Status{})
	if out.String() != "Nothing is connected.\n" {
		t.Errorf("printed %q", out.String())
	}
	out.Reset()
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	printStatus(&out, agent.Status{
		Connections: []agent.ConnectionStatus{{
			Entry: "office", Phase: "up", Since: &since, Target: "192.0.2.1", Via: "isp", User: "alice", Interface: "dun1", Local: "10.0.0.2", Remote: "10.0.0.1",
			IPv6: "fe80::1", DNS: []string{"10.0.0.53", "10.0.0.54"}, MTU: 1396, Auth: "ms-chap-v2", Encryption: "mppe-128-stateless", EchoRTT: 12.5,
			Offload:  []string{"checksum", "tso"},
			Counters: &agent.Counters{PacketsIn: 1, BytesIn: 2, PacketsOut: 3, BytesOut: 4, Dropped: map[string]uint64{"too-long": 5}},
			Wire:     map[string]uint64{"gre-rx": 6, "gre-rx-late": 0},
		}},
		Server: &agent.ServerStatus{Listen: []string{"0.0.0.0"}, Since: since, MaxCalls: 10},
		Loops:  []agent.LoopStatus{{Waits: "hybrid", Policy: "batch", Batch: 64}, {}},
	})
	mustContain(t, squeezed(out.String()), "office: up since 2026-01-02 03:04:05\n", "\n target 192.0.2.1\n", "\n address 10.0.0.2, peer 10.0.0.1, MTU 1396\n",
		"\n name servers 10.0.0.53 10.0.0.54\n", "\n round trip 12.5 ms\n", "\n received 1 packets, 2 octets\n", "\n dropped too-long 5\n", "\n gre-rx 6\n",
		"\n offload checksum tso\n", "\nserver on 0.0.0.0 since 2026-01-02 03:04:05, 0 of 10 calls\n",
		"\npackets move in batches of 64, hybrid wait, scheduling policy batch, 2 loops\n")
	mustNotContain(t, out.String(), "gre-rx-late")
	if err := printJSON(io.Discard, agent.Status{}); err != nil {
		t.Error(err)
	}
}
