package names

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer is a name server on 127.0.0.1 in the hands of a test.
type nameServer struct {
	t    *testing.T
	addr netip.AddrPort
	udp  *net.UDPConn
	tcp  *net.TCPListener
	// say gives the datagrams, or the messages over TCP, that answer a
	// question for name.
	say func(name string, id uint16, tcp bool) [][]byte

	mu    sync.Mutex
	asked []string      // names, with "tcp " before them where it was so
	first chan struct{} // closed at the first question
}

func serve(t *testing.T, say func(name string, id uint16, tcp bool) [][]byte) *nameServer {
	t.Helper()
	s := &nameServer{t: t, say: say, first: make(chan struct{})}
	var err error
	if s.tcp, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	s.addr = s.tcp.Addr().(*net.TCPAddr).AddrPort()
	if s.udp, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(s.addr)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(s.datagrams)
	wg.Go(s.connections)
	t.Cleanup(func() { s.udp.Close(); s.tcp.Close(); wg.Wait() })
	return s
}

func (s *nameServer) datagrams() {
	b := make([]byte, 65536)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		for _, out := range s.answer(b[:n], false) {
			s.udp.WriteToUDPAddrPort(out, from)
		}
	}
}

func (s *nameServer) connections() {
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			return
		}
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		var length [2]byte
		io.ReadFull(conn, length[:])
		b := make([]byte, binary.BigEndian.Uint16(length[:]))
		io.ReadFull(conn, b)
		for _, out := range s.answer(b, true) {
			conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(out))), out...))
		}
		conn.Close()
	}
}

func (s *nameServer) answer(b []byte, tcp bool) [][]byte {
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil || len(m.Questions) != 1 {
		s.t.Errorf("asked with %q: %v", b, err)
		return nil
	}
	name := m.Questions[0].Name.String()
	s.mu.Lock()
	if len(s.asked) == 0 {
		close(s.first)
	}
	if tcp {
		s.asked = append(s.asked, "tcp "+name)
	} else {
		s.asked = append(s.asked, name)
	}
	s.mu.Unlock()
	return s.say(name, m.ID, tcp)
}

func (s *nameServer) questions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// code says the same to every question.
func code(t *testing.T, rcode dnsmessage.RCode) func(string, uint16, bool) [][]byte {
	return func(name string, id uint16, _ bool) [][]byte {
		h := good
		h.ID, h.RCode = id, rcode
		return [][]byte{reply(t, h, name)}
	}
}

// knows answers for the names that it has, with one record each.
func knows(t *testing.T, names map[string]string) func(string, uint16, bool) [][]byte {
	return func(name string, id uint16, _ bool) [][]byte {
		h := good
		h.ID = id
		if value, ok := names[name]; ok {
			return [][]byte{reply(t, h, name, name+" "+value)}
		}
		h.RCode = dnsmessage.RCodeNameError
		return [][]byte{reply(t, h, name)}
	}
}

func silent(string, uint16, bool) [][]byte { return nil }
