package netcfg

import "net/netip"

// uplinkResolvConf is where systemd-resolved tells whom it asks itself.
const uplinkResolvConf = "/run/systemd/resolve/resolv.conf"

// NameServers gives those that the machine has without dun, as far as they are
// known: whom a program of the machine's own asks (dnsmasq) is not.
func (m *Manager) NameServers() (servers []netip.Addr) {
	text, err := m.resolve.file.read()
	if err != nil {
		return nil
	}
	if usesStub(text) {
		if text, err = (resolvFile{uplinkResolvConf}).read(); err != nil {
			return nil
		}
	}
	if f := parseOurs(text); f.ours {
		text = f.base.text
	}
	for _, s := range parseResolv(text).servers {
		if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast() {
			servers = append(servers, a)
		}
	}
	return servers
}
