package vpn

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/path"
	"dun/vpn/gre"
)

const (
	// receiveBuffer is asked for with SO_RCVBUFFORCE: one segment of 64 KiB
	// from the peer's system arrives as 46 packets at once.
	receiveBuffer = 1 << 20
	// storeSlots is how many early packets all calls together can keep.
	storeSlots = 64
	// singles is how many packets are received one by one before others have
	// their turn.
	singles = 64
)

// Socket is the raw GRE socket of one packet loop, shared by all its calls:
// the system copies every GRE packet to each raw socket that wants it. Calls
// are told apart by the peer's address and our call id; packets for unknown
// calls are ignored in silence, since they may belong to another process.
type Socket struct {
	loop *path.Loop

	// Owned by the loop.
	fd      int // -1 once it is closed
	calls   map[callKey]*call
	lastID  uint16
	share   share      // of the call ids, with several loops
	store   *gre.Store // packets that wait for others before them, of all calls
	buf     []byte     // one packet as received
	full    bool       // the system takes no more packets for now
	waiting []*call    // calls that want to know when it does
	spare   []*call    // memory for another waiting
	rx, tx  batch      // without messages: one packet a system call

	filtered                     bool   // the system keeps away what is not of share
	unknown, malformed, oversize uint64 // packets ignored
}

// callKey is what a received packet names its call by (RFC 2637 section 4.1:
// the key field carries the receiver's call id).
type callKey struct {
	peer [4]byte
	id   uint16
}

// OpenSocket opens the GRE socket of loop. It needs CAP_NET_RAW. Call ids
// count up from seed: best another one with each start of the process, since
// packets of an older call may still be under way.
func OpenSocket(loop *path.Loop, seed uint16) (*Socket, error) {
	fd, err := openRaw()
	if err != nil {
		c := cause.NetworkSetup
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			c = cause.NoPermission
		}
		return nil, cause.Wrap(c, err, "opening a raw GRE socket")
	}
	s := &Socket{
		loop: loop, fd: fd, lastID: seed,
		calls: make(map[callKey]*call),
		store: gre.NewStore(storeSlots, gre.DefaultSlot),
		buf:   make([]byte, path.SmallSize),
	}
	var watch error
	if !loop.Do(func(time.Time) {
		if n := loop.Batch(); n > 1 {
			s.rx.initReceive(loop, n)
			s.tx.initSend(n)
		}
		watch = loop.Watch(fd, path.Readable, s)
	}) {
		watch = errLoopEnded
	}
	if watch != nil {
		unix.Close(fd)
		return nil, cause.Wrap(cause.Internal, watch, "")
	}
	return s, nil
}

var errLoopEnded = errors.New("the packet loop has ended")

func openRaw() (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, gre.Protocol)
	if err != nil {
		return -1, err
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		// Without CAP_NET_ADMIN the system's limit holds.
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
	// No Don't Fragment bit: the tunnel's MTU fits the first hop, and a
	// narrower one behind it (PPPoE) shall cut packets, rather than drop them
	// with an ICMP message that many a firewall drops in turn.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Close closes the socket; calls that there are still go deaf and dumb.
func (s *Socket) Close() {
	in := s.loop.Do(func(time.Time) {
		s.loop.Unwatch(s.fd)
		s.close()
	})
	if !in {
		<-s.loop.Done()
		s.close()
	}
}

func (s *Socket) close() {
	if s.fd >= 0 {
		unix.Close(s.fd)
		s.fd = -1 // the number is another descriptor's soon
		s.rx.giveBack(s.loop)
	}
}

// Ready receives packets, and tells calls that they may send again
// (path.Handler).
func (s *Socket) Ready(now time.Time, events int) {
	if events&path.Writable != 0 {
		s.relieve(now)
	}
	if len(s.rx.messages) > 0 {
		if s.receiveBatch(now) {
			return
		}
		s.rx.giveBack(s.loop) // Linux 2.6.32 and older
	}
	for range singles {
		if s.fd < 0 { // closed by what the last packet led to
			return
		}
		n, err := path.ReadUnseen(s.fd, s.buf)
		if err == unix.EINTR {
			continue
		}
		if err != 0 {
			return // EAGAIN; an ICMP error of some call's peer is none of the others' business
		}
		s.receive(now, s.buf[:n])
		s.loop.Flush(now) // before the memory is used again
	}
}

// receive takes one IPv4 packet.
func (s *Socket) receive(now time.Time, packet []byte) {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		s.malformed++
		return
	}
	// The call id stands in octets 6 and 7 of every enhanced GRE header
	// (RFC 2637 section 4.1); the call looks at the rest.
	ihl := int(packet[0]&0xf) * 4
	if ihl < 20 || len(packet) < ihl+8 {
		s.malformed++
		return
	}
	id := binary.BigEndian.Uint16(packet[ihl+6:])
	c, known := s.calls[callKey{[4]byte(packet[12:16]), id}]
	if !known {
		s.unknown++
		return
	}
	c.receive(now, packet)
}

// Batched tells whether several packets are sent and received with one system
// call (sendmmsg, recvmmsg): as the loop's Config has it and the kernel can.
func (s *Socket) Batched() bool { return s.loop.Batch() > 1 }

// newCall takes a free call id for a call with peer, and the longest unused
// one: packets of the call before may still be under way. It is reachable at
// once, so that nothing of the peer's is lost, whenever it starts to send.
func (s *Socket) newCall(local, peer netip.Addr) (*call, error) {
	c := makeCall(s, local, peer)
	err := error(cause.New(cause.ServerFull, "all call ids are taken"))
	ok := s.loop.Do(func(time.Time) {
		for range 1 << 16 {
			s.lastID = s.share.next(s.lastID)
			c.id = s.lastID
			if _, taken := s.calls[c.key()]; !taken && c.id != 0 {
				s.calls[c.key()] = c
				err = nil
				return
			}
		}
	})
	if !ok {
		err = cause.Wrap(cause.Internal, errLoopEnded, "")
	}
	return c, err
}

// release forgets a call.
func (s *Socket) release(c *call) {
	s.loop.Do(func(time.Time) {
		if s.calls[c.key()] == c {
			delete(s.calls, c.key())
			if c.engine != nil {
				c.engine.Close()
			}
		}
	})
}
