package names

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// resolver has files with these contents, and asks servers.
func resolver(t *testing.T, hosts, config string, servers ...netip.AddrPort) *Resolver {
	t.Helper()
	dir := t.TempDir()
	r := &Resolver{Hosts: filepath.Join(dir, "hosts"), Config: filepath.Join(dir, "resolv.conf"), Servers: servers, Random: func(b []byte) { rand.Read(b) }}
	if config == "" {
		config = "search search.example\n" // not the domain of the machine
	}
	for name, text := range map[string]string{r.Hosts: hosts, r.Config: config} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// finds looks host up and wants these addresses.
func finds(t *testing.T, r *Resolver, host string, want ...string) {
	t.Helper()
	found, err := r.LookUp(context.Background(), host)
	if err != nil || !slices.Equal(found, addrs(want...)) {
		t.Errorf("%s: %v, %v, want %v", host, found, err, want)
	}
}

// fails looks host up and wants an error that says text.
func fails(t *testing.T, r *Resolver, host, text string, notFound bool) {
	t.Helper()
	found, err := r.LookUp(context.Background(), host)
	var e *Error
	if !errors.As(err, &e) || e.NotFound != notFound || !strings.Contains(e.Text, text) {
		t.Errorf("%s: %v, %v, want %q, not found %v", host, found, err, text, notFound)
	}
}

func wasAsked(t *testing.T, s *nameServer, want ...string) {
	t.Helper()
	if got := s.questions(); !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

// nobody is a port of 127.0.0.1 where nothing is.
func nobody(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestHostsComeFirst(t *testing.T) {
	s := serve(t, knows(t, map[string]string{"vpn.example.": "192.0.2.1", "six.example.": "192.0.2.6"}))
	r := resolver(t, "192.0.2.9 vpn.example\n::1 six.example\n", "", s.addr)
	finds(t, r, "vpn.example", "192.0.2.9")
	finds(t, r, "VPN.example.", "192.0.2.9")
	wasAsked(t, s)
	finds(t, r, "six.example", "192.0.2.6")
	r.Hosts = filepath.Join(t.TempDir(), "none")
	finds(t, r, "vpn.example", "192.0.2.1")
}

func TestSearch(t *testing.T) {
	s := serve(t, knows(t, map[string]string{"vpn.b.example.": "192.0.2.1", "vpn.example.": "192.0.2.2", "www.": "192.0.2.3"}))
	r := resolver(t, "", "search a.example b.example\n", s.addr)
	finds(t, r, "vpn", "192.0.2.1")
	wasAsked(t, s, "vpn.a.example.", "vpn.b.example.")
	finds(t, r, "vpn.example", "192.0.2.2")
	finds(t, r, "www", "192.0.2.3")
	fails(t, r, "vpn.", "no such host", true)
	wasAsked(t, s, "vpn.a.example.", "vpn.b.example.", "vpn.example.", "www.a.example.", "www.b.example.", "www.", "vpn.")
}

// TestNotFound: one server's word that there is no such name, or no address,
// is enough.
func TestNotFound(t *testing.T) {
	s, other := serve(t, knows(t, map[string]string{"six.example.": "2001:db8::1"})), serve(t, code(t, dnsmessage.RCodeServerFailure))
	r := resolver(t, "", "domain .\n", s.addr, other.addr)
	fails(t, r, "vpn.example", "no such host", true)
	fails(t, r, "six.example", "no IPv4 address", true)
	wasAsked(t, other)
	fails(t, r, "no name.example", "no name of a host", true)
	fails(t, r, strings.Repeat("x", 64), "no name of a host", true)
	wasAsked(t, s, "vpn.example.", "six.example.")
}

// TestNextServer: who fails, is dead or says what cannot be read is passed
// over; so often as resolv.conf says.
func TestNextServer(t *testing.T) {
	knowing := knows(t, map[string]string{"vpn.example.": "192.0.2.1"})
	for name, c := range map[string]struct {
		say  func(string, uint16, bool) [][]byte
		text string
	}{
		"failure":  {code(t, dnsmessage.RCodeServerFailure), "it failed"},
		"refused":  {code(t, dnsmessage.RCodeRefused), "it refuses"},
		"not made": {code(t, dnsmessage.RCodeNotImplemented), "error 4"},
		"lame": {func(name string, id uint16, _ bool) [][]byte {
			return [][]byte{reply(t, dnsmessage.Header{ID: id, Response: true}, name)}
		}, "nobody to ask"},
		"garbled": {func(name string, id uint16, tcp bool) [][]byte {
			b := knowing(name, id, tcp)[0]
			return [][]byte{b[:len(b)-2]}
		}, "cannot be read"},
		"truncated for ever": {func(name string, id uint16, _ bool) [][]byte {
			h := good
			h.ID, h.Truncated = id, true
			return [][]byte{reply(t, h, name)}
		}, "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			bad, right := serve(t, c.say), serve(t, knowing)
			finds(t, resolver(t, "", "options attempts:1\n", bad.addr, right.addr), "vpn.example.", "192.0.2.1")
			wasAsked(t, right, "vpn.example.")
			asked := len(bad.questions())
			if asked == 0 {
				t.Error("the first server was not asked")
			}
			fails(t, resolver(t, "", "options attempts:3\n", bad.addr, nobody(t)), "vpn.example.", c.text, false)
			if n := len(bad.questions()) - asked; n != 3*asked {
				t.Errorf("asked %d times more", n)
			}
		})
	}
}

// TestNobody: a server that is not there says so at once.
func TestNobody(t *testing.T) {
	right := serve(t, knows(t, map[string]string{"vpn.example.": "192.0.2.1"}))
	gone := nobody(t)
	finds(t, resolver(t, "", "options timeout:30\n", gone, right.addr), "vpn.example.", "192.0.2.1")
	fails(t, resolver(t, "", "options timeout:30\n", gone), "vpn.example.", fmt.Sprintf("no answer from %v: connection refused", gone), false)
	none := resolver(t, "", "nameserver "+right.addr.Addr().String()+"\n")
	none.Servers = []netip.AddrPort{} // none that could be used, and not those of the file
	fails(t, none, "vpn.example.", "no answer", false)
}

// TestSilence: a server that does not answer has its time, and the names with
// other domains are not tried.
func TestSilence(t *testing.T) {
	s := serve(t, silent)
	r := resolver(t, "", "search a.example b.example\noptions timeout:1 attempts:2\n", s.addr)
	fails(t, r, "vpn", fmt.Sprintf("no answer from %v: i/o timeout", s.addr), false)
	wasAsked(t, s, "vpn.a.example.", "vpn.a.example.")
}

// TestFailureIsNoAbsence: where a server fails for one of the names, the others
// are tried, and it is not said that there is none.
func TestFailureIsNoAbsence(t *testing.T) {
	s := serve(t, func(name string, id uint16, tcp bool) [][]byte {
		if name == "vpn.a.example." {
			return code(t, dnsmessage.RCodeServerFailure)(name, id, tcp)
		}
		return knows(t, map[string]string{"www.": "192.0.2.1"})(name, id, tcp)
	})
	r := resolver(t, "", "search a.example\noptions attempts:1\n", s.addr)
	fails(t, r, "vpn", "it failed", false)
	wasAsked(t, s, "vpn.a.example.", "vpn.")
}

// TestTruncated: what does not fit into a datagram comes over TCP.
func TestTruncated(t *testing.T) {
	var many, records []string
	for i := range 100 {
		many = append(many, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).String())
		records = append(records, "vpn.example. "+many[i])
	}
	say := func(name string, id uint16, tcp bool) [][]byte {
		h := good
		h.ID = id
		if tcp {
			return [][]byte{reply(t, h, name, records...)}
		}
		h.Truncated = true
		return [][]byte{reply(t, h, name, records[:3]...)}
	}
	s := serve(t, say)
	finds(t, resolver(t, "", "", s.addr), "vpn.example", many[:maxAddrs]...)
	wasAsked(t, s, "vpn.example.", "tcp vpn.example.")
	s = serve(t, say)
	finds(t, resolver(t, "", "options use-vc\n", s.addr), "vpn.example", many[:maxAddrs]...)
	wasAsked(t, s, "tcp vpn.example.")
}

// TestSpoofed: what answers another question, or comes from somewhere else, is
// not looked at, and the true answer behind it is.
func TestSpoofed(t *testing.T) {
	var mu sync.Mutex
	var ids []uint16
	s := serve(t, func(name string, id uint16, tcp bool) [][]byte {
		mu.Lock()
		ids = append(ids, id)
		mu.Unlock()
		h := good
		h.ID = id
		wrongID := good
		wrongID.ID = id + 1
		return [][]byte{
			{}, []byte("x"),
			reply(t, wrongID, name, name+" 192.0.2.66"),
			reply(t, h, "www.example.", "www.example. 192.0.2.66"),
			appendQuery(nil, id, []byte("\x03vpn\x07example\x00")),
			reply(t, h, name, name+" 192.0.2.1"),
		}
	})
	r := resolver(t, "", "", s.addr)
	finds(t, r, "vpn.example", "192.0.2.1")
	for range 3 {
		finds(t, r, "vpn.example", "192.0.2.1")
	}
	mu.Lock()
	defer mu.Unlock()
	if slices.Sort(ids); len(slices.Compact(ids)) < 2 {
		t.Errorf("identifiers %v", ids)
	}
}

// TestForeignSource: an answer from another port does not reach the socket.
func TestForeignSource(t *testing.T) {
	right := knows(t, map[string]string{"vpn.example.": "192.0.2.1"})
	wrong := knows(t, map[string]string{"vpn.example.": "192.0.2.66"})
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	other, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 512)
		_, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			t.Error(err)
			return
		}
		id := uint16(b[0])<<8 | uint16(b[1])
		other.WriteToUDPAddrPort(wrong("vpn.example.", id, false)[0], from)
		conn.WriteToUDPAddrPort(right("vpn.example.", id, false)[0], from)
	}()
	finds(t, resolver(t, "", "options timeout:30\n", conn.LocalAddr().(*net.UDPAddr).AddrPort()), "vpn.example", "192.0.2.1")
	conn.Close()
	<-done
}

// TestCancel: who gives up waits no longer, over UDP or TCP.
func TestCancel(t *testing.T) {
	for _, options := range []string{"options timeout:30\n", "options timeout:30 use-vc\n"} {
		ctx, cancel := context.WithCancel(context.Background())
		hold := make(chan struct{})
		s := serve(t, func(_ string, _ uint16, tcp bool) [][]byte {
			if tcp {
				<-hold // keeps the connection
			}
			return nil
		})
		go func() { <-s.first; cancel() }()
		if _, err := resolver(t, "", options, s.addr).LookUp(ctx, "vpn.example."); err == nil || ctx.Err() == nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
		close(hold)
		if n := len(s.questions()); n != 1 {
			t.Errorf("asked %d times", n)
		}
	}
}

// TestInterface: sockets are bound to the interface, or there are none.
func TestInterface(t *testing.T) {
	s := serve(t, knows(t, map[string]string{"vpn.example.": "192.0.2.1"}))
	for _, options := range []string{"options ndots:1\n", "options use-vc\n"} {
		r := resolver(t, "", options, s.addr)
		r.Interface = "lo"
		finds(t, r, "vpn.example.", "192.0.2.1")
		r.Interface = "none0"
		fails(t, r, "vpn.example.", "no such device", false)
	}
	wasAsked(t, s, "vpn.example.", "tcp vpn.example.")
}
