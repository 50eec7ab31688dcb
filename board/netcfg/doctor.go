package netcfg

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// Level says how bad a finding is.
type Level uint8

const (
	OK   Level = iota
	Warn       // may be a reason when something does not work
	Fail       // will not work
)

func (l Level) String() string { return [...]string{"ok", "warn", "fail"}[min(l, Fail)] }

// Finding is one thing that was looked at.
type Finding struct {
	Name   string // for programs: "capabilities"
	Level  Level
	Text   string // what was found
	Remedy string // what to do about it; empty with OK
}

// Doctor looks at all that this package knows of: capabilities, IPv6,
// connection tracking, firewall, reverse path filter, resolver and what dead
// processes left in the state directory dir. The TUN device is TUNFinding's.
func Doctor(dir string, o Options) []Finding {
	firewall := FirewallFinding()
	return []Finding{
		CapabilitiesFinding(),
		firewall,
		ConntrackFinding(firewall.Level != OK),
		ReversePathFinding(),
		IPv6Finding(),
		ResolverFinding(o.ResolvConf),
		LeftoversFinding(dir),
	}
}

// TUNFinding words the result of tun.Probe.
func TUNFinding(probe error) Finding {
	if probe == nil {
		return Finding{Name: "tun", Text: "/dev/net/tun can be opened."}
	}
	f := Finding{Name: "tun", Level: Fail, Text: probe.Error(), Remedy: cause.Of(probe).Info().Remedy}
	return f
}

// CapabilitiesFinding looks for CAP_NET_ADMIN (interfaces, routes) and
// CAP_NET_RAW (GRE), see capabilities(7).
func CapabilitiesFinding() Finding {
	f := Finding{Name: "capabilities"}
	b, err := os.ReadFile("/proc/self/status")
	var caps uint64
	if err == nil {
		caps, err = effective(string(b))
	}
	if err != nil {
		f.Level, f.Text = Warn, "The capabilities cannot be read: "+err.Error()
		return f
	}
	var missing []string
	for _, c := range []struct {
		bit  int
		name string
	}{{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {unix.CAP_NET_RAW, "CAP_NET_RAW"}} {
		if caps&(1<<c.bit) == 0 {
			missing = append(missing, c.name)
		}
	}
	if len(missing) > 0 {
		f.Level = Fail
		f.Text = "This process lacks " + strings.Join(missing, " and ") + "."
		f.Remedy = cause.NoPermission.Info().Remedy
		return f
	}
	f.Text = "CAP_NET_ADMIN and CAP_NET_RAW are there."
	return f
}

// effective finds the set of effective capabilities in /proc/PID/status.
func effective(status string) (uint64, error) {
	for line := range strings.Lines(status) {
		if v, ok := strings.CutPrefix(line, "CapEff:"); ok {
			return strconv.ParseUint(strings.TrimSpace(v), 16, 64)
		}
	}
	return 0, errors.New("no line CapEff")
}

// ConntrackFinding looks whether connection tracking knows PPTP. Without its
// helper a firewall that lets in only what belongs to a connection drops the
// GRE packets of the answer. It matters only beside a firewall.
func ConntrackFinding(firewall bool) Finding {
	f := Finding{Name: "conntrack"}
	if _, err := os.Stat(procSys + "net/netfilter/nf_conntrack_max"); err != nil {
		f.Text = "Connection tracking is not in use."
		return f
	}
	if moduleLoaded("nf_conntrack_pptp") {
		f.Text = "Connection tracking has its PPTP helper."
		return f
	}
	f.Text = "Connection tracking is there, its PPTP helper is not seen."
	if firewall {
		f.Level = Warn
		f.Text += " A firewall that lets in only what belongs to a connection drops GRE."
		f.Remedy = "Accept IP protocol 47 from the server, or 'modprobe nf_conntrack_pptp' and give TCP port 1723 the helper pptp."
	}
	return f
}

// moduleLoaded finds a module; one built into the kernel is seen only if it
// has parameters.
func moduleLoaded(name string) bool {
	_, err := os.Stat("/sys/module/" + name)
	if err == nil {
		return true
	}
	b, err := os.ReadFile("/proc/modules")
	return err == nil && slices.ContainsFunc(strings.Split(string(b), "\n"), func(l string) bool { return strings.HasPrefix(l, name+" ") })
}

// FirewallFinding looks for rules on this machine that may drop GRE (IP
// protocol 47): nftables chains that hook input or output, and the filter
// table of the old iptables.
func FirewallFinding() Finding {
	f := Finding{Name: "firewall"}
	var found []string
	chains, err := baseChains()
	for _, c := range chains {
		found = append(found, c.String())
		if c.drops {
			f.Level = Warn
		}
	}
	old, oldErr := os.ReadFile("/proc/net/ip_tables_names")
	for _, table := range strings.Fields(string(old)) {
		if table == "filter" || table == "raw" || table == "mangle" {
			found = append(found, "iptables table "+table)
		}
	}
	switch {
	case len(found) > 0:
		if f.Level == OK && len(old) > 0 {
			f.Level = Warn // its rules cannot be seen from here
		}
		f.Text = "There are firewall rules: " + strings.Join(found, "; ") + "."
		if f.Level == Warn {
			f.Remedy = "If TCP 1723 works and GRE does not come back: accept IP protocol 47 (GRE) from and to the server."
		}
	case err != nil && !unsupported(err) || oldErr != nil && !errors.Is(oldErr, fs.ErrNotExist):
		f.Text = "Whether there is a firewall on this machine cannot be seen: " + errors.Join(err, oldErr).Error()
	default:
		f.Text = "There are no firewall rules on this machine."
	}
	return f
}

// ReversePathFinding looks for interfaces with a strict reverse path filter
// (RFC 3704 §2.2), which drop what comes in by another way than answers leave.
func ReversePathFinding() Finding {
	f := Finding{Name: "rp-filter"}
	all, err := readSysctl("net/ipv4/conf/all/rp_filter")
	if err != nil {
		f.Text = "There is no reverse path filter."
		return f
	}
	ifaces, err := Interfaces()
	if err != nil {
		f.Level, f.Text = Warn, err.Error()
		return f
	}
	var strict []string
	uplinks := 0
	for _, i := range ifaces {
		if i.Loopback || !i.Up {
			continue
		}
		if len(i.Addrs) > 0 && !i.PointToPoint {
			uplinks++
		}
		one, _ := readSysctl("net/ipv4/conf/" + i.Name + "/rp_filter") // "" is none
		if max(all, one) == "1" {                                      // the greater counts (ip-sysctl)
			strict = append(strict, i.Name)
		}
	}
	if len(strict) == 0 {
		f.Text = "No interface has a strict reverse path filter."
		return f
	}
	f.Text = "Strict reverse path filter on " + strings.Join(strict, ", ") + "."
	if uplinks > 1 {
		f.Level = Warn
		f.Text += " With several uplinks it drops what comes in by another one than answers leave by."
		f.Remedy = "'sysctl net.ipv4.conf.all.rp_filter=2' makes it loose."
	}
	return f
}

// IPv6Finding says whether the kernel has IPv6, which a tunnel's default route
// then has to block or carry.
func IPv6Finding() Finding {
	f := Finding{Name: "ipv6", Text: "The kernel has IPv6; a tunnel that takes the default route blocks it unless the entry says otherwise."}
	if v, err := readSysctl("net/ipv6/conf/all/disable_ipv6"); err != nil || v == "1" {
		f.Text = "The kernel has no IPv6, or it is switched off."
	}
	return f
}

// ResolverFinding says who keeps the name servers; path as Options.ResolvConf.
func ResolverFinding(path string) Finding {
	f := Finding{Name: "resolver"}
	r := newResolver(path)
	switch r.backend() {
	case backendResolved:
		f.Text = "systemd-resolved keeps the name servers; dun tells it by resolvectl."
	case backendResolvconf:
		f.Text = "resolvconf keeps the name servers; dun tells it."
	default:
		f.Text = fmt.Sprintf("dun writes name servers into %s.", r.file.path)
		where, err := r.file.locate()
		if err == nil {
			err = where.writable()
		}
		if err != nil {
			f.Level, f.Text = Warn, "Name servers cannot be set: "+err.Error()
			f.Remedy = "Make it writable (a symbolic link to a file on a writable storage will do), or say dns = \"ignore\" in the entries."
		}
	}
	return f
}

// LeftoversFinding looks for what dead processes left in state directory dir.
func LeftoversFinding(dir string) Finding {
	f := Finding{Name: "leftovers", Text: "No process that died left routes or name servers behind."}
	living, dead, err := owners(dir, "")
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		f.Level, f.Text = Warn, err.Error()
	case len(dead) > 0:
		f.Level = Warn
		f.Text = fmt.Sprintf("%d process(es) died without taking back routes or name servers.", len(dead))
		f.Remedy = "The next 'dun dial', 'dun serve' or 'dun agent' in the same network takes them back."
	case len(living) > 0:
		f.Text = fmt.Sprintf("%d process(es) of dun at work, nothing left behind by dead ones.", len(living))
	}
	return f
}

// ServerFinding says by which way a server would be reached now.
func ServerFinding(server netip.Addr) Finding {
	f := Finding{Name: "route"}
	r, err := RouteTo(server)
	switch {
	case err != nil:
		f.Level, f.Text, f.Remedy = Fail, err.Error(), cause.Of(err).Info().Remedy
	case r.Local:
		f.Level, f.Text, f.Remedy = Warn, fmt.Sprintf("%v is this machine's own address.", server), "Check 'host' in the entry."
	default:
		f.Text = fmt.Sprintf("%v is reached by %s from %v, MTU %d.", server, r.Dev, r.Src, r.MTU)
		if r.Gateway.IsValid() {
			f.Text = fmt.Sprintf("%v is reached by %s from %v through %v, MTU %d.", server, r.Dev, r.Src, r.Gateway, r.MTU)
		}
	}
	return f
}
