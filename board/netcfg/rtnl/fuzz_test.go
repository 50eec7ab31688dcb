package rtnl

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

func FuzzExchange(f *testing.F) {
	f.Add(reply(unix.NLMSG_ERROR, unix.NLM_F_CAPPED|unix.NLM_F_ACK_TLVS, refusal(unix.EINVAL, make([]byte, 16), "why")))
	f.Add(reply(unix.NLMSG_ERROR, unix.NLM_F_ACK_TLVS, refusal(unix.EINVAL, reply(20, 0, make([]byte, 8)), "why")))
	f.Add(join(reply(unix.RTM_NEWROUTE, unix.NLM_F_MULTI, []byte("abcd")), reply(unix.NLMSG_DONE, unix.NLM_F_MULTI, make([]byte, 4))))
	f.Fuzz(func(t *testing.T, b []byte) {
		octets := 0
		x := exchange{seq: 7, port: 9, each: func(p []byte) { octets += headerLen + len(p) }}
		done, err := x.input(b)
		if octets > len(b) {
			t.Errorf("%d octets out of %d", octets, len(b))
		}
		if err != nil && (!done || err.Error() == "") {
			t.Errorf("done %v with error %q", done, err)
		}
	})
}

// FuzzParse reads anything as each kind of payload. What comes out is valid,
// and is the same when it is written and read once more.
func FuzzParse(f *testing.F) {
	f.Add([]byte(linkBody(3, unix.IFF_UP, 0).attr(unix.IFLA_IFNAME, 'l', 'o', 0).number(unix.IFLA_MTU, 1500)))
	f.Add([]byte(addrBody(Addr{Index: 3, Prefix: netip.MustParsePrefix("10.9.0.2/32"), Peer: netip.MustParseAddr("10.9.0.1")})))
	f.Add([]byte(addrBody(Addr{Index: 3, Prefix: netip.MustParsePrefix("fe80::2/64"), Flags: unix.IFA_F_NODAD})))
	f.Add([]byte(routeBody(Route{Dst: netip.MustParsePrefix("10.0.0.0/8"), Table: unix.RT_TABLE_MAIN, Type: unix.RTN_UNICAST, Index: 3, Metric: 64,
		Gateway: netip.MustParseAddr("192.0.2.1"), Src: netip.MustParseAddr("192.0.2.2"), MTU: 1400, OnLink: true})))
	f.Add([]byte(routeBody(Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Gateway: netip.MustParseAddr("fe80::1")})))
	f.Add([]byte(routeBody(Route{Dst: netip.MustParsePrefix("0.0.0.0/0")}).attr(unix.RTA_MULTIPATH, 16, 0, 4, 0, 3, 0, 0, 0, 8, 0, 5, 0, 1, 2, 3, 4)))
	f.Add([]byte(proxyBody(Proxy{Index: 3, Addr: netip.MustParseAddr("192.0.2.100")})))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, ok := parseLink(b); ok && (l.Index <= 0 || l.Name == "" || l.MTU < 0 || l.Queue < 0) {
			t.Errorf("link %+v", l)
		}
		if a, ok := parseAddr(b); ok {
			if !a.Prefix.IsValid() || a.Index <= 0 {
				t.Errorf("address %+v", a)
			}
			a.Flags &= 0xff // as far as they can be written
			if again, ok := parseAddr(addrBody(a)); !ok || again != a {
				t.Errorf("%+v became %+v, %v", a, again, ok)
			}
		}
		if r, _, ok := parseRoute(b); ok {
			if !r.Dst.IsValid() || r.Metric < 0 || r.Index < 0 || r.MTU < 0 {
				t.Errorf("route %+v", r)
			}
			r.Dead = false
			if again, _, ok := parseRoute(routeBody(r)); !ok || again != r {
				t.Errorf("%+v became %+v, %v", r, again, ok)
			}
		}
		if p, ok := parseProxy(b); ok {
			if again, ok := parseProxy(proxyBody(p)); !ok || again != p {
				t.Errorf("%+v became %+v, %v", p, again, ok)
			}
		}
	})
}
