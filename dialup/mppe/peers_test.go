package mppe

import (
	"crypto/rc4"
	"testing"
)

// linuxEnd behaves like the kernel's ppp_mppe and ppp_generic: the key changes
// with every FLUSHED packet of stateful mode, flag packets must have FLUSHED,
// and after a loss nothing is decrypted until a Reset-Ack came.
type linuxEnd struct {
	send, recv  *reference
	out, in     *rc4.Cipher
	stateless   bool
	sendCount   int
	recvCount   int
	flush       bool
	discard     bool
	held        bool // SC_DC_ERROR
	fatal       bool
	wantRequest bool
}

func newLinuxEnd(m mode, send, receive [16]byte) *linuxEnd {
	l := &linuxEnd{send: newReference(m.bits, send), recv: newReference(m.bits, receive), stateless: m.stateless}
	l.out, l.in = l.send.cipher(l.send.session), l.recv.cipher(l.recv.session)
	l.sendCount, l.recvCount = 4095, 4095
	return l
}

func (l *linuxEnd) compress(t *testing.T, src []byte) []byte {
	l.sendCount = (l.sendCount + 1) % 4096
	b := make([]byte, 4+len(src))
	b[0], b[1] = byte(l.sendCount>>8)|0x10, byte(l.sendCount)
	if l.stateless || l.sendCount&0xff == 0xff || l.flush {
		l.send.change()
		l.out = l.send.cipher(l.send.session)
		b[0] |= 0x80
		l.flush = false
	}
	l.out.XORKeyStream(b[2:], append([]byte{0, 0x21}, src...))
	return b
}

func (l *linuxEnd) decompress(b []byte) ([]byte, bool) {
	if l.held {
		l.wantRequest = true
		return nil, false
	}
	plain, ok := l.decrypt(b)
	if !ok {
		l.held, l.wantRequest = true, true
	}
	return plain, ok
}

func (l *linuxEnd) decrypt(b []byte) ([]byte, bool) {
	count, flushed := int(b[0]&0x0f)<<8|int(b[1]), b[0]&0x80 != 0
	if l.stateless && !flushed || !l.stateless && count&0xff == 0xff && !flushed {
		l.fatal = true // ends the link after 16 of them
		return nil, false
	}
	if l.stateless {
		if (count-l.recvCount+4096)%4096 > 2048 {
			return nil, false
		}
		for l.recvCount != count {
			l.recv.change()
			l.recvCount = (l.recvCount + 1) % 4096
		}
		l.in = l.recv.cipher(l.recv.session)
	} else {
		switch {
		case !l.discard:
			l.recvCount = (l.recvCount + 1) % 4096
			if count != l.recvCount {
				l.discard = true
				return nil, false
			}
		case !flushed:
			return nil, false
		default:
			for count&^0xff != l.recvCount&^0xff {
				l.recv.change()
				l.recvCount = (l.recvCount + 256) % 4096
			}
			l.discard = false
			l.recvCount = count
		}
		if flushed {
			l.recv.change()
			l.in = l.recv.cipher(l.recv.session)
		}
	}
	plain := make([]byte, len(b)-2)
	l.in.XORKeyStream(plain, b[2:])
	return plain, true
}

func (l *linuxEnd) needReset() bool {
	want := l.wantRequest
	l.wantRequest = false
	return want
}
func (l *linuxEnd) resetRequested() { l.flush = true }
func (l *linuxEnd) resetAcked()     { l.held = false }

// strictEnd does what RFC 3078 says and no more, like FreeBSD's ng_mppc:
// FLUSHED re-initializes the tables with the key there is.
type strictEnd struct {
	send, recv           *reference
	out, in              *rc4.Cipher
	sendCount, recvCount int
	flush, want          bool
}

func newStrictEnd(m mode, send, receive [16]byte) *strictEnd {
	s := &strictEnd{send: newReference(m.bits, send), recv: newReference(m.bits, receive)}
	s.out, s.in = s.send.cipher(s.send.session), s.recv.cipher(s.recv.session)
	return s
}

func (s *strictEnd) compress(t *testing.T, src []byte) []byte {
	b := make([]byte, 4+len(src))
	b[0], b[1] = byte(s.sendCount>>8)|0x10, byte(s.sendCount)
	if s.flush {
		s.out = s.send.cipher(s.send.session)
		b[0] |= 0x80
		s.flush = false
	}
	if s.sendCount&0xff == 0xff {
		s.send.change()
		s.out = s.send.cipher(s.send.session)
	}
	s.out.XORKeyStream(b[2:], append([]byte{0, 0x21}, src...))
	s.sendCount = (s.sendCount + 1) & 0xfff
	return b
}

func (s *strictEnd) decompress(b []byte) ([]byte, bool) {
	count, flushed := int(b[0]&0x0f)<<8|int(b[1]), b[0]&0x80 != 0
	lost := (count - s.recvCount) & 0xfff
	if lost >= 3500 { // late; a resynchronizing count may be far ahead
		return nil, false
	}
	if flushed {
		for ; s.recvCount != count; s.recvCount = (s.recvCount + 1) & 0xfff {
			if s.recvCount&0xff == 0xff {
				s.recv.change()
			}
		}
		s.in = s.recv.cipher(s.recv.session)
	} else if lost != 0 {
		s.want = true
		return nil, false
	}
	if count&0xff == 0xff {
		s.recv.change()
		s.in = s.recv.cipher(s.recv.session)
	}
	s.recvCount = (s.recvCount + 1) & 0xfff
	plain := make([]byte, len(b)-2)
	s.in.XORKeyStream(plain, b[2:])
	return plain, true
}

func (s *strictEnd) needReset() bool {
	want := s.want
	s.want = false
	return want
}
func (s *strictEnd) resetRequested() { s.flush = true }
func (s *strictEnd) resetAcked()     {}

// Both habits, both directions, in good and bad weather.
func TestPeers(t *testing.T) {
	const packets = 4096 + 1500
	for _, m := range []mode{{128, true}, {128, false}} {
		for n, w := range weathers {
			seed := uint64(n + m.bits)
			us, _ := pair(t, m)
			linux := newLinuxEnd(m, keyB, keyA)
			// ppp_mppe deciphers a repeated stateless packet to
			// nonsense: keep repetitions from it, as GRE does.
			res := run(t, ours{us}, linux, packets, w.loss, 0, min(w.disorder, w.loss), seed)
			if !m.stateless {
				check(t, res, w.loss+w.disorder, false, w)
			} else if res.wrong != 0 {
				t.Errorf("%v to Linux: %+v", m, res)
			}
			if linux.fatal {
				t.Errorf("%v: Linux would end the link", m)
			}
			us, _ = pair(t, m)
			linux = newLinuxEnd(m, keyB, keyA)
			res = run(t, linux, ours{us}, packets, w.loss, w.repeat, w.disorder, seed)
			check(t, res, w.loss+w.disorder, m.stateless, w)
			if m.stateless {
				continue
			}
			us, _ = pair(t, m)
			res = run(t, ours{us}, newStrictEnd(m, keyB, keyA), packets, w.loss, 0, 0, seed)
			check(t, res, w.loss, false, w)
			us, _ = pair(t, m)
			res = run(t, newStrictEnd(m, keyB, keyA), ours{us}, packets, w.loss, w.repeat, w.disorder, seed)
			check(t, res, w.loss+w.disorder, false, w)
		}
	}
}
