package phonebook

import (
	"net/netip"
	"time"

	"dun/dialup/ppp"
)

// Lan in an entry's Via is the machine's own network.
const Lan = "lan"

// Device is what an entry is dialed on.
type Device uint8

const (
	DeviceModem Device = iota
	DeviceVPN
)

var deviceNames = []string{"modem", "vpn"}

func (d Device) String() string { return deviceNames[d] }

// IPv6Mode says what an entry does about IPv6.
type IPv6Mode uint8

const (
	IPv6Off   IPv6Mode = iota // none; an entry that takes the default route blocks what would go around it
	IPv6On                    // negotiate IPV6CP
	IPv6Leave                 // none, and leave the machine's IPv6 alone
)

var ipv6Names = []string{"off", "on", "leave"}

func (m IPv6Mode) String() string { return ipv6Names[m] }

// Entry is a connection that can be dialed, defaults filled in.
type Entry struct {
	Name   string
	Device Device

	Modem string   // modems: which of device.toml
	Phone []string // modems: numbers as in the file, tried in turn
	Rule  DialRule // modems: what the dialing location does to them
	Dial  []string // modems: the numbers as they are dialed, see Location

	Protocol string   // tunnels: "pptp"
	Host     string   // tunnels: name or IPv4 address of the server
	Via      []string // tunnels: entries to run over, tried in turn; Lan = the machine's own network

	User       string
	Auth       []ppp.Auth // what the peer may ask for, strongest first
	HashDomain bool       // the MS-CHAPv2 hash has the user's domain in it
	Encryption ppp.Policy
	MPPE       []ppp.MPPEMode // acceptable, best first

	Routes       []netip.Prefix
	DefaultRoute bool
	DNSPeer      bool         // use the name servers that the peer tells
	DNSServers   []netip.Addr // use these
	Address      netip.Addr   // the address that we want, invalid = the peer gives it
	Remote       netip.Addr   // the address that the peer has to have, invalid = any
	IPv6         IPv6Mode
	MTU          int // of the interface, at most; 0 = computed
	MRU          int // what we ask to receive, 0 = what the carrier takes

	Keepalive     Keepalive
	Timeouts      Timeouts
	Idle          time.Duration // hang up after that long without traffic, 0 = never
	TimeLimit     time.Duration // hang up that long after the connection came up, 0 = never
	Autodial      bool          // dialed from the agent's start on
	OnDemand      bool          // dialed by the agent when a packet wants out
	BlockWhenDown bool
	Interface     string // name or pattern ("ppp%d") of the network interface, "" = our own choice

	// Secret is not read from the phonebook: whoever dials fills it in.
	Secret ppp.Secret
}

// Keepalive is how the peer is watched; zero values are PPP's defaults.
type Keepalive struct {
	Interval time.Duration // ask after that much silence; negative = never
	Failures int           // unanswered questions that end the connection
}

// Timeouts are the deadlines of the phases; zero values are PPP's defaults.
type Timeouts struct {
	Link, Login, Network time.Duration
}

// String tells the entry in one line, without its secret.
func (e Entry) String() string { return Describe(e) }

// GoString is String: an entry with its secret is never printed.
func (e Entry) GoString() string { return e.String() }
