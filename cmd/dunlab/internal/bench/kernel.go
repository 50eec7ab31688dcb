package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/netns"
)

// Kernel is the kernel's own PPTP, PPP and MPPE at both ends with fixed keys
// and without negotiation: the data path alone, the strongest form of a peer.
// The descriptors are held by this process; no packet passes it.
func Kernel(e Encryption) Kind {
	return Kind{"kernel-" + e.String(), func(ctx context.Context, p *Pair) (Tunnel, error) { return startKernel(ctx, p, e) }}
}

type kernelTunnel struct{ ends [2]*kernelEnd }

// kernelEnd is one end: a PPTP channel and the PPP unit above it.
type kernelEnd struct {
	host                *netns.Host
	socket              int
	channel, unit       *os.File
	number              int32 // of the unit: pppN
	local, peer         netip.Addr
	localCall, peerCall uint16
}

// Call ids of the two ends.
const (
	callA = 1
	callB = 2
)

func startKernel(ctx context.Context, p *Pair, e Encryption) (Tunnel, error) {
	t := &kernelTunnel{[2]*kernelEnd{
		{host: p.A, socket: -1, local: outerA, peer: outerB, localCall: callA, peerCall: callB},
		{host: p.B, socket: -1, local: outerB, peer: outerA, localCall: callB, peerCall: callA},
	}}
	var err error
	for _, k := range t.ends {
		err = errors.Join(err, k.host.Do(func() error { return k.open(e) }))
	}
	if err == nil {
		err = errors.Join(
			p.A.PointToPoint(t.ends[0].name(), innerA, innerB, tunnelMTU, tunnelQueue),
			p.B.PointToPoint(t.ends[1].name(), innerB, innerA, tunnelMTU, tunnelQueue))
	}
	if err == nil && e != None {
		err = t.encrypt(e)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the kernel's PPTP: %w", err), t.Stop(ctx))
	}
	return t, nil
}

func (t *kernelTunnel) Addresses() (a, b netip.Addr) { return innerA, innerB }
func (t *kernelTunnel) PIDs() []int                  { return nil }

func (t *kernelTunnel) Stop(context.Context) error {
	for _, k := range t.ends {
		for _, f := range []*os.File{k.unit, k.channel} {
			if f != nil {
				f.Close()
			}
		}
		if k.socket >= 0 {
			unix.Close(k.socket)
		}
	}
	return nil
}

func (k *kernelEnd) name() string { return fmt.Sprintf("ppp%d", k.number) }

// Numbers of linux/if_pppox.h and linux/ppp-ioctl.h.
const (
	pxProtoPPTP = 2
	sizeofPPPoX = 30 // struct sockaddr_pppox, packed
	protocolIP  = 0x21
	modePass    = 0
	ccpOpen     = 0x40 // SC_CCP_OPEN
	ccpUp       = 0x80 // SC_CCP_UP
)

// open makes the end; it runs in the end's host, whose namespace the socket
// and the unit belong to.
func (k *kernelEnd) open(e Encryption) (err error) {
	if k.socket, err = unix.Socket(unix.AF_PPPOX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, pxProtoPPTP); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := k.name4(unix.SYS_BIND, k.localCall, k.local); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if err := k.name4(unix.SYS_CONNECT, k.peerCall, k.peer); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	var channel int32
	if err := ioctl(k.socket, unix.PPPIOCGCHAN, &channel); err != nil {
		return fmt.Errorf("PPPIOCGCHAN: %w", err)
	}
	if k.channel, err = os.OpenFile("/dev/ppp", os.O_RDWR, 0); err != nil {
		return err
	}
	if k.unit, err = os.OpenFile("/dev/ppp", os.O_RDWR, 0); err != nil {
		return err
	}
	k.number = -1
	mru, ip := int32(tunnelMTU), [2]int32{protocolIP, modePass}
	err = errors.Join(
		ioctl(fd(k.channel), unix.PPPIOCATTCHAN, &channel),
		ioctl(fd(k.unit), unix.PPPIOCNEWUNIT, &k.number),
		ioctl(fd(k.channel), unix.PPPIOCCONNECT, &k.number),
		ioctl(fd(k.unit), unix.PPPIOCSMRU, &mru),
		ioctl(fd(k.unit), unix.PPPIOCSNPMODE, &ip))
	if err != nil || e == None {
		return err
	}
	for _, transmit := range []bool{false, true} {
		if err := k.setKey(e, transmit); err != nil {
			return fmt.Errorf("PPPIOCSCOMPRESS (module ppp_mppe): %w", err)
		}
	}
	return k.setFlags(ccpOpen)
}

// name4 is bind(2) or connect(2) with a struct sockaddr_pppox.
func (k *kernelEnd) name4(call uintptr, id uint16, addr netip.Addr) error {
	var sa [sizeofPPPoX]byte
	binary.NativeEndian.PutUint16(sa[0:], unix.AF_PPPOX)
	binary.NativeEndian.PutUint32(sa[2:], pxProtoPPTP)
	binary.NativeEndian.PutUint16(sa[6:], id)
	ip := addr.As4()
	copy(sa[10:], ip[:]) // aligned within struct pptp_addr
	if _, _, errno := unix.Syscall(call, uintptr(k.socket), uintptr(unsafe.Pointer(&sa)), sizeofPPPoX); errno != 0 {
		return errno
	}
	return nil
}

// option is the MPPE option of CCP, "supported bits" (RFC 3078 section 2.1).
func option(e Encryption) []byte {
	const ccpMPPE, length, stateless, bits128 = 18, 6, 0x01, 0x40
	o := []byte{ccpMPPE, length, 0, 0, 0, bits128}
	if e == Stateless {
		o[2] = stateless
	}
	return o
}

// setKey gives the kernel the key of one direction: the option with the key
// behind it.
func (k *kernelEnd) setKey(e Encryption, transmit bool) error {
	o := option(e)
	from := k.peerCall
	if transmit {
		from = k.localCall
	}
	for i := range 16 {
		o = append(o, byte(i+1)+byte(from)*100)
	}
	arg := struct { // struct ppp_option_data
		option   *byte
		length   uint32
		transmit int32
	}{&o[0], uint32(len(o)), 0}
	if transmit {
		arg.transmit = 1
	}
	err := ioctl(fd(k.unit), unix.PPPIOCSCOMPRESS, &arg)
	runtime.KeepAlive(o)
	return err
}

func (k *kernelEnd) setFlags(flags int32) error {
	return ioctl(fd(k.unit), unix.PPPIOCSFLAGS, &flags)
}

// encrypt switches MPPE on at both ends. The kernel starts a direction when
// it sees a Configure-Ack of CCP pass, so each end sends one.
func (t *kernelTunnel) encrypt(e Encryption) error {
	ack := append([]byte{0x80, 0xfd, 2, 1, 0, 10}, option(e)...)
	for _, k := range t.ends {
		if _, err := k.unit.Write(ack); err != nil {
			return fmt.Errorf("CCP: %w", err)
		}
	}
	// The frames pass the cable in softirqs that nothing tells the end of.
	time.Sleep(100 * time.Millisecond)
	const running = 0x2000 | 0x1000 // SC_DECOMP_RUN, SC_COMP_RUN
	for _, k := range t.ends {
		var flags int32
		if err := ioctl(fd(k.unit), unix.PPPIOCGFLAGS, &flags); err != nil {
			return err
		}
		if flags&running != running {
			return fmt.Errorf("MPPE does not run: flags %#x", flags)
		}
		if err := k.setFlags(ccpOpen | ccpUp); err != nil {
			return err
		}
	}
	return nil
}

func fd(f *os.File) int { return int(f.Fd()) }

// ioctl is ioctl(2) with a pointer to arg.
func ioctl[T any](fd int, request uint, arg *T) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(unsafe.Pointer(arg))); errno != 0 {
		return errno
	}
	return nil
}
