package guest

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
)

// Spec says what a guest is. The laboratory writes it to a file that the
// guest's first process reads.
type Spec struct {
	Name     string            `json:"name"`
	Memory   int               `json:"memory"`  // MiB, 0 = 192
	Modules  []string          `json:"modules"` // kernel modules; what they need comes along
	NICs     []NIC             `json:"nics"`
	Dummies  []netip.Prefix    `json:"dummies"` // addresses of hosts behind the guest
	Routes   []Route           `json:"routes"`
	Sysctls  map[string]string `json:"sysctls"`  // below /proc/sys
	Files    map[string]string `json:"files"`    // below /etc; those in ppp/ are for root only
	Services []Service         `json:"services"` // started before the guest is ready

	// Control is the address of the agent; Boot sets it.
	Control netip.AddrPort `json:"control"`
}

// NIC is an Ethernet interface.
type NIC struct {
	Name   string       `json:"name"`
	Bridge string       `json:"bridge"` // in the hub
	Addr   netip.Prefix `json:"addr"`   // invalid = none
}

// Route goes by way of a gateway.
type Route struct {
	To  netip.Prefix `json:"to"`
	Via netip.Addr   `json:"via"`
}

// Service is a program that runs as long as the guest, or until it is
// killed.
type Service struct {
	Name string   `json:"name"`
	Argv []string `json:"argv"`
	Port uint16   `json:"port"` // TCP port that it listens on once it is ready
}

// Self stands for dunlab's own path in the Argv of a Service.
const Self = "{dunlab}"

func (s Spec) memory() int {
	if s.Memory == 0 {
		return 192
	}
	return s.Memory
}

// save and load carry a Spec to the guest.
func (s Spec) save(path string) error {
	b, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func load(path string) (Spec, error) {
	var s Spec
	b, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}
