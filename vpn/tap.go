package vpn

import (
	"encoding/binary"
	"time"

	"dun/dialup/path"
	"dun/vpn/gre"
)

// maxIPHeader is the longest IPv4 header.
const maxIPHeader = 60

var _ path.TappedWire = (*call)(nil)

// SetTap shows the call's GRE packets to t (path.TappedWire).
func (c *call) SetTap(t path.Tap) { c.tap = t }

// tapSent shows a GRE packet that was sent, with an IP header as the system
// makes it: identification and time to live are not known here.
func (c *call) tapSent(now time.Time, packet []byte) {
	h := [20]byte{0: 0x45, 8: 64, 9: gre.Protocol}
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(packet)))
	copy(h[12:], c.out.control.info.Spec_dst[:]) // zero where the system chose it
	copy(h[16:], c.out.name.Addr[:])
	sum := uint32(0)
	for i := 0; i < len(h); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum+sum>>16))
	tapPacket(c.tap, now, true, h[:], packet)
}

// tapPacket shows an IP header and the GRE packet behind it. What is no
// enhanced GRE is shown up to the call id: nobody knows what is in the rest.
func tapPacket(t path.Tap, now time.Time, sent bool, ip, packet []byte) {
	header, _, err := gre.Parse(packet)
	n := header.Len()
	if err != nil {
		n = min(8, len(packet))
		packet = packet[:n]
	}
	var head [maxIPHeader + gre.MaxHeader]byte
	at := copy(head[:], ip)
	at += copy(head[at:], packet[:n])
	t.Packet(now, sent, head[:at], packet[n:])
}
