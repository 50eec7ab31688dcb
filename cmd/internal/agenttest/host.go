package agenttest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"dun/board/netcfg/netnstest"
)

// Patience bounds a wait for something that does happen.
const Patience = 60 * time.Second

// Echo makes a host that sends every UDP datagram to addr back.
func Echo(t testing.TB, ns *netnstest.NS, addr netip.AddrPort) {
	t.Helper()
	var conn *net.UDPConn
	var err error
	ns.Do(t, func() { conn, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr)) })
	if err != nil {
		t.Fatal(err)
	}
	serve(t, conn, func(b []byte) []byte { return b })
}

// DNS makes a name server on UDP port 53 of every address of ns.
func DNS(t testing.TB, ns *netnstest.NS, names map[string][]netip.Addr) {
	t.Helper()
	var conn *net.UDPConn
	var err error
	ns.Do(t, func() { conn, err = net.ListenUDP("udp4", &net.UDPAddr{Port: 53}) })
	if err != nil {
		t.Fatal(err)
	}
	serve(t, conn, func(b []byte) []byte { return answerDNS(b, names) })
}

// serve answers datagrams until the test ends; a nil answer is none.
func serve(t testing.TB, conn *net.UDPConn, answer func([]byte) []byte) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if out := answer(b[:n]); out != nil {
				conn.WriteToUDPAddrPort(out, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-ended })
}

// answerDNS answers one question for an address (RFC 1035 section 4).
func answerDNS(q []byte, names map[string][]netip.Addr) []byte {
	if len(q) < 12 {
		return nil
	}
	name, at := "", 12
	for at < len(q) && q[at] != 0 {
		end := at + 1 + int(q[at])
		if end > len(q) {
			return nil
		}
		name += string(q[at+1:end]) + "."
		at = end
	}
	if at+5 > len(q) {
		return nil
	}
	kind := binary.BigEndian.Uint16(q[at+1:])
	out := append([]byte(nil), q[:at+5]...)
	addrs, known := names[name]
	flags := uint16(0x8580) // an answer, with authority
	if !known {
		flags |= 3 // no such name
	}
	if kind != 1 {
		addrs = nil
	}
	binary.BigEndian.PutUint16(out[2:], flags)
	binary.BigEndian.PutUint16(out[4:], 1)
	binary.BigEndian.PutUint16(out[6:], uint16(len(addrs)))
	clear(out[8:12])
	for _, a := range addrs {
		four := a.As4()
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		out = append(out, four[:]...)
	}
	return out
}

// RoundTrips sends n datagrams of size octets to an Echo at addr, one after
// another, each with another content, and wants each back. Datagrams may be
// lost, as anywhere; wrong ones are an error.
func RoundTrips(ns *netnstest.NS, t testing.TB, addr netip.AddrPort, n, size int) error {
	var conn *net.UDPConn
	var err error
	ns.Do(t, func() { conn, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(addr)) })
	if err != nil {
		return err
	}
	defer conn.Close()
	out, in := make([]byte, size), make([]byte, 65536)
	deadline := time.Now().Add(Patience)
	for i := range n {
		binary.BigEndian.PutUint32(out, uint32(i))
		for j := 4; j < size; j++ {
			out[j] = byte(i * j)
		}
		for arrived := false; !arrived; {
			if time.Now().After(deadline) {
				return fmt.Errorf("round trip %d to %v: no answer", i, addr)
			}
			if _, err := conn.Write(out); err != nil {
				return fmt.Errorf("round trip %d to %v: %w", i, addr, err)
			}
			conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
			for {
				m, err := conn.Read(in)
				if err != nil {
					break // it is sent again
				}
				if m < 4 || binary.BigEndian.Uint32(in) != uint32(i) {
					continue // the answer to an earlier copy
				}
				if !bytes.Equal(in[:m], out) {
					return fmt.Errorf("round trip %d to %v: the answer is damaged", i, addr)
				}
				arrived = true
				break
			}
		}
	}
	return nil
}

// Forward makes ns a router.
func Forward(t testing.TB, ns *netnstest.NS) {
	t.Helper()
	var err error
	ns.Do(t, func() { err = os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0) })
	if err != nil {
		t.Fatal(err)
	}
}

// Route adds a route in ns.
func Route(t testing.TB, ns *netnstest.NS, dst string, gateway string) {
	t.Helper()
	p := netip.MustParsePrefix(dst)
	var err error
	ns.Do(t, func() {
		err = netlink.RouteAdd(&netlink.Route{
			Dst: &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())},
			Gw:  net.ParseIP(gateway),
		})
	})
	if err != nil {
		t.Fatalf("route to %s through %s: %v", dst, gateway, err)
	}
}
