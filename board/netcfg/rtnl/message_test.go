package rtnl

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMessage holds the form to struct nlmsghdr and struct nlattr of
// linux/netlink.h, written out in octets.
func TestMessage(t *testing.T) {
	b := body{1, 2, 3, 4}.attr(0x0102, 5, 6, 7, 8, 9)
	m := message(header{0x1011, 0x0305, 0x01020304, 0x05060708}, b)
	want := []byte{32, 0, 0, 0, 0x11, 0x10, 0x05, 0x03, 4, 3, 2, 1, 8, 7, 6, 5, 1, 2, 3, 4, 9, 0, 2, 1, 5, 6, 7, 8, 9, 0, 0, 0}
	if native.Uint16([]byte{0, 1}) == 1 { // this machine is big-endian
		want = []byte{0, 0, 0, 32, 0x10, 0x11, 0x03, 0x05, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 0, 9, 1, 2, 5, 6, 7, 8, 9, 0, 0, 0}
	}
	if !bytes.Equal(m, want) {
		t.Errorf("% x\nwant % x", m, want)
	}
	h, payload, rest, err := cut(append(m, "rest"...))
	if err != nil || h != (header{0x1011, 0x0305, 0x01020304, 0x05060708}) || !bytes.Equal(payload, b) || string(rest) != "rest" {
		t.Errorf("%+v, % x, %q, %v", h, payload, rest, err)
	}
}

func TestAttributes(t *testing.T) {
	b := body(nil).attr(1).attr(2, 'a', 'b', 'c').attr(3|unix.NLA_F_NESTED, body(nil).attr(4, 'd')...)
	walk := func(b []byte) (s string) {
		for typ, v := range Attributes(b) {
			s += string(rune('0'+typ)) + string(v)
		}
		return s
	}
	if got, want := walk(b), "12abc3"+string(body(nil).attr(4, 'd')); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// Cut off anywhere, what is whole is given; the last one's padding may lack.
	for n := range len(b) {
		want := ""
		for _, whole := range []struct {
			end  int
			text string
		}{{4, "1"}, {11, "2abc"}} {
			if n >= whole.end {
				want += whole.text
			}
		}
		if got := walk(b[:n]); got != want {
			t.Errorf("%d octets: %q, want %q", n, got, want)
		}
	}
	lying := bytes.Clone(b)
	binary.NativeEndian.PutUint16(lying, 3)
	if got := walk(lying); got != "" {
		t.Errorf("an attribute shorter than its header: %q", got)
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[uint32]int{0: 0, 7: 7, 1<<31 - 1: 1<<31 - 1, 1 << 31: 1<<31 - 1, 1<<32 - 1: 1<<31 - 1} {
		if got := number(native.AppendUint32(nil, n)); got != want {
			t.Errorf("%d is read as %d", n, got)
		}
	}
	if got := number([]byte{1, 2, 3}); got != 0 {
		t.Errorf("three octets are %d", got)
	}
}

// TestParse reads what kernels send that this one's tests cannot make.
func TestParse(t *testing.T) {
	rtmsg := func(family, bits byte, flags uint32) body {
		return native.AppendUint32(body{family, bits, 0, 0, unix.RT_TABLE_MAIN, 4, 0, 1}, flags)
	}
	gw := netip.MustParseAddr("192.0.2.1")
	if r, _, ok := parseRoute(rtmsg(unix.AF_INET, 0, 0).addr(unix.RTA_GATEWAY, gw)); !ok || r.Dst != netip.MustParsePrefix("0.0.0.0/0") || r.Gateway != gw {
		t.Errorf("default route: %+v, %v", r, ok)
	}
	if r, _, ok := parseRoute(rtmsg(unix.AF_INET6, 0, unix.RTNH_F_LINKDOWN)); !ok || r.Dst != netip.MustParsePrefix("::/0") || !r.Dead {
		t.Errorf("IPv6 default route without carrier: %+v, %v", r, ok)
	}
	if _, cloned, ok := parseRoute(rtmsg(unix.AF_INET, 0, unix.RTM_F_CLONED)); !ok || !cloned {
		t.Error("a cloned route is not told")
	}
	if r, _, _ := parseRoute(rtmsg(unix.AF_INET, 0, 0).number(unix.RTA_TABLE, 1000)); r.Table != 1000 {
		t.Errorf("table %d", r.Table)
	}
	for name, b := range map[string][]byte{
		"short":               rtmsg(unix.AF_INET, 0, 0)[:11],
		"another family":      rtmsg(28, 0, 0),
		"a prefix too long":   rtmsg(unix.AF_INET, 33, 0),
		"an address too long": rtmsg(unix.AF_INET, 32, 0).addr(unix.RTA_DST, netip.MustParseAddr("::1")),
		"a piece of one":      rtmsg(unix.AF_INET, 32, 0).attr(unix.RTA_DST, 1, 2, 3),
	} {
		if r, _, ok := parseRoute(b); ok {
			t.Errorf("route, %s: %+v", name, r)
		}
	}
	if r, _, ok := parseRoute(rtmsg(unix.AF_INET, 0, 0).attr(unix.RTA_MULTIPATH, 255, 255, 0, 0, 1, 0, 0)); !ok || r.Index != 0 {
		t.Errorf("a piece of a way: %+v, %v", r, ok)
	}
	bridge := linkBody(3, 0, 0)
	bridge[0] = unix.AF_BRIDGE
	for name, b := range map[string][]byte{
		"nameless": linkBody(3, 0, 0), "without number": linkBody(0, 0, 0).attr(unix.IFLA_IFNAME, 'a', 0),
		"a bridge's port": bridge.attr(unix.IFLA_IFNAME, 'a', 0), "short": linkBody(3, 0, 0)[:15],
	} {
		if l, ok := parseLink(b); ok {
			t.Errorf("link, %s: %+v", name, l)
		}
	}
	for name, b := range map[string][]byte{
		"without address":   native.AppendUint32([]byte{unix.AF_INET, 24, 0, 0}, 3),
		"a prefix too long": addrBody(Addr{Index: 3, Prefix: netip.MustParsePrefix("192.0.2.1/24")})[:8],
		"mixed families":    addrBody(Addr{Index: 3, Prefix: netip.MustParsePrefix("192.0.2.1/32"), Peer: netip.MustParseAddr("::1")}),
	} {
		if a, ok := parseAddr(b); ok {
			t.Errorf("address, %s: %+v", name, a)
		}
	}
	if p, ok := parseProxy(make([]byte, 12)); ok {
		t.Errorf("a neighbour that is no proxy: %+v", p)
	}
}
