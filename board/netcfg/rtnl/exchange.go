package rtnl

import "golang.org/x/sys/unix"

// Error is the kernel's refusal. errors.Is finds its Errno.
type Error struct {
	Errno unix.Errno
	Text  string // what the kernel says about it, may be empty
}

func (e *Error) Error() string {
	if e.Text == "" {
		return e.Errno.Error()
	}
	return e.Errno.Error() + ": " + e.Text
}

func (e *Error) Unwrap() error { return e.Errno }

// exchange is one request's answer, as it comes in.
type exchange struct {
	seq, port   uint32
	each        func(payload []byte) // gets what is asked for; nil where only an acknowledgement is
	interrupted bool                 // the table changed during the dump
}

// input reads one datagram of the kernel's.
func (x *exchange) input(b []byte) (done bool, err error) {
	for len(b) > 0 {
		h, payload, rest, err := cut(b)
		if err != nil {
			return true, err
		}
		b = rest
		if h.seq != x.seq || h.port != x.port {
			continue // the late answer to a request that was given up
		}
		if h.flags&unix.NLM_F_DUMP_INTR != 0 {
			x.interrupted = true
		}
		switch h.typ {
		case unix.NLMSG_NOOP:
		case unix.NLMSG_ERROR, unix.NLMSG_DONE:
			return true, status(h, payload)
		case unix.NLMSG_OVERRUN:
			return true, unix.ENOBUFS
		default:
			if x.each == nil {
				continue
			}
			x.each(payload)
			if h.flags&unix.NLM_F_MULTI == 0 {
				return true, nil
			}
		}
	}
	return false, nil
}

// status reads an acknowledgement (struct nlmsgerr) or the end of a dump.
func status(h header, b []byte) error {
	if len(b) < 4 {
		if h.typ == unix.NLMSG_DONE {
			return nil // old kernels say no more
		}
		return errMalformed
	}
	no := int32(native.Uint32(b))
	if no >= 0 {
		return nil
	}
	e := &Error{Errno: unix.Errno(-int64(no))}
	b = b[4:]
	if h.flags&unix.NLM_F_ACK_TLVS == 0 {
		return e
	}
	if h.typ == unix.NLMSG_ERROR { // the request comes back first, or its header
		n := uint64(headerLen)
		if h.flags&unix.NLM_F_CAPPED == 0 && len(b) >= 4 {
			n = (uint64(native.Uint32(b)) + 3) &^ 3
		}
		b = b[min(n, uint64(len(b))):]
	}
	for typ, v := range Attributes(b) {
		if typ == unix.NLMSGERR_ATTR_MSG {
			e.Text = unix.ByteSliceToString(v)
		}
	}
	return e
}
