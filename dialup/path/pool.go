package path

// pool is a fixed set of buffers of one size. It belongs to the loop.
type pool struct {
	idle  []*Buffer
	empty uint64 // how often there was none
}

func newPool(count, size int) pool {
	p := pool{idle: make([]*Buffer, count)}
	buffers := make([]Buffer, count)
	for i := range buffers {
		// Each a piece of memory of its own: what was never used takes none.
		buffers[i] = Buffer{data: make([]byte, size), idle: true}
		p.idle[i] = &buffers[i]
	}
	return p
}

// get gives a buffer with an empty frame at headroom, nil when there is none
// left. The caller owns it until put.
func (p *pool) get(headroom int) *Buffer {
	last := len(p.idle) - 1
	if last < 0 {
		p.empty++
		return nil
	}
	b := p.idle[last]
	p.idle = p.idle[:last]
	b.idle = false
	b.Reset(headroom)
	return b
}

// put takes a buffer back.
func (p *pool) put(b *Buffer) {
	if debug {
		if b.idle {
			panic("path: a buffer is given back twice")
		}
		for i := range b.data {
			b.data[i] = 0xdb
		}
	}
	b.idle = true
	p.idle = append(p.idle, b)
}

// Borrow gives a buffer of SmallSize octets with an empty frame at headroom,
// nil when all are in use. It belongs to the caller until Return. Both belong
// to the loop's goroutine.
func (l *Loop) Borrow(headroom int) *Buffer { return l.small.get(headroom) }

// Return gives a borrowed buffer back.
func (l *Loop) Return(b *Buffer) { l.small.put(b) }
