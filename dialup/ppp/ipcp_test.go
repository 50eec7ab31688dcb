package ppp

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"dun/dialup/cause"
)

// TestIPCPVerdicts is the table of what becomes of the peer's options.
func TestIPCPVerdicts(t *testing.T) {
	for _, c := range []struct {
		name, options, answer string
		change                func(*Config) // nil: a caller
	}{
		{"an address", "03060a000001", "[IPCP ConfAck id=0x1 <addr 10.0.0.1>]", nil},
		{"no address", "", "[IPCP ConfAck id=0x1]", nil},
		{"asks us for one", "030600000000", "[IPCP ConfRej id=0x1 <addr 0.0.0.0>]", nil},
		{"loopback", "03067f000001", "[IPCP ConfRej id=0x1 <addr 127.0.0.1>]", nil},
		{"multicast", "0306e0000001", "[IPCP ConfRej id=0x1 <addr 224.0.0.1>]", nil},
		{"wrong length", "03050a0000", "[IPCP ConfRej id=0x1 < 03 05 0a 00 00>]", nil},
		{"VJ", "0206002d0f01 03060a000001", "[IPCP ConfRej id=0x1 <compress VJ 0f 01>]", nil},
		{"old addresses", "010a0a0000010a000002", "[IPCP ConfRej id=0x1 <addrs 10.0.0.1 10.0.0.2>]", nil},
		{"asks a caller for DNS", "810600000000 820600000000", "[IPCP ConfRej id=0x1 <ms-dns1 0.0.0.0> <ms-wins1 0.0.0.0>]", nil},
		{"a fixed peer", "03060a000001", "[IPCP ConfNak id=0x1 <addr 10.0.0.9>]", func(c *Config) { c.IPv4.Remote = ip("10.0.0.9") }},

		{"caller asks", "030600000000", "[IPCP ConfNak id=0x1 <addr 10.0.0.2>]", answering},
		{"caller asks for ours", "03060a000001", "[IPCP ConfNak id=0x1 <addr 10.0.0.2>]", answering},
		{"caller has it", "03060a000002", "[IPCP ConfAck id=0x1 <addr 10.0.0.2>]", answering},
		{"caller does not ask", "", "[IPCP ConfNak id=0x1 <addr 10.0.0.2>]", answering},
		{"DNS", "03060a000002 810600000000 830600000000", "[IPCP ConfNak id=0x1 <ms-dns1 10.0.0.53> <ms-dns2 10.0.0.54>]", answering},
		{"DNS right", "03060a000002 81060a000035 83060a000036", "[IPCP ConfAck id=0x1 *]", answering},
		{"one NBNS", "03060a000002 820600000000 840600000000", "[IPCP ConfRej id=0x1 <ms-wins2 0.0.0.0>]", answering},
		{"DNS of wrong length", "03060a000002 8103 00", "[IPCP ConfRej id=0x1 < 81 03 00>]", answering},
		{"any address will do", "0306c0a80101", "[IPCP ConfAck id=0x1 <addr 192.168.1.1>]", func(c *Config) { answering(c); c.IPv4.Remote = netip.Addr{} }},
		{"ours will not", "03060a000001", "[IPCP ConfRej id=0x1 <addr 10.0.0.1>]", func(c *Config) { answering(c); c.IPv4.Remote = netip.Addr{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := plainCaller()
			if c.change != nil {
				c.change(&cfg)
			}
			p := play(t, cfg)
			p.lcpUp(magicOne)
			p.want("[IPCP ConfReq *")
			p.packet(ProtoIPCP, codeConfReq, 1, c.options)
			p.want(c.answer)
		})
	}
}

func answering(c *Config) {
	*c = plainAnswerer()
	c.IPv4.DNS = []netip.Addr{ip("10.0.0.53"), ip("10.0.0.54")}
	c.IPv4.NBNS = []netip.Addr{ip("10.0.0.9")}
}

// TestNameServers: asked for, given, refused.
func TestNameServers(t *testing.T) {
	c := plainCaller()
	c.IPv4.AskDNS, c.IPv4.AskNBNS = true, true
	p := play(t, c)
	p.lcpUp(magicOne)
	p.want("[IPCP ConfReq id=0x1 <addr 0.0.0.0> <ms-dns1 0.0.0.0> <ms-dns2 0.0.0.0> <ms-wins1 0.0.0.0> <ms-wins2 0.0.0.0>]")
	p.packet(ProtoIPCP, codeConfRej, 1, "820600000000 840600000000")
	p.want("[IPCP ConfReq id=0x2 <addr 0.0.0.0> <ms-dns1 0.0.0.0> <ms-dns2 0.0.0.0>]")
	p.packet(ProtoIPCP, codeConfNak, 2, "03060a000002 81060a000035 83060a000035") // pppd gives its only server twice
	f := p.want("[IPCP ConfReq id=0x3 <addr 10.0.0.2> <ms-dns1 10.0.0.53> <ms-dns2 10.0.0.53>]")
	p.ack(f)
	p.packet(ProtoIPCP, codeConfReq, 1, "03060a000001")
	up, _ := event1[IPv4Up](p)
	if fmt.Sprint(up) != "{10.0.0.2 10.0.0.1 [10.0.0.53] []}" {
		t.Errorf("%v", up)
	}
}

// TestPeerUnknown: a peer without an address of its own is fine.
func TestPeerUnknown(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(magicOne)
	p.want("[IPCP *")
	p.packet(ProtoIPCP, codeConfNak, 1, "03060a000002")
	p.ack(p.want("[IPCP ConfReq *"))
	p.packet(ProtoIPCP, codeConfReq, 1, "030600000000")
	p.want("[IPCP ConfRej *")
	p.packet(ProtoIPCP, codeConfReq, 2, "")
	p.want("[IPCP ConfAck *")
	if up, n := event1[IPv4Up](p); n != 1 || up.Remote.IsValid() || !p.s.Carries(ProtoIPv4) {
		t.Errorf("%v", up)
	}
}

// TestCallerWithoutAddressOption: a caller that never asks is told twice and
// gets its address all the same.
func TestCallerWithoutAddressOption(t *testing.T) {
	p := play(t, plainAnswerer())
	p.lcpUp(magicOne)
	p.ack(p.want("[IPCP ConfReq id=0x1 <addr 10.0.0.1>]"))
	for i := range 2 {
		p.packet(ProtoIPCP, codeConfReq, uint8(i), "")
		p.want("[IPCP ConfNak * <addr 10.0.0.2>]")
	}
	p.packet(ProtoIPCP, codeConfReq, 3, "")
	p.want("[IPCP ConfAck *")
	if up, _ := event1[IPv4Up](p); up.Remote != ip("10.0.0.2") {
		t.Errorf("%v", up)
	}
}

// TestNoAddress: the peer gives none, one way or another.
func TestNoAddress(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(magicOne)
	p.want("[IPCP *")
	p.packet(ProtoIPCP, codeConfRej, 1, "030600000000")
	f := p.want("[IPCP ConfReq id=0x2]")
	p.packet(ProtoIPCP, codeConfReq, 1, "03060a000001")
	p.want("[IPCP ConfAck *")
	p.ack(f)
	p.ends(cause.NoNetworkProtocol)

	p = play(t, plainCaller())
	p.lcpUp(magicOne)
	p.packet(ProtoIPCP, codeConfReq, 1, "03060a000001")
	f = p.want("[IPCP ConfReq *")
	p.want("[IPCP ConfAck *")
	p.ack(f) // of 0.0.0.0
	p.ends(cause.NoNetworkProtocol)
	if _, n := event1[IPv4Up](p); n != 0 {
		t.Error("up")
	}
}

// TestAddressRefused: a fixed address that the peer does not accept.
func TestAddressRefused(t *testing.T) {
	c := plainCaller()
	c.IPv4.Local = ip("10.9.9.9")
	p := play(t, c)
	p.lcpUp(magicOne)
	for i := range 5 {
		p.want("[IPCP ConfReq * <addr 10.9.9.9>]")
		p.packet(ProtoIPCP, codeConfNak, uint8(1+i), "03060a000002")
	}
	p.sent = p.sent[len(p.sent)-1:]
	p.ends(cause.AddressRefused)
}

// TestNakForEver: a peer that proposes another address each time.
func TestNakForEver(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(magicOne)
	for i := range 100 {
		if p.s.ending {
			break
		}
		p.packet(ProtoIPCP, codeConfNak, p.s.ipcp.reqID, fmt.Sprintf("03060a0000%02x", i+1))
	}
	if len(p.sent) > 20 {
		t.Errorf("%d frames", len(p.sent))
	}
	p.sent = p.sent[len(p.sent)-1:]
	p.ends(cause.NoNetworkProtocol)
}

func TestLease(t *testing.T) {
	var asked []string
	c := plainAnswerer()
	c.Require = []Auth{AuthPAP}
	c.IPv4.Remote = netip.Addr{}
	c.IPv4.Lease = func(user string) (netip.Addr, bool) {
		asked = append(asked, user)
		return ip("10.0.0.77"), len(asked) < 3
	}
	p := play(t, c)
	p.lcpUp(magicOne)
	p.packet(ProtoPAP, papRequest, 1, papData("alice", "secret"))
	p.want("[PAP AuthAck *")
	p.want("[IPCP ConfReq *")
	p.packet(ProtoIPCP, codeConfReq, 1, "030600000000")
	p.want("[IPCP ConfNak * <addr 10.0.0.77>]")
	// The same caller after LCP began anew keeps its address.
	p.packet(ProtoLCP, codeConfReq, 2, "")
	p.ack(p.want("[LCP ConfReq *"))
	p.want("[LCP ConfAck *")
	p.packet(ProtoPAP, papRequest, 1, papData("alice", "secret"))
	p.want("[PAP AuthAck *")
	p.want("[IPCP ConfReq *")
	if len(asked) != 1 || asked[0] != "alice" {
		t.Errorf("asked for %q", asked)
	}

	c.IPv4.Lease = func(string) (netip.Addr, bool) { return netip.Addr{}, false }
	p = play(t, c)
	p.lcpUp(magicOne)
	p.packet(ProtoPAP, papRequest, 1, papData("alice", "secret"))
	p.want("[PAP AuthAck *")
	p.ends(cause.ServerFull)
}

// TestIPCPTimeout: LCP is fine but nobody answers to IPCP.
func TestIPCPTimeout(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(magicOne)
	p.wait(39 * time.Second)
	if !p.open() || p.s.ending {
		t.Fatal("closed early")
	}
	p.wait(20 * time.Second)
	p.closed(cause.IPCPTimeout)
}

// TestIPCPEnds: the peer ends IPCP alone, and may begin it again.
func TestIPCPEnds(t *testing.T) {
	p := play(t, plainCaller())
	p.ipUp()
	p.packet(ProtoIPCP, codeTermReq, 8, "")
	p.want("[IPCP TermAck id=0x8]")
	if p.s.Carries(ProtoIPv4) {
		t.Error("carries")
	}
	p.wait(5 * time.Second)
	p.packet(ProtoIPCP, codeConfReq, 9, "03060a000001")
	f := p.want("[IPCP ConfReq *")
	p.want("[IPCP ConfAck *")
	p.packet(ProtoIPCP, codeConfNak, f[3], "03060a000003")
	p.ack(p.want("[IPCP ConfReq * <addr 10.0.0.3>]"))
	if up, n := event1[IPv4Up](p); n != 2 || up.Local != ip("10.0.0.3") || !p.s.Carries(ProtoIPv4) {
		t.Errorf("%v", up)
	}
	p.packet(ProtoIPCP, codeTermReq, 10, "")
	p.want("[IPCP TermAck *")
	p.wait(39 * time.Second)
	p.sent = nil
	p.wait(time.Second)
	p.ends(cause.IPCPTimeout)
}

// TestIPCPRenegotiated tells the new values.
func TestIPCPRenegotiated(t *testing.T) {
	p := play(t, plainCaller())
	p.ipUp()
	p.packet(ProtoIPCP, codeConfReq, 2, "03060a000005")
	f := p.want("[IPCP ConfReq * <addr 0.0.0.0>]")
	p.want("[IPCP ConfAck id=0x2 <addr 10.0.0.5>]")
	p.packet(ProtoIPCP, codeConfNak, f[3], "03060a000002")
	p.ack(p.want("[IPCP ConfReq * <addr 10.0.0.2>]"))
	if up, n := event1[IPv4Up](p); n != 2 || up.Remote != ip("10.0.0.5") {
		t.Errorf("%v", up)
	}
	if _, n := event1[IPv4Down](p); n != 1 {
		t.Errorf("%d times down", n)
	}
}

func v6Config() Config {
	c := plainCaller()
	c.IPv6.Enable, c.IPv4.Disable = true, true
	c.IPv6.ID = [8]byte{7: 5}
	return c
}

func TestIPv6CP(t *testing.T) {
	for _, c := range []struct{ name, options, answer string }{
		{"another", "010a 0000000000000001", "[IPV6CP ConfAck id=0x1 <addr fe80::1>]"},
		{"zero", "010a 0000000000000000", "[IPV6CP ConfNak id=0x1 <addr fe80::*>]"},
		{"ours", "010a 0000000000000005", "[IPV6CP ConfNak id=0x1 <addr fe80::*>]"},
		{"none", "", "[IPV6CP ConfNak id=0x1 <addr fe80::*>]"},
		{"compression", "0204004f", "[IPV6CP ConfRej id=0x1 < 02 04 00 4f>]"},
		{"wrong length", "0109 00000000000001", "[IPV6CP ConfRej id=0x1 < 01 09 00 00 00 00 00 00 01>]"},
	} {
		p := play(t, v6Config())
		p.lcpUp(magicOne)
		p.want("[IPV6CP ConfReq id=0x1 <addr fe80::5>]")
		p.packet(ProtoIPV6CP, codeConfReq, 1, c.options)
		f := p.want(c.answer)
		if f[2] == codeConfNak {
			id := hex.EncodeToString(f[8:])
			if id == "0000000000000005" || id == "0000000000000000" || f[8]&2 != 0 {
				t.Errorf("%s: proposes %s", c.name, id)
			}
		}
	}
	p := play(t, v6Config())
	p.lcpUp(magicOne)
	p.want("[IPV6CP *")
	p.packet(ProtoIPV6CP, codeConfNak, 1, "010a 0000000000000007")
	p.ack(p.want("[IPV6CP ConfReq id=0x2 <addr fe80::7>]"))
	p.packet(ProtoIPV6CP, codeConfReq, 1, "010a 0000000000000001")
	p.want("[IPV6CP ConfAck *")
	if up, n := event1[IPv6Up](p); n != 1 || up.Local != [8]byte{7: 7} || up.Remote != [8]byte{7: 1} || !p.s.Carries(ProtoIPv6) {
		t.Errorf("%v", up)
	}
	// A Nak that proposes the peer's own identifier gets another.
	p.packet(ProtoIPV6CP, codeConfReq, 2, "010a 0000000000000002")
	f := p.want("[IPV6CP ConfReq * <addr fe80::7>]")
	p.want("[IPV6CP ConfAck id=0x2 *")
	p.packet(ProtoIPV6CP, codeConfNak, f[3], "010a 0000000000000002")
	f = p.want("[IPV6CP ConfReq * <addr fe80::*>]")
	if id := [8]byte(f[8:]); id == [8]byte{7: 2} || id == [8]byte{} {
		t.Errorf("asks for %x", id)
	}
	p.ack(f)
	p.packet(ProtoIPV6CP, codeTermReq, 1, "")
	if _, n := event1[IPv6Down](p); n != 2 || p.s.Carries(ProtoIPv6) {
		t.Error("not down")
	}
}

// TestIPv6Collision: two ends with the same identifier part ways.
func TestIPv6Collision(t *testing.T) {
	a, b := callerConfig(1), answererConfig(1)
	for _, c := range []*Config{&a, &b} {
		c.IPv4.Disable, c.IPv6.Enable, c.IPv6.ID = true, true, [8]byte{7: 9}
	}
	b.IPv4 = IPv4Config{Disable: true}
	r := newRig(t, a, b)
	r.open()
	if !r.until(time.Minute, func() bool { return r.a.Carries(ProtoIPv6) && r.b.Carries(ProtoIPv6) }) {
		r.dump()
		t.Fatal("not up")
	}
	ua, _ := last[IPv6Up](r.a)
	ub, _ := last[IPv6Up](r.b)
	if ua.Local != ub.Remote || ub.Local != ua.Remote || ua.Local == ua.Remote {
		t.Errorf("%v %v", ua, ub)
	}
}

// TestOneOfTwo: IPv6 that fails does not take IPv4 with it.
func TestOneOfTwo(t *testing.T) {
	c := plainCaller()
	c.IPv6.Enable = true
	p := play(t, c)
	p.lcpUp(magicOne)
	p.sent = append(p.sent[:0], p.sent[0]) // IPV6CP's request is not looked at
	p.packet(ProtoLCP, codeProtRej, 1, "8057 01010004")
	p.openIPCP()
	for range 40 {
		p.wait(10 * time.Second)
		p.s.Heard(p.now)
	}
	if !p.open() || !p.s.Carries(ProtoIPv4) || p.s.Carries(ProtoIPv6) {
		t.Error("IPv4 is gone")
	}
	// And the other way round.
	p = play(t, c)
	p.lcpUp(magicOne)
	p.packet(ProtoLCP, codeProtRej, 1, "8021 01010004")
	if p.s.ending {
		t.Error("closed although IPV6CP is under way")
	}
	p.packet(ProtoLCP, codeProtRej, 1, "8057 01010004")
	p.sent = p.sent[len(p.sent)-1:]
	p.ends(cause.NoNetworkProtocol)
}

// TestFixedAddressRejected: neither given nor taken.
func TestFixedAddressRejected(t *testing.T) {
	c := plainCaller()
	c.IPv4.Local = ip("10.9.9.9")
	p := play(t, c)
	p.lcpUp(magicOne)
	p.want("[IPCP *")
	p.packet(ProtoIPCP, codeConfNak, 1, "03060a000002")
	p.want("[IPCP ConfReq id=0x2 <addr 10.9.9.9>]")
	p.packet(ProtoIPCP, codeConfRej, 2, "03060a090909")
	p.ends(cause.AddressRefused)

	// A peer that does not care for the option at all is another matter.
	p = play(t, c)
	p.lcpUp(magicOne)
	p.want("[IPCP *")
	p.packet(ProtoIPCP, codeConfRej, 1, "03060a090909")
	p.ack(p.want("[IPCP ConfReq id=0x2]"))
	p.packet(ProtoIPCP, codeConfReq, 1, "03060a000001")
	p.want("[IPCP ConfAck *")
	if up, _ := event1[IPv4Up](p); up.Local != ip("10.9.9.9") {
		t.Errorf("%v", up)
	}
}

// TestIPv6Rejected: a peer that does not negotiate identifiers is told once.
func TestIPv6Rejected(t *testing.T) {
	p := play(t, v6Config())
	p.lcpUp(magicOne)
	p.want("[IPV6CP *")
	p.packet(ProtoIPV6CP, codeConfRej, 1, "010a 0000000000000005")
	p.ack(p.want("[IPV6CP ConfReq id=0x2]"))
	p.packet(ProtoIPV6CP, codeConfReq, 1, "")
	p.want("[IPV6CP ConfNak *")
	p.packet(ProtoIPV6CP, codeConfReq, 2, "")
	p.want("[IPV6CP ConfAck *")
	if up, n := event1[IPv6Up](p); n != 1 || up.Local != [8]byte{7: 5} || up.Remote != [8]byte{} {
		t.Errorf("%v", up)
	}
}
