package rtnl

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Changes listens to what becomes of the machine's network: carriers,
// addresses and routes.
type Changes struct {
	f     *os.File
	quiet func(protocol int) bool
	links map[int]bool // by index: whether it is usable
	tuns  map[int]bool
	buf   [32 << 10]byte
}

// maxLinks bounds what is remembered of interfaces that come and go.
const maxLinks = 1024

// tunType is ARPHRD_NONE (linux/if_arp.h), what a TUN interface is.
const tunType = 0xfffe

// Listen begins, in the network namespace of the calling thread. Routes with a
// protocol number that quiet has, and whatever happens to TUN interfaces, are
// no changes.
func Listen(quiet func(protocol int) bool) (*Changes, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	const groups = unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV4_ROUTE
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &Changes{f: os.NewFile(uintptr(fd), "rtnetlink"), quiet: quiet, links: make(map[int]bool), tuns: make(map[int]bool)}, nil
}

// Close ends it, also a Wait in another goroutine.
func (c *Changes) Close() error { return c.f.Close() }

// Wait returns once something has changed and then nothing more for settle.
func (c *Changes) Wait(settle time.Duration) error {
	for changed := false; ; {
		n, err := c.f.Read(c.buf[:])
		switch {
		case err == nil:
			if c.look(c.buf[:n]) {
				changed = true
				c.f.SetReadDeadline(time.Now().Add(settle))
			}
		case os.IsTimeout(err) && changed:
			return c.f.SetReadDeadline(time.Time{})
		case isErrno(err, unix.ENOBUFS): // more changed than could be told
			changed = true
			c.f.SetReadDeadline(time.Now().Add(settle))
		default:
			return err
		}
	}
}

func isErrno(err error, errno unix.Errno) bool {
	e, is := err.(*os.PathError)
	return is && e.Err == errno
}

// look reports whether there is a change among messages.
func (c *Changes) look(b []byte) (changed bool) {
	for len(b) > 0 {
		h, p, rest, err := cut(b)
		if err != nil {
			return changed
		}
		changed = c.isChange(h.typ, p) || changed
		b = rest
	}
	return changed
}

func (c *Changes) isChange(typ uint16, p []byte) bool {
	switch typ {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		if len(p) < unix.SizeofIfInfomsg {
			return false
		}
		return c.link(typ == unix.RTM_NEWLINK, native.Uint16(p[2:]), number(p[4:8]), native.Uint32(p[8:]))
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		return len(p) >= unix.SizeofIfAddrmsg && !c.tuns[number(p[4:8])]
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE: // those of the kernel's own come with addresses
		return len(p) >= unix.SizeofRtMsg && p[4] == unix.RT_TABLE_MAIN && p[5] != unix.RTPROT_KERNEL && !c.quiet(int(p[5]))
	}
	return false
}

// link looks whether an interface is usable that was not, or the other way
// round: wireless ones are told of for many other reasons.
func (c *Changes) link(there bool, kind uint16, index int, flags uint32) bool {
	if len(c.links)+len(c.tuns) > maxLinks {
		clear(c.links)
		clear(c.tuns)
	}
	if kind == tunType {
		c.tuns[index] = true
		return false
	}
	const needs = unix.IFF_UP | unix.IFF_RUNNING
	usable := there && flags&needs == needs
	was, known := c.links[index]
	c.links[index] = usable
	return !known || was != usable
}
