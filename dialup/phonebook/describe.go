package phonebook

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Describe tells in one line what dialing an entry does: "office: dials isp
// first, then calls vpn.example.com; traffic for 10.0.0.0/8; MS-CHAPv2,
// MPPE-128 stateless required".
func Describe(e Entry) string {
	login := DescribeLogin(Login{Auth: e.Auth, Encryption: e.Encryption, MPPE: e.MPPE})
	parts := []string{e.way(), e.traffic(), login}
	if e.BlockWhenDown {
		parts = append(parts, "blocked while it is down")
	}
	if e.OnDemand {
		parts = append(parts, "dialed when something is to be sent there")
	}
	if e.Idle > 0 {
		parts = append(parts, "hangs up after "+short(e.Idle)+" without traffic")
	}
	if e.TimeLimit > 0 {
		parts = append(parts, "hangs up after "+short(e.TimeLimit))
	}
	return e.Name + ": " + strings.Join(parts, "; ")
}

func (e Entry) way() string {
	if e.Device == DeviceModem {
		return fmt.Sprintf("dials %s on modem %s", strings.Join(e.numbers(), ", then "), e.Modem)
	}
	var first []string
	for _, via := range e.Via {
		if via == Lan {
			via = "the machine's own network"
		}
		first = append(first, via)
	}
	if slices.Equal(e.Via, []string{Lan}) {
		return "calls " + e.Host
	}
	if e.Via[0] == Lan {
		return "calls " + e.Host + " over " + strings.Join(first, ", then over ")
	}
	return "dials " + strings.Join(first, " (or else ") + strings.Repeat(")", len(first)-1) + " first, then calls " + e.Host
}

// numbers are what is dialed, each with the number of the file where the
// dialing location made something else of it.
func (e Entry) numbers() []string {
	out := slices.Clone(e.Dial)
	for i := range out {
		if out[i] != e.Phone[i] {
			out[i] += " (" + e.Phone[i] + ")"
		}
	}
	return out
}

func (e Entry) traffic() string {
	switch {
	case e.DefaultRoute && e.Device == DeviceVPN && e.IPv6 == IPv6Off:
		return "all traffic (IPv6 is blocked)"
	case e.DefaultRoute:
		return "all traffic"
	case len(e.Routes) == 0:
		return "traffic for the other end only"
	}
	nets := make([]string, len(e.Routes))
	for i, p := range e.Routes {
		nets[i] = p.String()
	}
	if len(nets) > 4 {
		nets = append(nets[:3], fmt.Sprintf("%d more networks", len(nets)-3))
	}
	return "traffic for " + strings.Join(nets, ", ")
}

// Setting is one setting of an entry as it takes effect.
type Setting struct {
	Key   string `json:"key"`   // as in the file
	Value any    `json:"value"` // string, []string, int or bool
}

// TOML is the line that sets it.
func (s Setting) TOML() string {
	switch v := s.Value.(type) {
	case string:
		return s.Key + " = " + tomlString(v)
	case []string:
		return s.Key + " = " + tomlList(v)
	}
	return fmt.Sprintf("%s = %v", s.Key, s.Value)
}

// Settings lists what is in effect for an entry, defaults included; what is
// left to the other end or to PPP's own defaults is left out.
func (e Entry) Settings() []Setting {
	var list []Setting
	add := func(key string, value any) { list = append(list, Setting{key, value}) }
	optional := func(key string, value any, is bool) {
		if is {
			add(key, value)
		}
	}
	add("device", e.Device.String())
	if e.Device == DeviceModem {
		add("modem", e.Modem)
		add("phone", e.Phone)
		optional("dial-as", e.Rule.String(), e.Rule != DialAuto)
	} else {
		add("protocol", e.Protocol)
		add("host", e.Host)
		add("via", e.Via)
	}
	optional("user", e.User, e.User != "")
	add("auth", namesOf(e.Auth, auths, authNames))
	optional("hash-domain", true, e.HashDomain)
	add("encryption", nameOf(e.Encryption, policies, policyNames))
	optional("mppe", namesOf(e.MPPE, mppeModes, mppeNames), e.Encryption <= policies[2])
	optional("routes", texts(e.Routes), len(e.Routes) > 0)
	add("default-route", e.DefaultRoute)
	switch {
	case len(e.DNSServers) > 0:
		add("dns", texts(e.DNSServers))
	case e.DNSPeer:
		add("dns", "peer")
	default:
		add("dns", "ignore")
	}
	optional("address", e.Address.String(), e.Address.IsValid())
	optional("remote", e.Remote.String(), e.Remote.IsValid())
	add("ipv6", e.IPv6.String())
	optional("mtu", e.MTU, e.MTU > 0)
	optional("mru", e.MRU, e.MRU > 0)
	if e.Keepalive.Interval < 0 {
		add("keepalive", "off")
	}
	optional("keepalive", short(e.Keepalive.Interval), e.Keepalive.Interval > 0)
	optional("keepalive-failures", e.Keepalive.Failures, e.Keepalive.Failures > 0)
	optional("link-timeout", short(e.Timeouts.Link), e.Timeouts.Link > 0)
	optional("login-timeout", short(e.Timeouts.Login), e.Timeouts.Login > 0)
	optional("network-timeout", short(e.Timeouts.Network), e.Timeouts.Network > 0)
	optional("idle", short(e.Idle), e.Idle > 0)
	optional("time-limit", short(e.TimeLimit), e.TimeLimit > 0)
	optional("autodial", true, e.Autodial)
	optional("on-demand", true, e.OnDemand)
	optional("block-when-down", true, e.BlockWhenDown)
	optional("interface", e.Interface, e.Interface != "")
	return list
}

func namesOf[T comparable](values, all []T, names []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = nameOf(v, all, names)
	}
	return out
}

func texts[T fmt.Stringer](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return out
}

// short writes a duration without zero minutes and seconds: "1h", "1m30s".
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// tomlString writes a string as TOML: in single quotes where it has a
// backslash, as people should. Strings of a checked file have no control
// characters.
func tomlString(s string) string {
	if !strings.ContainsAny(s, `\"`) {
		return `"` + s + `"`
	}
	if !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func tomlList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = tomlString(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
