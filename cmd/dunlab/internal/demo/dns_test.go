package demo

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"testing"
	"time"
)

var testNames = map[string]netip.Addr{officeName: officeOutside.Addr()}

// question is a query for an A record, as RFC 1035 section 4.1 has it.
func question(name string) []byte {
	b := []byte{0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0}
	for _, label := range bytes.Split([]byte(name), []byte(".")) {
		b = append(b, byte(len(label)))
		b = append(b, label...)
	}
	return append(b, 0, 0, 1, 0, 1)
}

// TestDNS asks through the standard library's resolver.
func TestDNS(t *testing.T) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); serveDNS(c, testNames) }()
	defer func() { c.Close(); <-served }()
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", c.LocalAddr().String())
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	addrs, err := r.LookupNetIP(ctx, "ip", "VPN.office.example.")
	if err != nil || len(addrs) != 1 || addrs[0].Unmap() != officeOutside.Addr() {
		t.Errorf("%v, %v; want %v", addrs, err, officeOutside.Addr())
	}
	_, err = r.LookupNetIP(ctx, "ip4", "nobody.example.")
	if e, is := err.(*net.DNSError); !is || !e.IsNotFound {
		t.Errorf("an unknown name: %v, want not found", err)
	}
}

func TestDNSIgnores(t *testing.T) {
	q := question(officeName)
	if _, ok := answerDNS(q, testNames); !ok {
		t.Fatal("a good question was not answered")
	}
	for name, spoil := range map[string]func([]byte) []byte{
		"empty":                func([]byte) []byte { return nil },
		"cut in the name":      func(b []byte) []byte { return b[:20] },
		"cut behind the name":  func(b []byte) []byte { return b[:len(b)-1] },
		"a response":           func(b []byte) []byte { b[2] |= 0x80; return b },
		"another opcode":       func(b []byte) []byte { b[2] |= 0x10; return b },
		"two questions":        func(b []byte) []byte { b[5] = 2; return b },
		"a compressed name":    func(b []byte) []byte { b[12] = 0xc0; return b },
		"a label that is long": func(b []byte) []byte { b[12] = 63; return b },
	} {
		if reply, ok := answerDNS(spoil(bytes.Clone(q)), testNames); ok {
			t.Errorf("%s: answered % x", name, reply)
		}
	}
}

func FuzzDNS(f *testing.F) {
	f.Add(question(officeName))
	f.Add(question("x"))
	f.Add([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0})
	f.Fuzz(func(t *testing.T, query []byte) {
		before := bytes.Clone(query)
		reply, ok := answerDNS(query, testNames)
		if !bytes.Equal(query, before) {
			t.Error("the query was changed")
		}
		if ok && (len(reply) < dnsHeader+5 || len(reply) > len(query)+16 || !bytes.Equal(reply[:2], query[:2]) || reply[2]&0x80 == 0) {
			t.Errorf("reply % x", reply)
		}
	})
}
