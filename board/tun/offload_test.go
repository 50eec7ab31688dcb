package tun

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup/path"
)

// shaped opens an interface with offload, up.
func shaped(t *testing.T) *Device {
	t.Helper()
	d, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	up(t, d)
	return d
}

func readShaped(t *testing.T, d *Device, b []byte) ([]byte, path.Shape) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		n, s, err := d.ReadShaped(b)
		if err == nil {
			return b[:n], s
		}
		if err != path.ErrWouldBlock {
			t.Fatal(err)
		}
		unix.Poll([]unix.PollFd{{Fd: int32(d.FD()), Events: unix.POLLIN}}, 100)
	}
	t.Fatal("no packet in 5 s")
	return nil, path.Shape{}
}

// ipv4 puts addresses from the peer to us, lengths and the header's checksum
// into a packet.
func ipv4(p []byte, protocol byte) {
	copy(p, []byte{0x45, 0, byte(len(p) >> 8), byte(len(p)), 0, 1, 0x40, 0, 64, protocol, 0, 0})
	copy(p[12:], []byte{192, 0, 2, 2, 192, 0, 2, 1})
	binary.BigEndian.PutUint16(p[10:], checksum(p[:20]))
}

// pseudo is the sum of the pseudo-header, as a partial checksum has it.
func pseudo(p []byte) uint16 {
	n := len(p) - 20
	return ^checksum(append(bytes.Clone(p[12:20]), 0, p[9], byte(n>>8), byte(n)))
}

func TestOffloadOptions(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d, err := Open("", Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		is, tcp, udp := d.Shapes()
		if o := d.Offload(); !is || !o.Checksum || !o.TSO || tcp != o.TSO || udp != o.USO || len(o.Names()) < 2 {
			t.Errorf("%+v, %v %v %v", o, is, tcp, udp)
		}
		plain := open(t, "")
		if is, tcp, udp := plain.Shapes(); is || tcp || udp || plain.Offload() != (Offload{}) || len(plain.Offload().Names()) != 0 {
			t.Errorf("plain: %v %v %v", is, tcp, udp)
		}
		if err := plain.KeepWhole(); err != nil {
			t.Error(err)
		}
	})
}

// TestReadTCP has the system's TCP send into the interface.
func TestReadTCP(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := shaped(t)
		b := make([]byte, 70_000)
		payload := bytes.Repeat([]byte("0123456789"), 2000)
		done := make(chan error, 1)
		go func() {
			conn, err := net.DialTimeout("tcp4", "192.0.2.2:80", 5*time.Second)
			if err == nil {
				conn.Write(payload)
				conn.Close()
			}
			done <- err
		}()
		syn, s := readShaped(t, d, b)
		if s.Kind != path.Whole || !s.Partial || s.Start != 20 || s.Offset != 16 || syn[33] != 2 {
			t.Fatalf("%+v, % x", s, syn)
		}
		answer := make([]byte, 40)
		ipv4(answer, 6)
		copy(answer[20:], syn[22:24])
		copy(answer[22:], syn[20:22])
		binary.BigEndian.PutUint32(answer[28:], binary.BigEndian.Uint32(syn[24:])+1)
		answer[32], answer[33] = 5<<4, 0x12
		answer[34] = 0xff
		binary.BigEndian.PutUint16(answer[36:], pseudo(answer))
		if err := d.WriteShaped(path.Shape{Partial: true, Start: 20, Offset: 16}, [][]byte{answer}); err != nil {
			t.Fatal(err)
		}
		for {
			p, s := readShaped(t, d, b)
			if s.Kind == path.Whole {
				continue // the acknowledgement
			}
			head := 20 + int(p[32]>>4)*4
			if s.Kind != path.TCP4 || s.Size != 536 || len(p) <= 536+head || !bytes.Equal(p[head:], payload[:len(p)-head]) {
				t.Errorf("%+v of %d octets", s, len(p))
			}
			break
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestUDPSegments goes both ways, where the kernel has it (Linux 6.2).
func TestUDPSegments(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := shaped(t)
		conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7}, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 9})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		raw, _ := conn.SyscallConn()
		raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 1000) })
		if err != nil {
			t.Fatal(err)
		}
		payload := bytes.Repeat([]byte("abcdefgh"), 300)
		if _, err := conn.Write(payload); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 70_000)
		p, s := readShaped(t, d, b)
		want := path.Shape{Kind: path.UDP, Size: 1000, Partial: true, Start: 20, Offset: 6}
		if !d.Offload().USO { // it cuts them itself
			want = path.Shape{Partial: s.Partial, Start: s.Start, Offset: s.Offset}
		}
		if s != want || s.Kind != path.Whole && !bytes.Equal(p[28:], payload) {
			t.Errorf("%+v of %d octets", s, len(p))
		}
		if !d.Offload().USO {
			return
		}
		p = append(make([]byte, 28), payload...)
		ipv4(p, 17)
		copy(p[20:], []byte{0, 9, 0, 7, byte((len(p) - 20) >> 8), byte(len(p) - 20)})
		binary.BigEndian.PutUint16(p[26:], pseudo(p))
		if err := d.WriteShaped(want, [][]byte{p[:1028], p[1028:2028], p[2028:]}); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(time.Minute)) // against hanging
		for at := 0; at < len(payload); {
			n, err := conn.Read(b)
			if err != nil || n > 1000 || !bytes.Equal(b[:n], payload[at:at+n]) {
				t.Fatalf("%d octets at %d, %v", n, at, err)
			}
			at += n
		}
		if err := d.WriteShaped(want, make([][]byte, maxPieces)); err == nil {
			t.Error("too many pieces are taken")
		}
	})
}

// TestKeepWhole: then the system cuts and completes itself.
func TestKeepWhole(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := shaped(t)
		if err := d.KeepWhole(); err != nil {
			t.Fatal(err)
		}
		conn, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 9})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		raw, _ := conn.SyscallConn()
		raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 1000) })
		if err == nil {
			_, err = conn.Write(make([]byte, 2000))
		}
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 70_000)
		for range 2 {
			if p, s := readShaped(t, d, b); len(p) != 1028 || s != (path.Shape{}) {
				t.Errorf("%d octets, %+v", len(p), s)
			}
		}
		if o := d.Offload(); o != (Offload{}) {
			t.Errorf("%+v", o)
		}
	})
}

func TestNoAllocationsShaped(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := shaped(t)
		b, req := make([]byte, 70_000), echoRequest(100)
		pieces := [][]byte{req[:50], req[50:]}
		replies := 0
		n := testing.AllocsPerRun(500, func() {
			if err := d.WriteShaped(path.Shape{}, pieces); err != nil {
				t.Fatal(err)
			}
			for {
				_, _, err := d.ReadShaped(b)
				if err == path.ErrWouldBlock {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				replies++
			}
		})
		if n != 0 || replies == 0 {
			t.Errorf("%v allocations, %d replies", n, replies)
		}
	})
}
