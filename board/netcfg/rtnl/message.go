package rtnl

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Everything of netlink is in the host's order of octets, and padded to four
// of them (netlink(7), rtnetlink(7)).
var native = binary.NativeEndian

const (
	headerLen = unix.SizeofNlMsghdr
	attrLen   = unix.SizeofNlAttr
)

func aligned(n int) int { return (n + 3) &^ 3 }

var errMalformed = errors.New("netlink: malformed answer of the kernel")

// header is a struct nlmsghdr without its length.
type header struct {
	typ, flags uint16
	seq, port  uint32
}

// message gives h and body as one message.
func message(h header, body []byte) []byte {
	b := native.AppendUint32(make([]byte, 0, headerLen+len(body)), uint32(headerLen+len(body)))
	b = native.AppendUint16(b, h.typ)
	b = native.AppendUint16(b, h.flags)
	b = native.AppendUint32(b, h.seq)
	b = native.AppendUint32(b, h.port)
	return append(b, body...)
}

// cut splits the first message off b.
func cut(b []byte) (h header, payload, rest []byte, err error) {
	if len(b) < headerLen {
		return header{}, nil, nil, errMalformed
	}
	n := native.Uint32(b)
	if n < headerLen || uint64(n) > uint64(len(b)) {
		return header{}, nil, nil, errMalformed
	}
	h = header{native.Uint16(b[4:]), native.Uint16(b[6:]), native.Uint32(b[8:]), native.Uint32(b[12:])}
	return h, b[headerLen:n], b[min(aligned(int(n)), len(b)):], nil
}

// Attributes walks attributes (struct nlattr) as far as they are whole. What
// is nested in one is walked by Attributes(value) in turn.
func Attributes(b []byte) func(yield func(typ uint16, value []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= attrLen {
			n := int(native.Uint16(b))
			typ := native.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
			if n < attrLen || n > len(b) || !yield(typ, b[attrLen:n]) {
				return
			}
			b = b[min(aligned(n), len(b)):]
		}
	}
}

// body is what follows a message's header, or a nested attribute's.
type body []byte

func (b body) attr(typ uint16, value ...byte) body {
	b = native.AppendUint16(b, uint16(attrLen+len(value)))
	b = native.AppendUint16(b, typ)
	b = append(b, value...)
	return append(b, make([]byte, aligned(len(value))-len(value))...)
}

func (b body) number(typ uint16, n uint32) body {
	return b.attr(typ, native.AppendUint32(nil, n)...)
}

func (b body) addr(typ uint16, a netip.Addr) body {
	return b.attr(typ, a.AsSlice()...)
}

// number reads a 32-bit attribute; one of another length is 0. What an int of
// 32 bits cannot hold becomes the largest one, so that a metric of 4294967295
// stays the worst.
func number(v []byte) int {
	const largest = 1<<31 - 1
	if len(v) != 4 {
		return 0
	}
	return int(min(native.Uint32(v), largest))
}

func addr(v []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(v) // invalid for any other length
	return a
}

func family(a netip.Addr) byte {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// isFamily reports whether a is a valid address of family f.
func isFamily(a netip.Addr, f byte) bool { return a.IsValid() && family(a) == f }
