package modemtest

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Line is what a telephone line does to the octets of a call, in each
// direction alike. The zero Line is perfect.
type Line struct {
	// Speed paces each direction, in bit/s with 10 bits for each octet: 33600
	// carries 3360 octets/s. Who sends more has to wait. 0 = as fast as it goes.
	Speed int
	// BitErrors is the share of bits that arrive wrong, chosen from Seed and
	// the octets' position alone.
	BitErrors float64
	Seed      uint64
	// DropAfter cuts the call when so many octets have passed, both directions
	// counted together. 0 = never.
	DropAfter int64
}

// connect is the result for a call over this line.
func (l Line) connect() string {
	if l.Speed == 0 {
		return "CONNECT 33600"
	}
	return fmt.Sprintf("CONNECT %d", l.Speed)
}

// lineConn is the caller's end of a call, with its Line.
type lineConn struct {
	inner   io.ReadWriteCloser
	line    Line
	in, out direction
	onClose func()

	mu     sync.Mutex
	passed int64
	once   sync.Once
	done   chan struct{}
}

// direction is one way of a line, used by one goroutine at a time.
type direction struct {
	free  time.Time // when the line has carried what it was given
	noise *rand.Rand
	skip  float64 // bits until the next wrong one
}

func newLineConn(inner io.ReadWriteCloser, l Line) *lineConn {
	c := &lineConn{inner: inner, line: l, done: make(chan struct{})}
	for i, d := range []*direction{&c.in, &c.out} {
		d.noise = rand.New(rand.NewPCG(l.Seed, uint64(i)))
		d.skip = d.next(l.BitErrors)
	}
	return c
}

// next draws the number of good bits before a wrong one.
func (d *direction) next(rate float64) float64 {
	if rate <= 0 {
		return math.Inf(1)
	}
	if rate >= 1 {
		return 0
	}
	return math.Floor(math.Log(1-d.noise.Float64()) / math.Log(1-rate))
}

// damage makes b arrive with the errors of the line.
func (d *direction) damage(b []byte, rate float64) {
	bits := float64(len(b) * 8)
	for d.skip < bits {
		at := int(d.skip)
		b[at/8] ^= 1 << (at % 8)
		d.skip += 1 + d.next(rate)
	}
	d.skip -= bits
}

// Read gives what arrives, as late as the line is slow.
func (c *lineConn) Read(b []byte) (int, error) {
	if n := c.chunk(); len(b) > n {
		b = b[:n]
	}
	n, err := c.inner.Read(b)
	if n == 0 {
		return 0, err
	}
	if e := c.carry(&c.in, b[:n]); e != nil {
		return 0, e
	}
	return n, err
}

// Write returns when the line has carried b.
func (c *lineConn) Write(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		part := append([]byte(nil), b[sent:min(len(b), sent+c.chunk())]...)
		if err := c.carry(&c.out, part); err != nil {
			return sent, err
		}
		n, err := c.inner.Write(part)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// Close cuts the call.
func (c *lineConn) Close() error {
	err := error(nil)
	c.once.Do(func() {
		close(c.done)
		err = c.inner.Close()
		if c.onClose != nil {
			c.onClose()
		}
	})
	return err
}

// chunk is how many octets are carried at a time: those of 20 ms.
func (c *lineConn) chunk() int {
	if c.line.Speed <= 0 {
		return 4096
	}
	return max(1, c.line.Speed/10/50)
}

// carry takes the time for b, damages it, and counts it.
func (c *lineConn) carry(d *direction, b []byte) error {
	if c.line.Speed > 0 {
		now := time.Now()
		if d.free.Before(now) {
			d.free = now
		}
		d.free = d.free.Add(time.Duration(len(b)) * 10 * time.Second / time.Duration(c.line.Speed))
		t := time.NewTimer(d.free.Sub(now))
		defer t.Stop()
		select {
		case <-t.C:
		case <-c.done:
			return io.ErrClosedPipe
		}
	}
	d.damage(b, c.line.BitErrors)
	c.mu.Lock()
	c.passed += int64(len(b))
	over := c.line.DropAfter > 0 && c.passed > c.line.DropAfter
	c.mu.Unlock()
	if over {
		c.Close()
		return io.ErrClosedPipe
	}
	return nil
}
