package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"dun/cmd/dunlab/internal/netns"
	"dun/cmd/internal/agent"
)

// status asks the dun in h as a user would: "dun status --json".
func status(ctx context.Context, h *netns.Host, dun string) (agent.Status, error) {
	var s agent.Status
	out, err := h.Run(ctx, dun, "status", "--json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return s, fmt.Errorf("dun status --json: %w", err)
	}
	return s, nil
}

// connection finds an entry.
func connection(s agent.Status, entry string) (agent.ConnectionStatus, bool) {
	i := slices.IndexFunc(s.Connections, func(c agent.ConnectionStatus) bool { return c.Entry == entry })
	if i < 0 {
		return agent.ConnectionStatus{}, false
	}
	return s.Connections[i], true
}

// printTable prints the connections with their counters.
func printTable(out io.Writer, connections []agent.ConnectionStatus) {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "\tINTERFACE\tADDRESS\tMTU\tLOG-IN\tENCRYPTION\tRECEIVED\tSENT")
	for _, c := range connections {
		n := c.Counters
		if n == nil {
			n = &agent.Counters{}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s in %d\t%s in %d\n", c.Entry, c.Interface, c.Local, c.MTU, c.Auth, c.Encryption,
			octets(n.BytesIn), n.PacketsIn, octets(n.BytesOut), n.PacketsOut)
	}
	w.Flush()
	for _, c := range connections {
		fmt.Fprintf(out, "%s, what was lost or wrong: %s\n", c.Entry, faults(c))
	}
}

// wireTraffic are the counters of a wire that count what went well.
var wireTraffic = []string{"octets-in", "octets-out", "hdlc-frames", "gre-tx", "gre-tx-acks", "gre-tx-nudges", "gre-rx", "gre-rx-acks",
	"gre-rx-acks-alone", "mppe-rx", "mppe-tx"}

// faults lists the counters of drops that are not 0.
func faults(c agent.ConnectionStatus) string {
	var list []string
	if c.Counters != nil {
		for _, name := range slices.Sorted(maps.Keys(c.Counters.Dropped)) {
			list = append(list, fmt.Sprintf("%s %d", name, c.Counters.Dropped[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Wire)) {
		if c.Wire[name] != 0 && !slices.Contains(wireTraffic, name) {
			list = append(list, fmt.Sprintf("%s %d", name, c.Wire[name]))
		}
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// octets writes a number of octets for people: "1,048,576".
func octets[N ~int | ~int64 | ~uint64](n N) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
