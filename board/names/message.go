package names

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
)

const (
	maxName  = 255 // octets of a name in a message (RFC 1035 section 2.3.4)
	maxLabel = 63
	maxChain = 16 // CNAME records from the name to its address

	typeA     = 1
	typeCNAME = 5
	classIN   = 1

	headerLen = 12
	fixedLen  = 10 // of a record, between its name and its data

	flagAnswer    = 0x8000
	flagAuthority = 0x0400
	flagTruncated = 0x0200
	flagRecurse   = 0x0100
	flagRecursive = 0x0080 // the server can
	maskOpcode    = 0x7800
	maskRcode     = 0x000f

	rcodeNoName = 3
)

// wireName is a name with a dot at its end as messages have it, in lower case.
func wireName(name string) (wire []byte, ok bool) {
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > maxLabel {
			return nil, false
		}
		wire = append(append(wire, byte(len(label))), strings.ToLower(label)...)
	}
	wire = append(wire, 0)
	return wire, len(wire) <= maxName
}

// appendQuery appends the question for a name's IPv4 addresses.
func appendQuery(dst []byte, id uint16, name []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, id)
	dst = append(dst, flagRecurse>>8, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	dst = append(dst, name...)
	return append(dst, 0, typeA, 0, classIN)
}

// answer is what a server says.
type answer struct {
	rcode     int
	truncated bool // only over TCP there is the whole of it
	lame      bool // the server has nothing to say and nobody to ask
	addrs     []netip.Addr
}

// parseAnswer reads the answer to appendQuery's question. ours is false where b
// answers something else, or nothing; ok where all of it can be read.
func parseAnswer(b []byte, id uint16, name []byte) (a answer, ours, ok bool) {
	if len(b) < headerLen || binary.BigEndian.Uint16(b) != id {
		return a, false, false
	}
	flags := binary.BigEndian.Uint16(b[2:])
	questions, records := binary.BigEndian.Uint16(b[4:]), int(binary.BigEndian.Uint16(b[6:]))
	if flags&flagAnswer == 0 || flags&maskOpcode != 0 || questions != 1 {
		return a, false, false
	}
	asked, at, ok := readName(nil, b, headerLen)
	if !ok || !bytes.Equal(asked, name) || len(b) < at+4 || binary.BigEndian.Uint32(b[at:]) != typeA<<16|classIN {
		return a, false, false
	}
	a.rcode = int(flags & maskRcode)
	a.truncated = flags&flagTruncated != 0
	if a.truncated || a.rcode != 0 {
		return a, true, true
	}
	a.lame = records == 0 && flags&(flagAuthority|flagRecursive) == 0
	a.addrs, ok = follow(b, at+4, records, name)
	return a, true, ok
}

// follow finds a name's addresses among the records at b[first:], along its
// aliases.
func follow(b []byte, first, records int, name []byte) (addrs []netip.Addr, ok bool) {
	for range maxChain {
		var alias []byte
		next := first
		for range records {
			var buf [maxName]byte
			owner, at, ok := readName(buf[:0], b, next)
			if !ok || len(b) < at+fixedLen {
				return nil, false
			}
			kind, class := binary.BigEndian.Uint16(b[at:]), binary.BigEndian.Uint16(b[at+2:])
			data := at + fixedLen
			next = data + int(binary.BigEndian.Uint16(b[at+8:]))
			switch {
			case len(b) < next:
				return nil, false
			case class != classIN || !bytes.Equal(owner, name):
			case kind == typeA:
				if next-data != 4 {
					return nil, false
				}
				if len(addrs) < maxAddrs {
					addrs = append(addrs, netip.AddrFrom4([4]byte(b[data:next])))
				}
			case kind == typeCNAME:
				target, end, ok := readName(nil, b, data)
				if !ok || end != next {
					return nil, false
				}
				alias = target
			}
		}
		if len(addrs) > 0 || alias == nil {
			return addrs, true
		}
		name = alias
	}
	return nil, true // the aliases go round, or on for ever
}

// readName appends the name at b[at:] to dst, in lower case, and says where it
// ends. Pointers go backwards only, so there is an end (RFC 1035 section 4.1.4).
func readName(dst, b []byte, at int) (name []byte, end int, ok bool) {
	lowest, begin := at, len(dst)
	for at < len(b) {
		n := int(b[at])
		switch {
		case n == 0:
			dst = append(dst, 0)
			return dst, max(end, at+1), len(dst)-begin <= maxName
		case n <= maxLabel:
			if at+1+n > len(b) || len(dst)-begin+1+n >= maxName {
				return nil, 0, false
			}
			dst = append(dst, byte(n))
			for _, c := range b[at+1 : at+1+n] {
				if c >= 'A' && c <= 'Z' {
					c |= 0x20
				}
				dst = append(dst, c)
			}
			at += 1 + n
		case n >= 0xc0 && at+1 < len(b):
			to := (n&0x3f)<<8 | int(b[at+1])
			if to >= lowest {
				return nil, 0, false
			}
			if end == 0 {
				end = at + 2
			}
			at, lowest = to, to
		default:
			return nil, 0, false
		}
	}
	return nil, 0, false
}
