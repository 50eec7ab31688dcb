package vpn

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup/path"
)

// TestShares: the ids of all loops are all ids, each once, however many loops
// there are, and none gets an id of another one's.
func TestShares(t *testing.T) {
	for _, of := range []uint16{0, 1, 2, 3, 7, 64} {
		var owner [1 << 16]int
		for index := range max(of, 1) {
			s := share{index, of}
			id := uint16(0xfff0) // a seed that may be another's
			for range 1<<16/int(max(of, 1)) + 1 {
				if id = s.next(id); !s.has(id) {
					t.Fatalf("%+v: %d", s, id)
				}
				owner[id] = int(index) + 1
			}
		}
		for id, o := range owner {
			if want := id%int(max(of, 1)) + 1; o != want {
				t.Fatalf("id %d of %d loops has owner %d, want %d", id, of, o, want)
			}
		}
	}
}

// machine runs the filter of a share as the system would. No test attaches one
// to a socket of the machine that it runs on: each goes through the kernel's
// compiler, and thousands of them in a minute have blocked a kernel for good.
// A real kernel runs it in the laboratory's guest (serve/several-loops).
func machine(t testing.TB, s share) *bpf.VM {
	t.Helper()
	var program []bpf.Instruction
	for _, f := range s.filter() {
		program = append(program, bpf.RawInstruction{Op: f.Code, Jt: f.Jt, Jf: f.Jf, K: f.K}.Disassemble())
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

// passes reports whether a packet comes through, whole.
func passes(t testing.TB, vm *bpf.VM, packet []byte) bool {
	t.Helper()
	n, err := vm.Run(packet)
	if err != nil || n != 0 && n < len(packet) {
		t.Fatalf("%d octets come through, %v", n, err)
	}
	return n != 0
}

func TestFilter(t *testing.T) {
	for _, s := range []share{{0, 2}, {1, 2}, {2, 3}, {63, 64}} {
		vm := machine(t, s)
		for _, options := range []int{0, 4, 40} {
			for _, id := range []uint16{0, 1, 2, 3, 5, 62, 63, 64, 127, 0x8000, 0xfffe, 0xffff} {
				packet := ip4(1, options, data(id, 1, discard))
				if passes(t, vm, packet) != s.has(id) {
					t.Errorf("%+v, %d octets of options: id %d passes: %v", s, options, id, !s.has(id))
				}
			}
			if passes(t, vm, ip4(1, options, data(uint16(s.index), 1, nil)[:7])) {
				t.Errorf("%+v: a packet that is cut off passes", s)
			}
		}
	}
}

// FuzzFilter compares the program with what the socket does with a packet.
func FuzzFilter(f *testing.F) {
	f.Add(ip4(1, 0, data(7, 1, discard)), uint16(1), uint16(2))
	f.Add(ip4(1, 40, data(0xffff, 1, nil)), uint16(0), uint16(3))
	f.Add([]byte{0x4f}, uint16(0), uint16(2))
	f.Add([]byte{}, uint16(0), uint16(2))
	f.Fuzz(func(t *testing.T, packet []byte, index, of uint16) {
		if of < 2 || len(packet) > 4096 {
			return
		}
		s := share{index % of, of}
		vm := machine(t, s)
		want := false
		if len(packet) > 0 {
			if at := int(packet[0]&0xf)*4 + 6; at+2 <= len(packet) {
				want = s.has(binary.BigEndian.Uint16(packet[at:]))
			}
		}
		if got := passes(t, vm, packet); got != want {
			t.Errorf("%+v passes %x: %v", s, packet, got)
		}
	})
}

// TestSocketsOfSeveralLoops: calls go to the loop that has the fewest, and a
// packet comes to its call, though without a filter all sockets get it.
func TestSocketsOfSeveralLoops(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		const loops = 3
		var all []*path.Loop
		for range loops {
			l, err := path.NewLoop(path.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			all = append(all, l)
		}
		sockets, err := OpenSockets(all, 0xfffd, false)
		if err != nil {
			t.Fatal(err)
		}
		here := netip.MustParseAddr("127.0.0.1")
		var calls []*call
		for i := range 3 * loops {
			s := leastBusy(sockets)
			c, err := s.newCall(here, here)
			if err != nil {
				t.Fatal(err)
			}
			if want := sockets[i%loops]; s != want || c.id%loops != uint16(i%loops) {
				t.Errorf("call %d with id %d is in another loop", i, c.id)
			}
			calls = append(calls, c)
		}
		sockets[1].release(calls[4])
		if leastBusy(sockets) != sockets[1] {
			t.Error("the loop with the fewest calls is not taken")
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 47)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		calls = append(calls[:4], calls[5:]...)
		for _, c := range calls {
			if err := unix.Sendto(fd, data(c.id, 0, discard), 0, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range calls {
			for deadline := time.Now().Add(10 * time.Second); !c.arrived.Load(); {
				if time.Now().After(deadline) {
					t.Fatalf("no packet came for call %d", c.id)
				}
				all[0].Do(func(time.Time) {})
			}
		}
		for i, s := range sockets {
			all[i].Do(func(time.Time) {
				if s.Filtered() {
					t.Errorf("socket %d is filtered", i)
				}
			})
			s.Close()
		}
	})
}
