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
	b = le.AppendUint32(b, byteOrderMagic)
	b = le.AppendUint32(b, 1)          // version 1.0
	b = le.AppendUint64(b, ^uint64(0)) // its length is not told
	b = appendText(b, optApplication, application)
	b = appendText(b, optComment, comment)
	return end(b, start)
}

// AppendInterface adds an interface; the first one of a section is 0. Packets
// are cut to snap octets, 0 = not at all.
func AppendInterface(b []byte, link LinkType, snap int, name, description string) []byte {
	b, start := begin(b, blockInterface)
	b = le.AppendUint16(b, uint16(link))
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, uint32(snap))
	b = appendText(b, optName, name)
	b = appendText(b, optDescription, description)
	b = append(appendOption(b, optResolution, 1), 9, 0, 0, 0) // nanoseconds
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
	b = le.AppendUint32(b, uint32(p.Interface))
	b = le.AppendUint32(b, uint32(at>>32))
	b = le.AppendUint32(b, uint32(at))
	b = le.AppendUint32(b, uint32(n))
	b = le.AppendUint32(b, uint32(n+p.Cut))
	for _, d := range p.Data {
		b = append(b, d...)
	}
	b = pad(b, n)
	direction := uint32(1) // inbound
	if p.Sent {
		direction = 2
	}
	b = le.AppendUint32(appendOption(b, optFlags, 4), direction)
	b = appendText(b, optComment, p.Comment)
	return end(b, start)
}

// AppendStatistics tells how many packets there were on an interface, and how
// many of them are not in the capture.
func AppendStatistics(b []byte, iface int, at time.Time, received, dropped uint64) []byte {
	b, start := begin(b, blockStatistics)
	b = le.AppendUint32(b, uint32(iface))
	t := uint64(at.UnixNano())
	b = le.AppendUint32(b, uint32(t>>32))
	b = le.AppendUint32(b, uint32(t))
	b = le.AppendUint64(appendOption(b, optReceived, 8), received)
	b = le.AppendUint64(appendOption(b, optDropped, 8), dropped)
	return end(b, start)
}

// begin opens a block, whose length end writes.
func begin(b []byte, kind uint32) (_ []byte, start int) {
	start = len(b)
	b = le.AppendUint32(b, kind)
	return le.AppendUint32(b, 0), start
}

func end(b []byte, start int) []byte {
	b = le.AppendUint32(b, optEnd) // every block of ours has options
	n := uint32(len(b) - start + 4)
	le.PutUint32(b[start+4:], n)
	return le.AppendUint32(b, n)
}

func appendOption(b []byte, code, n int) []byte {
	return le.AppendUint16(le.AppendUint16(b, uint16(code)), uint16(n))
}

// appendText adds an option that is a text, unless it is empty.
func appendText(b []byte, code int, text string) []byte {
	if text == "" {
		return b
	}
	return pad(append(appendOption(b, code, len(text)), text...), len(text))
}

// pad fills what is n octets long up to words.
func pad(b []byte, n int) []byte {
	for ; n&3 != 0; n++ {
		b = append(b, 0)
	}
	return b
}
