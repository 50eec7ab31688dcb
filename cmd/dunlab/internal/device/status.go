package device

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Status is what "dun status --json" prints, as far as the laboratory reads
// it.
type Status struct {
	Connections []Connection `json:"connections"`
	Server      *struct {
		Calls []Connection `json:"calls"`
	} `json:"server"`
	Loops []Loop `json:"loops"`
}

// Loop is one packet loop, and what it has of the fast path.
type Loop struct {
	Waits    string `json:"waits"`
	Policy   string `json:"policy"`
	Batch    int    `json:"batch"`
	SendMMsg bool   `json:"sendmmsg"`
	Filtered bool   `json:"filtered"`
	Links    int    `json:"links"`
}

// Connection is one connection.
type Connection struct {
	Entry      string   `json:"entry"`
	Phase      string   `json:"phase"`
	Target     string   `json:"target"`
	Via        string   `json:"via"`
	User       string   `json:"user"`
	Interface  string   `json:"interface"`
	Local      string   `json:"local"`
	Remote     string   `json:"remote"`
	IPv6       string   `json:"ipv6"`
	DNS        []string `json:"dns"`
	MTU        int      `json:"mtu"`
	Auth       string   `json:"auth"`
	Encryption string   `json:"encryption"`
	Offload    []string `json:"offload"`
	Counters   struct {
		PacketsIn  uint64            `json:"packets-in"`
		PacketsOut uint64            `json:"packets-out"`
		BytesIn    uint64            `json:"bytes-in"`
		BytesOut   uint64            `json:"bytes-out"`
		Dropped    map[string]uint64 `json:"dropped"`
	} `json:"counters"`
	Wire map[string]uint64 `json:"wire"`
}

// Find gives an entry's connection.
func (s Status) Find(entry string) (Connection, error) {
	for _, c := range s.Connections {
		if c.Entry == entry {
			return c, nil
		}
	}
	return Connection{}, fmt.Errorf("dun status does not show %s", entry)
}

// Calls are the calls that the server has.
func (s Status) Calls() []Connection {
	if s.Server == nil {
		return nil
	}
	return s.Server.Calls
}

// Drops are the reasons and numbers of dropped packets: "late 3, window 1".
func (c Connection) Drops() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(c.Counters.Dropped)) {
		words = append(words, fmt.Sprintf("%s %d", name, c.Counters.Dropped[name]))
	}
	return strings.Join(words, ", ")
}
