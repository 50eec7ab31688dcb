package tun

import (
	"bytes"
	"os"
	"strconv"
)

// Drops is how many packets the system has thrown away before an interface,
// most often because too many waited there; 0 where nobody knows.
func Drops(ifname string) uint64 {
	text, err := os.ReadFile("/proc/self/net/dev")
	if err != nil || ifname == "" {
		return 0
	}
	return dropsIn(text, ifname)
}

// txDrop is the column behind the interface's name in /proc/net/dev: eight are
// of what was received, then octets, packets, errors.
const txDrop = 11

func dropsIn(text []byte, ifname string) uint64 {
	for line := range bytes.Lines(text) {
		name, rest, ok := bytes.Cut(line, []byte(":"))
		columns := bytes.Fields(rest)
		if ok && string(bytes.TrimSpace(name)) == ifname && len(columns) > txDrop {
			n, _ := strconv.ParseUint(string(columns[txDrop]), 10, 64)
			return n
		}
	}
	return 0
}
