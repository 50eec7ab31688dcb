package gre

import "time"

// Store is a fixed set of slots in which calls keep packets that came too
// early. Calls that share a Store have the same owner.
type Store struct {
	size int
	data []byte   // slots of size octets
	free []uint16 // slots that nobody uses
}

// NewStore makes a store of at most 65,535 slots of size octets.
func NewStore(slots, size int) *Store {
	slots = min(max(slots, 0), 0xffff)
	size = max(size, 1)
	s := &Store{size: size, data: make([]byte, slots*size), free: make([]uint16, slots)}
	for i := range s.free {
		s.free[i] = uint16(slots - 1 - i)
	}
	return s
}

// Free is how many slots nobody uses.
func (s *Store) Free() int { return len(s.free) }

func (s *Store) slot(i uint16) []byte { return s.data[int(i)*s.size:][:s.size:s.size] }

// held is one packet that waits.
type held struct {
	at   time.Time // when it came
	seq  uint32
	n    uint16
	slot uint16
}

// hold is the packets of one call that wait, the lowest number first. There
// are few, so that a sorted list is the simplest thing that is quick.
type hold struct {
	store *Store
	list  []held // capacity limit+1, never grown
	limit int
}

// insertion is what became of an insert.
type insertion uint8

const (
	inserted insertion = iota
	heldAlready
	noRoom
	tooLong
)

func (d *hold) init(s *Store, limit int) {
	d.store = s
	d.limit = limit
	d.list = make([]held, 0, limit+1)
}

func (d *hold) len() int { return len(d.list) }

// over reports whether more are held than may be: one has to go.
func (d *hold) over() bool { return len(d.list) > d.limit }

// insert copies payload into a slot. base is the number expected next, from
// which all held numbers are ahead.
func (d *hold) insert(now time.Time, base, seq uint32, payload []byte) insertion {
	i := len(d.list)
	for i > 0 && d.list[i-1].seq-base >= seq-base {
		if d.list[i-1].seq == seq {
			return heldAlready
		}
		i--
	}
	if len(payload) > d.store.size {
		return tooLong
	}
	last := len(d.store.free) - 1
	if len(d.list) == cap(d.list) || last < 0 {
		return noRoom
	}
	slot := d.store.free[last]
	d.store.free = d.store.free[:last]
	copy(d.store.slot(slot), payload)
	d.list = d.list[:len(d.list)+1]
	copy(d.list[i+1:], d.list[i:])
	d.list[i] = held{at: now, seq: seq, n: uint16(len(payload)), slot: slot}
	return inserted
}

// first reports whether seq is the lowest held number.
func (d *hold) first(seq uint32) bool { return len(d.list) > 0 && d.list[0].seq == seq }

func (d *hold) lowest() (seq uint32, ok bool) {
	if len(d.list) == 0 {
		return 0, false
	}
	return d.list[0].seq, true
}

// pop takes the lowest out. What it returns is valid until the next insert.
func (d *hold) pop() []byte {
	h := d.list[0]
	copy(d.list, d.list[1:])
	d.list = d.list[:len(d.list)-1]
	d.store.free = append(d.store.free, h.slot)
	return d.store.slot(h.slot)[:h.n]
}

func (d *hold) clear() {
	for _, h := range d.list {
		d.store.free = append(d.store.free, h.slot)
	}
	d.list = d.list[:0]
}

// oldest is when the packet came that has waited longest.
func (d *hold) oldest() (at time.Time, ok bool) {
	for i := range d.list {
		if !ok || d.list[i].at.Before(at) {
			at, ok = d.list[i].at, true
		}
	}
	return at, ok
}

// highestSince is the highest number of those that came at t or before.
func (d *hold) highestSince(t time.Time) (seq uint32, ok bool) {
	for i := len(d.list) - 1; i >= 0; i-- {
		if !d.list[i].at.After(t) {
			return d.list[i].seq, true
		}
	}
	return 0, false
}
