package rtnl

import (
	"testing"

	"golang.org/x/sys/unix"
)

func listening() *Changes {
	return &Changes{quiet: func(p int) bool { return p == 68 }, links: make(map[int]bool), tuns: make(map[int]bool)}
}

func linkMessage(typ uint16, kind byte, index int, flags uint32) []byte {
	b := linkBody(index, flags, 0)
	b[2], b[3] = kind, 0
	if kind == 0xfe {
		b[3] = 0xff
	}
	return message(header{typ: typ}, b)
}

func routeMessage(protocol, table byte) []byte {
	b := make([]byte, unix.SizeofRtMsg)
	b[4], b[5] = table, protocol
	return message(header{typ: unix.RTM_NEWROUTE}, b)
}

func addrMessage(index byte) []byte {
	b := make([]byte, unix.SizeofIfAddrmsg)
	native.PutUint32(b[4:], uint32(index))
	return message(header{typ: unix.RTM_NEWADDR}, b)
}

// TestChanges: what may have changed the way to a server, and what is noise.
func TestChanges(t *testing.T) {
	const up, usable = unix.IFF_UP, unix.IFF_UP | unix.IFF_RUNNING
	c := listening()
	for _, step := range []struct {
		name    string
		message []byte
		want    bool
	}{
		{"a cable is plugged in", linkMessage(unix.RTM_NEWLINK, 1, 2, usable), true},
		{"signal strength", linkMessage(unix.RTM_NEWLINK, 1, 2, usable), false},
		{"pulled", linkMessage(unix.RTM_NEWLINK, 1, 2, up), true},
		{"taken down", linkMessage(unix.RTM_NEWLINK, 1, 2, 0), false},
		{"removed", linkMessage(unix.RTM_DELLINK, 1, 2, 0), false},
		{"and there again", linkMessage(unix.RTM_NEWLINK, 1, 2, usable), true},
		{"a tunnel", linkMessage(unix.RTM_NEWLINK, 0xfe, 7, usable), false},
		{"its address", addrMessage(7), false},
		{"another address", addrMessage(2), true},
		{"a route", routeMessage(unix.RTPROT_STATIC, unix.RT_TABLE_MAIN), true},
		{"ours", routeMessage(68, unix.RT_TABLE_MAIN), false},
		{"the kernel's", routeMessage(unix.RTPROT_KERNEL, unix.RT_TABLE_MAIN), false},
		{"another table's", routeMessage(unix.RTPROT_STATIC, 7), false},
		{"something else", message(header{typ: unix.RTM_NEWNEIGH}, make([]byte, 64)), false},
		{"cut off", message(header{typ: unix.RTM_NEWROUTE}, make([]byte, 3)), false},
		{"two in one", append(routeMessage(68, unix.RT_TABLE_MAIN), addrMessage(2)...), true},
	} {
		if got := c.look(step.message); got != step.want {
			t.Errorf("%s: %v", step.name, got)
		}
	}
	for i := range 3 * maxLinks {
		c.look(linkMessage(unix.RTM_NEWLINK, []byte{1, 0xfe}[i%2], i, usable))
	}
	if n := len(c.links) + len(c.tuns); n > maxLinks+1 {
		t.Errorf("%d interfaces are remembered", n)
	}
}

func FuzzChanges(f *testing.F) {
	f.Add(linkMessage(unix.RTM_NEWLINK, 1, 2, unix.IFF_UP))
	f.Add(routeMessage(3, unix.RT_TABLE_MAIN))
	f.Add(addrMessage(2))
	f.Fuzz(func(_ *testing.T, b []byte) { listening().look(b) })
}
