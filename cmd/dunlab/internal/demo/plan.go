package demo

import (
	"fmt"
	"net/netip"
)

// The telephone line.
const (
	ispNumber = "5550100"
	// linePace is in bit/s, 10 of them for an octet. It is faster than any
	// modem, so that a megabyte takes seconds.
	linePace = 921_600
)

// The networks, of the ranges that RFC 5737 and RFC 1918 give to documents
// and to everybody.
var (
	ispOutside    = netip.MustParsePrefix("203.0.113.1/24")
	officeOutside = netip.MustParsePrefix("203.0.113.10/24")
	officeLAN     = netip.MustParsePrefix("10.0.0.1/24")
	behind        = netip.MustParsePrefix("10.0.0.20/24")
	officeCallers = "10.0.0.100-10.0.0.109"
	officeDNS     = netip.MustParseAddr("10.0.0.53")
	officeNets    = netip.MustParsePrefix("10.0.0.0/8")

	ispLocal   = netip.MustParseAddr("198.51.100.1")
	ispCaller  = netip.MustParseAddr("198.51.100.7")
	ispCallers = netip.MustParsePrefix("198.51.100.0/24")
)

// The accounts.
const (
	officeName     = "vpn.office.example"
	ispUser        = "field7"
	ispPassword    = "dial tone"
	officeUser     = "alice"
	officePassword = "correct horse"
	trafficPort    = 7000
)

// deviceFiles are the device's /etc/dun; port is its modem's. The secrets are
// apart, since they get another mode.
func deviceFiles(port string) (files map[string]string, secrets string) {
	return map[string]string{
			"dun/phonebook.toml": fmt.Sprintf(`[entry.isp]
device = "modem"
modem  = "line1"
phone  = ["%s"]
user   = "%s"
auth   = ["chap"]

[entry.office]
device     = "vpn"
protocol   = "pptp"
host       = "%s"
via        = ["isp"]
user       = '%s'
auth       = ["ms-chap-v2"]
encryption = "require"
mppe       = ["128-stateless"]
routes     = ["%s"]
`, ispNumber, ispUser, officeName, officeUser, officeNets),
			"dun/device.toml": fmt.Sprintf(`[modem.line1]
port  = "%s"
speed = 115200
`, port),
		}, fmt.Sprintf(`[entry.isp]
password = "%s"

[entry.office]
password = "%s"
`, ispPassword, officePassword)
}

// officeFiles are the office server's /etc/dun. The callers' addresses lie in
// its LAN, so that the hosts there need no route to them.
func officeFiles() (files map[string]string, secrets string) {
	return map[string]string{
			"dun/server.toml": fmt.Sprintf(`[pptp]
listen     = ["%s"]
local      = "%s"
pool       = ["%s"]
auth       = ["ms-chap-v2"]
encryption = "require"
mppe       = ["128-stateless"]
dns        = ["%s"]
forward    = true
`, officeOutside.Addr(), officeLAN.Addr(), officeCallers, officeDNS),
		}, fmt.Sprintf(`[user.%s]
password = "%s"
`, officeUser, officePassword)
}
