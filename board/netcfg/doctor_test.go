package netcfg

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup/cause"
)

func TestDoctor(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		names := make(map[string]Finding)
		look := func() {
			t.Helper()
			for _, f := range Doctor(w.dir, Options{ResolvConf: w.resolv}) {
				names[f.Name] = f
				t.Logf("%-12s %-4v %s %s", f.Name, f.Level, f.Text, f.Remedy)
				if f.Text == "" || (f.Level != OK) != (f.Remedy != "") {
					t.Errorf("%+v: a finding has a text, and a remedy unless all is well", f)
				}
			}
		}
		look()
		for _, n := range []string{"capabilities", "firewall", "conntrack", "rp-filter", "ipv6", "resolver", "leftovers"} {
			if f, ok := names[n]; !ok || f.Level != OK {
				t.Errorf("%s: %+v", n, f)
			}
		}

		// Each of them made bad.
		w.child(t, order{Name: "x", Pins: []Pin{{Addr: addrOf("198.51.100.7")}}}).kill(t)
		check(t, writeSysctl("net/ipv4/conf/all/rp_filter", "1"))
		netnstest.Veth(t, netnstest.End{Name: "eth1", Addr: "10.1.1.1/24"}, netnstest.End{NS: netnstest.NewNS(t), Name: "eth1"})
		addChain(t, "fw", "in", unix.NF_INET_LOCAL_IN, nfDrop)
		check(t, unix.Mount(w.resolv, w.resolv, "", unix.MS_BIND, ""))
		check(t, unix.Mount("", w.resolv, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		defer unix.Unmount(w.resolv, 0)
		look()
		for name, part := range map[string]string{"firewall": "chain fw in (input, drops", "rp-filter": "eth0", "leftovers": "died", "resolver": "read-only"} {
			if f := names[name]; f.Level != Warn || !strings.Contains(f.Text, part) {
				t.Errorf("%s: %+v", name, f)
			}
		}

		for addr, level := range map[string]Level{"198.51.100.9": OK, "192.0.2.2": Warn, "2001:db8::1": Fail} {
			if f := ServerFinding(addrOf(addr)); f.Level != level {
				t.Errorf("%s: %+v", addr, f)
			}
		}
		if f := TUNFinding(nil); f.Level != OK {
			t.Errorf("%+v", f)
		}
		if f := TUNFinding(cause.New(cause.NoTUN, "x")); f.Level != Fail || f.Remedy == "" {
			t.Errorf("%+v", f)
		}
	})
}

func TestEffective(t *testing.T) {
	if got, err := effective("Name:\tx\nCapEff:\t000001fffeffffff\nCapBnd:\t0\n"); got != 0x1fffeffffff || err != nil {
		t.Errorf("%x, %v", got, err)
	}
	if _, err := effective("CapPrm:\t0\n"); err == nil {
		t.Error("no CapEff is accepted")
	}
	if b := must(os.ReadFile("/proc/self/status"))(t); must(effective(string(b)))(t) > 1<<50 {
		t.Error("own capabilities")
	}
}

func TestRouteTo(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		r := must(RouteTo(addrOf("198.51.100.7")))(t)
		if want := (Route{Dev: "eth0", Src: addrOf("192.0.2.2"), Gateway: addrOf("192.0.2.1"), MTU: 1500}); r != want {
			t.Errorf("%+v, want %+v", r, want)
		}
		if r := must(RouteTo(addrOf("192.0.2.2")))(t); !r.Local {
			t.Errorf("own address: %+v", r)
		}
		if _, err := RouteTo(addrOf("2001:db8::1")); cause.Of(err) != cause.HostUnreachable {
			t.Errorf("no route: %v", err)
		}
		r0 := parseRoute(t, "198.51.100.9/32 via 192.0.2.1 dev eth0")
		r0.MTU = 1300
		check(t, netlink.RouteAdd(r0))
		if r := must(RouteTo(addrOf("198.51.100.9")))(t); r.MTU != 1300 {
			t.Errorf("MTU %d", r.MTU)
		}
		for _, i := range must(Interfaces())(t) {
			if i.Name == "eth0" && (i.MTU != 1500 || !i.Up || !i.Carrier || i.PointToPoint || len(i.Addrs) == 0) {
				t.Errorf("%+v", i)
			}
		}
	})
}

// attr is a netlink attribute.
func attr(typ uint16, value ...byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func cat(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func be32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func text(s string) []byte { return append([]byte(s), 0) }

func chainAttrs(table, name string, hook, policy uint32) []byte {
	return cat(attr(unix.NFTA_CHAIN_TABLE, text(table)...), attr(unix.NFTA_CHAIN_NAME, text(name)...),
		attr(unix.NFTA_CHAIN_HOOK|unix.NLA_F_NESTED, cat(attr(unix.NFTA_HOOK_HOOKNUM, be32(hook)...), attr(unix.NFTA_HOOK_PRIORITY, be32(0)...))...),
		attr(unix.NFTA_CHAIN_POLICY, be32(policy)...), attr(unix.NFTA_CHAIN_TYPE, text("filter")...))
}

// addChain makes a table and a chain in it: one batch, as nft does.
func addChain(t *testing.T, table, name string, hook, policy uint32) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	check(t, err)
	defer unix.Close(fd)
	seq := uint32(0)
	msg := func(typ, flags uint16, fam byte, res uint16, attrs []byte) []byte {
		seq++
		b := binary.NativeEndian.AppendUint32(nil, uint32(16+4+len(attrs)))
		b = binary.NativeEndian.AppendUint16(b, typ)
		b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|flags)
		b = binary.NativeEndian.AppendUint32(b, seq)
		b = append(b, 0, 0, 0, 0, fam, 0)
		b = binary.BigEndian.AppendUint16(b, res)
		return append(b, attrs...)
	}
	const nft = unix.NFNL_SUBSYS_NFTABLES << 8
	const inet = 1 // NFPROTO_INET
	batch := cat(
		msg(unix.NFNL_MSG_BATCH_BEGIN, 0, 0, unix.NFNL_SUBSYS_NFTABLES, nil),
		msg(nft|unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE, inet, 0, attr(unix.NFTA_TABLE_NAME, text(table)...)),
		msg(nft|unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE|unix.NLM_F_ACK, inet, 0, chainAttrs(table, name, hook, policy)),
		msg(unix.NFNL_MSG_BATCH_END, 0, 0, unix.NFNL_SUBSYS_NFTABLES, nil))
	check(t, unix.Sendto(fd, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	b := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, b, 0)
	check(t, err)
	if e := int32(binary.NativeEndian.Uint32(b[16:])); n < 20 || e != 0 {
		t.Fatalf("nftables: %v", unix.Errno(-e))
	}
}

func TestParseChain(t *testing.T) {
	gen := make([]byte, nfgenLen)
	c, ok := parseChain(cat(gen, chainAttrs("t", "c", unix.NF_INET_LOCAL_OUT, 1)))
	if !ok || c != (chain{"t", "c", "output", false}) {
		t.Errorf("%+v, %v", c, ok)
	}
	if _, ok := parseChain(cat(gen, chainAttrs("t", "c", unix.NF_INET_FORWARD, 0))); ok {
		t.Error("a forward chain is given")
	}
	if _, ok := parseChain(gen[:3]); ok {
		t.Error("a piece is given")
	}
	if !unsupported(errors.Join(unix.EPROTONOSUPPORT)) {
		t.Error("unsupported")
	}
}

func FuzzChain(f *testing.F) {
	f.Add(cat(make([]byte, nfgenLen), chainAttrs("t", "c", unix.NF_INET_LOCAL_IN, 0)))
	f.Add([]byte{0, 0, 0, 0, 5, 0, 1, 0, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, ok := parseChain(b); ok && c.hook == "" {
			t.Errorf("%+v", c)
		}
	})
}
