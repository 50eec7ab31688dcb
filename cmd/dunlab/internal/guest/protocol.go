package guest

import (
	"net/netip"
	"time"
)

// The agent speaks lines of JSON over TCP: one request and one reply a
// connection. A connection that closes early ends what it asked for.

// Verbs of the agent.
const (
	opRun      = "run"     // run a program to its end
	opStart    = "start"   // start a program under a name
	opWait     = "wait"    // wait for a started program
	opSignal   = "signal"  // signal a started program
	opKillAll  = "killall" // signal every process of some names
	opPut      = "put"     // write a file
	opAwait    = "await"   // wait until an interface has an address
	opClock    = "clock"   // the guest's time
	maxMessage = 16 << 20  // octets of a request or a reply
	maxOutput  = 4 << 20   // octets kept of a program's output
	dialLimit  = 30 * time.Second
)

type request struct {
	Op     string   `json:"op"`
	Name   string   `json:"name,omitempty"`
	Argv   []string `json:"argv,omitempty"`
	Env    []string `json:"env,omitempty"`
	Signal int      `json:"signal,omitempty"`
	Path   string   `json:"path,omitempty"`
	Data   []byte   `json:"data,omitempty"`
	Mode   uint32   `json:"mode,omitempty"`
}

type reply struct {
	Error   string         `json:"error,omitempty"`
	Exit    int            `json:"exit,omitempty"` // of a program, -1 when a signal ended it
	Started time.Time      `json:"started,omitzero"`
	Stdout  []byte         `json:"stdout,omitempty"`
	Stderr  []byte         `json:"stderr,omitempty"`
	Addrs   []netip.Prefix `json:"addrs,omitempty"`
	Clock   time.Time      `json:"clock,omitzero"`
}

// controlPrefix is the control network around addr.
func controlPrefix(addr netip.Addr) netip.Prefix { return netip.PrefixFrom(addr, 24) }
