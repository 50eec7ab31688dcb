package demo

import (
	"strings"
	"testing"

	"dun/cmd/internal/agent"
)

func good() agent.Status {
	return agent.Status{Connections: []agent.ConnectionStatus{
		{
			Entry: "isp", Phase: "up", Interface: "dun0", Encryption: "none",
			Counters: &agent.Counters{BytesIn: size + 60_000, PacketsIn: 740},
			Wire:     map[string]uint64{"octets-in": 1, "hdlc-bad-fcs": 3},
		},
		{
			Entry: "office", Phase: "up", Interface: "dun1", Via: "isp", Encryption: "mppe-128-stateless",
			Counters: &agent.Counters{BytesIn: size + 30_000, Dropped: map[string]uint64{"late": 2}},
			Wire:     map[string]uint64{"gre-rx": 700, "gre-rx-acks-alone": 9, "mppe-rx": 700, "mppe-tx": 400, "gre-rx-late": 2, "gre-rx-lost": 0},
		},
	}}
}

// TestJudge: whatever the demonstration claims has to be able to fail.
func TestJudge(t *testing.T) {
	if err := judge(good()); err != nil {
		t.Errorf("a good one: %v", err)
	}
	for name, spoil := range map[string]func(isp, office *agent.ConnectionStatus){
		"in clear":          func(_, office *agent.ConnectionStatus) { office.Encryption = "none" },
		"40 bit":            func(_, office *agent.ConnectionStatus) { office.Encryption = "mppe-40-stateless" },
		"no traffic":        func(_, office *agent.ConnectionStatus) { office.Counters.BytesIn = 100 },
		"no counters":       func(_, office *agent.ConnectionStatus) { office.Counters = nil },
		"no tunnel":         func(_, office *agent.ConnectionStatus) { office.Entry = "x" },
		"past the line":     func(isp, _ *agent.ConnectionStatus) { isp.Counters.BytesIn = 5000 },
		"no line":           func(isp, _ *agent.ConnectionStatus) { isp.Entry = "x" },
		"over another link": func(_, office *agent.ConnectionStatus) { office.Via = "" },
	} {
		s := good()
		spoil(&s.Connections[0], &s.Connections[1])
		if judge(s) == nil {
			t.Errorf("%s: was found good", name)
		}
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	s := good()
	s.Connections[0].Counters = nil // being dialed
	printTable(&out, s.Connections)
	text := out.String()
	for _, want := range []string{
		"ENCRYPTION", "mppe-128-stateless", "1,030,000 in 0", "0 in 0",
		"isp, what was lost or wrong: hdlc-bad-fcs 3\n", "office, what was lost or wrong: late 2, gre-rx-late 2\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

func TestOctets(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 33600: "33,600", 1048576: "1,048,576"} {
		if got := octets(n); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
}
