package path

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// syn is a TCP SYN with the given options, checksums right.
func syn(version int, options []byte, flags byte) []byte {
	tcp := make([]byte, 20, 20+len(options))
	binary.BigEndian.PutUint16(tcp, 40000)
	binary.BigEndian.PutUint16(tcp[2:], 80)
	tcp = append(tcp, options...)
	for len(tcp)%4 != 0 {
		tcp = append(tcp, optionEnd)
	}
	tcp[12], tcp[13] = byte(len(tcp)/4)<<4, flags
	var ip []byte
	if version == 4 {
		ip = make([]byte, 20)
		ip[0], ip[9] = 0x45, protoTCP
		binary.BigEndian.PutUint16(ip[2:], uint16(20+len(tcp)))
		copy(ip[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	} else {
		ip = make([]byte, 40)
		ip[0], ip[6] = 0x60, protoTCP
		binary.BigEndian.PutUint16(ip[4:], uint16(len(tcp)))
		ip[23], ip[39] = 1, 2
	}
	packet := append(ip, tcp...)
	binary.BigEndian.PutUint16(packet[len(ip)+16:], ^tcpSum(packet))
	return packet
}

// tcpSum is the one's complement sum over pseudo-header and segment; 0xffff
// when the checksum in it is right.
func tcpSum(packet []byte) uint16 {
	var pseudo, tcp []byte
	if packet[0]>>4 == 4 {
		pseudo, tcp = packet[12:20], packet[20:]
	} else {
		pseudo, tcp = packet[8:40], packet[40:]
	}
	sum := uint32(protoTCP + len(tcp))
	for _, part := range [][]byte{pseudo, tcp} {
		for i := 0; i < len(part); i += 2 {
			sum += uint32(word(part, i))
		}
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

func mss(v uint16) []byte { return []byte{optionMSS, 4, byte(v >> 8), byte(v)} }

func TestClampMSS(t *testing.T) {
	for _, tc := range []struct {
		name    string
		version int
		options []byte
		flags   byte
		mtu     int
		at      int // of the MSS value, from the options' start
		want    uint16
	}{
		{"lowered", 4, mss(1460), flagSYN, 1400, 2, 1360},
		{"lowered in SYN ACK", 4, mss(1460), flagSYN | 0x10, 1400, 2, 1360},
		{"small enough", 4, mss(536), flagSYN, 1400, 2, 536},
		{"no SYN", 4, mss(1460), 0x10, 1400, 2, 1460},
		{"IPv6", 6, mss(1440), flagSYN, 1400, 2, 1340},
		{"behind others, even", 4, append([]byte{4, 2}, mss(1460)...), flagSYN, 1400, 4, 1360},
		{"behind a NOP, odd", 4, append([]byte{optionNOP}, mss(1460)...), flagSYN, 1400, 3, 1360},
		{"behind the end", 4, append([]byte{optionEnd}, mss(1460)...), flagSYN, 1400, 3, 1460},
		{"no limit", 4, mss(1460), flagSYN, 0, 2, 1460},
		{"hopeless MTU", 4, mss(1460), flagSYN, 80, 2, 1460},
	} {
		packet := syn(tc.version, tc.options, tc.flags)
		clampMSS(packet, tc.mtu)
		header := 20
		if tc.version == 6 {
			header = 40
		}
		if got := binary.BigEndian.Uint16(packet[header+20+tc.at:]); got != tc.want {
			t.Errorf("%s: MSS is %d, want %d", tc.name, got, tc.want)
		}
		if sum := tcpSum(packet); sum != 0xffff {
			t.Errorf("%s: the checksum is wrong (sum %#x)", tc.name, sum)
		}
	}
}

func TestClampMSSLeavesFragmentsAlone(t *testing.T) {
	packet := syn(4, mss(1460), flagSYN)
	packet[7] = 1 // fragment offset
	before := bytes.Clone(packet)
	clampMSS(packet, 1000)
	if !bytes.Equal(before, packet) {
		t.Error("a later fragment was changed")
	}
}

func FuzzClampMSS(f *testing.F) {
	f.Add(syn(4, mss(1460), flagSYN), 1400)
	f.Add(syn(6, append([]byte{optionNOP}, mss(1460)...), flagSYN), 1280)
	f.Add([]byte{0x45}, 1400)
	f.Fuzz(func(t *testing.T, packet []byte, mtu int) {
		n := len(packet)
		before := bytes.Clone(packet)
		clampMSS(packet, mtu)
		changed := 0
		for i := range packet {
			if packet[i] != before[i] {
				changed++
			}
		}
		if len(packet) != n || changed > 4 {
			t.Errorf("%d octets were changed", changed) // MSS and checksum, no more
		}
	})
}
