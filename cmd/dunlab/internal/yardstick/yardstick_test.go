package yardstick

import (
	"bytes"
	"testing"

	"dun/dialup/mppe"
)

// ipPacket is an IPv4 packet of n octets, as far as anyone looks.
func ipPacket(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	b[0], b[2], b[3] = 0x45, byte(n>>8), byte(n)
	return b
}

// The yardstick does the work that dun does: each reads what the other
// sealed.
func TestSameAsDun(t *testing.T) {
	key := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	dun, err := mppe.New(mppe.Config{Bits: 128, Stateless: true, Send: key, Receive: key})
	if err != nil {
		t.Fatal(err)
	}
	tx, rx := newCipher(key), newCipher(key)
	for i := range 5000 { // past the end of the count
		p := ipPacket(40 + i%1300)
		ours := make([]byte, len(p)+dun.Overhead())
		dun.Compress(ours, protocolIPv4, p)
		sealed := tx.seal(nil, p)
		if !bytes.Equal(sealed, ours) {
			t.Fatalf("packet %d: % x, dun makes % x", i, sealed[:8], ours[:8])
		}
		if i%7 == 3 {
			continue // lost
		}
		if got, err := rx.open(ours); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
	if _, err := rx.open(tx.seal(nil, ipPacket(20))[:3]); err == nil {
		t.Error("a short packet is taken")
	}
}

func TestHeader(t *testing.T) {
	sealed := []byte{1, 2, 3}
	packet := append(header(append([]byte{0x45}, make([]byte, ipv4Header-1)...), 7, len(sealed), 99, 98), sealed...)
	call, sequence, payload, err := parse(packet)
	if err != nil || call != 7 || sequence != 99 || !bytes.Equal(payload, sealed) {
		t.Errorf("%d %d % x %v", call, sequence, payload, err)
	}
	for n := range len(packet) - len(sealed) {
		if _, _, _, err := parse(packet[:n]); err == nil {
			t.Errorf("%d octets are taken", n)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte{0x45})
	f.Fuzz(func(_ *testing.T, b []byte) {
		if _, _, payload, err := parse(b); err == nil {
			newCipher([16]byte{}).open(payload)
		}
	})
}
