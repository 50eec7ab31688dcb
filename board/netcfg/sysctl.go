package netcfg

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"dun/dialup/cause"
)

// Sysctl names are paths below /proc/sys, "net/ipv4/conf/eth0/forwarding":
// with slashes, since an interface's name may hold dots.
const procSys = "/proc/sys/"

// errNoSysctl says that the kernel has no such setting: IPv6 is not there, or
// the interface is gone.
var errNoSysctl = errors.New("no such sysctl")

func forwardingOf(dev string) string { return "net/ipv4/conf/" + dev + "/forwarding" }

// proxyDelayOf is in hundredths of a second; user namespaces do not show it.
func proxyDelayOf(dev string) string { return "net/ipv4/neigh/" + dev + "/proxy_delay" }

// dynaddr lets a TCP connection that is being opened change its own address
// (Documentation/networking/ip_dynaddr.rst).
const dynaddr = "net/ipv4/ip_dynaddr"

// validSysctl keeps a journal that was tampered with to what dun sets.
func validSysctl(name string) bool {
	if name == dynaddr {
		return true
	}
	dev, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(name, "net/ipv4/conf/"), "net/ipv4/neigh/"), "/")
	return ok && validInterface(dev) && path.Clean(name) == name &&
		(rest == "forwarding" && name == forwardingOf(dev) || rest == "proxy_delay" && name == proxyDelayOf(dev))
}

// validValue takes what these settings hold: 0 or 1 for forwarding, a small
// number for a delay.
func validValue(name, v string) bool {
	if strings.HasSuffix(name, "/forwarding") {
		return v == "0" || v == "1"
	}
	n, err := strconv.ParseUint(v, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == v
}

func readSysctl(name string) (string, error) {
	b, err := os.ReadFile(procSys + name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errNoSysctl
	}
	if err != nil {
		return "", cause.Wrap(classify(err), err, "sysctl %s", name)
	}
	return strings.TrimSpace(string(b)), nil
}

// writeSysctl sets a value, unless it is set: the file may be read-only then.
func writeSysctl(name, value string) error {
	have, err := readSysctl(name)
	if err != nil || have == value {
		return err
	}
	if err := os.WriteFile(procSys+name, []byte(value), 0); err != nil {
		return cause.Wrap(classify(err), err, "sysctl %s = %s", name, value)
	}
	return nil
}

// restoreSysctl puts old back if the value is still ours.
func restoreSysctl(name, old, ours string) error {
	have, err := readSysctl(name)
	if err == errNoSysctl || err == nil && have != ours {
		return nil
	}
	if err != nil {
		return err
	}
	return writeSysctl(name, old)
}
