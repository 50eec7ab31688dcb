package demo

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
)

// The parts of a DNS message that a server of one name needs (RFC 1035
// section 4.1).
const (
	dnsHeader   = 12
	dnsResponse = 0x8000
	dnsOpcode   = 0x7800
	dnsAA       = 0x0400
	dnsRD       = 0x0100
	dnsNXDomain = 3
	dnsTypeA    = 1
	dnsClassIN  = 1
	dnsTTL      = 60 // seconds
)

// answerDNS answers a query for one name out of names, which are in lower
// case and without a dot at the end. ok is false for what is no such query.
func answerDNS(query []byte, names map[string]netip.Addr) (reply []byte, ok bool) {
	if len(query) < dnsHeader {
		return nil, false
	}
	flags := binary.BigEndian.Uint16(query[2:])
	if flags&(dnsResponse|dnsOpcode) != 0 || binary.BigEndian.Uint16(query[4:]) != 1 {
		return nil, false
	}
	name, end, ok := dnsName(query)
	if !ok || len(query) < end+4 {
		return nil, false
	}
	addr, known := names[name]
	kind := binary.BigEndian.Uint16(query[end:])
	class := binary.BigEndian.Uint16(query[end+2:])

	reply = append(reply, query[:end+4]...)
	flags = dnsResponse | dnsAA | flags&dnsRD
	if !known {
		flags |= dnsNXDomain
	}
	binary.BigEndian.PutUint16(reply[2:], flags)
	clear(reply[6:dnsHeader]) // answers, authorities, additional records
	if !known || kind != dnsTypeA || class != dnsClassIN {
		return reply, true
	}
	reply[7] = 1
	reply = append(reply, 0xc0, dnsHeader) // the name of the question
	reply = binary.BigEndian.AppendUint16(reply, dnsTypeA)
	reply = binary.BigEndian.AppendUint16(reply, dnsClassIN)
	reply = binary.BigEndian.AppendUint32(reply, dnsTTL)
	reply = binary.BigEndian.AppendUint16(reply, 4)
	return append(reply, addr.AsSlice()...), true
}

// dnsName reads the name of the question and where it ends.
func dnsName(b []byte) (name string, end int, ok bool) {
	var labels []string
	for at := dnsHeader; at < len(b); {
		n := int(b[at])
		at++
		switch {
		case n == 0:
			return strings.ToLower(strings.Join(labels, ".")), at, true
		case n > 63 || at+n > len(b): // a question has no compression
			return "", 0, false
		}
		labels = append(labels, string(b[at:at+n]))
		at += n
	}
	return "", 0, false
}

// serveDNS answers queries on c until it is closed.
func serveDNS(c net.PacketConn, names map[string]netip.Addr) {
	buf := make([]byte, 512)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		if reply, ok := answerDNS(buf[:n], names); ok {
			c.WriteTo(reply, from)
		}
	}
}
