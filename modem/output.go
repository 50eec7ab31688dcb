package modem

// output is the queue of encoded octets on their way to the port, of fixed size.
type output struct {
	buf        []byte
	head, tail int // what waits is buf[head:tail]
}

func (o *output) len() int      { return o.tail - o.head }
func (o *output) bytes() []byte { return o.buf[o.head:o.tail] }

// room makes space for n octets behind what waits; false if there is not so
// much.
func (o *output) room(n int) bool {
	if o.head == o.tail {
		o.head, o.tail = 0, 0
	}
	if len(o.buf)-o.tail < n && o.head > 0 {
		o.tail = copy(o.buf, o.buf[o.head:o.tail])
		o.head = 0
	}
	return len(o.buf)-o.tail >= n
}

// end is where to append to, and put takes what was appended there.
func (o *output) end() []byte  { return o.buf[o.tail:o.tail] }
func (o *output) put(b []byte) { o.tail += len(b) }
