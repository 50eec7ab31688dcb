package tun

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup/cause"
	"dun/dialup/path"
)

func open(t *testing.T, name string) *Device {
	t.Helper()
	d, err := Open(name, Options{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// up gives d the address 192.0.2.1 with the peer 192.0.2.2, IPv4 alone.
func up(t *testing.T, d *Device) {
	t.Helper()
	link, err := netlink.LinkByName(d.Name())
	if err != nil {
		t.Fatal(err)
	}
	// A kernel without IPv6 has no such file, and sends nothing of its own.
	os.WriteFile("/proc/sys/net/ipv6/conf/"+d.Name()+"/disable_ipv6", []byte("1"), 0)
	addr := &netlink.Addr{
		IPNet: &net.IPNet{IP: net.IPv4(192, 0, 2, 1), Mask: net.CIDRMask(32, 32)},
		Peer:  &net.IPNet{IP: net.IPv4(192, 0, 2, 2), Mask: net.CIDRMask(32, 32)},
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		t.Fatal(err)
	}
}

func readPacket(t *testing.T, d *Device, b []byte) []byte {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		n, err := d.Read(b)
		if err == nil {
			return b[:n]
		}
		if err != path.ErrWouldBlock {
			t.Fatal(err)
		}
		unix.Poll([]unix.PollFd{{Fd: int32(d.FD()), Events: unix.POLLIN}}, 100)
	}
	t.Fatal("no packet in 5 s")
	return nil
}

func TestNames(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		a, b := open(t, ""), open(t, DefaultName)
		if a.Name() != "dun0" || b.Name() != "dun1" {
			t.Errorf("names %q, %q; want dun0, dun1", a.Name(), b.Name())
		}
		if c := open(t, "office"); c.Name() != "office" {
			t.Errorf("name %q, want office", c.Name())
		}
		for _, c := range []struct {
			name string
			want cause.Cause
		}{
			{"dun0", cause.NetworkSetup},
			{"lo", cause.NetworkSetup},
			{"bad/name", cause.NetworkSetup},
			{"sixteen-letters!", cause.NetworkSetup},
		} {
			d, err := Open(c.name, Options{})
			if cause.Of(err) != c.want || err == nil {
				t.Errorf("Open(%q) = %v, %v; want cause %v", c.name, d, err, c.want)
			}
			t.Log(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error("second Close:", err)
		}
		if _, err := netlink.LinkByName("dun0"); err == nil {
			t.Error("dun0 is still there after Close")
		}
		if _, err := a.Read(make([]byte, 100)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Read after Close: %v", err)
		}
	})
}

// echoRequest is an ICMP echo request (RFC 792) from the peer to us.
func echoRequest(payload int) []byte {
	p := make([]byte, 28+payload)
	p[0], p[8], p[9] = 0x45, 64, 1
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	copy(p[12:], []byte{192, 0, 2, 2})
	copy(p[16:], []byte{192, 0, 2, 1})
	binary.BigEndian.PutUint16(p[10:], checksum(p[:20]))
	p[20] = 8
	binary.BigEndian.PutUint16(p[22:], checksum(p[20:]))
	return p
}

func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func TestPackets(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := open(t, "")
		b := make([]byte, 2000)
		if _, err := d.Read(b); err != path.ErrWouldBlock {
			t.Errorf("Read without a packet: %v", err)
		}
		if _, err := d.Write(echoRequest(8)); !errors.Is(err, unix.EIO) {
			t.Errorf("Write while down: %v", err)
		}
		up(t, d)

		req := echoRequest(100)
		if n, err := d.Write(req); n != len(req) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
		got := readPacket(t, d, b)
		if len(got) != len(req) || got[20] != 0 || !bytes.Equal(got[12:16], req[16:20]) {
			t.Errorf("echo reply % x", got)
		}
		if _, err := d.Write([]byte{0x10, 0, 0, 0}); !errors.Is(err, unix.EINVAL) {
			t.Errorf("Write of no IP packet: %v", err)
		}

		link, _ := netlink.LinkByName(d.Name())
		if err := netlink.LinkDel(link); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Read(b); err == path.ErrWouldBlock || cause.Of(err) != cause.NetworkSetup {
			t.Errorf("Read from a removed interface: %v", err)
		}
		if _, err := d.Write(req); cause.Of(err) != cause.NetworkSetup {
			t.Errorf("Write to a removed interface: %v", err)
		}
	})
}

func TestNoAllocations(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		d := open(t, "")
		up(t, d)
		b, req := make([]byte, 2000), echoRequest(100)
		replies := 0
		n := testing.AllocsPerRun(500, func() {
			if _, err := d.Write(req); err != nil {
				t.Fatal(err)
			}
			for {
				_, err := d.Read(b)
				if err == path.ErrWouldBlock {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				replies++
			}
		})
		if n != 0 {
			t.Errorf("%v allocations for a Write and its Reads", n)
		}
		if replies == 0 {
			t.Error("nothing was read")
		}
	})
}

func TestProbe(t *testing.T) {
	if err := Probe(); err != nil {
		t.Error(err)
	}
	dir := t.TempDir()
	if _, err := openPath(filepath.Join(dir, "tun")); cause.Of(err) != cause.NoTUN {
		t.Errorf("missing device: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := openPath(filepath.Join(file, "tun")); cause.Of(err) != cause.NoTUN {
		t.Errorf("no directory: %v", err)
	}
}

func TestNoPermission(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		// Without CAP_NET_ADMIN the device opens but nothing attaches.
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if err := unix.Capget(&hdr, &data[0]); err != nil {
			t.Fatal(err)
		}
		data[0].Effective &^= 1 << unix.CAP_NET_ADMIN
		var err error
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // capabilities are the thread's; it ends here
			if err = unix.Capset(&hdr, &data[0]); err == nil {
				_, err = Open("", Options{})
			}
		}()
		<-done
		if cause.Of(err) != cause.NoPermission {
			t.Errorf("Open without CAP_NET_ADMIN: %v", err)
		}
	})
}
