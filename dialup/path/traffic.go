package path

import (
	"encoding/binary"
	"time"
)

// resolution is how exactly the time of the last traffic is known: that often
// a packet is looked at, not each of them.
const resolution = time.Second

// WatchTraffic has the link note when its user last sent something (see
// IsTraffic), beginning with now.
func (l *Link) WatchTraffic(now time.Time) { l.watched, l.traffic = true, now }

// Traffic is when the user last sent something, zero unless it is watched.
func (l *Link) Traffic() time.Time { return l.traffic }

// note notes traffic.
func (l *Link) note(now time.Time, packet []byte) {
	if l.watched && now.Sub(l.traffic) >= resolution && IsTraffic(packet) {
		l.traffic = now
	}
}

// Protocol numbers and types of RFC 790 and its successors.
const (
	protoICMP   = 1
	protoIGMP   = 2
	protoICMPv6 = 58
	flagReset   = 0x04
	echoRequest = 8
	echoReply   = 0
	echo6       = 128 // and 129, its reply; all below are errors, all above neighbours' talk
)

// IsTraffic reports whether a packet of the system's is one for which somebody
// would dial, and for which a line should stay up. It is what users of pppd
// write into active-filter: nothing that the system says by itself to all who
// listen (multicast, broadcast), and no refusals of what strangers sent (resets,
// ICMP errors). Only what goes out counts: what comes in unasked is somebody
// else's wish, and what was asked for is acknowledged.
func IsTraffic(packet []byte) bool {
	var next byte // the protocol inside
	var inner []byte
	switch {
	case len(packet) >= 20 && packet[0]>>4 == 4:
		dst := binary.BigEndian.Uint32(packet[16:])
		if dst >= 0xe0000000 || dst == 0 { // multicast, reserved, broadcast
			return false
		}
		next = packet[9]
		if fragment := binary.BigEndian.Uint16(packet[6:]) & 0x1fff; fragment == 0 {
			inner = packet[min(int(packet[0]&15)*4, len(packet)):]
		}
	case len(packet) >= 40 && packet[0]>>4 == 6:
		if packet[24] == 0xff || packet[24] == 0xfe && packet[25]&0xc0 == 0x80 { // multicast, link-local
			return false
		}
		next, inner = packet[6], packet[40:]
	default:
		return false
	}
	switch {
	case next == protoIGMP:
		return false
	case next == protoICMP && len(inner) > 0:
		return inner[0] == echoRequest || inner[0] == echoReply || inner[0] > 12 // RFC 792: errors are 3, 4, 5, 11, 12
	case next == protoICMPv6 && len(inner) > 0:
		return inner[0] == echo6 || inner[0] == echo6+1
	case next == protoTCP && len(inner) > 13:
		return inner[13]&flagReset == 0
	}
	return true
}
