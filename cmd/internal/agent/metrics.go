package agent

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"dun/dialup/cause"
)

// page is a text in Prometheus' exposition format, version 0.0.4: families of
// samples, each with its help and type, all samples of one together.
type page struct {
	text []byte
	name string // of the family
}

const (
	gauge   = "gauge"
	counter = "counter"
)

// family begins one. Counters' names end with _total.
func (p *page) family(name, kind, help string) {
	p.name = "dun_" + name
	p.add("# HELP ", p.name, " ", help, "\n# TYPE ", p.name, " ", kind, "\n")
}

// sample adds a sample of the family; labels are names and values by turns,
// and those without a value are left out.
func (p *page) sample(value float64, labels ...string) {
	p.add(p.name)
	open := "{"
	for i := 0; i < len(labels); i += 2 {
		if labels[i+1] == "" {
			continue
		}
		p.add(open, labels[i], `="`)
		p.escape(labels[i+1])
		p.add(`"`)
		open = ","
	}
	if open == "," {
		p.add("}")
	}
	p.add(" ")
	p.text = strconv.AppendFloat(p.text, value, 'g', -1, 64)
	p.add("\n")
}

func (p *page) count(n uint64, labels ...string) { p.sample(float64(n), labels...) }

// took is a time in milliseconds, 0 = unknown.
func (p *page) took(ms float64, labels ...string) {
	if ms > 0 {
		p.sample(ms/1000, labels...)
	}
}

func (p *page) at(t *time.Time, labels ...string) {
	if t != nil && !t.IsZero() {
		p.sample(float64(t.UnixMilli())/1000, labels...)
	}
}

func (p *page) add(parts ...string) {
	for _, s := range parts {
		p.text = append(p.text, s...)
	}
}

// escape writes a label's value; what is no UTF-8 becomes U+FFFD.
func (p *page) escape(s string) {
	for _, r := range s {
		switch r {
		case '\\', '"':
			p.add(`\`, string(r))
		case '\n':
			p.add(`\n`)
		default:
			p.add(string(r))
		}
	}
}

// Metrics is the agent at this moment in the form that Prometheus reads.
func (a *Agent) Metrics() []byte {
	s := a.Status()
	of, away := a.tallies.totals()
	for _, c := range s.Connections { // not dialed yet
		if _, known := of[c.Entry]; !known {
			of[c.Entry] = total{}
		}
	}
	if s.Server == nil {
		delete(of, "")
	} else if _, known := of[""]; !known {
		of[""] = total{}
	}
	p := &page{}
	p.family("info", gauge, "The version of dun.")
	p.count(1, "version", s.Version)
	p.family("start_time_seconds", gauge, "When this dun was started, in seconds since 1970.")
	p.at(&a.started)
	p.connections(s.Connections)
	p.totals(of)
	if s.Server != nil {
		p.server(s.Server, away)
	}
	p.loops(s.Loops)
	return p.text
}

// familyHead is a family's head.
type familyHead struct{ name, kind, help string }

// each writes families, with the samples that f gives for each of n things.
func (p *page) each(families []familyHead, n int, f func(family, i int)) {
	for k, head := range families {
		p.family(head.name, head.kind, head.help)
		for i := range n {
			f(k, i)
		}
	}
}

var connectionFamilies = []familyHead{
	{"connection_up", gauge, "Whether the entry's network is up."},
	{"connection_info", gauge, "What the entry's connection is; always 1."},
	{"connection_since_seconds", gauge, "When the network came up, in seconds since 1970."},
	{"connection_next_try_seconds", gauge, "When the entry is dialed again, in seconds since 1970."},
	{"connection_waiting_dropped_total", counter, "Packets that waited for a connection and were lost, by reason."},
	{"echo_round_trip_seconds", gauge, "Round-trip time of the latest LCP echo."},
	{"link_round_trip_seconds", gauge, "Round-trip time of the latest echo on the tunnel's control connection."},
}

// connections are the entries that are connected, or kept.
func (p *page) connections(all []ConnectionStatus) {
	p.each(connectionFamilies, len(all), func(family, i int) {
		c := &all[i]
		switch k := c.Kept; family {
		case 0:
			up := uint64(0)
			if c.Phase == "up" {
				up = 1
			}
			p.count(up, "entry", c.Entry)
		case 1:
			p.count(1, "entry", c.Entry, "phase", c.Phase, "interface", c.Interface, "address", c.Local, "peer", c.Remote,
				"target", c.Target, "via", c.Via, "encryption", c.Encryption)
		case 2:
			p.at(c.Since, "entry", c.Entry)
		case 3:
			if k != nil {
				p.at(k.Next, "entry", c.Entry)
			}
		case 4:
			if k != nil {
				p.count(k.Stale, "entry", c.Entry, "reason", "other-address")
				p.count(k.Dropped, "entry", c.Entry, "reason", "no-room")
				p.count(k.Ignored, "entry", c.Entry, "reason", "no-cause-to-dial")
			}
		case 5:
			p.took(c.EchoRTT, "entry", c.Entry)
		case 6:
			p.took(c.LinkRTT, "entry", c.Entry)
		}
	})
}

// Behind the sums of traffic, in their order.
var totalFamilies = []familyHead{
	sumUps:        {"connection_ups_total", counter, "How often a network came up."},
	sumPacketsIn:  {"received_packets_total", counter, "Network packets from the peer."},
	sumBytesIn:    {"received_bytes_total", counter, "Octets of these."},
	sumPacketsOut: {"sent_packets_total", counter, "Network packets to the peer."},
	sumBytesOut:   {"sent_bytes_total", counter, "Octets of these."},
	sumEchoes:     {"echo_requests_total", counter, "LCP Echo-Requests sent."},
	sumEchoesLost: {"echo_lost_total", counter, "Those without an answer."},
	sums:          {"connection_ends_total", counter, "Connections and attempts that ended, by cause."},
	sums + 1:      {"dropped_packets_total", counter, "Packets and frames thrown away, by reason."},
	sums + 2:      {"wire_total", counter, "Counters of GRE calls (gre-) and of HDLC on serial lines."},
}

// totals are the sums over connections, by entry; those of all calls that were
// answered have no entry.
func (p *page) totals(of map[string]total) {
	names := slices.Sorted(maps.Keys(of))
	p.each(totalFamilies, len(names), func(family, i int) {
		t, entry, side := of[names[i]], names[i], "dialed"
		if entry == "" {
			side = "answered"
		}
		switch family {
		case sums:
			for _, c := range cause.All() {
				if n := t.ends[c]; n > 0 {
					p.count(n, "side", side, "entry", entry, "cause", c.Info().Name)
				}
			}
		case sums + 1:
			p.table(t.dropped, "side", side, "entry", entry, "reason")
		case sums + 2:
			p.table(t.wire, "side", side, "entry", entry, "counter")
		default:
			p.count(t.sum[family], "side", side, "entry", entry)
		}
	})
}

// table adds a sample for each counter of m, whose name becomes the value of
// the last label.
func (p *page) table(m map[string]uint64, labels ...string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		p.count(m[name], append(labels, name)...)
	}
}

var serverFamilies = []familyHead{
	{"server_start_time_seconds", gauge, "Since when calls are answered, in seconds since 1970."},
	{"server_calls", gauge, "Calls at this moment."},
	{"server_max_calls", gauge, "Calls that there may be."},
	{"server_turned_away_total", counter, "Callers for whom there was no place."},
}

var callFamilies = []familyHead{
	{"call_info", gauge, "A call that was answered; always 1."},
	{"call_received_bytes_total", counter, "Octets of packets from the caller."},
	{"call_sent_bytes_total", counter, "Octets of packets to the caller."},
	{"call_round_trip_seconds", gauge, "Round-trip time of the call's latest LCP echo."},
}

// server is the answering side.
func (p *page) server(s *ServerStatus, away uint64) {
	p.each(serverFamilies, 1, func(family, _ int) {
		switch family {
		case 0:
			p.at(&s.Since)
		case 1:
			p.count(uint64(len(s.Calls)))
		case 2:
			p.count(uint64(s.MaxCalls))
		case 3:
			p.count(away)
		}
	})
	p.each(callFamilies, len(s.Calls), func(family, i int) {
		c := &s.Calls[i]
		switch n := c.Counters; {
		case family == 0:
			p.count(1, "call", c.Entry, "user", c.User, "phase", c.Phase, "interface", c.Interface, "address", c.Remote, "encryption", c.Encryption)
		case family == 3:
			p.took(c.EchoRTT, "call", c.Entry, "user", c.User)
		case n == nil:
		case family == 1:
			p.count(n.BytesIn, "call", c.Entry, "user", c.User)
		case family == 2:
			p.count(n.BytesOut, "call", c.Entry, "user", c.User)
		}
	})
}

var loopFamilies = []familyHead{
	{"loop_links", gauge, "Connections on the packet loop."},
	{"loop_turns_total", counter, "How often the packet loop woke up."},
	{"loop_buffers", gauge, "Buffers that the packet loop has."},
	{"loop_buffers_in_use", gauge, "Those that are in use."},
	{"loop_buffers_ran_out_total", counter, "How often none was left, and something was dropped."},
	{"loop_gre_ignored_total", counter, "GRE packets that were for no call of ours, by reason."},
}

// loops are the packet loops.
func (p *page) loops(all []LoopStatus) {
	p.each(loopFamilies, len(all), func(family, i int) {
		l, loop := &all[i], strconv.Itoa(i)
		var small, large uint64
		switch family {
		case 0:
			p.count(uint64(l.Links), "loop", loop)
			return
		case 1:
			p.count(l.Turns, "loop", loop)
			return
		case 2:
			small, large = uint64(l.Small.Count), uint64(l.Large.Count)
		case 3:
			small, large = uint64(l.Small.InUse), uint64(l.Large.InUse)
		case 4:
			small, large = l.Small.RanOut, l.Large.RanOut
		case 5:
			p.table(l.GRE, "loop", loop, "reason")
			return
		}
		p.count(small, "loop", loop, "size", "small")
		p.count(large, "loop", loop, "size", "large")
	})
}
