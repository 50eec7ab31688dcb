package vpn

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"dun/dialup/path"
	"dun/vpn/gre"
)

// message is struct mmsghdr of recvmmsg(2) and sendmmsg(2).
type message struct {
	header unix.Msghdr
	n      uint32 // octets moved
}

// batch is what one system call moves: as many packets as the loop has it.
// Everything in it points to memory that lives as long as the Socket, or to
// the sender of a call.
type batch struct {
	messages []message
	iovs     []unix.Iovec
	buffers  []*path.Buffer // received packets; not used for sending

	// Of packets being sent, to take them back.
	heads  []gre.Header
	first  []byte // octet of the frame
	length []int  // of the frame
}

func (b *batch) init(n int) {
	b.messages, b.iovs = make([]message, n), make([]unix.Iovec, n)
	for i := range b.messages {
		b.messages[i].header.Iov = &b.iovs[i]
		b.messages[i].header.SetIovlen(1)
	}
}

func (b *batch) initSend(n int) {
	b.init(n)
	b.heads, b.first, b.length = make([]gre.Header, n), make([]byte, n), make([]int, n)
}

// initReceive borrows buffers for good: that of message i never changes.
func (b *batch) initReceive(loop *path.Loop, n int) {
	for range n {
		if buffer := loop.Borrow(0); buffer != nil {
			b.buffers = append(b.buffers, buffer)
		}
	}
	b.init(len(b.buffers))
	for i, buffer := range b.buffers {
		room := buffer.Room()
		b.iovs[i].Base = &room[0]
		b.iovs[i].SetLen(len(room))
	}
}

func (b *batch) giveBack(loop *path.Loop) {
	for _, buffer := range b.buffers {
		loop.Return(buffer)
	}
	*b = batch{}
}

// call is the system call trap for the messages from first to end; how many
// were moved. Go's scheduler is not told: see path.ReadUnseen.
func (b *batch) call(trap uintptr, fd, first, end int, flags uintptr) (int, unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(&b.messages[first])), uintptr(end-first), flags, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// receiveBatch receives several packets; false where the system has no such
// call.
func (s *Socket) receiveBatch(now time.Time) bool {
	b := &s.rx
	n, errno := b.call(unix.SYS_RECVMMSG, s.fd, 0, len(b.messages), unix.MSG_DONTWAIT)
	if errno != 0 {
		// EAGAIN; an ICMP error of some call's peer is none of the others'
		// business.
		return errno != unix.ENOSYS
	}
	for i := 0; i < n && s.fd >= 0; i++ {
		m, buffer := &b.messages[i], b.buffers[i]
		if m.header.Flags&unix.MSG_TRUNC != 0 {
			s.oversize++
			continue
		}
		buffer.SetLen(int(m.n))
		s.receive(now, buffer.Bytes())
	}
	s.loop.Flush(now)
	return true
}

// SendBatch sends frames with one system call, as far as the system takes
// them (path.BatchWire).
func (c *call) SendBatch(now time.Time, frames []*path.Buffer) (taken, sent int) {
	s := c.socket
	most := len(s.tx.messages)
	if most < 2 || s.fd < 0 {
		return c.sendSingly(now, frames)
	}
	for taken < len(frames) {
		part := frames[taken:min(len(frames), taken+most)]
		c.prepare(now, part)
		n, errno := c.sendPart(len(part))
		for i := 0; c.tap != nil && i < n; i++ {
			c.tapSent(now, part[i].Bytes())
		}
		for i := len(part) - 1; i >= n; i-- { // the last number first
			c.restore(now, i, part[i])
		}
		taken += n
		sent += n
		switch errno {
		case 0:
		case unix.EAGAIN:
			s.fill()
			return taken, sent
		case unix.ENOSYS:
			s.tx = batch{} // one by one from now on
			t, n := c.SendBatch(now, frames[taken:])
			return taken + t, sent + n
		default: // no route, say: the others will not find one either
			c.refused += uint64(len(frames) - taken)
			return len(frames), sent
		}
	}
	return taken, sent
}

// sendSingly is SendBatch with a system call a frame.
func (c *call) sendSingly(now time.Time, frames []*path.Buffer) (taken, sent int) {
	for i, b := range frames {
		first, length := b.Bytes()[0], b.Len()
		switch c.Send(now, b) {
		case nil:
			sent++
		case unix.EAGAIN:
			c.refused--
			b.TrimFront(b.Len() - length)
			b.Bytes()[0] = first
			return i, sent
		}
	}
	return len(frames), sent
}

// prepare makes GRE packets of frames, and messages of these.
func (c *call) prepare(now time.Time, frames []*path.Buffer) {
	t := &c.socket.tx
	for i, b := range frames {
		t.first[i], t.length[i] = b.Bytes()[0], b.Len()
		c.frame(b)
		h := c.engine.Send(now, b.Len())
		h.Put(b.Prepend(h.Len()))
		t.heads[i] = h
		packet := b.Bytes()
		t.iovs[i].Base = &packet[0]
		t.iovs[i].SetLen(len(packet))
		m := &t.messages[i].header
		m.Name, m.Namelen = c.out.msg.Name, c.out.msg.Namelen
		m.Control, m.Controllen = c.out.msg.Control, c.out.msg.Controllen
	}
}

// sendPart sends the first n messages, and tells how many went.
func (c *call) sendPart(n int) (done int, errno unix.Errno) {
	for done < n && errno == 0 {
		var k int
		if k, errno = c.socket.tx.call(unix.SYS_SENDMMSG, c.socket.fd, done, n, 0); errno == 0 {
			done += k
		}
	}
	return done, errno
}

// restore makes message i a frame again, as it was before prepare.
func (c *call) restore(now time.Time, i int, b *path.Buffer) {
	t := &c.socket.tx
	c.engine.Unsent(now, t.heads[i])
	b.TrimFront(b.Len() - t.length[i])
	b.Bytes()[0] = t.first[i]
}
