package mppe

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// end is one end of MPPE as the simulation sees it: our Codec, or one of the
// other implementations of peers_test.go.
type end interface {
	compress(t *testing.T, src []byte) []byte
	decompress(src []byte) (plain []byte, ok bool)
	needReset() bool
	resetRequested() // the peer sent a Reset-Request
	resetAcked()     // the peer sent a Reset-Ack
}

type ours struct{ *Codec }

func (o ours) compress(t *testing.T, src []byte) []byte      { return seal(t, o.Codec, src) }
func (o ours) decompress(src []byte) (plain []byte, ok bool) { return unseal(o.Codec, src) }
func (o ours) needReset() bool                               { return o.NeedReset() }
func (o ours) resetRequested()                               { o.ResetRequested() }
func (o ours) resetAcked()                                   {}

// line is a one-way line in virtual time, one packet a tick.
type line struct {
	rng                    *rand.Rand
	loss, repeat, disorder int // in 1000
	queue                  []flying
}

type flying struct {
	at   int
	b    []byte
	kind int // data or control
}

const (
	kindData = iota
	kindResetRequest
	kindResetAck
)

func (l *line) send(now, kind int, b []byte) {
	if l.rng.IntN(1000) < l.loss {
		return
	}
	at := now + 5
	if l.rng.IntN(1000) < l.disorder {
		at += 1 + l.rng.IntN(8)
	}
	l.queue = append(l.queue, flying{at, b, kind})
	if l.rng.IntN(1000) < l.repeat {
		l.queue = append(l.queue, flying{at + l.rng.IntN(4), b, kind})
	}
}

func (l *line) receive(now int) (due []flying) {
	rest := l.queue[:0]
	for _, f := range l.queue {
		if f.at <= now {
			due = append(due, f)
		} else {
			rest = append(rest, f)
		}
	}
	l.queue = rest
	return due
}

type result struct {
	sent, received, wrong int
	longestSilence        int // ticks without a packet that got through
	requests              int
}

// run sends packets from a to b, one a tick; b's Reset-Requests and a's
// Reset-Acks cross a line of the same kind, at most one request in 50 ticks.
func run(t *testing.T, a, b end, packets, loss, repeat, disorder int, seed uint64) (res result) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 99))
	there := &line{rng: rng, loss: loss, repeat: repeat, disorder: disorder}
	back := &line{rng: rng, loss: loss}
	sent := make([][]byte, 0, packets)
	wanted, lastRequest, lastGood := false, -1000, 0
	ackDue := false
	for now := 0; now < packets+50; now++ {
		for _, f := range back.receive(now) {
			if f.kind == kindResetRequest {
				a.resetRequested()
				ackDue = true
			}
		}
		if ackDue {
			there.send(now, kindResetAck, nil)
			ackDue = false
		}
		if now < packets {
			p := datagram(now, 28+rng.IntN(100))
			binary.BigEndian.PutUint32(p[20:], uint32(now))
			sent = append(sent, p)
			there.send(now, kindData, a.compress(t, p))
		}
		for _, f := range there.receive(now) {
			if f.kind == kindResetAck {
				b.resetAcked()
				continue
			}
			plain, ok := b.decompress(f.b)
			if !ok {
				wanted = wanted || b.needReset()
				continue
			}
			if len(plain) < 26 || !bytes.Equal(plain[:2], []byte{0, 0x21}) {
				res.wrong++
				continue
			}
			n := int(binary.BigEndian.Uint32(plain[22:]))
			if n >= len(sent) || !bytes.Equal(plain[2:], sent[n]) {
				res.wrong++
				continue
			}
			res.received++
			res.longestSilence = max(res.longestSilence, now-lastGood)
			lastGood = now
			wanted = false
		}
		if wanted && now-lastRequest >= 50 {
			back.send(now, kindResetRequest, nil)
			lastRequest, wanted = now, false
			res.requests++
		}
	}
	res.sent = packets
	res.longestSilence = max(res.longestSilence, packets-lastGood)
	return res
}

var weathers = []struct{ loss, repeat, disorder int }{
	{10, 0, 0}, {30, 0, 0}, {100, 0, 0}, {0, 30, 0}, {0, 0, 30}, {10, 10, 10}, {30, 30, 30}, {100, 100, 100},
}

// Two codecs over a line that loses, repeats and reorders: what gets through
// is what was sent, and nothing stays stuck.
func TestLyingLine(t *testing.T) {
	for _, m := range modes {
		t.Run(m.String(), func(t *testing.T) {
			for seed, w := range weathers {
				if m.bits != 128 && seed != m.bits%len(weathers) && seed != len(weathers)-1 {
					continue // strengths differ in their keys only
				}
				packets := 2000
				if seed == len(weathers)-1 {
					packets = 4096*3 + 500 // three times round
				}
				a, b := pair(t, m)
				res := run(t, ours{a}, ours{b}, packets, w.loss, w.repeat, w.disorder, uint64(seed))
				check(t, res, w.loss+w.disorder, m.stateless, w)
				if m.stateless && res.requests != 0 {
					t.Errorf("%v: %d requests in stateless mode", w, res.requests)
				}
			}
		})
	}
}

func check(t *testing.T, res result, trouble int, stateless bool, w any) {
	t.Helper()
	// Stateless loses what the line loses, and what comes late. Stateful
	// loses about a round trip and the wait for the next request for each.
	least := res.sent - res.sent*trouble*3/2/1000 - 60
	if !stateless {
		least = res.sent / 25
		if trouble <= 30 {
			least = res.sent / 4
		}
	}
	if res.wrong != 0 || res.received < least || res.longestSilence > 1000 {
		t.Errorf("%v: %+v, want at least %d received", w, res, least)
	}
}

// What is received over a stateless line is exactly what the order allows.
func TestStatelessExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	a, b := pair(t, mode{128, true})
	last := -1
	var wires [][]byte
	for n := range 6000 {
		wires = append(wires, seal(t, a, datagram(n, 24+n%9)))
		for range rng.IntN(3) {
			pick := max(0, n-rng.IntN(20))
			got, ok := unseal(b, wires[pick])
			if ok != (pick > last) {
				t.Fatalf("packet %d after %d: ok %v", pick, last, ok)
			}
			if ok {
				if !bytes.Equal(got[2:], datagram(pick, 24+pick%9)) {
					t.Fatalf("packet %d: wrong content", pick)
				}
				last = pick
			}
		}
	}
}
