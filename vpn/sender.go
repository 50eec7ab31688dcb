package vpn

import (
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"dun/dialup/path"
)

// sender is the prepared sendmsg of one call: the peer's address and, as
// control message, our own, which has to be that of the control connection
// also where the machine has several. It saves the allocations and the
// look-up of the general functions.
//
// msg points into sender itself and, for the time of one call, to the packet.
// That is what the garbage collector wants to see: all of it is ordinary
// memory, reached through typed pointers, and none of it on a stack.
type sender struct {
	name    unix.RawSockaddrInet4
	iov     unix.Iovec
	control sourceAddress
	msg     unix.Msghdr
}

// sourceAddress is a control message as CMSG_SPACE and CMSG_DATA lay it out:
// the compiler aligns and pads it in the same way.
type sourceAddress struct {
	header unix.Cmsghdr
	info   unix.Inet4Pktinfo
}

// prepare fills s in for good; s must not be moved afterwards.
func (s *sender) prepare(local, peer netip.Addr) {
	s.name = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: peer.As4()}
	s.msg.Name = (*byte)(unsafe.Pointer(&s.name))
	s.msg.Namelen = unix.SizeofSockaddrInet4
	s.msg.Iov = &s.iov
	s.msg.SetIovlen(1)
	if local.Is4() && !local.IsUnspecified() {
		s.control.header.Level, s.control.header.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		s.control.header.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
		s.control.info.Spec_dst = local.As4()
		s.msg.Control = (*byte)(unsafe.Pointer(&s.control))
		s.msg.SetControllen(unix.CmsgSpace(unix.SizeofInet4Pktinfo))
	}
}

// send sends one GRE packet, which is not empty. EAGAIN means that the system
// has more of ours than it likes, and sends what it has first: calls are not
// Ready then.
func (s *Socket) send(to *sender, b []byte) error {
	if s.fd < 0 {
		return unix.EBADF
	}
	to.iov.Base = &b[0]
	to.iov.SetLen(len(b))
	errno := unix.EINTR
	for errno == unix.EINTR {
		_, _, errno = unix.RawSyscall(unix.SYS_SENDMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&to.msg)), 0)
	}
	to.iov.Base = nil
	switch errno {
	case 0:
		return nil
	case unix.EAGAIN:
		s.fill()
	}
	return errno
}

// fill is the beginning of a time in which the system takes no more.
func (s *Socket) fill() {
	if !s.full && s.loop.Watch(s.fd, path.Readable|path.Writable, s) == nil {
		s.full = true
	}
}

// wait notes a call that wants to know of its end.
func (s *Socket) wait(c *call) {
	if !c.queued {
		c.queued = true
		s.waiting = append(s.waiting, c)
	}
}

// relieve is its end.
func (s *Socket) relieve(now time.Time) {
	if !s.full || s.fd < 0 {
		return
	}
	s.full = false
	s.loop.Watch(s.fd, path.Readable, s)
	waiting := s.waiting
	s.waiting, s.spare = s.spare[:0], nil
	for _, c := range waiting {
		c.queued = false
		c.relieve(now) // sends what waits; it may come to wait again
	}
	clear(waiting)
	s.spare = waiting
}
