package names

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strconv"

	"dun/board/sock"
)

// silence: a server cannot be reached, or says nothing.
type silence struct{ why error }

func (s silence) Error() string {
	why := s.why
	for inner := why; inner != nil; inner = errors.Unwrap(inner) { // the system's own word
		why = inner
	}
	return why.Error()
}

func isSilence(err error) bool {
	_, is := err.(silence)
	return is
}

var errGarbled = errors.New("its answer cannot be read")

// maxDatagram is the size of an answer over UDP without EDNS (RFC 1035 section
// 4.2.1); what some send beyond that is read as well.
const maxDatagram = 1232

// ask asks one server, for the time that one has. A truncated answer is asked
// for once more over TCP (RFC 7766 section 5).
func (r *Resolver) ask(ctx context.Context, cfg config, server netip.AddrPort, name []byte) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	exchange := r.overUDP
	if cfg.tcp {
		exchange = r.overTCP
	}
	a, err := exchange(ctx, server, name)
	if err == nil && a.truncated && !cfg.tcp {
		a, err = r.overTCP(ctx, server, name)
	}
	switch {
	case err == errGarbled:
		return nil, cannotTell(server, err.Error())
	case err != nil:
		return nil, silence{err}
	case a.rcode == rcodeNoName:
		return nil, errNoName
	case a.rcode != 0 || a.lame || a.truncated:
		return nil, cannotTell(server, rcodeText(a))
	case len(a.addrs) == 0:
		return nil, errNoAddress
	}
	return a.addrs, nil
}

// overUDP sends the question from a port of its own, which the kernel chooses
// at random, and reads until it is answered: a spoofed answer must hit port and
// identifier, and leaves the true one in the queue (RFC 5452 sections 4 and 9).
func (r *Resolver) overUDP(ctx context.Context, server netip.AddrPort, name []byte) (a answer, err error) {
	conn, err := sock.DialUDP(ctx, server, r.Interface)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	defer conn.Until(ctx)()
	id := r.id()
	if _, err := conn.Write(appendQuery(nil, id, name)); err != nil {
		return a, err
	}
	buf := make([]byte, maxDatagram)
	for {
		n, err := conn.Read(buf)
		if err != nil && err != io.EOF { // an empty datagram is no end
			return a, err
		}
		if a, ours, ok := parseAnswer(buf[:n], id, name); ok {
			return a, nil
		} else if ours {
			return a, errGarbled
		}
	}
}

// overTCP asks over a connection: each message behind its length.
func (r *Resolver) overTCP(ctx context.Context, server netip.AddrPort, name []byte) (a answer, err error) {
	conn, err := sock.DialTCP(ctx, server, r.Interface)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	defer conn.Until(ctx)()
	id := r.id()
	query := appendQuery(make([]byte, 2), id, name)
	binary.BigEndian.PutUint16(query, uint16(len(query)-2))
	if _, err := conn.Write(query); err != nil {
		return a, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return a, err
	}
	b := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, b); err != nil {
		return a, err
	}
	a, _, ok := parseAnswer(b, id, name)
	if !ok {
		return a, errGarbled
	}
	return a, nil
}

func (r *Resolver) id() uint16 {
	var b [2]byte
	r.Random(b[:])
	return binary.BigEndian.Uint16(b[:])
}

func cannotTell(server netip.AddrPort, why string) error {
	return &Error{Text: "the name server " + server.Addr().String() + " cannot tell: " + why}
}

// rcodeText names an answer without an address (RFC 1035 section 4.1.1).
func rcodeText(a answer) string {
	switch {
	case a.rcode == 2:
		return "it failed"
	case a.rcode == 5:
		return "it refuses to answer"
	case a.rcode != 0:
		return "error " + strconv.Itoa(a.rcode)
	case a.truncated:
		return "its answer is cut off"
	}
	return "it has nobody to ask"
}
