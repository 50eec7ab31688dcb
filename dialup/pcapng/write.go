package pcapng

import (
	"encoding/binary"
	"time"
)

// LinkType says what the octets of an interface's packets are (the registry
// of tcpdump.org).
type LinkType uint16

const (
	LinkPPP      LinkType = 204 // PPP_WITH_DIR: an octet, 0 = received, and the frame
	LinkIPv4     LinkType = 228
	LinkUpperPDU LinkType = 252 // Wireshark's own: tags that name a dissector, and what it takes
)

// Types of blocks.
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockStatistics = 5
	BlockPacket     = 6
)

// Codes of options.
const (
	optEnd         = 0
	optComment     = 1
	optApplication = 4 // of a section
	optName        = 2 // of an interface
	optDescription = 3
	optResolution  = 9
	optFlags       = 2 // of a packet
	optReceived    = 4 // of statistics
	optDropped     = 5
)

const byteOrderMagic = 0x1a2b3c4d

var le = binary.LittleEndian

// AppendSection begins a capture that application makes.
func AppendSection(b []byte, application, comment string) []byte {
	b, start := begin(b, blockSection)
	b = words(b, byteOrderMagic, 1, ^uint32(0), ^uint32(0)) // version 1.0; its length is not told
	b = appendText(b, optApplication, application)
	b = appendText(b, optComment, comment)
	return end(b, start)
}

// AppendInterface adds an interface; the first one of a section is 0. Packets
// are cut to snap octets, 0 = not at all.
func AppendInterface(b []byte, link LinkType, snap int, name, description string) []byte {
	b, start := begin(b, blockInterface)
	b = words(b, uint32(link), uint32(snap))
	b = appendText(b, optName, name)
	b = appendText(b, optDescription, description)
	b = words(b, option(optResolution, 1), 9) // nanoseconds
	return end(b, start)
}

// Packet is one packet on an interface.
type Packet struct {
	Interface int
	Time      time.Time
	Sent      bool
	Data      [3][]byte // one after the other
	Cut       int       // octets behind them that are left out
	Comment   string
}

// AppendPacket adds a packet.
func AppendPacket(b []byte, p Packet) []byte {
	n := len(p.Data[0]) + len(p.Data[1]) + len(p.Data[2])
	at := uint64(p.Time.UnixNano())
	b, start := begin(b, BlockPacket)
	b = words(b, uint32(p.Interface), uint32(at>>32), uint32(at), uint32(n), uint32(n+p.Cut))
	for _, d := range p.Data {
		b = append(b, d...)
	}
	b = pad(b, n)
	direction := uint32(1) // inbound
	if p.Sent {
		direction = 2
	}
	b = words(b, option(optFlags, 4), direction)
	b = appendText(b, optComment, p.Comment)
	return end(b, start)
}

// AppendStatistics tells how many packets there were on an interface, and how
// many of them are not in the capture.
func AppendStatistics(b []byte, iface int, at time.Time, received, dropped uint64) []byte {
	b, start := begin(b, blockStatistics)
	t := uint64(at.UnixNano())
	b = words(b, uint32(iface), uint32(t>>32), uint32(t),
		option(optReceived, 8), uint32(received), uint32(received>>32), option(optDropped, 8), uint32(dropped), uint32(dropped>>32))
	return end(b, start)
}

// begin opens a block, whose length end writes.
func begin(b []byte, kind uint32) (_ []byte, start int) {
	start = len(b)
	return words(b, kind, 0), start
}

func end(b []byte, start int) []byte {
	n := uint32(len(b) - start + 8)
	le.PutUint32(b[start+4:], n)
	return words(b, option(optEnd, 0), n) // every block of ours has options
}

// option is an option's head.
func option(code, n int) uint32 { return uint32(n)<<16 | uint32(code) }

// words adds 32-bit words.
func words(b []byte, list ...uint32) []byte {
	for _, w := range list {
		b = append(b, byte(w), byte(w>>8), byte(w>>16), byte(w>>24))
	}
	return b
}

// appendText adds an option that is a text, unless it is empty.
func appendText(b []byte, code int, text string) []byte {
	if text == "" {
		return b
	}
	return pad(append(words(b, option(code, len(text))), text...), len(text))
}

// pad fills what is n octets long up to words.
func pad(b []byte, n int) []byte {
	for ; n&3 != 0; n++ {
		b = append(b, 0)
	}
	return b
}
