package vpn

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"dun/dialup/ppp"
	"dun/vpn/gre"
)

type memTap struct {
	sent        bool
	head, frame []byte
}

func (m *memTap) Frame(time.Time, bool, bool, ppp.Protocol, []byte, []byte) {}
func (m *memTap) Packet(_ time.Time, sent bool, head, frame []byte) {
	m.sent, m.head, m.frame = sent, bytes.Clone(head), bytes.Clone(frame)
}

// TestTapSent: the IP header that nobody saw is a good one.
func TestTapSent(t *testing.T) {
	tap := &memTap{}
	c := makeCall(nil, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.254"))
	c.SetTap(tap)
	frame := []byte{0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4}
	header := gre.Header{CallID: 7, PayloadLen: uint16(len(frame)), HasSeq: true, Seq: 5}
	packet := make([]byte, header.Len())
	header.Put(packet)
	c.tapSent(time.Time{}, append(packet, frame...))
	if !tap.sent || !bytes.Equal(tap.frame, frame) || len(tap.head) != 20+len(packet) || !bytes.Equal(tap.head[20:], packet) {
		t.Fatalf("%+v", tap)
	}
	ip := tap.head[:20]
	sum := 0
	for i := 0; i < 20; i += 2 {
		sum += int(ip[i])<<8 | int(ip[i+1])
	}
	if sum = sum&0xffff + sum>>16; sum != 0xffff {
		t.Errorf("the checksum of % x is wrong: %x", ip, sum)
	}
	if int(ip[2])<<8|int(ip[3]) != len(tap.head)+len(frame) || !bytes.Equal(ip[12:], []byte{192, 0, 2, 1, 198, 51, 100, 254}) || ip[9] != 47 {
		t.Errorf("% x", ip)
	}
}

// FuzzTapPacket: whatever came, what is shown is the beginning of it, and what
// is no enhanced GRE shows nothing of a payload.
func FuzzTapPacket(f *testing.F) {
	f.Add([]byte{0x30, 0x01, 0x88, 0x0b, 0, 2, 0, 7, 0, 0, 0, 1, 0xc0, 0x21}, uint8(0))
	f.Add([]byte{0x30, 0x01, 0x88, 0x0b}, uint8(40))
	f.Fuzz(func(t *testing.T, packet []byte, options uint8) {
		ip := make([]byte, 20+int(options)%11*4)
		tap := &memTap{}
		tapPacket(tap, time.Time{}, false, ip, packet)
		shown := append(bytes.Clone(tap.head), tap.frame...)
		if !bytes.HasPrefix(append(ip, packet...), shown) || len(tap.head) < len(ip) {
			t.Fatalf("% x is shown as % x and % x", packet, tap.head, tap.frame)
		}
		if _, _, err := gre.Parse(packet); err != nil && len(tap.frame) > 0 {
			t.Errorf("%v, and % x is shown", err, tap.frame)
		}
	})
}
