package vpn

import (
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/path"
)

// share is what one of several loops has of the call ids: those that leave the
// remainder index when divided by of. The zero share, and any with of 1, is
// all of them.
type share struct{ index, of uint16 }

// next is the call id of the share that follows id, the first one after the
// last. It may be 0, which is nobody's.
func (s share) next(id uint16) uint16 {
	if s.of < 2 {
		return id + 1
	}
	next := int(id) - int(id%s.of) + int(s.index)
	if next <= int(id) {
		next += int(s.of)
	}
	if next > 0xffff {
		next = int(s.index)
	}
	return uint16(next)
}

// has reports whether a call id is of the share.
func (s share) has(id uint16) bool { return s.of < 2 || id%s.of == s.index }

// filter is the share as a program that the system runs for each packet of a
// raw socket, which begins with the IPv4 header (classic BPF, Linux:
// Documentation/networking/filter.rst). A packet without a call id is
// dropped: a load behind the end drops it.
func (s share) filter() []unix.SockFilter {
	return []unix.SockFilter{
		{Code: unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH, K: 0},            // X = length of the IPv4 header
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_IND, K: 6},             // A = call id (RFC 2637 section 4.1)
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(s.of)}, // since Linux 3.7
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(s.index), Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
}

// attach has the system drop what is not of the share before it wakes the
// socket's loop. Where the system refuses, the loop gets all packets and
// ignores those of the others, as it does with those of other processes.
func (s share) attach(fd int) error {
	if s.of < 2 {
		return nil
	}
	program := s.filter()
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// OpenSockets opens the GRE sockets of several loops, one for each. The call id
// names the loop, so that each packet wakes one of them only; without the
// filter it wakes all, and those that it does not name ignore it. See
// OpenSocket.
func OpenSockets(loops []*path.Loop, seed uint16, filter bool) ([]*Socket, error) {
	sockets := make([]*Socket, 0, len(loops))
	for i, loop := range loops {
		s, err := OpenSocket(loop, seed)
		if err != nil {
			for _, open := range sockets {
				open.Close()
			}
			return nil, err
		}
		part := share{uint16(i), uint16(len(loops))}
		loop.Do(func(time.Time) {
			s.share = part
			s.filtered = filter && part.of > 1 && part.attach(s.fd) == nil
		})
		sockets = append(sockets, s)
	}
	return sockets, nil
}

// Filtered tells whether the socket gets only packets that name its loop. It
// belongs to the loop's goroutine.
func (s *Socket) Filtered() bool { return s.filtered }

// leastBusy is the socket with the fewest calls.
func leastBusy(sockets []*Socket) *Socket {
	best, fewest := sockets[0], 0
	for i, s := range sockets {
		n := 0
		s.loop.Do(func(time.Time) { n = len(s.calls) })
		if i == 0 || n < fewest {
			best, fewest = s, n
		}
	}
	return best
}
