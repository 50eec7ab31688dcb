package guest

import (
	"context"
	"net/netip"
	"strings"
)

// Forwarder is a guest that forwards between two networks and can lose,
// repeat and reorder what it forwards (see Disturb).
func Forwarder(a, b NIC) Spec {
	return Spec{
		Name:    "forwarder",
		Modules: controlModules,
		NICs:    []NIC{a, b},
		Sysctls: forwarding,
	}
}

// Device is a guest that dun itself runs in.
func Device(nic NIC, files map[string]string, routes ...Route) Spec {
	return Spec{Name: "device", Modules: []string{"tun"}, NICs: []NIC{nic}, Files: files, Routes: routes}
}

// Server is a guest that "dun serve" runs in, with a host behind it. dun is
// the binary, and files are in /etc.
func Server(nic NIC, dun string, files map[string]string, host netip.Prefix) Spec {
	dummy, traffic := behind(host)
	return Spec{
		Name: "server", Modules: []string{"tun", "dummy"}, NICs: []NIC{nic}, Files: files,
		Dummies:  []netip.Prefix{dummy},
		Services: []Service{traffic, {"dun", []string{dun, "serve"}, 1723}},
	}
}

// Disturb has a forwarder treat what leaves by each NIC in the way that
// netem says: "loss 3%", "duplicate 3%", "delay 10ms reorder 97% 50%".
func (g *Guest) Disturb(ctx context.Context, netem string, nics ...string) error {
	for _, nic := range nics {
		argv := append([]string{tcProgram, "qdisc", "replace", "dev", nic, "root", "netem"}, strings.Fields(netem)...)
		if _, err := g.Run(ctx, argv...); err != nil {
			return err
		}
	}
	return nil
}

// DropGRE has a guest drop GRE that comes in or goes out by a NIC and nothing
// else: the firewall that lets TCP port 1723 pass. Forwarders and PPTP
// servers can.
func (g *Guest) DropGRE(ctx context.Context, nic string) error {
	drop := " protocol ip u32 match ip protocol 47 0xff action drop"
	for _, line := range []string{
		"qdisc add dev " + nic + " clsact",
		"filter add dev " + nic + " ingress" + drop,
		"filter add dev " + nic + " egress" + drop,
	} {
		if _, err := g.Run(ctx, append([]string{tcProgram}, strings.Fields(line)...)...); err != nil {
			return err
		}
	}
	return nil
}

// PassGRE ends DropGRE.
func (g *Guest) PassGRE(ctx context.Context, nic string) error {
	_, err := g.Run(ctx, tcProgram, "qdisc", "del", "dev", nic, "clsact")
	return err
}
