package tun

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"dun/dialup/path"
)

// Offload is what the kernel leaves to us and takes from us: packets with
// partial checksums, and TCP or UDP packets of up to 64 KiB to be cut into
// segments (Documentation/networking/segmentation-offloads.rst).
type Offload struct {
	Checksum, TSO, USO bool
}

// Names lists what is in use, for a person or a program: "checksum", "tso",
// "uso". Without any it is empty.
func (o Offload) Names() []string {
	names := []string{}
	for _, f := range []struct {
		on   bool
		name string
	}{{o.Checksum, "checksum"}, {o.TSO, "tso"}, {o.USO, "uso"}} {
		if f.on {
			names = append(names, f.name)
		}
	}
	return names
}

// Offload tells what is in use.
func (d *Device) Offload() Offload { return d.offload }

// Bits of TUNSETOFFLOAD (include/uapi/linux/if_tun.h); x/sys lacks the new
// ones.
const (
	offloadChecksum = unix.TUN_F_CSUM
	offloadTSO      = unix.TUN_F_TSO4 | unix.TUN_F_TSO6
	offloadUSO      = 0x20 | 0x40 // USO4, USO6: Linux 6.2
)

// header is the virtio_net_hdr before each packet (include/uapi/linux/
// virtio_net.h), in the processor's byte order.
type header [10]byte

// Its flags and kinds.
const (
	needsChecksum = 1
	kindNone      = 0
	kindTCP4      = 1
	kindTCP6      = 4
	kindUDP       = 5
	kindECN       = 0x80
)

// maxPieces is how many pieces of a packet one write takes, one of them the
// header (the kernel's own limit is 1024).
const maxPieces = 1 + path.MaxBatch

// takesHeaders reports whether the driver knows IFF_VNET_HDR.
func takesHeaders(fd int) bool {
	have := 0
	err := retry(func() (err error) {
		have, err = unix.IoctlGetInt(fd, unix.TUNGETFEATURES)
		return err
	})
	return err == nil && have&unix.IFF_VNET_HDR != 0
}

// startOffload asks for as much as the kernel has. One that does not know a
// bit refuses all of them. An interface that gets none of it works all the
// same, with an empty header before each packet.
func (d *Device) startOffload() error {
	d.headers = true
	size := int32(len(d.header))
	if err := retry(func() error { return d.ioctl(unix.TUNSETVNETHDRSZ, unsafe.Pointer(&size)) }); err != nil {
		return err
	}
	if d.setOffload(offloadChecksum|offloadTSO) != nil {
		return nil
	}
	d.offload = Offload{Checksum: true, TSO: true}
	d.offload.USO = d.setOffload(offloadChecksum|offloadTSO|offloadUSO) == nil
	return nil
}

func (d *Device) setOffload(bits uint) error {
	return retry(func() error { return unix.IoctlSetInt(d.fd, unix.TUNSETOFFLOAD, int(bits)) })
}

func (d *Device) ioctl(request uint, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d.fd), uintptr(request), uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// KeepWhole has the kernel cut its packets itself (path.ShapedTUN).
func (d *Device) KeepWhole() error {
	if !d.headers {
		return nil
	}
	d.offload = Offload{}
	return d.setOffload(0)
}

// Shapes tells what WriteShaped takes (path.ShapedTUN).
func (d *Device) Shapes() (shaped, tcp, udp bool) { return d.headers, d.offload.TSO, d.offload.USO }

// ReadShaped gives one packet of up to 64 KiB (path.ShapedTUN).
func (d *Device) ReadShaped(b []byte) (int, path.Shape, error) {
	d.set(0, d.header[:])
	d.set(1, b)
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READV, uintptr(d.fd), uintptr(unsafe.Pointer(&d.pieces)), 2)
		switch errno {
		case 0:
			if int(n) < len(d.header) {
				return 0, path.Shape{}, nil
			}
			return int(n) - len(d.header), d.header.shape(), nil
		case unix.EAGAIN:
			return 0, path.Shape{}, path.ErrWouldBlock
		case unix.EINTR:
		default:
			return 0, path.Shape{}, d.ioError("read", errno)
		}
	}
}

// WriteShaped gives the kernel one packet in pieces, at most path.MaxBatch
// (path.ShapedTUN). The kernel copies them.
func (d *Device) WriteShaped(s path.Shape, pieces [][]byte) error {
	if len(pieces) >= maxPieces {
		return d.ioError("write", unix.EINVAL)
	}
	head := 0
	if len(pieces) > 1 {
		head = len(pieces[0]) // a hint how much of it to copy into one piece
	}
	d.header.put(s, head)
	d.set(0, d.header[:])
	for i, p := range pieces {
		d.set(1+i, p)
	}
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(d.fd), uintptr(unsafe.Pointer(&d.pieces)), uintptr(1+len(pieces)))
		switch errno {
		case 0:
			return nil
		case unix.EAGAIN:
			return path.ErrWouldBlock
		case unix.EINTR:
		default:
			return d.ioError("write", errno)
		}
	}
}

// set makes b piece i. The pieces keep pointing to what was read or written
// last, which is memory of the packet loop's that lives as long as it.
func (d *Device) set(i int, b []byte) {
	d.pieces[i].Base = unsafe.SliceData(b)
	d.pieces[i].SetLen(len(b))
}

// shape is what the kernel says of a packet. hdr_len is not looked at: the
// packet knows better.
func (h *header) shape() (s path.Shape) {
	if h[0]&needsChecksum != 0 {
		s.Partial = true
		s.Start, s.Offset = int(h.at(6)), int(h.at(8))
	}
	switch h[1] &^ kindECN {
	case kindTCP4:
		s.Kind = path.TCP4
	case kindTCP6:
		s.Kind = path.TCP6
	case kindUDP:
		s.Kind = path.UDP
	}
	s.Size = int(h.at(4))
	return s
}

// put is the other way.
func (h *header) put(s path.Shape, head int) {
	*h = header{}
	if s.Partial {
		h[0] = needsChecksum
		h.setAt(6, s.Start)
		h.setAt(8, s.Offset)
	}
	switch s.Kind {
	case path.Whole:
		return
	case path.TCP4:
		h[1] = kindTCP4
	case path.TCP6:
		h[1] = kindTCP6
	case path.UDP:
		h[1] = kindUDP
	}
	h.setAt(2, head)
	h.setAt(4, s.Size)
}

func (h *header) at(i int) uint16 { return binary.NativeEndian.Uint16(h[i:]) }
func (h *header) setAt(i, v int)  { binary.NativeEndian.PutUint16(h[i:], uint16(v)) }
