package path

import (
	"time"

	"dun/dialup/cause"
)

// maxEarly is how many packets of the peer's wait for the interface: it is up
// a little before us, and what it sends first is a name look-up or a SYN,
// whose next try would cost a second or more.
const maxEarly = 16

// SetTUN gives the link its network interface, or the one that it has another
// mtu. mtu is the interface's, octets of an IP packet. A nil tun takes the
// interface away; whoever opened it closes it.
func (l *Link) SetTUN(tun TUN, mtu int) error {
	l.mtu = mtu
	if l.stopped || tun == l.tun {
		return nil
	}
	l.dropTUN()
	if tun == nil {
		return nil
	}
	waited := l.loop.takeBacklog(tun)
	if err := l.loop.Watch(tun.FD(), Readable, l); err != nil {
		return err
	}
	l.tun = tun
	l.attach(tun)
	l.source.waited = waited
	early := l.early
	l.early = nil
	for _, packet := range early {
		l.give(packet, Shape{})
	}
	if len(waited) > 0 {
		l.Ready(l.loop.now, 0)
	}
	return nil
}

// WireReady tells that the wire takes data frames again.
func (l *Link) WireReady(now time.Time) {
	if l.stopped {
		return
	}
	l.touch()
	if l.sendUnsent(now) {
		l.pauseTUN(false)
		if len(l.source.waited) > 0 {
			l.Ready(now, 0)
		}
	}
}

// pauseTUN stops reading packets while the wire takes none: they wait, and
// get lost, in the system's queue, where the applications' own flow control
// sees it.
func (l *Link) pauseTUN(pause bool) {
	if l.tun == nil || l.paused == pause {
		return
	}
	events := Readable
	if pause {
		events = 0
	}
	if l.loop.Watch(l.tun.FD(), events, l) == nil {
		l.paused = pause
	}
}

// loseTUN ends the session in order because the interface is gone: somebody
// deleted it. The descriptor must not be watched any longer, it would report
// that for ever.
func (l *Link) loseTUN(now time.Time) {
	l.dropTUN()
	l.Close(now, cause.InterfaceLost)
}

func (l *Link) dropTUN() {
	if l.tun != nil {
		l.loop.Unwatch(l.tun.FD())
		l.tun, l.paused = nil, false
		l.source, l.sink = source{}, nil
	}
}

// attach looks at what the interface can.
func (l *Link) attach(tun TUN) {
	if shaped, can := tun.(ShapedTUN); can && l.fast == nil {
		shaped.KeepWhole() // an error costs no more than time on the line
	}
	l.source = sourceOf(tun)
	if l.source.tcp || l.source.udp {
		l.sink = &l.loop.merger
	}
}

// source is an interface, plain or not.
type source struct {
	plain    TUN
	shaped   ShapedTUN
	tcp, udp bool   // what it takes whole
	waited   []kept // packets that came before the link had it
}

func sourceOf(tun TUN) source {
	if shaped, can := tun.(ShapedTUN); can {
		if is, tcp, udp := shaped.Shapes(); is {
			return source{shaped: shaped, tcp: tcp, udp: udp}
		}
	}
	return source{plain: tun}
}

func (s *source) read(b []byte) (n int, shape Shape, err error) {
	if len(s.waited) > 0 {
		first := s.waited[0]
		s.waited = s.waited[1:]
		return copy(b, first.packet), first.shape, nil
	}
	if s.shaped != nil {
		return s.shaped.ReadShaped(b)
	}
	n, err = s.plain.Read(b)
	return n, Shape{}, err
}
